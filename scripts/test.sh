#!/usr/bin/env bash
# Every check and test, in lanes that all run to their end (scripts/run_tests.py says which).
#   test.sh         what `make test` runs
#   test.sh --all   every test on every database, with faults at every point: hours
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh dev
exec .venv/bin/python -m scripts.run_tests "$@" </dev/null
