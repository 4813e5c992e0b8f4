"""How many rows go into one statement, and which of their values are written into its text."""

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import models

# A statement stays well below the max_allowed_packet of every server (16 MB by default).
MAX_STATEMENT_BYTES = 4 * 1024 * 1024
ROWS_PER_STATEMENT = 2_000
# Text that has no special meaning between quotes, in any database and SQL mode.
_is_plain = re.compile(r"[A-Za-z0-9_.:+@ -]*").fullmatch


def batches(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    most: int | None = None,
) -> Iterator[list[Sequence[Any]]]:
    """Batches of at most `most` rows and about MAX_STATEMENT_BYTES of long text.

    `columns` are the names of the columns whose values the rows contain.
    """
    most = most or ROWS_PER_STATEMENT
    long_columns = _long_columns(model, columns)
    rows = iter(rows)
    if not long_columns:
        while page := list(islice(rows, most)):
            yield page
    batch: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        length = sum([len(row[position]) for position in long_columns if row[position]])
        if batch and (len(batch) >= most or size + length > MAX_STATEMENT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch


def _long_columns(model: type[models.Model], columns: Sequence[str]) -> list[int]:
    """The positions of columns that may contain long text."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    return [
        position
        for position, column in enumerate(columns)
        if isinstance(fields[column], models.TextField | models.JSONField)
    ]


def literal(value: Any, parameters: list[Any]) -> str:
    """The SQL for a value: its text if that is safe, otherwise a placeholder.

    The value of a placeholder is appended to `parameters`.
    """
    kind = type(value)
    if kind is str:
        if _is_plain(value):
            return f"'{value}'"
    elif kind is int:
        return str(value)
    elif kind is datetime.date:
        return f"'{value}'"
    elif value is None:
        return "NULL"
    parameters.append(value)
    return "%s"
