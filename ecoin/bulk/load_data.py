"""Rows for MySQL and MariaDB as a file (LOAD DATA LOCAL): docs/decisions/0052-rows-as-a-file.md.

Used only where the server permits it and this process allowed it: a client that takes part sends any
file the server requests, so web processes never do. The file is in memory and has no name; nothing
is written to a disk.
"""

import datetime
import os
from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction

from ecoin.database import is_mysql

FEWEST_ROWS = 100  # fewer rows are as fast in a statement
# Control characters that values hardly ever contain: only a backslash needs escaping then.
_COLUMN_END, _ROW_END, _NULL = "\x1f", "\x1e", "\0"


class Refused(Exception):
    """The server did not take every row unchanged; none of them was written."""


def allow_files() -> None:
    """Allow this process to send files to the app database. Call it before the first query."""
    connection = connections[DEFAULT_DB_ALIAS]
    if not is_mysql(connection) or not hasattr(os, "memfd_create"):
        return
    _options()["local_infile"] = True
    if not connection.in_atomic_block:
        connection.close()  # the next query opens it with the new option


def check_server(connection: Any, **_: object) -> None:
    """Stop sending files if the server behind this new connection permits none."""
    if connection.alias != DEFAULT_DB_ALIAS or not _options().get("local_infile"):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@local_infile")
        _options()["local_infile"] = bool(cursor.fetchone()[0])


def is_allowed(rows: int) -> bool:
    """Whether so many rows are sent as a file."""
    return rows >= FEWEST_ROWS and bool(_options().get("local_infile"))


def encode(rows: Sequence[Sequence[Any]]) -> bytes | None:
    """The rows as a file. None if a value is of a type, or contains a character, that it cannot have."""
    try:
        lines = [
            _COLUMN_END.join(
                [
                    value if type(value) is str else _NULL if value is None else _text(value)
                    for value in row
                ]
            )
            for row in rows
        ]
    except TypeError:
        return None
    text = _ROW_END.join(lines) + _ROW_END
    # Counting the control characters of all rows is much faster than a look at each value.
    if (
        text.count(_COLUMN_END) != sum([len(row) - 1 for row in rows])
        or text.count(_ROW_END) != len(rows)
        or ((nulls := text.count(_NULL)) and nulls != sum([row.count(None) for row in rows]))
    ):
        return None
    return text.replace("\\", "\\\\").replace(_NULL, "\\N").encode()


def send(connection: Any, table: str, columns: Sequence[str], file: bytes, rows: int) -> None:
    """Insert the rows of an encoded file.

    Raises Refused, with nothing written, unless every row went in unchanged: with LOCAL the server
    only warns of a duplicate, a missing reference or a value cut short.
    """
    quote = connection.ops.quote_name
    descriptor = os.memfd_create("rows")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as stream:
            stream.write(file)
        statement = (
            f"LOAD DATA LOCAL INFILE '/proc/self/fd/{descriptor}' INTO TABLE {quote(table)} "
            f"CHARACTER SET utf8mb4 FIELDS TERMINATED BY '{_COLUMN_END}' "
            f"LINES TERMINATED BY '{_ROW_END}' ({', '.join(map(quote, columns))})"
        )
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(statement)
            if cursor.rowcount != rows or connection.connection.warning_count():
                raise Refused
    except Error as error:
        if connection.needs_rollback:
            raise  # a deadlock or a lost connection: more than these rows was rolled back
        raise Refused from error
    finally:
        os.close(descriptor)


def _options() -> dict[str, Any]:
    options: dict[str, Any] = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]
    return options


def _text(value: Any) -> str:
    """A value that is not text, as the server reads it. Raises TypeError for other types."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be sent in a file")
