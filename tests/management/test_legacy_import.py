"""legacy_import: what it prints, counts and leaves, seen from the terminal."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from legacy_import.conf import MANAGE
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from tests.legacy_database import MakeLegacy, as_legacy, learner, tables
from tests.management.calling import assert_refused, call, done
from tests.management.conftest import SCHOOL_ROWS

pytestmark = pytest.mark.django_db


def test_json_tells_the_run_its_source_and_every_row(school: Any) -> None:
    told = done("legacy_import", "--json").told
    run = LegacyImportRun.objects.get()
    assert told["schema_version"] == 1
    assert told["command"] == "legacy_import"
    assert told["run"] == run.pk
    assert told["source"] == f"legacy → sqlite:///{school.path}"
    assert told["errors"] == []
    assert told["duration_s"] >= 0
    counts = told["counts"]
    assert counts["rows"] == SCHOOL_ROWS == LegacyStudentImport.objects.count()
    assert counts["changes"] == {"new": SCHOOL_ROWS, "changed": 0, "unchanged": 0, "vanished": 0}
    assert sum(table["staged"] for table in counts["tables"].values()) == SCHOOL_ROWS
    assert run.summary["import"] == counts


def test_a_check_says_what_the_source_is_and_stages_nothing(school: Any) -> None:
    ended = done("legacy_import", "--check")
    assert "Check passed. Nothing was staged." in ended.out
    assert "(read-only: verified)" in " ".join(ended.out.split())
    told = done("legacy_import", "--check", "--json").told
    assert told["run"] is None
    assert told["counts"]["check"]["row_counts"]["formations"] > 0
    assert not LegacyImportRun.objects.exists()
    assert not ChunkReceipt.objects.exists()


def test_a_check_counts_the_rows_that_are_deleted_there(make_legacy: MakeLegacy) -> None:
    database = make_legacy(tables([learner(1), learner(2), learner(3)]))
    database.execute("ALTER TABLE stagiaires ADD COLUMN corbeille INT",
                     "UPDATE stagiaires SET corbeille = 1 WHERE id > 1")  # fmt: skip
    with as_legacy(database):
        assert "stagiaires: 2 rows are deleted on the old platform (corbeille)" in " ".join(
            done("legacy_import", "--check").out.split()
        )
        told = done("legacy_import", "--check", "--json").told["counts"]["check"]
    assert told["deleted_rows"] == {"stagiaires": 2}
    assert told["columns"]["stagiaires"]["deleted_at"] == "corbeille"


@pytest.mark.parametrize(
    ("declared", "values", "deleted"),
    [
        (("deleted_at DATETIME", "is_deleted INT"), ("NULL, 1", "'2021-03-04', 0", "NULL, 0"), "12"),
        (("supprime VARCHAR(50)",), ("'supprimée'", "'non supprimé'", "'123456789é1'"), "13"),
        (("supprime VARCHAR(50)",), ("'كان محذوفا'", "'قديم جدا جدا'", "'لا'"), "12"),
        (("deleted VARBINARY(50)",), ("'jamais'", "'123456789é1'", "'1970/01/01'"), "2"),
    ],
)  # fmt: skip
def test_the_certificate_counts_as_deleted_what_is_staged_so(
    declared: tuple[str, ...], values: tuple[str, ...], deleted: str, make_legacy: MakeLegacy
) -> None:
    database = make_legacy(tables([learner(1), learner(2), learner(3)]))
    names = ", ".join(column.split()[0] for column in declared)
    database.execute(*(f"ALTER TABLE stagiaires ADD COLUMN {column}" for column in declared))
    for number, of_row in enumerate(values, start=1):
        pairs = zip(names.split(", "), of_row.split(", "), strict=True)
        settings = ", ".join(f"{name} = {value}" for name, value in pairs)
        database.execute(f"UPDATE stagiaires SET {settings} WHERE id = {number}")
    with as_legacy(database):
        done("legacy_import")
    run = LegacyImportRun.objects.get()
    assert run.certificate["deleted_rows"] == {"stagiaires": len(deleted)}
    assert f"({names})" in " ".join(run.certificate["notes"])
    rows = LegacyStudentImport.objects.filter(source_table="stagiaires")
    staged = {row.legacy_id for row in rows if "deleted_at_source" in row.validation_issues}
    assert staged == set(deleted)


def test_it_ends_with_the_rows_staged_and_the_next_command(school: Any) -> None:
    lines = done("legacy_import").out.splitlines()
    run = LegacyImportRun.objects.get().pk
    assert lines[-3].startswith(f"Done. run={run} staged={SCHOOL_ROWS:,} in ")
    assert lines[-1] == f"Next: {MANAGE} legacy_validate --run {run}"


def test_a_second_import_tells_what_changed_since_the_first(make_legacy: MakeLegacy) -> None:
    database = make_legacy(tables([learner(1), learner(2), learner(3)]))
    with as_legacy(database):
        done("legacy_import")
    database.execute(
        "UPDATE stagiaires SET statut = 'Archivé' WHERE id = 1",
        "DELETE FROM stagiaires WHERE id = 2",
        "INSERT INTO archives (id, nom) VALUES (2, 'Ziani')",
    )
    with as_legacy(database):
        told = done("legacy_import", "--json").told
    assert told["counts"]["changes"] == {"new": 1, "changed": 1, "unchanged": 1, "vanished": 1}


def test_a_limit_is_kept_and_vanished_rows_are_not_guessed(school: Any) -> None:
    ended = done("legacy_import", "--limit", "5", "--json")
    assert ended.told["counts"]["rows"] == 5
    assert ended.told["counts"]["changes"]["vanished"] is None
    assert LegacyImportRun.objects.get().is_partial


def test_an_empty_source_is_a_finished_run_of_no_rows(make_legacy: MakeLegacy) -> None:
    with as_legacy(make_legacy(tables(formations=(), session_ecoins=()))):
        assert done("legacy_import", "--json").told["counts"]["rows"] == 0
        for name in ("legacy_validate", "legacy_classify", "legacy_dry_run"):
            done(name)
        told = done("legacy_dry_run", "--json").told
    assert sum(told["counts"]["plan"].values()) == 0
    assert LegacyImportRun.objects.get().status == "planned"


def test_new_starts_a_run_beside_an_unfinished_one(school: Any) -> None:
    done("legacy_import", "--limit", "1")
    first = LegacyImportRun.objects.get()
    LegacyImportRun.objects.update(status="importing")
    refused = call("legacy_import")
    assert refused.code == 5
    assert f"legacy_import --resume {first.pk}" in " ".join(refused.err.split())
    assert done("legacy_import", "--new", "--json").told["run"] != first.pk


def test_the_actor_of_each_stage_is_recorded(school: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_superuser("houria")
    monkeypatch.setenv("LOGNAME", "operator")
    done("legacy_import", "--actor", "houria")
    done("legacy_validate")
    done("legacy_classify", "--actor", "houria")
    done("legacy_dry_run")
    run = LegacyImportRun.objects.get()
    actors = {stage: told["actor"] for stage, told in run.summary["stages"].items()}
    assert run.created_by == "houria"
    assert actors == {
        "imported": "houria",
        "validated": "cli:operator",
        "classified": "houria",
        "planned": "cli:operator",
    }


@pytest.mark.parametrize("other", [("--new",), ("--limit", "5")])
def test_resume_goes_alone(other: tuple[str, ...]) -> None:
    assert_refused(call("legacy_import", "--resume", "1", *other), 2, "--resume")
