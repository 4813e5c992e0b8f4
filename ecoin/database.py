"""What differs between the databases the application runs on: SQLite, and MariaDB or MySQL.

Only this module and `ecoin.bulk` look at which of them a connection leads to. Other modules call the
function that returns the SQL or the answer that fits (docs/decisions/0008-sqlite-and-mariadb.md).
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError
from django.db import Error as AnyDatabaseError

# Errors of a server that pass by themselves: it restarts, is full of connections, ended this one, or
# rolled this transaction back for another's. And the same of a SQLite file.
PASSING = frozenset({1040, 1053, 1205, 1213, 1927, 2002, 2003, 2006, 2013, 2026, 2055, 4031, 3101})
LOST_LINK = frozenset({1053, 1927, 2002, 2003, 2006, 2013, 2026, 2055, 4031})
PASSING_OF_FILES = ("SQLITE_BUSY", "SQLITE_LOCKED")
LOCK_WAIT_TIMEOUT, DEADLOCK = 1205, 1213


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
    """A JOIN whose left side is read first, independent of the statistics of tables that are growing."""
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


def server_identity(connection: Any) -> tuple[str, ...]:
    """Which database a connection leads to, in the server's own terms, the same for every address."""
    if is_sqlite(connection):
        return (socket.gethostname(), str(Path(connection.settings_dict["NAME"]).resolve()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@hostname, @@port, DATABASE()")
        return tuple(str(part) for part in cursor.fetchone())


def error_number(error: BaseException) -> int:
    """The server's number of an error; 0 for one without."""
    number = error.args[0] if error.args else 0
    return number if isinstance(number, int) else 0


def passes(error: BaseException) -> bool:
    """Whether the same work may succeed a moment later, on a new connection."""
    if isinstance(error, InterfaceError):  # the driver's word for a connection that is closed
        return True
    if not isinstance(error, OperationalError):
        return False
    name = str(getattr(error.__cause__, "sqlite_errorname", ""))
    return error_number(error) in PASSING or name.startswith(PASSING_OF_FILES)


def link_is_lost(error: BaseException) -> bool:
    """Whether the server went away, or ended the connection."""
    if isinstance(error, InterfaceError):
        return True
    return isinstance(error, OperationalError) and error_number(error) in LOST_LINK


def session_id(connection: Any) -> int:
    """The number of this session on the server; 0 for a SQLite file."""
    if is_sqlite(connection):
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        return int(cursor.fetchone()[0])


def open_sessions(connection: Any) -> set[int]:
    """The numbers of the open sessions of this account. Every server shows an account its own."""
    if is_sqlite(connection):
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SHOW PROCESSLIST")
        return {int(row[0]) for row in cursor.fetchall()}


def server_uptime(connection: Any) -> int:
    """Seconds since the server started; it then counts sessions from one again.

    0 for a SQLite file.
    """
    if is_sqlite(connection):
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Uptime'")
        return int(cursor.fetchone()[1])


def long_transactions(connection: Any, seconds: int) -> list[tuple[int, int]]:
    """(session, age in seconds) of other sessions' transactions that are older, oldest first.

    Empty if the account may not see them (it needs PROCESS).
    """
    if is_sqlite(connection):
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS age"
                " FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> CONNECTION_ID()"
                " HAVING age > %s ORDER BY age DESC",
                [seconds],
            )
            return [(int(session), int(age)) for session, age in cursor.fetchall()]
    except AnyDatabaseError:
        return []


@contextmanager
def short_lock_wait(connection: Any, seconds: int) -> Iterator[None]:
    """Within the block, a statement waits for a lock for so long at most (a server's default is 50 s).

    Then it raises OperationalError 1205. On SQLite nothing changes.
    """
    if is_sqlite(connection):
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION innodb_lock_wait_timeout = %s", [seconds])
    try:
        yield
    finally:
        with suppress(AnyDatabaseError), connection.cursor() as cursor:
            cursor.execute("SET SESSION innodb_lock_wait_timeout = DEFAULT")


def end_idle_transactions(connection: Any, seconds: int) -> None:
    """Have the server end this session if it is idle for so long, inside a transaction or not.

    So the locks of a process that was stopped, or of a machine that lost power, do not stay. Nor does
    its session outside a transaction, by which it would be treated as alive for hours.
    """
    if is_sqlite(connection):
        return
    names = ["wait_timeout"]
    if connection.mysql_is_mariadb:
        names.append("idle_transaction_timeout")
    with connection.cursor() as cursor:
        cursor.execute(f"SET {', '.join(f'SESSION {name} = {seconds:d}' for name in names)}")


def waiting_for_restarts(connection: Any, tell: Callable[[], None]) -> Any:
    """A context in which the connection waits for a server that restarts (ecoin/mysql/base.py).

    `tell` is called when a wait begins. A SQLite file does not go away.
    """
    return connection.waiting_for_restarts(tell) if is_mysql(connection) else nullcontext()


def may_come_back(connection: Any) -> bool:
    """Whether a server that went away is worth another try: in a command, as long as it waits."""
    return is_mysql(connection) and bool(connection.may_come_back)


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
