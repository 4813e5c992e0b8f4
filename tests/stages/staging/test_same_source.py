"""The database behind an alias is the one that earlier runs read, or the import says so and stops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from legacy_import.errors import SafetyRefusal
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.stages.staging.same_source import _address
from tests.database_server import DatabaseServer
from tests.legacy_database import (
    LegacyDatabase,
    as_legacy,
    learner,
    server_legacy,
    sqlite_legacy,
    tables,
)
from tests.management.calling import assert_refused, call, done
from tests.stages.importing import StopAfter, import_from, latest

pytestmark = pytest.mark.django_db

Database = Callable[..., LegacyDatabase]


class StopBefore(StopAfter):
    """Asks to stop when the source is open and nothing is staged."""

    def __init__(self) -> None:
        super().__init__(1)

    def begin(self, label: str, total: int | None) -> None:
        self.advance(0)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """database(name, learners…): a legacy database in a file of that name."""

    def make(name: str, *learners: dict[str, Any], **of_tables: Any) -> LegacyDatabase:
        return sqlite_legacy(tmp_path / f"{name}.sqlite3", tables(learners, **of_tables))

    return make


def people(family: str, count: int = 12) -> list[dict[str, Any]]:
    return [learner(number, nom=family) for number in range(1, count + 1)]


def test_another_database_is_refused_and_nothing_is_staged(database: Database) -> None:
    import_from(database("school", *people("Haddad")))
    with as_legacy(database("another-school", *people("Benali"))):
        ended = call("legacy_import")
    assert_refused(ended, 3, "Another database is behind the alias 'legacy'", "0 of 12 rows",
                   "--another-source")  # fmt: skip
    assert "Benali" not in ended.out + ended.err
    assert LegacyImportRun.objects.count() == 1
    assert not LegacyStudentImport.objects.filter(last_name="Benali").exists()


def test_a_database_without_a_common_row_is_another_one(database: Database) -> None:
    import_from(database("school", *people("Haddad")))
    other = database("another-school", *(learner(number) for number in range(501, 520)))
    with pytest.raises(SafetyRefusal, match="0 of 0 rows"):
        import_from(other)


def test_a_run_that_staged_nothing_does_not_hide_what_was_read_before(database: Database) -> None:
    school = database("school", *people("Haddad"))
    import_from(school)
    with pytest.raises(Exception, match="Stopped by the test"):
        import_from(school, progress=StopBefore())
    assert not LegacyStudentImport.objects.filter(legacy_import_run=latest()).exists()
    with pytest.raises(SafetyRefusal, match="0 of 12 rows"):
        import_from(database("another-school", *people("Benali")), new=True)


def test_another_database_is_read_where_the_operator_says_so(database: Database) -> None:
    import_from(database("school", *people("Haddad")))
    with as_legacy(database("another-school", *people("Benali"))):
        ended = done("legacy_import", "--another-source")
    assert "ANOTHER SOURCE (allowed by the operator): run" in " ".join(ended.out.split())
    assert "ANOTHER SOURCE" in latest().certificate["another_source"]


def test_a_restored_copy_is_accepted_and_the_certificate_says_so(
    database: Database, tmp_path: Path
) -> None:
    first = import_from(database("school", *people("Haddad"), archives=people("Ziani", 5)))
    restored = database("copy", *people("Haddad"), archives=people("Ziani", 5))
    restored.execute("UPDATE stagiaires SET statut = 'Archivé' WHERE id < 6")
    report = import_from(restored)
    (note,) = [note for note in report.certificate["notes"] if "another server" in note]
    assert f"run {first.run} read sqlite:///{tmp_path / 'school.sqlite3'}" in note
    assert note.endswith("12 of 17 rows compared are the same")


def test_the_same_database_may_change_as_much_as_it_likes(database: Database) -> None:
    source = database("school", *people("Haddad"))
    import_from(source)
    source.execute("UPDATE stagiaires SET nom = 'Benali'")
    report = import_from(source)
    assert "another_source" not in report.certificate
    assert report.counts["changes"]["changed"] == 12


def test_large_tables_are_compared_in_samples(database: Database) -> None:
    import_from(database("school", *people("Haddad", 5_000)))
    with pytest.raises(SafetyRefusal, match=r"0 of 2,000 rows compared"):
        import_from(database("another-school", *people("Benali", 5_000)))


def test_a_run_is_resumed_from_its_own_source_only(database: Database) -> None:
    source = database("school", *people("Haddad", 3_000))
    with pytest.raises(Exception, match="Stopped by the test"):
        import_from(source, progress=StopAfter(1))
    run = latest()
    before = LegacyStudentImport.objects.filter(legacy_import_run=run).count()
    same_people = database("copy", *people("Haddad", 3_000))
    with as_legacy(same_people):
        refused = call("legacy_import", "--resume", str(run.pk))
        assert_refused(refused, 3, f"Run {run.pk} was reading", "--new")
        both = call("legacy_import", "--resume", str(run.pk), "--another-source")
        assert_refused(both, 2, "--resume continues a run as it was started")
    assert LegacyStudentImport.objects.filter(legacy_import_run=run).count() == before
    import_from(source, resume=run.pk)
    assert LegacyStudentImport.objects.filter(legacy_import_run=run).count() == 3_000


def test_the_note_outlives_a_resume(database: Database) -> None:
    import_from(database("school", *people("Haddad", 3_000)))
    copy = database("copy", *people("Haddad", 3_000))
    with pytest.raises(Exception, match="Stopped by the test"):
        import_from(copy, progress=StopAfter(1))
    report = import_from(copy, resume=latest().pk)
    assert any("another server or database" in note for note in report.certificate["notes"])


def test_another_time_zone_is_told_and_no_run_is_resumed_in_it(
    db_server: DatabaseServer, server_legacy_name: str, settings: Any
) -> None:
    source = server_legacy(db_server, server_legacy_name, tables(people("Haddad", 3_000)))
    first = import_from(source)
    assert "another_time_zone" not in import_from(source).certificate
    settings.LEGACY_DB_TIME_ZONE = "+02:00"
    with pytest.raises(Exception, match="Stopped by the test"):
        import_from(source, progress=StopAfter(1))
    run = latest()
    settings.LEGACY_DB_TIME_ZONE = "+01:00"
    with as_legacy(source):
        refused = call("legacy_import", "--resume", str(run.pk))
    assert_refused(refused, 3, f"Run {run.pk} was reading TIMESTAMP columns in the time zone +02:00",
                   "LEGACY_DB_TIME_ZONE=+02:00", "--new")  # fmt: skip
    settings.LEGACY_DB_TIME_ZONE = "+02:00"
    with as_legacy(source):
        ended = done("legacy_import", "--resume", str(run.pk))
    note = f"ANOTHER TIME ZONE: run {int(first.run or 0) + 1} read TIMESTAMP columns in +01:00"
    assert note in " ".join(ended.out.split())
    assert latest().certificate["another_time_zone"].startswith(note)


@pytest.mark.parametrize(("label", "address"), [
    ("mysql://reader@db-old:3306/ecoin", "mysql://db-old:3306/ecoin"),
    ("mysql://re%40der@/run/mysqld.sock/ecoin", "mysql:///run/mysqld.sock/ecoin"),
    ("mysql://@db-old:3306/ecoin", "mysql://db-old:3306/ecoin"),
    ("sqlite:////srv/a@b/legacy.sqlite3", "sqlite:////srv/a@b/legacy.sqlite3"),
])  # fmt: skip
def test_another_account_is_no_other_source(label: str, address: str) -> None:
    assert _address(label) == address
