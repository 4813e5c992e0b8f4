#!/usr/bin/env bash
# Faults at every point and properties over many examples, on SQLite and on a private MariaDB.
# Some twenty minutes. The quick selection of the same is part of `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh dev
export ENV_FILE=/dev/null PROPERTY_EXAMPLES="${PROPERTY_EXAMPLES:-300}"
unset DATABASE_URL "${!LEGACY_@}"
.venv/bin/python -m tests.servers -- bash -c '
    set -e
    for database in sqlite mariadb; do
        printf "\n== faults and properties on %s\n" "$database"
        TEST_APP_DATABASE=$database .venv/bin/python -m pytest -q -n 2 -m "" \
            tests/faults tests/properties
    done
'
