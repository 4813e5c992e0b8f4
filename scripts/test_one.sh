#!/usr/bin/env bash
# Some tests on one database, without the checks (make test-one T=… DB=…):
#   test_one.sh sqlite tests/rules/test_dates.py -k swapped
set -euo pipefail
cd "$(dirname "$0")/.."
database=$1
shift
bash scripts/setup.sh dev
unset "${!LEGACY_@}" "${!DATABASE_@}"
export ENV_FILE=/dev/null TEST_APP_DATABASE="$database"
run=(.venv/bin/python -m pytest -q "$@")
case $database in
    sqlite) exec "${run[@]}" ;; # a test that wants a server starts one
    mariadb) exec .venv/bin/python -m tests.servers -- "${run[@]}" ;;
    mysql) exec .venv/bin/python -m tests.servers --mysql -- "${run[@]}" ;;
    *) printf "DB is sqlite, mariadb or mysql, not '%s'.\n" "$database" >&2; exit 2 ;;
esac
