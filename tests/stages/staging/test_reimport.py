"""A second import of a source is a run of its own that knows what changed since the last one."""

from typing import Any

import pytest

from legacy_import.models import LegacyImportRun
from tests.legacy_database import LegacyDatabase, MakeLegacy, learner, tables
from tests.stages.importing import StopAfter, content, import_from, latest, staged

pytestmark = pytest.mark.django_db


@pytest.fixture
def database(make_legacy: MakeLegacy) -> LegacyDatabase:
    """Four stagiaires and two archives."""
    return make_legacy(tables([learner(n) for n in range(1, 5)], [learner(1), learner(2)]))


def changes(report: Any) -> dict[str, int | None]:
    found: dict[str, int | None] = report.counts["changes"]
    return found


def by_change(run: int | None) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for key, row in staged(run).items():
        found.setdefault(row.source_change, set()).add(key)
    return found


def test_the_first_import_finds_everything_new(database: LegacyDatabase) -> None:
    assert changes(import_from(database)) == {
        "new": 6, "changed": 0, "unchanged": 0, "vanished": 0,
    }  # fmt: skip
    assert latest().previous_run is None


def test_the_same_source_again_is_a_new_run_with_every_row_unchanged(
    database: LegacyDatabase,
) -> None:
    first, second = import_from(database), import_from(database)
    assert changes(second) == {"new": 0, "changed": 0, "unchanged": 6, "vanished": 0}
    assert second.run != first.run
    assert latest().previous_run_id == first.run
    one, other = content(first.run), content(second.run)
    assert one["keys"] == other["keys"]
    assert one["trainings"] == other["trainings"]
    for key, row in one["students"].items():
        assert {**row, "source_change": "unchanged"} == other["students"][key]


def test_new_changed_and_vanished_rows_are_recognised(database: LegacyDatabase) -> None:
    import_from(database)
    database.execute(
        "INSERT INTO stagiaires (id, nom) VALUES (9, 'Ziani')",
        "UPDATE stagiaires SET remarque = 'rappelée' WHERE id = 2",
        "UPDATE archives SET nom = NULL WHERE id = 1",
        "DELETE FROM stagiaires WHERE id IN (1, 3)",
        "DELETE FROM archives WHERE id = 2",
    )
    report = import_from(database)
    assert changes(report) == {"new": 1, "changed": 2, "unchanged": 1, "vanished": 3}
    assert report.counts["vanished_rows"] == ["stagiaires:1", "stagiaires:3", "archives:2"]
    assert by_change(report.run) == {
        "new": {("stagiaires", "9")},
        "changed": {("stagiaires", "2"), ("archives", "1")},
        "unchanged": {("stagiaires", "4")},
    }


def test_a_row_that_moved_to_the_other_table_is_new_there_and_gone_here(
    database: LegacyDatabase,
) -> None:
    import_from(database)
    database.execute(
        "INSERT INTO archives SELECT * FROM stagiaires WHERE id = 4",
        "DELETE FROM stagiaires WHERE id = 4",
    )
    assert changes(import_from(database)) == {
        "new": 1, "changed": 0, "unchanged": 5, "vanished": 1,
    }  # fmt: skip


def test_a_row_that_changed_back_is_compared_with_the_last_run_only(
    database: LegacyDatabase,
) -> None:
    for text, expected in (("'x'", 1), ("NULL", 1), ("NULL", 0)):
        import_from(database)
        database.execute(f"UPDATE stagiaires SET remarque = {text} WHERE id = 1")
        assert changes(import_from(database))["changed"] == expected


def test_an_emptied_source_vanishes_whole(database: LegacyDatabase) -> None:
    import_from(database)
    database.execute("DELETE FROM stagiaires", "DELETE FROM archives")
    assert changes(import_from(database)) == {
        "new": 0, "changed": 0, "unchanged": 0, "vanished": 6,
    }  # fmt: skip


def test_a_partial_run_says_nothing_of_vanished_rows_and_is_no_basis_for_the_next(
    database: LegacyDatabase,
) -> None:
    whole = import_from(database).run
    partial = import_from(database, limit=2)
    assert changes(partial) == {"new": 0, "changed": 0, "unchanged": 2, "vanished": None}
    after = import_from(database)
    assert changes(after) == {"new": 0, "changed": 0, "unchanged": 6, "vanished": 0}
    assert LegacyImportRun.objects.get(pk=after.run).previous_run_id == whole


def test_an_unfinished_run_is_no_basis_for_the_next(database: LegacyDatabase) -> None:
    whole = import_from(database).run
    with pytest.raises(Exception, match="Stopped by the test"):
        import_from(database, progress=StopAfter(1))
    report = import_from(database, new=True)
    assert latest().previous_run_id == whole
    assert changes(report) == {"new": 0, "changed": 0, "unchanged": 6, "vanished": 0}


def test_runs_keep_their_rows_apart(database: LegacyDatabase) -> None:
    first = import_from(database).run
    before = content(first)
    database.execute("DELETE FROM stagiaires", "UPDATE archives SET nom = 'Saadi'")
    import_from(database)
    assert content(first) == before
