"""Inserting many rows: as a file where the server takes one, as multi-row statements otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from ecoin.bulk import load_data
from ecoin.bulk.statements import batches, literal
from ecoin.database import is_mysql


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Rows of one table in batches, each with its file if it can be sent as one."""

    model: type[models.Model]
    columns: Sequence[str]
    batches: Sequence[tuple[Sequence[Sequence[Any]], bytes | None]]


def insert_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Insert rows; returns their number.

    `columns` are column names, values are what the database driver takes, JSON is passed as text.
    Runs in the caller's transaction; raises what the driver raises.
    """
    encoded = encode_rows(model, columns, rows)
    insert_encoded(encoded)
    return sum(len(batch) for batch, _ in encoded.batches)


def encode_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> EncodedRows:
    """The part of `insert_rows` that needs no database, so that a thread can do it in advance."""
    encoded = [
        (batch, load_data.encode(batch) if load_data.is_allowed(len(batch)) else None)
        for batch in batches(model, columns, rows)
    ]
    return EncodedRows(model, columns, encoded)


def insert_encoded(rows: EncodedRows) -> None:
    """The rest of `insert_rows`."""
    table = rows.model._meta.db_table
    for batch, file in rows.batches:
        try:
            if file is not None:
                load_data.send(connection, table, rows.columns, file, len(batch))
                continue
        except load_data.Refused:
            pass  # the statement raises the error with the reason
        _insert(table, rows.columns, batch)


def _insert(table: str, columns: Sequence[str], batch: Sequence[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    statement = f"INSERT INTO {quote(table)} ({', '.join(map(quote, columns))}) VALUES "
    with connection.cursor() as cursor:
        if is_mysql(connection):
            parameters: list[Any] = []
            rows = [
                f"({', '.join([literal(value, parameters) for value in row])})" for row in batch
            ]
            cursor.execute(statement + ", ".join(rows), parameters)
        else:
            cursor.executemany(f"{statement}({', '.join(['%s'] * len(columns))})", batch)
