"""The driver's connection and cursor with the guard: the last Python code before the server."""

from collections.abc import Sequence
from typing import Any, NoReturn

from MySQLdb import cursors
from MySQLdb.connections import Connection

from legacy_import.conf import CHARSETS
from legacy_import.source.guard import NotARead, refuse_unless_read
from legacy_import.source.mysql import session


class GuardedMySQLCursor(cursors.Cursor):  # type: ignore[misc]
    """A cursor that only executes reads. Every cursor uses GuardedMySQLConnection.query anyway."""

    def callproc(self, procname: str, args: Sequence[Any] = ()) -> NoReturn:
        """Always raises NotARead: a procedure may do anything."""
        raise NotARead("it calls a procedure")


class GuardedMySQLConnection(Connection):  # type: ignore[misc]
    """A connection that sends only reads, from any cursor class or method."""

    default_cursor = GuardedMySQLCursor

    def query(self, query: str | bytes | bytearray) -> None:
        """Send one statement if it clearly is a read; raises NotARead otherwise."""
        text = query if isinstance(query, str) else bytes(query).decode("utf-8", "surrogateescape")
        refuse_unless_read(text, "mysql")
        super().query(query)

    def send_session_statement(self, statement: str) -> None:
        """Send one of the backend's own statements (mysql.session). Raises NotARead for any other."""
        if not session.is_known(statement):
            raise NotARead("it is not one of the session's own statements")
        super().query(statement)

    # Other ways to the server, or around the checks. Reading needs none of them.

    def ping(self, *reconnect: Any) -> None:
        """Raises NotARead if it may reconnect: the new session would not be read-only."""
        if any(reconnect):
            raise NotARead("it opens another session")
        super().ping()

    def send_query(self, *args: Any) -> NoReturn:
        raise NotARead("it is sent past the cursor")

    def set_server_option(self, *args: Any) -> NoReturn:
        raise NotARead("it switches on several statements at once")

    def change_user(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotARead("it changes the account")

    def select_db(self, *args: Any) -> NoReturn:
        raise NotARead("it changes the database")

    def set_character_set(self, charset: str, collation: str | None = None) -> None:
        """Only charsets that the guard can read; raises NotARead for others."""
        if charset not in CHARSETS or collation:
            raise NotARead("it changes the character set")
        super().set_character_set(charset)

    def kill(self, *args: Any) -> NoReturn:
        raise NotARead("it ends a connection of the server")

    def shutdown(self, *args: Any) -> NoReturn:
        raise NotARead("it stops the server")

    def dump_debug_info(self, *args: Any) -> NoReturn:
        raise NotARead("it writes the server's log")
