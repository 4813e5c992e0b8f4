#!/usr/bin/env bash
# Every check and test. Stops at the first failure; nothing is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh dev
export ENV_FILE=/dev/null
# Nothing of the caller's own configuration may leak in.
unset DATABASE_URL "${!LEGACY_@}"
bin=.venv/bin
step() { printf '\n== %s\n' "$1"; }

step "lint (ruff)"
$bin/ruff check .
$bin/ruff format --check .
step "types (mypy)"
$bin/mypy
step "layers (import-linter)"
$bin/lint-imports
step "migrations"
DEBUG=true $bin/python manage.py makemigrations --check --dry-run
step "production settings (check --deploy)"
DEBUG=false SECRET_KEY="$($bin/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    ALLOWED_HOSTS=school.example $bin/python manage.py check --deploy --fail-level WARNING
step "translations"
$bin/python scripts/check_translations.py
step "tests on SQLite, then on MariaDB"
$bin/python -m tests.servers -- bash -c "
    set -e
    $bin/python -m pytest -q -n 2
    TEST_APP_DATABASE=mariadb $bin/python -m pytest -q -n 2
"
