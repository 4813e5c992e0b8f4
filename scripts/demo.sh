#!/usr/bin/env bash
# From a clean clone to a plan for reviewers of a fictional school, then the server (SERVE=0: without).
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh run
# The environment wins over a settings file: nothing of the caller's own may lead elsewhere.
unset DATABASE_URL DEBUG SECRET_KEY ALLOWED_HOSTS CELERY_BROKER_URL "${!LEGACY_@}"
.venv/bin/python -m scripts.demo_settings
export ENV_FILE=demo.env
manage=".venv/bin/python manage.py"
step() { printf '\n\033[1m$ manage.py %s\033[0m\n' "$*"; $manage "$@"; }

step migrate --verbosity 0
step legacy_demo --with-platform
$manage shell --verbosity 0 -c "from scripts.demo_accounts import create; create()"
unfinished=$($manage legacy_status --json | .venv/bin/python -c "
import json, sys
runs = json.load(sys.stdin)['counts']['runs']
print(*[run['run'] for run in runs if run['status'] in ('importing', 'failed')][-1:])")
# A demo that was killed continues where it stopped.
step legacy_import ${unfinished:+--resume $unfinished}
step legacy_validate
step legacy_classify
step legacy_dry_run

run=$($manage legacy_status --json | .venv/bin/python -c "
import json, sys
print(json.load(sys.stdin)['counts']['runs'][-1]['run'])")
cat <<END

The plan is not committed: that is yours to do, and to undo, on the screens or in another
terminal, in this folder. One line gives every command there the settings of this demo:
  export ENV_FILE=demo.env
For example:
  $manage legacy_status
  $manage legacy_commit --run $run
  $manage legacy_reconcile --run $run
  $manage legacy_rollback --run $run --preview
  $manage legacy_rollback --run $run
A commit and a rollback prompt for the name of the database: db.sqlite3
END
if [ "${SERVE:-1}" = 0 ]; then exit 0; fi
printf '\nSign in at http://127.0.0.1:8000/admin/legacy-imports (fictional accounts, this demo only);
each sees what the one before sees, and more. A tour: docs/tour.md\n'
$manage shell --verbosity 0 -c "from scripts.demo_accounts import show; show()"
exec $manage runserver 127.0.0.1:8000
