"""What an app database says of its imports, read by plain SQL: rows, commit log and records.

Nothing here uses the services: a proof must not rest on the code that it is a proof of.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection

Query = Callable[[str], list[tuple[Any, ...]]]

LEAD = "crm.CrmLead"
USER = "auth.User"
# Model → its table, the last part of its origins, and the columns besides (run, user, lead).
RECORDS = {
    LEAD: ("crm_leads", "lead", "legacy_import_run_id, NULL, NULL"),
    "crm.CourseInterest": ("crm_course_interests", "interest", "NULL, NULL, lead_id"),
    "trainings.LegacyCompletedTraining": (
        "legacy_completed_trainings", "training", "legacy_import_run_id, user_id, lead_id",
    ),
    "trainings.LegacyImportedEnrollment": (
        "legacy_imported_enrollments", "enrollment", "legacy_import_run_id, user_id, lead_id",
    ),
}  # fmt: skip


class Staged(NamedTuple):
    """A staged row. `user`, `lead`, `completed`, `enrolled`: its imported_* ids."""

    id: int
    run: int
    source: str
    table: str
    legacy_id: str
    classification: str
    planned_action: str
    planned_reason: str
    target_kind: str
    target: int | None
    first: int | None
    outcome: str
    user: int | None
    lead: int | None
    completed: int | None
    enrolled: int | None
    person_number: int

    @property
    def name(self) -> str:
        return f"{self.table}:{self.legacy_id}"

    @property
    def origin(self) -> str:
        """Of its records, without the effect."""
        number = f"#{self.person_number}" if self.person_number > 1 else ""
        return f"{self.source}:{self.name}{number}"

    @property
    def person(self) -> tuple[int | None, int | None]:
        return self.user, self.lead


class Logged(NamedTuple):
    """An entry of the commit log."""

    id: int
    row: int
    run: int
    batch: int
    action: str
    model: str
    target: int | None
    created: int
    reason: str
    reversed_at: Any
    reversal: str

    @property
    def in_force(self) -> bool:
        return self.reversed_at is None


class Made(NamedTuple):
    """A record that an import of these rows made: its origin says so."""

    model: str
    id: int
    origin: str
    run: int | None
    user: int | None
    lead: int | None


@dataclass
class Book:
    """The staged rows, the log and the records as they stand."""

    query: Query
    staged: dict[int, Staged] = field(init=False)
    log: list[Logged] = field(init=False)
    made: dict[tuple[str, int], Made] = field(init=False)

    def __post_init__(self) -> None:
        rows = self.query(
            "SELECT s.id, s.legacy_import_run_id, r.connection_name, s.source_table, s.legacy_id, "
            "s.classification, s.planned_action, s.planned_reason, s.planned_target_kind, "
            "s.planned_target_id, s.group_first_id, s.outcome, s.imported_user_id, "
            "s.imported_lead_id, t.imported_completed_training_id, t.imported_enrollment_id, "
            "s.person_number "
            "FROM legacy_student_imports s "
            "JOIN legacy_import_runs r ON r.id = s.legacy_import_run_id "
            "LEFT JOIN legacy_training_imports t ON t.student_import_id = s.id"
        )
        self.staged = {row[0]: Staged(*row) for row in rows}
        self.log = [
            Logged(*entry)
            for entry in self.query(
                "SELECT id, student_import_id, legacy_import_run_id, batch, action, target_model, "
                "target_id, created_target, reason, reversed_at, reversal_outcome "
                "FROM legacy_import_commit_logs ORDER BY id"
            )
        ]
        sources = {row.source for row in self.staged.values()}
        self.made = {}
        for model, (table, _, columns) in RECORDS.items():
            for row in self.query(
                f"SELECT id, origin, {columns} FROM {table} WHERE origin IS NOT NULL"
            ):
                if row[1].partition(":")[0] in sources:
                    self.made[model, row[0]] = Made(model, *row)

    @cached_property
    def of_row(self) -> dict[int, list[Logged]]:
        """Staged row id → its entries in force, oldest first."""
        found: defaultdict[int, list[Logged]] = defaultdict(list)
        for entry in self.log:
            if entry.in_force:
                found[entry.row].append(entry)
        return found

    def entries(self, row: Staged, actions: set[str]) -> list[Logged]:
        return [entry for entry in self.of_row.get(row.id, []) if entry.action in actions]

    def people(self) -> dict[str, set[int]]:
        tables = {LEAD: "crm_leads", USER: "auth_user"}
        return {
            model: {pk for (pk,) in self.query(f"SELECT id FROM {table}")}
            for model, table in tables.items()
        }


def own_rows(sql: str) -> list[tuple[Any, ...]]:
    """A query of the test's own app database."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]
