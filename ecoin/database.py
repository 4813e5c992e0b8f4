"""What differs between the databases the application runs on: SQLite, and MariaDB or MySQL.

Only this module and `ecoin.bulk` look at which of them a connection leads to. Other modules call the
function that returns the SQL or the answer that fits (docs/decisions/0008-sqlite-and-mariadb.md).
"""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError


def is_sqlite(connection: Any) -> bool:
    return bool(connection.vendor == "sqlite")


def is_mysql(connection: Any) -> bool:
    """MySQL or MariaDB."""
    return bool(connection.vendor == "mysql")


def configured_on_sqlite() -> bool:
    """Whether the settings name a SQLite file as the app database. Opens no connection."""
    return "sqlite" in settings.DATABASES[DEFAULT_DB_ALIAS]["ENGINE"]


def one_writer_at_a_time(connection: Any) -> bool:
    """SQLite: one lock serves all writers, and they do not queue for it."""
    return is_sqlite(connection)


def ascii_type(connection: Any, column: str | None) -> str | None:
    """The column type `varchar(…)` for ASCII text that is compared byte by byte.

    SQLite's text columns compare so already.
    """
    if column and is_mysql(connection):
        return f"{column} CHARACTER SET ascii COLLATE ascii_bin"
    return column


def fixed_width_type(connection: Any, column: str | None) -> str | None:
    """The column type `varchar(…)` with room for its longest value in every row, where that exists."""
    if column and is_mysql(connection):
        return column.replace("varchar(", "char(", 1)
    return column


def join_in_order(connection: Any) -> str:
    """A JOIN whose left side is read first, whatever the statistics say of tables that are growing."""
    return "STRAIGHT_JOIN" if is_mysql(connection) else "CROSS JOIN"


def force_index(connection: Any, index: str) -> str:
    """The hint that a table is read through this index; SQLite needs none and gets none."""
    return f"FORCE INDEX ({index})" if is_mysql(connection) else ""


def as_ascii(connection: Any, expression: str) -> str:
    """The SQL expression as a value that an ASCII column is compared with through its index."""
    return f"CONVERT({expression} USING ascii)" if is_mysql(connection) else expression


def share_lock(connection: Any) -> str:
    """The end of a SELECT that keeps others from changing its rows until the transaction ends.

    On SQLite the transaction has the only lock already.
    """
    return "LOCK IN SHARE MODE" if is_mysql(connection) else ""  # every MySQL and MariaDB takes it


def rewrite_without_deleted_data(connection: Any) -> bool:
    """Rewrite a SQLite file, which keeps deleted data in free pages and in its log.

    Returns False if another process uses the file. In a transaction, and on servers, which reuse their
    pages themselves, there is nothing to do.
    """
    if not is_sqlite(connection) or connection.in_atomic_block:
        return True
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy = bool(cursor.fetchone()[0])
    except OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            return False
        raise
    return not is_busy


def prepare(connection: Any, **_: object) -> None:
    """Set up a new connection to the app database.

    MariaDB turns an IN of a thousand values or more into a subquery, and may then read whole tables.
    Batches query thousands of ids. One commit of 100,000 rows spent 75 s of the server on it.
    """
    if connection.alias != DEFAULT_DB_ALIAS or not is_mysql(connection):
        return
    if connection.mysql_is_mariadb:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION in_predicate_conversion_threshold = 0")
