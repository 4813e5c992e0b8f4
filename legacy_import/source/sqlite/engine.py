"""An open, read-only SQLite file as the reader sees it."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.db import DatabaseError

from ecoin.database import is_sqlite
from legacy_import.source.columns import Column, DatabaseTable, ValueKind
from legacy_import.source.engine import ServerFacts, SnapshotFacts
from legacy_import.source.errors import SourceLost, SourceReadError, SourceUnreachable
from legacy_import.source.grants import Grant
from legacy_import.source.sqlite.base import DatabaseWrapper
from legacy_import.source.sqlite.driver import GuardedSQLiteConnection


class UndecodableText(bytes):
    """A TEXT value that is not valid UTF-8; a BLOB arrives as plain bytes."""


def _text(value: bytes) -> str | UndecodableText:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return UndecodableText(value)


class SQLiteEngine:
    """Keeps the driver's connection itself. Dates, numbers and texts arrive as they are stored."""

    has_accounts = False

    def __init__(self, wrapper: DatabaseWrapper) -> None:
        """Opens the file. Raises SourceUnreachable, or LegacyImportError if it does not exist."""
        self._path = wrapper.file_path()
        try:
            wrapper.close()
            wrapper.ensure_connection()
            connection: GuardedSQLiteConnection = wrapper.connection
            connection.execute("PRAGMA schema_version").fetchone()
        except (DatabaseError, sqlite3.Error):
            wrapper.close()
            raise SourceUnreachable(
                f"The file {self._path.name} cannot be read as a SQLite database.",
                hint="Check LEGACY_DB_DATABASE and the rights on the file and its folder.",
            ) from None
        connection.text_factory = _text
        self._connection = connection

    def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """All rows of one SELECT or PRAGMA. Raises SourceLost or SourceReadError."""
        try:
            return self._connection.execute(sql).fetchall()
        except sqlite3.ProgrammingError:
            raise SourceLost("connection closed") from None
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            raise SourceReadError(
                f"The legacy file {self._path.name} could not be read ({code}).",
                hint="Make sure that no other program is writing to it, or read a copy.",
            ) from None

    def server(self) -> ServerFacts:
        return ServerFacts(
            label=f"sqlite:///{self._path}",
            identity="",
            server="SQLite",
            version=sqlite3.sqlite_version,
            database=self._path.name,
            account="",
            time_zone="",
            tls_mode="",
            tls_cipher="",
        )

    def grants(self) -> tuple[Grant, ...]:
        return ()

    def is_same_database(self, target: Any) -> bool:
        """Compares the files themselves: neither a link nor another spelling can hide that."""
        if not is_sqlite(target):
            return False
        name = str(target.settings_dict["NAME"])
        if name.startswith("file:"):
            name = unquote(name.removeprefix("file:").split("?")[0])
        path = Path(name).absolute()
        if path.exists():
            return os.path.samefile(path, self._path)
        return path.resolve() == self._path.resolve()

    def tables(self) -> dict[str, DatabaseTable]:
        listed = self.rows("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')")
        return {name: self._table(name, kind) for name, kind in listed}

    def open_snapshot(self) -> SnapshotFacts:
        """BEGIN and a first read: from then on, writes of others are invisible."""
        self._connection.send_session_statement("BEGIN")
        self.rows("SELECT COUNT(*) FROM sqlite_master")
        query_only = self.rows("PRAGMA query_only")[0][0]
        return SnapshotFacts(isolation="SERIALIZABLE", read_only=bool(query_only))

    def check_session(self) -> None:
        """Nothing: no one else can reach this connection, and the authorizer stays on it."""

    def _table(self, name: str, kind: str) -> DatabaseTable:
        info = self.rows(f"PRAGMA table_xinfo({quote(name)})")
        primary = [row for row in info if row[5]]
        unique = {row[1] for row in primary if len(primary) == 1}
        for index in self.rows(f"PRAGMA index_list({quote(name)})"):
            members = self.rows(f"PRAGMA index_info({quote(index[1])})")
            if index[2] and not index[4] and len(members) == 1:
                unique.add(members[0][2])
        candidates = {row[1] for row in info if row[1] in unique and "INT" in row[2].upper()}
        keys = frozenset(key for key in candidates if self._has_only_integers(name, key))
        is_key = len(primary) == 1 and primary[0][1] in keys
        return DatabaseTable(
            name=name,
            sql_name=quote(name),
            is_view=kind == "view",
            engine="SQLite",
            transactional=True,
            columns=tuple(_column(row[1], row[2]) for row in info),
            keys=keys,
            primary_key=primary[0][1] if is_key else "",
        )

    def _has_only_integers(self, table: str, column: str) -> bool:
        """SQLite does not enforce types, and paging would skip an id stored as text or NULL."""
        others = self.rows(
            f"SELECT COUNT(*) FROM {quote(table)} WHERE TYPEOF({quote(column)}) <> 'integer'"
        )
        return not others[0][0]


def quote(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def _column(name: str, declared: str) -> Column:
    quoted = quote(name)
    as_bytes = f"CAST({quoted} AS BLOB)"
    length = f"LENGTH({as_bytes})"
    too_long = f"{length} > 1048576"
    start = f"SUBSTR({as_bytes}, 1, 1048576)"
    return Column(
        name=name,
        sql_name=quoted,
        declared=declared.lower(),
        kind=ValueKind.DYNAMIC,
        charset="utf8",
        value_sql=quoted,
        start_sql=f"CASE WHEN {too_long} THEN CASE TYPEOF({quoted}) WHEN 'blob' THEN {start}"
        f" ELSE CAST({start} AS TEXT) END ELSE {quoted} END",
        length=length,
        sha256=f"CASE WHEN {too_long} THEN BLOB_SHA256({as_bytes}) END",
        measured=not any(word in declared.upper() for word in ("INT", "DATE", "TIME", "BOOL")),
    )
