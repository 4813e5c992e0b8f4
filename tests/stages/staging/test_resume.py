"""An import that ended early goes on with --resume: no duplicate, no gap, the source as it is now."""

from collections.abc import Iterator

import pytest
from django.db.models import F

from legacy_import.errors import Interrupted, OutOfOrder, UnknownRun
from legacy_import.models import (
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.source.errors import SourceLost
from legacy_import.stages.staging import table_import
from tests.database_server import DatabaseServer
from tests.legacy_database import (
    LegacyDatabase,
    MakeLegacy,
    learner,
    server_legacy,
    tables,
)
from tests.stages.importing import (
    Meanwhile,
    StopAfter,
    content,
    import_from,
    latest,
    receipts,
    staged,
)

pytestmark = pytest.mark.django_db

CHUNKS = 6  # of the database below: 4 of stagiaires, 2 of archives


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_import, "PAGE_ROWS", 3)


@pytest.fixture
def database(make_legacy: MakeLegacy) -> LegacyDatabase:
    """Eleven stagiaires with gaps between their ids, one unreadable, and five archives."""
    stagiaires = [learner(10 * n) for n in range(1, 12)]
    stagiaires[1]["prenom"] = b"Zo\xe9"
    return make_legacy(tables(stagiaires, [learner(n) for n in range(1, 6)]))


def stop(database: LegacyDatabase, chunks: int) -> LegacyImportRun:
    """Import until that many chunks are done; returns the unfinished run."""
    with pytest.raises(Interrupted):
        import_from(database, progress=StopAfter(chunks))
    run = latest()
    assert run.status == "importing"
    assert len(receipts(run.pk)) == chunks
    return run


def uninterrupted(database: LegacyDatabase) -> dict[str, object]:
    """What an import in one go stages, on an app database that knows no other run."""
    LegacyImportRun.objects.update(connection_name=F("status"))
    return content(import_from(database).run)


def no_orphans() -> None:
    students = LegacyStudentImport.objects.values("pk")
    assert not LegacyTrainingImport.objects.exclude(student_import_id__in=students).exists()
    keys = IdentityKey.objects.filter(owner_kind="staged")
    assert not keys.exclude(owner_id__in=students).exists()


@pytest.mark.parametrize("chunks", range(1, CHUNKS + 1))
def test_a_resumed_run_ends_like_one_that_was_never_stopped(
    chunks: int, database: LegacyDatabase
) -> None:
    run = stop(database, chunks)
    report = import_from(database, resume=run.pk)
    assert report.run == run.pk
    assert (latest().status, latest().certificate["snapshots"]) == ("imported", 2)
    assert [one.rows for one in receipts(run.pk)] == [3, 3, 3, 2, 3, 2]
    assert content(run.pk) == uninterrupted(database)


def test_a_resume_that_is_stopped_can_be_resumed(database: LegacyDatabase) -> None:
    run = stop(database, 2)
    with pytest.raises(Interrupted):
        import_from(database, resume=run.pk, progress=StopAfter(4))
    import_from(database, resume=run.pk)
    assert latest().certificate["snapshots"] == 3
    assert content(run.pk) == uninterrupted(database)


def test_chunks_that_did_not_change_are_not_written_again(database: LegacyDatabase) -> None:
    run = stop(database, 3)
    before = {key: row.pk for key, row in staged(run.pk).items()}
    import_from(database, resume=run.pk)
    after = {key: row.pk for key, row in staged(run.pk).items()}
    assert {key: after[key] for key in before} == before


CHANGES = {
    "changed_in_a_finished_chunk": ["UPDATE stagiaires SET nom = 'Ziani' WHERE id = 20"],
    "contact_changed": ["UPDATE stagiaires SET telephone = '', email = '' WHERE id = 50"],
    "deleted_from_a_finished_chunk": ["DELETE FROM stagiaires WHERE id = 10"],
    "inserted_before_the_first": ["INSERT INTO stagiaires (id, nom) VALUES (1, 'Ziani')"],
    "inserted_into_a_gap": ["INSERT INTO stagiaires (id, nom) VALUES (31, 'Ziani')",
                            "INSERT INTO stagiaires (id, nom) VALUES (45, 'Ziani')"],
    "inserted_at_the_end": ["INSERT INTO stagiaires (id, nom) VALUES (999, 'Ziani')"],
    "a_whole_chunk_deleted": ["DELETE FROM stagiaires WHERE id BETWEEN 40 AND 60"],
    "everything_staged_deleted": ["DELETE FROM stagiaires WHERE id <= 60"],
    "last_row_of_a_chunk_deleted": ["DELETE FROM stagiaires WHERE id IN (30, 60)"],
    "a_chunk_grown_beyond_a_page": [f"INSERT INTO stagiaires (id, nom) VALUES ({n}, 'Ziani')"
                                    for n in range(31, 39)],
    "the_other_table": ["UPDATE archives SET nom = 'Ziani' WHERE id = 2"],
    "everything_at_once": ["UPDATE stagiaires SET nom = 'Ziani'", "DELETE FROM stagiaires"
                           " WHERE id = 30", "INSERT INTO stagiaires (id) VALUES (3)"],
}  # fmt: skip


