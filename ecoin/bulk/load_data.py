"""LOAD DATA LOCAL into the app database: twice as fast as statements that say the same.

Only where the server permits it and this process asked for it (`allow`): a client that takes part
sends whatever file the server asks for, so web processes never do. The rows stand in memory, in a
file without a name; nothing is written to a disk.
"""

import datetime
import os
from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction

from ecoin.database import is_mysql

FEWEST_ROWS = 100  # fewer are as fast in a statement
_NULL = "\0"  # stands for NULL until everything else is escaped
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


class Refused(Exception):
    """The server did not take every row as it stands; nothing of them was written."""


def allow() -> None:
    """Let this process send files to the app database. Call it before the first query."""
    connection = connections[DEFAULT_DB_ALIAS]
    if not is_mysql(connection) or not hasattr(os, "memfd_create"):
        return
    connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]["local_infile"] = True
    if not connection.in_atomic_block:
        connection.close()  # it is opened again when it is needed


def note_permission(connection: Any, **_: object) -> None:
    """Remember whether this new connection may send files: both sides must have said so."""
    if connection.alias != DEFAULT_DB_ALIAS or not is_mysql(connection):
        return
    asked = connection.settings_dict["OPTIONS"].get("local_infile")
    connection.sends_files = False
    if asked:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@local_infile")
            connection.sends_files = bool(cursor.fetchone()[0])


def asked_for() -> bool:
    """Whether this process asked to send files; the server may still not take them."""
    options = connections.settings[DEFAULT_DB_ALIAS].get("OPTIONS", {})
    return bool(options.get("local_infile"))


def possible(connection: Any, rows: int) -> bool:
    return rows >= FEWEST_ROWS and getattr(connection, "sends_files", False)


def load(connection: Any, table: str, columns: Sequence[str], lines: bytes, rows: int) -> None:
    """Insert so many rows that stand in these lines (`lines_of`).

    Raises Refused, with nothing written, unless every row went in unchanged: with LOCAL the server
    would only warn of a duplicate, a bad reference or a value cut short.
    """
    quote = connection.ops.quote_name
    names = ", ".join(quote(column) for column in columns)
    file = os.memfd_create("rows")
    try:
        with os.fdopen(os.dup(file), "wb") as stream:
            stream.write(lines)
        statement = (
            f"LOAD DATA LOCAL INFILE '/proc/self/fd/{file}' INTO TABLE {quote(table)} "
            f"CHARACTER SET utf8mb4 ({names})"
        )
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(statement)
            if cursor.rowcount != rows or connection.connection.warning_count():
                raise Refused
    except Error as error:
        if connection.needs_rollback:
            raise  # a deadlock or a lost link: the server took back more than these rows
        raise Refused from error
    finally:
        os.close(file)


def lines_of(rows: Sequence[Sequence[Any]]) -> bytes | None:
    """The rows as the server reads them: one line each, fields between tabs, NULL as backslash N.

    None where a value is of a type that a file cannot say.
    """
    try:
        lines = [_line(row) for row in rows]
    except TypeError:
        return None
    text = "\n".join(lines) + "\n"
    # Hardly any value holds a sign that stands between values, and counting those of all rows is much
    # faster than looking at each.
    nulls = text.count(_NULL)
    if (
        text.count("\t") == sum([len(row) - 1 for row in rows])
        and text.count("\n") == len(rows)
        and "\r" not in text
        and (not nulls or nulls == sum([row.count(None) for row in rows]))
    ):
        return text.replace("\\", "\\\\").replace(_NULL, "\\N").encode()
    return ("\n".join(map(_escaped_line, lines, rows)) + "\n").encode()


def _escaped_line(line: str, row: Sequence[Any]) -> str:
    """The line of the row; only where a count is off, each value is escaped by itself."""
    if (
        line.count("\t") == len(row) - 1
        and "\n" not in line
        and "\r" not in line
        and line.count(_NULL) == row.count(None)
    ):
        return line.replace("\\", "\\\\").replace(_NULL, "\\N")
    return "\t".join([_escaped(value) for value in row])


def _line(row: Sequence[Any]) -> str:
    return "\t".join(
        [
            value if type(value) is str else _NULL if value is None else _plain(value)
            for value in row
        ]
    )


def _escaped(value: Any) -> str:
    return "\\N" if value is None else _plain(value).translate(_ESCAPED)


def _plain(value: Any) -> str:
    """A value as text. Raises TypeError for a type that a file cannot say."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be loaded from a file")
