"""The one place that writes many rows at a time."""

import datetime
import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ecoin.bulk import insert_rows, statements, update, update_rows
from legacy_import.models import IdentityKey, LegacyStudentImport
from tests.factories import RunFactory, StagedLearnerFactory, legacy_row, stage_rows
from trainings.models import Course

pytestmark = pytest.mark.django_db

HOSTILE = [
    "'; DROP TABLE trainings_courses; --", "100 %s %d %%", 'back\\slash "quoted"', "مرحبا", "🎓",
    "", "line\nbreak", "$1 ? :x {0}",
]  # fmt: skip


def test_every_value_arrives_as_it_was() -> None:
    written = insert_rows(
        Course, ("name", "code"), ((text, f"C{n}") for n, text in enumerate(HOSTILE))
    )
    assert written == len(HOSTILE)
    assert list(Course.objects.order_by("pk").values_list("name", flat=True)) == HOSTILE


PLAIN_LOOKING = [
    "plain", "", " ", "a b", "2024-01-02 03:04:05.678901", "+213-559", "1e5", "NULL", "0x41", "--",
    "a\n", "é", "%s", "a'b", "a\\", "٣", "b" * 255,
]  # fmt: skip


def test_plain_text_is_written_as_itself_and_nothing_else_is() -> None:
    rows = ((text, f"C{n}") for n, text in enumerate(PLAIN_LOOKING))
    insert_rows(Course, ("name", "code"), rows)
    assert list(Course.objects.order_by("pk").values_list("name", flat=True)) == PLAIN_LOOKING


@pytest.mark.parametrize("value", [True, False, None, 0, -1, 2**62, datetime.date(1999, 2, 3)],
                         ids=str)  # fmt: skip
def test_whatever_a_column_takes_arrives(value: Any) -> None:
    column = (
        "group_conflict"
        if isinstance(value, bool)
        else "birth_date"
        if isinstance(value, datetime.date)
        else "match_id"
    )
    row = StagedLearnerFactory(group_conflict=not value, match_id=5)
    update_rows(LegacyStudentImport, (column,), {row.pk: (value,)})
    row.refresh_from_db()
    assert getattr(row, column) == value


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 17])
def test_batches_lose_and_repeat_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "ROWS_PER_STATEMENT", 8)
    assert insert_rows(Course, ("name", "code"), ((f"N{n}", f"C{n}") for n in range(rows))) == rows
    assert sorted(Course.objects.values_list("name", flat=True)) == sorted(
        f"N{n}" for n in range(rows)
    )


def test_long_values_make_shorter_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MAX_STATEMENT_BYTES", 5_000)
    run = RunFactory()
    with CaptureQueriesContext(connection) as captured:
        stage_rows(run, [
            legacy_row(table="stagiaires", legacy_id=str(n), full_name="A", remark="x" * 2_000)
            for n in range(1, 7)
        ])  # fmt: skip
    inserts = [q["sql"] for q in captured if "INSERT" in q["sql"] and "raw_payload" in q["sql"]]
    assert len(inserts) == 3  # of two rows each
    assert LegacyStudentImport.objects.filter(legacy_import_run=run).count() == 6


def test_a_duplicate_is_refused_whole() -> None:
    row = (1, "lead", 1, "P", "213559446168")
    columns = ("scope", "owner_kind", "owner_id", "kind", "value")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(IdentityKey, columns, [row, row])
    assert not IdentityKey.objects.exists()


def test_keys_are_compared_byte_by_byte() -> None:
    columns = ("scope", "owner_kind", "owner_id", "kind", "value")
    insert_rows(
        IdentityKey, columns, [(1, "lead", 1, "E", "a@b.dz"), (1, "lead", 1, "E", "A@b.dz")]
    )
    assert IdentityKey.objects.filter(value="a@b.dz").count() == 1


@pytest.mark.parametrize("rows_per_case", [1, 3, 200])
def test_each_row_gets_its_own_values_and_no_other_row_changes(
    rows_per_case: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "ROWS_PER_CASE", rows_per_case)
    rows = [StagedLearnerFactory() for _ in range(7)]
    values: dict[int, tuple[Any, ...]] = {
        row.pk: (HOSTILE[n], n if n % 2 else None) for n, row in enumerate(rows[:6])
    }
    update_rows(LegacyStudentImport, ("raw_status", "match_id"), values)
    for row in rows:
        before = (row.raw_status, row.match_id)
        row.refresh_from_db()
        assert (row.raw_status, row.match_id) == values.get(row.pk, before)


@pytest.mark.parametrize("most", [1, 3, 2_000])
def test_many_rows_in_any_order_get_their_own_values(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a CASE would take at once, with neighbours that are not meant."""
    monkeypatch.setattr(update, "ROWS_PER_CASE", most)
    monkeypatch.setattr(statements, "ROWS_PER_STATEMENT", most)
    rows = [StagedLearnerFactory() for _ in range(12)]
    meant = rows[9::-2]
    born = datetime.date(1999, 2, 3)
    columns = ("raw_status", "match_id", "birth_date", "group_conflict", "duplicate_evidence")
    values: dict[int, tuple[Any, ...]] = {
        row.pk: (
            HOSTILE[n], (None, 0, -1, 2**62, 5)[n], born if n % 2 else None, bool(n % 2),
            json.dumps({"said": HOSTILE[n]}),
        )
        for n, row in enumerate(meant)
    }  # fmt: skip
    update_rows(LegacyStudentImport, columns, values)
    stored = LegacyStudentImport.objects.in_bulk([row.pk for row in rows])
    for row in rows:
        found = stored[row.pk]
        *plain, evidence = values.get(
            row.pk, (row.raw_status, row.match_id, row.birth_date, row.group_conflict, "{}")
        )
        assert [getattr(found, column) for column in columns[:-1]] == plain
        assert found.duplicate_evidence == json.loads(evidence)


def test_long_values_are_updated_in_shorter_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a server would refuse what is longer than its max_allowed_packet."""
    monkeypatch.setattr(statements, "MAX_STATEMENT_BYTES", 5_000)
    rows = [StagedLearnerFactory() for _ in range(6)]
    values = {row.pk: (json.dumps(["x" * 2_000, n]),) for n, row in enumerate(rows)}
    with CaptureQueriesContext(connection) as captured:
        update_rows(LegacyStudentImport, ("duplicate_evidence",), values)
    assert len(captured) == 3  # of two rows each
    for n, row in enumerate(rows):
        row.refresh_from_db()
        assert row.duplicate_evidence == ["x" * 2_000, n]


def test_nothing_to_write_is_no_statement() -> None:
    with CaptureQueriesContext(connection) as captured:
        update_rows(LegacyStudentImport, ("raw_status",), {})
        insert_rows(Course, ("name", "code"), [])
    assert len(captured) == 0
