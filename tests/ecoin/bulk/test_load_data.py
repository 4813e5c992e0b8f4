"""Rows as a file: LOAD DATA LOCAL on MariaDB, statements elsewhere; what arrives is the same."""

import datetime
import os
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecoin.bulk import encode_rows, insert_encoded, insert_rows, load_data
from legacy_import.models import IdentityKey, LegacyTrainingImport, PersonEdge
from tests.factories import RunFactory, StagedLearnerFactory
from tests.processes import ON_SERVER
from trainings.models import Course

OPTIONS = dict(connections.settings[DEFAULT_DB_ALIAS].get("OPTIONS", {}))
KEY = ("scope", "owner_kind", "owner_id", "kind", "value")
HOSTILE = [
    "\t", "a\tb", "\n", "line\nbreak\r\n", "\\", "\\N", "NULL", "\\t", "'; DROP TABLE x; --", "",
    " ", "مرحبا", "🎓", "a\x1ab", "\x08", "%s", '"quoted"', "N",
]  # fmt: skip


@pytest.fixture(params=["file", "statements"], autouse=True)
def way(request: pytest.FixtureRequest, db: None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(load_data, "FEWEST_ROWS", 1)
    connection.ensure_connection()
    takes_files = load_data.is_allowed(1)
    assert takes_files == ON_SERVER, "on MariaDB the tests' own server takes files"
    if request.param == "statements":
        monkeypatch.setattr(load_data, "is_allowed", lambda rows: False)
    return str(request.param)


def statements_of(way: str, *rows: tuple[Any, ...]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        insert_rows(Course, ("name", "code"), rows)
    said = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    return ["LOAD" if "LOAD DATA LOCAL" in sql else "INSERT" for sql in said]


def test_a_file_is_sent_where_the_server_takes_one(way: str) -> None:
    expected = "LOAD" if ON_SERVER and way == "file" else "INSERT"
    assert statements_of(way, ("Infographie", "INF")) == [expected]


def test_few_rows_are_a_statement(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_data, "FEWEST_ROWS", 100)
    assert statements_of(way, ("Infographie", "INF")) == ["INSERT"]


def test_every_text_arrives_as_it_was() -> None:
    insert_rows(Course, ("name", "code"), ((text, f"C{n}") for n, text in enumerate(HOSTILE)))
    assert list(Course.objects.order_by("pk").values_list("name", flat=True)) == HOSTILE


@pytest.mark.parametrize("value", [None, 0, 7, 2**62], ids=str)
def test_numbers_and_nulls_arrive(value: int | None) -> None:
    rows = [StagedLearnerFactory() for _ in range(3)]
    LegacyTrainingImport.objects.all().delete()
    columns = ("student_import_id", "course_id", "session_confirmed")
    insert_rows(LegacyTrainingImport, columns, [(row.pk, value, bool(value)) for row in rows])
    found = LegacyTrainingImport.objects.values_list("course_id", "session_confirmed").distinct()
    assert list(found) == [(value, bool(value))]


def test_a_moment_is_said_as_the_statements_say_it() -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.UTC)
    assert load_data._text(moment) == "2026-01-02 03:04:05.678901"
    assert load_data._text(datetime.date(1999, 2, 3)) == "1999-02-03"


@pytest.mark.parametrize(
    ("model", "columns", "rows"),
    [
        (IdentityKey, KEY, [(1, "lead", 1, "P", "213559446168")] * 2),
        (IdentityKey, KEY, [(1, "lead", 1, "P", "1"), (1, "lead", 2, "PP", "1" * 191)]),
        (Course, ("name", "code"), [("A", "A"), (None, "B")]),
    ],
    ids=["duplicate", "too-long", "null"],
)  # fmt: skip
def test_what_a_statement_would_refuse_is_refused_whole(
    model: Any, columns: Any, rows: Any
) -> None:
    if not ON_SERVER and rows[-1][-1] == "1" * 191:
        rows = [*rows, rows[0]]  # SQLite knows no lengths: refused for being there twice
    before = model.objects.count()
    with pytest.raises(Error), transaction.atomic():
        insert_rows(model, columns, rows)
    assert model.objects.count() == before


def test_a_reference_to_nothing_is_never_dropped_with_a_warning() -> None:
    run = RunFactory()
    edges = [(run.pk, 1, 2, "one_person"), (run.pk + 10_000, 1, 2, "one_person")]
    with pytest.raises(Error), transaction.atomic():
        _insert_edges(edges)
    assert not PersonEdge.objects.exists()


def test_rows_that_were_encoded_in_advance_arrive_either_way(way: str) -> None:
    rows = ((text, f"C{n}") for n, text in enumerate(HOSTILE))
    insert_encoded(encode_rows(Course, ("name", "code"), rows))
    assert list(Course.objects.order_by("pk").values_list("name", flat=True)) == HOSTILE


def _insert_edges(edges: list[tuple[int, int, int, str]]) -> None:
    columns = ("legacy_import_run_id", "left_id", "right_id", "relation")
    insert_rows(PersonEdge, columns, edges)
    connection.check_constraints()  # SQLite looks at the end


@pytest.mark.parametrize("value", [b"bytes", "a\x1fb", "\x1e", "\0"], ids=repr)
def test_a_value_that_a_file_cannot_contain_is_left_to_the_statements(value: Any) -> None:
    assert load_data.encode([("Infographie", value)]) is None


@pytest.mark.parametrize("text", ["a\x1fb", "\x1e", "\x1e\x1f"], ids=repr)
def test_text_with_the_separators_of_a_file_arrives(text: str) -> None:
    insert_rows(Course, ("name", "code"), [("plain", "A"), (text, "B"), ("plain", "C")])
    assert Course.objects.get(code="B").name == text


def test_a_server_that_takes_no_files_is_sent_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {**OPTIONS, "local_infile": True}
    monkeypatch.setitem(connections.settings[DEFAULT_DB_ALIAS], "OPTIONS", options)
    load_data.check_server(Server(permits=0))
    assert not options["local_infile"]
    assert not load_data.is_allowed(load_data.FEWEST_ROWS)


class Server:
    """A new connection to the app database whose server answers one question."""

    alias = DEFAULT_DB_ALIAS

    def __init__(self, permits: int) -> None:
        self.permits = permits

    def cursor(self) -> "Server":
        return self

    __enter__ = cursor

    def __exit__(self, *_: object) -> None: ...

    def execute(self, sql: str) -> None:
        assert sql == "SELECT @@local_infile"

    def fetchone(self) -> tuple[int]:
        return (self.permits,)


def test_nothing_stays_open_and_nothing_lies_on_a_disk() -> None:
    before = len(os.listdir("/proc/self/fd"))
    insert_rows(Course, ("name", "code"), [(f"N{n}", f"C{n}") for n in range(200)])
    assert len(os.listdir("/proc/self/fd")) == before


def test_only_a_process_that_asks_sends_files(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {key: value for key, value in OPTIONS.items() if key != "local_infile"}
    monkeypatch.setitem(connections.settings[DEFAULT_DB_ALIAS], "OPTIONS", options)
    assert "local_infile" not in connection.get_connection_params() or not ON_SERVER
    load_data.allow_files()
    assert options.get("local_infile", False) == ON_SERVER


ANY_VALUE = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.integers(-(2**63), 2**63 - 1), st.booleans(), st.dates(),
    st.datetimes(timezones=st.just(datetime.UTC)),
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(ANY_VALUE, ANY_VALUE, ANY_VALUE), min_size=1, max_size=5))
def test_a_file_contains_exactly_the_values(rows: Any) -> None:
    texts = [[None if value is None else load_data._text(value) for value in row] for row in rows]
    file = load_data.encode(rows)
    if file is None:
        assert any(sign in (text or "") for row in texts for text in row for sign in "\x1e\x1f\0")
    else:
        assert read(file.decode()) == texts


def read(file: str) -> list[list[str | None]]:
    """A file as the server reads it, by its manual."""
    meanings = {"t": "\t", "n": "\n", "r": "\r", "0": "\0", "\\": "\\"}
    rows: list[list[str | None]] = []
    for line in file.removesuffix("\x1e").split("\x1e"):
        rows.append([])
        for value in line.split("\x1f"):
            text, signs = "", iter(value)
            for sign in signs:
                text += meanings[next(signs)] if sign == "\\" and value != "\\N" else sign
            rows[-1].append(None if value == "\\N" else text)
    return rows