class TestTheSourceChangedMeanwhile:
    @pytest.mark.parametrize("name", CHANGES)
    def test_what_differs_is_staged_again(self, name: str, database: LegacyDatabase) -> None:
        run = stop(database, 2)
        database.execute(*CHANGES[name])
        report = import_from(database, resume=run.pk)
        for counted in report.counts["tables"].values():  # type: ignore[attr-defined]
            assert counted["source"] == counted["staged"]
        assert sum(one.rows for one in receipts(run.pk)) == len(staged(run.pk))
        no_orphans()
        assert content(run.pk) == uninterrupted(database)

    def test_a_chunk_that_was_emptied_can_fill_again(self, database: LegacyDatabase) -> None:
        run = stop(database, 2)
        database.execute("DELETE FROM stagiaires WHERE id <= 30")
        with pytest.raises(Interrupted):
            import_from(database, resume=run.pk, progress=StopAfter(2))
        database.execute("INSERT INTO stagiaires (id, nom) VALUES (20, 'Ziani')")
        import_from(database, resume=run.pk)
        no_orphans()
        assert content(run.pk) == uninterrupted(database)


class TestWhatMayBeResumed:
    def test_a_new_import_is_refused_while_one_is_unfinished(
        self, database: LegacyDatabase
    ) -> None:
        run = stop(database, 1)
        with pytest.raises(OutOfOrder) as caught:
            import_from(database)
        assert caught.value.exit_code == 5
        assert f"legacy_import --resume {run.pk}" in caught.value.hint
        assert LegacyImportRun.objects.count() == 1

    def test_another_run_can_be_asked_for_and_the_first_stays(
        self, database: LegacyDatabase
    ) -> None:
        first = stop(database, 1)
        second = import_from(database, new=True)
        assert second.run != first.pk
        import_from(database, resume=first.pk)
        assert LegacyImportRun.objects.filter(status="imported").count() == 2
        assert len(staged(first.pk)) == len(staged(second.run)) == 16

    def test_a_finished_run_cannot_be_resumed(self, database: LegacyDatabase) -> None:
        run = import_from(database).run
        before = content(run)
        with pytest.raises(OutOfOrder, match="nothing to resume"):
            import_from(database, resume=run)
        assert content(run) == before

    def test_an_unknown_run_cannot_be_resumed(self, database: LegacyDatabase) -> None:
        with pytest.raises(UnknownRun):
            import_from(database, resume=77)

    def test_a_run_of_another_source_cannot_be_resumed(self, database: LegacyDatabase) -> None:
        run = stop(database, 1)
        LegacyImportRun.objects.update(connection_name="elsewhere")
        with pytest.raises(OutOfOrder, match="elsewhere"):
            import_from(database, resume=run.pk)

    @pytest.mark.parametrize("limit", [4, 9, 13])
    def test_a_resumed_partial_run_keeps_its_limit(
        self, limit: int, database: LegacyDatabase
    ) -> None:
        with pytest.raises(Interrupted):
            import_from(database, limit=limit, progress=StopAfter(1))
        run = latest()
        import_from(database, resume=run.pk)
        assert len(staged(run.pk)) == limit
        assert latest().row_limit == limit


class TestOneWriter:
    def test_who_lost_the_run_to_another_process_writes_nothing_more(
        self, database: LegacyDatabase
    ) -> None:
        take = Meanwhile(2, lambda: LegacyImportRun.objects.update(lease_token="someone-else"))
        with pytest.raises(OutOfOrder, match="taken over"):
            import_from(database, progress=take)
        run = latest()
        assert (len(receipts(run.pk)), len(staged(run.pk))) == (2, 6)
        assert run.lease_token == "someone-else"

    def test_an_import_that_failed_can_be_resumed(self, database: LegacyDatabase) -> None:
        run = stop(database, 2)
        LegacyImportRun.objects.update(status="failed")
        import_from(database, resume=run.pk)
        assert content(run.pk) == uninterrupted(database)

    @pytest.fixture(autouse=True)
    def the_lease_is_given_back(self) -> Iterator[None]:
        yield
        assert not LegacyImportRun.objects.exclude(lease_token__in=("", "someone-else")).exists()


def test_a_lost_connection_keeps_what_was_staged(
    db_server: DatabaseServer, server_legacy_name: str
) -> None:
    rows = [learner(n) for n in range(1, 8)]
    database = server_legacy(db_server, server_legacy_name, tables(rows))
    kill = Meanwhile(1, lambda: db_server.kill_connections(database.reader))
    with pytest.raises(SourceLost) as caught:
        import_from(database, progress=kill)
    run = latest()
    assert (caught.value.exit_code, run.status, len(staged(run.pk))) == (1, "importing", 3)
    import_from(database, resume=run.pk)
    assert content(run.pk) == uninterrupted(database)
