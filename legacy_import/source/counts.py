"""What is counted and measured in the snapshot before rows are read: rows, deletions, long values."""

from collections.abc import Sequence
from typing import Any

from ecoin.identity.blanks import DELETION_PREFIX, is_deletion_mark
from legacy_import.source.columns import Column, Measures, ValueKind
from legacy_import.source.engine import SourceEngine
from legacy_import.source.rows import ONE_MEGABYTE, start_of
from legacy_import.source.schema import TableMap


def count(engine: SourceEngine, table: TableMap) -> int:
    """Count the rows of the table."""
    return int(engine.rows(f"SELECT COUNT(*) FROM {table.db_table.sql_name}")[0][0])


def count_deleted(engine: SourceEngine, table: TableMap) -> int:
    """Count the rows that are deleted on the old platform: the first letters of each mark decide."""
    columns = table.deletions
    if not columns:
        return 0
    starts = ", ".join(map(_start, columns))
    positions = ", ".join(str(number) for number in range(1, len(columns) + 1))
    groups = engine.rows(
        f"SELECT {starts}, COUNT(*) FROM {table.db_table.sql_name} GROUP BY {positions}"
    )
    return sum(
        int(rows)
        for *values, rows in groups
        if any(
            is_deletion_mark(_mark(column, value))
            for column, value in zip(columns, values, strict=True)
        )
    )


def _start(column: Column) -> str:
    """The characters of a mark that decide; cut before the text becomes bytes: `é` has two.

    A text is grouped by its digits: MariaDB cuts a text that it converts to bytes and groups by.
    """
    if column.kind is ValueKind.TEXT:
        return f"HEX(SUBSTR(TRIM({column.sql_name}), 1, {DELETION_PREFIX:d}))"
    most = DELETION_PREFIX * (4 if column.kind is ValueKind.BINARY else 1)  # bytes of a character
    return f"SUBSTR(TRIM({column.value_sql}), 1, {most:d})"


def _mark(column: Column, value: Any) -> str | None:
    if column.kind is ValueKind.TEXT and value is not None:
        value = bytes.fromhex(value.decode() if isinstance(value, bytes) else value)
    return start_of(column, value)


def measure(engine: SourceEngine, table: TableMap) -> Measures:
    """Measure the long columns in one pass: the longest value, and values over a megabyte."""
    columns = [column for column in table.db_table.columns if column.measured]
    if not columns:
        return Measures({}, {})
    parts = [f"MAX({column.length}), SUM({column.length} > {ONE_MEGABYTE})" for column in columns]
    values: Sequence[Any] = engine.rows(
        f"SELECT {', '.join(parts)} FROM {table.db_table.sql_name}"
    )[0]
    longest = {column.name: int(values[2 * n] or 0) for n, column in enumerate(columns)}
    oversized = {column.name: int(values[2 * n + 1] or 0) for n, column in enumerate(columns)}
    return Measures(longest, {name: rows for name, rows in oversized.items() if rows})
