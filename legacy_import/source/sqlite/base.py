"""Django's SQLite backend, made unable to write (ENGINE `legacy_import.source.sqlite`)."""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3._functions import (  # type: ignore[import-untyped]
    register as register_functions,
)
from django.db.backends.sqlite3.creation import DatabaseCreation as SQLiteCreation

from legacy_import.errors import LegacyImportError
from legacy_import.source.refusals import GuardedCreation, GuardedWrapper
from legacy_import.source.sqlite.driver import GuardedDjangoCursor, GuardedSQLiteConnection


class GuardedSQLiteCreation(GuardedCreation, SQLiteCreation):
    """No test database is ever created next to the legacy file."""


class DatabaseWrapper(GuardedWrapper, base.DatabaseWrapper):
    """A connection opened with mode=ro and query_only, whose every statement is checked."""

    creation_class = GuardedSQLiteCreation

    def get_connection_params(self) -> dict[str, Any]:
        """Driver arguments for a read-only URI.

        Raises LegacyImportError when the file is missing (sqlite3 would create it) or not a file.
        """
        self.transaction_mode = None
        self.init_commands: list[str] = []
        path = self.file_path()
        return {
            "database": f"file:{quote(str(path))}?mode=ro",
            "uri": True,
            "check_same_thread": False,
            "detect_types": 0,  # '0000-00-00' in a DATE column is kept as text, not an error
            "isolation_level": None,
            "factory": GuardedSQLiteConnection,
        }

    def file_path(self) -> Path:
        """The absolute path of the legacy file. Raises LegacyImportError if there is none."""
        name = str(self.settings_dict["NAME"])
        path = Path(name).absolute()
        if not name or name.startswith((":memory:", "file:")) or not path.is_file():
            raise LegacyImportError(
                f"The legacy database file {path.name or 'LEGACY_DB_DATABASE'} does not exist.",
                hint="Set LEGACY_DB_DATABASE to the SQLite file, or run: manage.py legacy_demo",
            )
        return path

    def get_new_connection(self, conn_params: dict[str, Any]) -> GuardedSQLiteConnection:
        connection: GuardedSQLiteConnection = sqlite3.connect(**conn_params)
        register_functions(connection)
        return connection

    def create_cursor(self, name: str | None = None) -> GuardedDjangoCursor:
        cursor: GuardedDjangoCursor = self.connection.cursor(GuardedDjangoCursor)
        return cursor

    def _set_autocommit(self, autocommit: bool) -> None:
        """Nothing: sqlite3 is left in autocommit, the only transaction is that of the snapshot."""

    def is_in_memory_db(self) -> bool:
        """Never: only files are read (Django never closes in-memory databases)."""
        return False
