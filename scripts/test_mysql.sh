#!/usr/bin/env bash
# What can differ between MariaDB and MySQL, with a real MySQL as app and as legacy database:
#   bash scripts/test_mysql.sh [pytest arguments]
# The MySQL is the one that TEST_MYSQL_HOST, TEST_MYSQL_PORT, TEST_MYSQL_USER and TEST_MYSQL_PASSWORD
# name (an account that may do everything, on a server for tests), or one of our own: as root on
# Debian it is fetched once, into a separate folder (scripts/mysql_server.py).
# Tests of what only MariaDB has are deselected; the last lines say how many, and why.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh dev
export ENV_FILE=/dev/null
# Nothing of the caller's own configuration may leak in.
unset DATABASE_URL "${!LEGACY_@}"
# A server that someone else runs is neither stopped nor set up by a test.
[ -z "${TEST_MYSQL_HOST:-}" ] || export TEST_NO_OWN_SERVER=1
[ $# -gt 0 ] || set -- tests/{source,stages,engine,runs,people,mapping,review,privacy,ecoin,management,journeys,faults}
.venv/bin/python -m tests.servers --mysql -- .venv/bin/python -m pytest -q -n 2 "$@"
