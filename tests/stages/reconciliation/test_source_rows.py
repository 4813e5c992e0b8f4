"""Source rows = staged rows: by the snapshot's counts, and id by id against the source as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_import.models import LegacyStudentImport
from legacy_import.source import reader
from legacy_import.source.errors import SourceLost
from legacy_import.stages.reconciliation import source_rows
from legacy_import.stages.reconciliation.source_rows import compare, staged_ids
from tests.factories import RunFactory, legacy_row, stage_rows
from tests.legacy_database import MakeLegacy, as_legacy, learner, tables
from tests.stages.importing import import_from, latest
from tests.stages.reconciliation.reconciling import Committed, committed, elsewhere, school

pytestmark = pytest.mark.django_db


class TestTheSource:
    """What changed in the source since the snapshot, on both kinds of source."""

    def test_added_and_removed_rows_are_named(self, make_legacy: MakeLegacy) -> None:
        database = make_legacy(tables([learner(n) for n in (1, 2, 9, 10, 100)], [learner(3)]))
        import_from(database)
        database.execute(
            "INSERT INTO stagiaires (id, nom) VALUES (5, 'Nouveau'), (101, 'Nouveau')",
            "DELETE FROM stagiaires WHERE id = 9",
            "DELETE FROM archives",
        )
        with as_legacy(database):
            failed = Committed(latest()).failed()
        assert {name: list(check.rows) for name, check in failed.items()} == {
            "source_rows_staged:stagiaires": ["stagiaires:5", "stagiaires:101"],
            "staged_rows_in_source:stagiaires": ["stagiaires:9"],
            "staged_rows_in_source:archives": ["archives:3"],
        }
        came = failed["source_rows_staged:stagiaires"]
        assert (came.expected, came.found) == (6, 4)
        gone = failed["staged_rows_in_source:stagiaires"]
        assert (gone.expected, gone.found) == (5, 4)

    def test_a_source_that_is_gone_is_a_note(self, tmp_path: Path) -> None:
        database = school(tmp_path / "school.sqlite3")
        state = committed(database)
        database.path.unlink()
        with as_legacy(database):
            report = state.reconcile()
        assert report.balanced
        (note,) = report.notes
        assert note.startswith("not re-read: ")
        assert {line.now for line in report.tables.values()} == {None}
        assert not [check for check in report.checks if "source" in check.name]

    def test_a_link_lost_on_the_way_is_a_note_and_proves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ids(source: Any, table: str) -> Iterator[list[str]]:
            yield ["1"]
            raise SourceLost("2013")

        database = school(tmp_path / "school.sqlite3")
        state = committed(database)
        monkeypatch.setattr(reader.LegacySource, "ids", ids)
        with as_legacy(database):
            report = state.reconcile()
        assert report.balanced
        assert report.notes == ("not re-read: The link to the legacy database was lost (2013).",)
        assert report.tables["stagiaires"].now is None

    def test_an_alias_that_is_not_configured_is_a_note(self) -> None:
        report = Committed(elsewhere(0)).reconcile()
        assert report.balanced
        assert report.notes == ("not re-read: There is no database alias nowhere.",)

    def test_a_source_that_is_unsafe_is_not_read(self) -> None:
        run = RunFactory(
            connection_name="default", certificate={"row_counts": {"stagiaires": 0, "archives": 0}}
        )
        (note,) = Committed(run).reconcile().notes
        assert "not behind a guarded backend" in note

    def test_another_address_than_the_imported_one_is_told(self, tmp_path: Path) -> None:
        state = committed(school(tmp_path / "school.sqlite3"))
        copy = school(tmp_path / "copy.sqlite3")
        with as_legacy(copy):
            report = state.reconcile()
        assert report.balanced
        (note,) = report.notes
        assert "copy.sqlite3, imported from sqlite:///" in note

    def test_a_certificate_without_counts_proves_nothing(self) -> None:
        run = RunFactory(connection_name="nowhere", certificate={"source": "a fictional database"})
        failed = Committed(run).failed()
        assert set(failed) == {"staged_rows:stagiaires", "staged_rows:archives"}
        assert {check.expected for check in failed.values()} == {None}

    def test_pages_are_read_to_their_end(
        self, make_legacy: MakeLegacy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "IDS_PER_PAGE", 3)
        monkeypatch.setattr(source_rows, "IDS_PER_PAGE", 2)
        database = make_legacy(tables([learner(n) for n in range(5, 15)]))
        import_from(database)
        with as_legacy(database):
            assert Committed(latest()).failed() == {}
            database.execute("INSERT INTO stagiaires (id, nom) VALUES (3, 'Nouveau')")
            check = Committed(latest()).failed()["source_rows_staged:stagiaires"]
        assert check.rows == ("stagiaires:3",)


class TestPartialRuns:
    @pytest.mark.parametrize(
        ("limit", "expected"), [(1, (1, 0)), (3, (3, 0)), (4, (3, 1)), (9, (3, 2))]
    )
    def test_the_limit_is_what_has_to_be_staged(
        self, make_legacy: MakeLegacy, limit: int, expected: tuple[int, int]
    ) -> None:
        database = make_legacy(tables([learner(n) for n in (1, 2, 3)], [learner(8), learner(9)]))
        import_from(database, limit=limit)
        with as_legacy(database):
            report = Committed(latest()).reconcile()
        assert report.balanced
        assert report.row_limit == limit
        lines = report.tables["stagiaires"], report.tables["archives"]
        assert tuple(line.expected for line in lines) == expected
        assert tuple(line.staged for line in lines) == expected
        assert tuple(line.snapshot for line in lines) == (3, 2)

    def test_a_row_lost_inside_the_limit_is_named(self, make_legacy: MakeLegacy) -> None:
        database = make_legacy(tables([learner(n) for n in (1, 2, 3)], [learner(8)]))
        import_from(database, limit=2)
        LegacyStudentImport.objects.get(legacy_id="1").delete()
        with as_legacy(database):
            failed = Committed(latest()).failed()
        assert {name: list(check.rows) for name, check in failed.items()} == {
            "staged_rows:stagiaires": [],
            "source_rows_staged:stagiaires": ["stagiaires:1"],
        }


IDS = ["-100", "-99", "-4", "0", "1", "9", "10", "99", "100", "9223372036854775808",
       "18446744073709551615"]  # fmt: skip


@pytest.mark.parametrize("page", [1, 2, 100])
def test_staged_ids_rise_as_numbers_whatever_the_page(
    page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_rows, "IDS_PER_PAGE", page)
    run, other = RunFactory(), RunFactory()
    stage_rows(run, [legacy_row(table="stagiaires", legacy_id=one) for one in reversed(IDS)])
    stage_rows(run, [legacy_row(table="archives", legacy_id="5")])
    stage_rows(other, [legacy_row(table="stagiaires", legacy_id="6")])
    assert list(staged_ids(run, "stagiaires")) == [int(one) for one in IDS]


MERGES = {
    "equal": ([1, 2], [1, 2], (2, [], [])),
    "both empty": ([], [], (0, [], [])),
    "source ahead": ([1, 2, 3], [3], (1, [1, 2], [])),
    "source goes on": ([1, 2, 3], [1], (1, [2, 3], [])),
    "staged ahead": ([3], [1, 2, 3], (1, [], [1, 2])),
    "staged goes on": ([1], [1, 2, 3], (1, [], [2, 3])),
    "nothing in common": ([1, 3], [2, 4], (0, [1, 3], [2, 4])),
}


@pytest.mark.parametrize(("source", "staged", "told"), MERGES.values(), ids=MERGES)
def test_two_rising_streams_are_merged(
    source: list[int], staged: list[int], told: tuple[int, list[int], list[int]]
) -> None:
    found = compare("archives", source, staged)
    both, only_source, only_staged = told
    assert found.both == both
    assert found.only_source.first == [f"archives:{one}" for one in only_source]
    assert found.only_staged.first == [f"archives:{one}" for one in only_staged]


def test_a_partial_run_is_not_compared_beyond_its_last_row() -> None:
    def source() -> Iterator[int]:
        yield from (1, 2, 3)
        raise AssertionError("read beyond the limit")

    found = compare("archives", source(), [2], partial=True)
    assert (found.both, found.only_source.first) == (1, ["archives:1"])
    assert compare("archives", source(), [], partial=True).only_source.total == 0
