"""A small planned run for the commands that write business tables, and calling them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_import.management.confirm import database_name
from legacy_import.models import LegacyImportRun
from tests.factories import CourseFactory, CrmLeadFactory
from tests.legacy_database import SQLiteLegacy, as_legacy, learner, sqlite_legacy, tables
from tests.management.calling import COMMANDS, call, done
from tests.processes import Ended

CANARIES = ("Canaridza", "0559776655", "559776655", "canari.perchoir")
LEADS = range(11, 19)  # stagiaires who become leads


def somebody(legacy_id: int, **fields: Any) -> dict[str, Any]:
    """A learner whom nobody could take for another one."""
    born = f"{1970 + legacy_id}-02-03"
    return learner(legacy_id, nom="Canaridza", date_naissance=born, **fields)


def old_school(path: Path) -> SQLiteLegacy:
    """Two trained learners, eight strangers who asked, somebody known, a status nobody knows."""
    known = {"telephone": "0559776655", "email": "canari.perchoir@exemple.dz"}
    return sqlite_legacy(
        path,
        tables(
            [
                somebody(1),
                somebody(2, **known, prenom="Serin", statut="Informer"),
                somebody(3, statut="Statut-Canari"),
                *(somebody(number, statut="Informer") for number in LEADS),
            ],
            [somebody(4)],
        ),
    )


@pytest.fixture
def planned(tmp_path: Path, db: None) -> Iterator[LegacyImportRun]:
    """A planned run of that school."""
    CourseFactory(name="Comptabilité")
    CrmLeadFactory(full_name="Serin Canaridza", phone="0559776655")
    with as_legacy(old_school(tmp_path / "legacy.sqlite3")):
        for name in COMMANDS:
            done(name)
        yield LegacyImportRun.objects.get()


def confirmed() -> tuple[str, ...]:
    return ("--no-input", "--confirm-database", database_name())


def commit(run: LegacyImportRun, *arguments: str) -> Ended:
    return call("legacy_commit", "--run", str(run.pk), *confirmed(), *arguments)


def text(ended: Ended) -> str:
    return " ".join(ended.out.split())
