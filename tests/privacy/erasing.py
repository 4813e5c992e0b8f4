"""A fictional person in every place of the staging tables, and a search through all of them."""

import datetime
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.utils import timezone

from legacy_import.choices import RunStatus
from legacy_import.models import PLATFORM, LegacyImportRun, LegacyStudentImport
from legacy_import.people.shared_keys import CROWD
from legacy_import.runs.close import close
from legacy_import.runs.progress import Silent
from tests.factories import NOW, CrmLeadFactory, StagedLearnerFactory, spelled
from tests.stages.stages import run_stages

PHONE, EMAIL = "0559712345", "Canari.Perchoir@exemple.dz"
# Parts of the phone and the address that show in any spelling of them.
CANARIES = ("559712345", "perchoir")
NAMES = ("canaridza", "serindane", "1987-06-05")
CANARY: dict[str, Any] = {
    "full_name": "Serindane Canaridza", "phone": PHONE, "email": EMAIL,
    "birth_date": "1987-06-05", "remarque": f"rappeler au {PHONE}",
}  # fmt: skip


def stage_canaries(run: LegacyImportRun, first: int = 1) -> list[LegacyStudentImport]:
    """Stage and plan a crowd on one phone: two rows of the canary, the second without the crowd's
    number, then strangers; the platform knows the canary too."""
    CrmLeadFactory(full_name=CANARY["full_name"], phone=PHONE, email=EMAIL)
    twice = [
        StagedLearnerFactory(run=run, legacy_id=str(first), **CANARY),
        StagedLearnerFactory(run=run, legacy_id=str(first + 1), **{**CANARY, "phone": ""}),
    ]
    crowd = [
        StagedLearnerFactory(
            run=run, legacy_id=str(n), phone=PHONE, full_name=f"Voliere {spelled(n)}"
        )
        for n in range(first + 2, first + CROWD + 4)
    ]
    run_stages(run)
    return [*twice, *crowd]


def found_in(run: LegacyImportRun, words: tuple[str, ...] = CANARIES) -> set[str]:
    """`table.column` of every place of this run (staged rows, books, keys) that holds a word."""
    return {
        f"{table}.{column}"
        for table, values in _everything(run)
        for column, value in values.items()
        if any(word in str(value).casefold() for word in words)
    }


def _everything(run: LegacyImportRun) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, row) of every row of every table of the import that is not another run's."""
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    mine = {"legacy_import_run_id": {run.pk}, "scope": {run.pk},
            "student_import_id": set(rows.values_list("pk", flat=True))}  # fmt: skip
    for model in apps.get_app_config("legacy_imports").get_models():
        for values in model._default_manager.values():
            owners = [values[name] in known for name, known in mine.items() if name in values]
            if all(owners) and values.get("scope") != PLATFORM:
                yield model._meta.db_table, values


def closed_long_ago(run: LegacyImportRun, days: int = 400) -> None:
    """Close the run, so many days before now."""
    close(run_id=run.pk, actor="cli:test", now=NOW, progress=Silent())
    ago = timezone.now() - datetime.timedelta(days=days)
    LegacyImportRun.objects.filter(pk=run.pk).update(finished_at=ago)
    run.refresh_from_db()
    assert run.status == RunStatus.CLOSED
