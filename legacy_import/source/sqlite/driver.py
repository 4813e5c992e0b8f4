"""sqlite3's connection and cursor, protected by the guard and by SQLite's own authorizer."""

import hashlib
import sqlite3
from typing import Any, NoReturn

from django.db.backends.sqlite3.base import SQLiteCursorWrapper

from legacy_import.source.guard import BARE_PRAGMAS, READ_PRAGMAS, NotARead, refuse_unless_read

# What SQLite may do while it compiles a statement; every other action is denied.
ALLOWED_ACTIONS = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,  # BEGIN of the snapshot; the guard refuses all others
    }
)
SESSION_STATEMENTS = frozenset({"BEGIN", "PRAGMA query_only = ON"})


def _authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension":
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA:
        name = (first or "").upper()
        reports = name in READ_PRAGMAS or (name in BARE_PRAGMAS and second is None)
        return sqlite3.SQLITE_OK if reports else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in ALLOWED_ACTIONS else sqlite3.SQLITE_DENY


def sha256_hex(value: object) -> str | None:
    """SQL function BLOB_SHA256: hexadecimal (Django gives SQLite a SHA256 that takes text only)."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else None


class GuardedSQLiteCursor(sqlite3.Cursor):
    """A cursor that executes reads only."""

    def execute(self, sql: str, *args: Any) -> "GuardedSQLiteCursor":
        refuse_unless_read(sql, "sqlite")
        return super().execute(sql, *args)

    def executemany(self, sql: str, *args: Any) -> "GuardedSQLiteCursor":
        refuse_unless_read(sql, "sqlite")
        return super().executemany(sql, *args)

    def executescript(self, *args: Any) -> NoReturn:
        raise NotARead("it is a script of several statements")


class GuardedDjangoCursor(SQLiteCursorWrapper, GuardedSQLiteCursor):
    """Django's placeholders, then the guard."""


class GuardedSQLiteConnection(sqlite3.Connection):
    """A connection that only reads and whose authorizer cannot be removed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.create_function("blob_sha256", 1, sha256_hex, deterministic=True)
        self.send_session_statement("PRAGMA query_only = ON")
        super().set_authorizer(_authorize)

    def send_session_statement(self, statement: str) -> None:
        """Send one of the backend's own statements. Raises NotARead for any other."""
        if statement not in SESSION_STATEMENTS:
            raise NotARead("it is not one of the session's own statements")
        sqlite3.Cursor(self).execute(statement)

    def cursor(self, factory: Any = GuardedSQLiteCursor) -> Any:
        if not (isinstance(factory, type) and issubclass(factory, GuardedSQLiteCursor)):
            raise NotARead("it uses a cursor that is not guarded")
        return super().cursor(factory)

    def execute(self, *args: Any) -> GuardedSQLiteCursor:
        cursor: GuardedSQLiteCursor = self.cursor().execute(*args)
        return cursor

    def executemany(self, *args: Any) -> GuardedSQLiteCursor:
        cursor: GuardedSQLiteCursor = self.cursor().executemany(*args)
        return cursor

    def executescript(self, *args: Any) -> NoReturn:
        raise NotARead("it is a script of several statements")

    def set_authorizer(self, *args: Any) -> NoReturn:
        raise NotARead("it takes off the authorizer")

    def blobopen(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotARead("it opens a value for writing")

    def deserialize(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotARead("it replaces the database")

    def enable_load_extension(self, *args: Any) -> NoReturn:
        raise NotARead("it loads an extension")

    def load_extension(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotARead("it loads an extension")
