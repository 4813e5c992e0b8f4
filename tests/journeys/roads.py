"""The road of an operator, command after command, each taken from the last one's advice."""

import hashlib
import re

from django.apps import apps

from tests.forked import forked
from tests.processes import AppDatabase, Ended

ROAD = ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run")


def business_tables() -> list[str]:
    """The tables of people, courses and accounts: no stage before the commit writes them."""
    models = [*apps.get_app_config("crm").get_models(),
              *apps.get_app_config("trainings").get_models(),
              *apps.get_app_config("auth").get_models()]  # fmt: skip
    # Not those that a test of the source defines for a while.
    return sorted(
        model._meta.db_table for model in models if not model.__module__.startswith("tests.")
    )


def business_content(app: AppDatabase) -> str:
    """One hash over every row of every business table."""
    digest = hashlib.sha256()
    for table in business_tables():
        digest.update(f"{table}{sorted(map(repr, app.rows(f'SELECT * FROM {table}')))}".encode())
    return digest.hexdigest()


def business_counts(app: AppDatabase) -> dict[str, int]:
    """Rows per business table; empty tables and Django's own left out."""
    counts = {table: app.one(f"SELECT COUNT(*) FROM {table}") for table in business_tables()}
    own = ("auth_permission", "auth_group")
    return {table: rows for table, rows in counts.items() if rows and not table.startswith(own)}


def follow_the_advice(env: dict[str, str], first: str = "legacy_import --check") -> list[Ended]:
    """Run `first`, then whatever each command calls next, until the plan is stored."""
    command, ends = first, []
    while True:
        ended = forked(*command.split(), env=env)
        assert ended.code == 0, ended.err
        assert "Traceback" not in ended.err
        ends.append(ended)
        if command.startswith("legacy_dry_run"):
            return ends
        (command,) = re.findall(
            r"^Next: .venv/bin/python manage\.py (.+)$", ended.out, re.MULTILINE
        )
        assert len(ends) < 9, command


def assert_every_row_is_planned(app: AppDatabase, run: int, rows: int) -> None:
    """As many staged rows as source rows, each with its training, a reason and a place to go."""
    assert app.one(f"SELECT status FROM legacy_import_runs WHERE id = {run}") == "planned"
    of_run = f"FROM legacy_student_imports s WHERE s.legacy_import_run_id = {run}"
    assert app.one(f"SELECT COUNT(*) {of_run}") == rows
    assert app.one(f"SELECT COUNT(*) {of_run} AND s.planned_reason = ''") == 0
    assert app.one(f"SELECT COUNT(*) {of_run} AND s.validation_status = 'pending'") == 0
    assert app.one(f"SELECT COUNT(*) {of_run} AND s.outcome <> 'pending'") == 0
    trainings = (
        "SELECT COUNT(*) FROM legacy_student_imports s JOIN legacy_training_imports t "
        f"ON t.student_import_id = s.id WHERE s.legacy_import_run_id = {run}"
    )
    assert app.one(trainings) == rows
