"""The guard alone: it lets through what clearly reads, and refuses everything else."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from legacy_import.source.guard import NotARead, refuse_unless_read
from tests.source import hostile


@pytest.mark.parametrize("statement", hostile.READS.values(), ids=hostile.READS)
def test_it_lets_reads_through(statement: str) -> None:
    refuse_unless_read(statement, "mysql")


@pytest.mark.parametrize("statement", hostile.ALL.values(), ids=hostile.ALL)
def test_it_refuses_what_is_not_clearly_a_read(statement: str) -> None:
    with pytest.raises(NotARead):
        refuse_unless_read(statement.format(file="/tmp/evil"), "mysql")


@pytest.mark.parametrize("before", ["", " ", "\n\t", "/* a */", "-- a\n", "(", "((", ";", "\ufeff"])
@pytest.mark.parametrize("word", ["delete", "DeLeTe", "UPDATE", "insert", "drop", "call", "set"])
def test_case_blanks_and_comments_before_a_write_change_nothing(before: str, word: str) -> None:
    with pytest.raises(NotARead):
        refuse_unless_read(f"{before}{word} x", "mysql")


@given(st.text().filter(lambda text: "\x00" not in text))
@example("'; DELETE FROM stagiaires; -- ")
@example("\\")
def test_a_quoted_value_is_never_mistaken_for_sql(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    refuse_unless_read(f"SELECT '{escaped}'", "mysql")
    refuse_unless_read("SELECT '" + value.replace("'", "''") + "'", "sqlite")


@given(st.text(max_size=40))
def test_nothing_after_a_select_makes_a_second_statement_pass(tail: str) -> None:
    """Whatever opens or closes in between, a live DELETE after a semicolon is refused or opaque."""
    statement = f"SELECT 1 {tail}\n; DELETE FROM stagiaires"
    try:
        refuse_unless_read(statement, "mysql")
    except NotARead:
        return
    assert any(quote in tail for quote in "'\"`") or "/*" in tail, statement


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        'SELECT "update", [drop], `delete` FROM "table"',
        "PRAGMA table_xinfo('x')",
        "PRAGMA query_only",
        "EXPLAIN QUERY PLAN SELECT 1",
    ],
)
def test_sqlite_reads_pass(statement: str) -> None:
    refuse_unless_read(statement, "sqlite")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO x VALUES (1)",
        "SELECT 1; DELETE FROM x",
        "ATTACH DATABASE 'y' AS y",
        "DETACH DATABASE y",
        "VACUUM INTO 'y'",
        "PRAGMA query_only = OFF",
        "PRAGMA query_only(0)",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 7",
        "PRAGMA wal_checkpoint",
        "SELECT load_extension('evil')",
        "SELECT writefile('x', 'y')",
        "CREATE TEMP TABLE x (a)",
        "BEGIN IMMEDIATE",
        "REINDEX",
        "EXPLAIN DELETE FROM x",
        "SHOW TABLES",
        # A backslash does not escape in SQLite: the string ends before the semicolon.
        r"SELECT '\'; DELETE FROM x; --'",
    ],
)
def test_sqlite_refuses_the_rest(statement: str) -> None:
    with pytest.raises(NotARead):
        refuse_unless_read(statement, "sqlite")


def test_the_refusal_never_repeats_the_statement() -> None:
    with pytest.raises(NotARead) as caught:
        refuse_unless_read("UPDATE stagiaires SET email = 'secret@exemple.dz'", "mysql")
    assert "secret" not in str(caught.value)
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_a_megabyte_of_quotes_is_judged_in_linear_time() -> None:
    started = time.perf_counter()
    refuse_unless_read("SELECT '" + "''" * 500_000 + "'", "mysql")
    with pytest.raises(NotARead):
        refuse_unless_read("SELECT '" + "\\'" * 500_000, "mysql")
    with pytest.raises(NotARead):
        refuse_unless_read("SELECT /*" + "*" * 1_000_000, "mysql")
    assert time.perf_counter() - started < 5  # seconds; quadratic would be hours
