"""Updating and deleting many rows by their ids, in as few statements as possible."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models

from ecoin.bulk.ids import Ids
from ecoin.bulk.statements import batches, literal

ROWS_PER_CASE = 200  # the database searches a CASE from its first branch for every row


def update_ids(
    model: type[models.Model],
    ids: Sequence[int],
    values: Mapping[str, Any],
    *,
    copy: Mapping[str, str] | None = None,
) -> None:
    """Set the same `values` (column → value) in every row with one of these ids: one statement.

    `copy` (column → column of the same row) saves old values first.
    """
    if not ids:
        return
    quote = connection.ops.quote_name
    # MySQL assigns from left to right, so the copies precede the new values.
    parts = [f"{quote(column)} = {quote(source)}" for column, source in (copy or {}).items()]
    parts += [f"{quote(column)} = %s" for column in values]
    _update(model, parts, ids, list(values.values()))


def delete_ids(model: type[models.Model], ids: Sequence[int]) -> None:
    """Delete the rows with these ids: one statement, no cascade. A reference to one of them raises."""
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)} "
            f"WHERE {Ids(ids).within('id', connection)}"
        )


def update_rows(
    model: type[models.Model], columns: Sequence[str], values: Mapping[int, Sequence[Any]]
) -> None:
    """Set `columns` of the rows with these ids to a tuple of values each.

    For values that differ from row to row; where many rows get the same ones, `update_ids` is faster.
    JSON is passed as text.
    """
    rows = ((int(pk), *values[pk]) for pk in sorted(values))
    for batch in batches(model, ("id", *columns), rows, ROWS_PER_CASE):
        ids, *by_column = zip(*batch, strict=True)
        parameters: list[Any] = []
        parts = []
        for name, column in zip(map(connection.ops.quote_name, columns), by_column, strict=True):
            if column.count(column[0]) == len(column):
                parts.append(f"{name} = {literal(column[0], parameters)}")
                continue
            branches = [
                f"WHEN {pk} THEN {literal(value, parameters)}"
                for pk, value in zip(ids, column, strict=True)
            ]
            parts.append(f"{name} = CASE id {' '.join(branches)} ELSE {name} END")
        _update(model, parts, ids, parameters)


def _update(
    model: type[models.Model], parts: Sequence[str], ids: Sequence[int], parameters: Sequence[Any]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {connection.ops.quote_name(model._meta.db_table)} SET {', '.join(parts)} "
            f"WHERE {Ids(ids).within('id', connection)}",
            parameters,
        )
