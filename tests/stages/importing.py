"""Imports in this process for the tests of staging, and what they left behind, comparable."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from legacy_import.errors import Interrupted
from legacy_import.models import (
    ChunkReceipt,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.runs.progress import Silent
from legacy_import.stages.staging.import_source import ImportReport, import_source
from tests.legacy_database import LegacyDatabase, as_legacy


class StopAfter(Silent):
    """Progress that asks to stop after `chunks` finished chunks, and first calls `then`."""

    def __init__(self, chunks: int, then: Callable[[], object] = lambda: None) -> None:
        self.left = chunks
        self.then = then

    def advance(self, rows: int) -> None:
        self.left -= 1
        if self.left == 0:
            self.then()
            raise Interrupted("Stopped by the test.")


class Meanwhile(StopAfter):
    """Calls `then` after that many chunks, and goes on."""

    def advance(self, rows: int) -> None:
        self.left -= 1
        if self.left == 0:
            self.then()


def import_from(database: LegacyDatabase, **options: Any) -> ImportReport:
    """Import the database behind the alias `legacy`; `options` are those of import_source."""
    given = {"alias": "legacy", "actor": "cli:tester", "now": timezone.now(),
             "progress": Silent(), **options}  # fmt: skip
    with as_legacy(database):
        return import_source(**given)


def latest() -> LegacyImportRun:
    return LegacyImportRun.objects.latest("pk")


def staged(run: int | None) -> dict[tuple[str, str], LegacyStudentImport]:
    """(table, legacy id) → staged row, each with its training; fails on a duplicate."""
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run).select_related("training")
    found = {(row.source_table, row.legacy_id): row for row in rows}
    assert len(found) == len(rows)
    return found


def content(run: int | None) -> dict[str, Any]:
    """Everything an import stages, without surrogate ids: equal for equal imports."""
    names = {row.pk: key for key, row in staged(run).items()}
    hidden = {"id", "legacy_import_run_id", "student_import_id"}
    students = {
        names[row["id"]]: {name: value for name, value in row.items() if name not in hidden}
        for row in LegacyStudentImport.objects.filter(legacy_import_run=run).values()
    }
    trainings = {
        names[row["student_import_id"]]: {k: v for k, v in row.items() if k not in hidden}
        for row in LegacyTrainingImport.objects.filter(student_import_id__in=names).values()
    }
    keys = sorted(
        (*names[owner], kind, value)
        for owner, kind, value in IdentityKey.objects.filter(
            scope=run, owner_kind="staged"
        ).values_list("owner_id", "kind", "value")
    )
    return {"students": students, "trainings": trainings, "keys": keys}


def receipts(run: int | None) -> list[ChunkReceipt]:
    """The import's receipts in the order of the import (stagiaires before archives)."""
    found = ChunkReceipt.objects.filter(legacy_import_run=run, stage="import")
    return sorted(found, key=lambda one: (one.source_table != "stagiaires", one.position))
