"""Small legacy databases for tests: the four tables with exactly the rows a test names.

A learner row is a dict by column name; what it leaves out is NULL. `bytes` stay bytes: on a server
`prenom` is VARBINARY (its utf8 columns replace bytes that are no UTF-8), in SQLite text that is not
UTF-8 comes from a cast.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.database_server import DatabaseServer
from tests.source_fixtures import READER_PASSWORD, swapped_alias

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

_LEARNER = {
    "id": "BIGINT UNSIGNED NOT NULL PRIMARY KEY", "nom": "VARCHAR(1000)",
    "prenom": "VARBINARY(1000)", "telephone": "VARCHAR(190)", "email": "VARCHAR(300)",
    "date_naissance": "VARCHAR(40)", "statut": "VARCHAR(400)", "formation_id": "VARCHAR(30)",
    "session_ecoin_id": "VARCHAR(30)", "remarque": "LONGTEXT",
}  # fmt: skip
COLUMNS: dict[str, dict[str, str]] = {
    "stagiaires": _LEARNER,
    "archives": _LEARNER,
    "formations": {"id": "BIGINT UNSIGNED NOT NULL PRIMARY KEY", "nom": "VARCHAR(300)"},
    "session_ecoins": {
        "id": "BIGINT UNSIGNED NOT NULL PRIMARY KEY", "code": "VARCHAR(190)",
        "formation_id": "VARCHAR(30)", "date_debut": "DATE", "date_fin": "DATE",
    },
}  # fmt: skip


class LegacyDatabase(Protocol):
    """A legacy database a test can change, as its own owner would."""

    def execute(self, *statements: str) -> None:
        """Run statements as the owner."""

    def checksum(self) -> str:
        """Changes with any row, table or column."""

    def settings(self) -> dict[str, str]:
        """DATABASES['legacy'] for a test in this process."""

    def environment(self) -> dict[str, str]:
        """LEGACY_DB_* for a command in a process of its own."""


def learner(legacy_id: int, **fields: Any) -> dict[str, Any]:
    """A tidy learner nobody knows, with phone and address of its own; `fields` replace any."""
    return {
        "id": legacy_id,
        "nom": "Haddad",
        "prenom": f"Amel{chr(97 + legacy_id % 26)}",
        "telephone": f"0559{legacy_id % 1_000_000:06}",
        "email": f"amel{legacy_id}@exemple.dz",
        "date_naissance": "1999-02-03",
        "statut": "Formée",
        "formation_id": "1",
        "session_ecoin_id": "10",
        **fields,
    }


def tables(
    stagiaires: Sequence[Row] = (),
    archives: Sequence[Row] = (),
    formations: Sequence[Row] = ({"id": 1, "nom": "Comptabilité"},),
    session_ecoins: Sequence[Row] = ({"id": 10, "code": "CPT-2019-01", "formation_id": "1"},),
) -> Tables:
    """The four tables; without more words, one formation and one real session of it."""
    return {
        "stagiaires": stagiaires,
        "archives": archives,
        "formations": formations,
        "session_ecoins": session_ecoins,
    }


@contextmanager
def as_legacy(database: LegacyDatabase, **values: Any) -> Iterator[Any]:
    """The alias `legacy` on that database while the block runs; `values` replace any of its own."""
    with swapped_alias("legacy", **{**database.settings(), **values}) as wrapper:

        def ensure_connection() -> None:
            # Django's own, without its TestCase's veto on aliases that have no test database.
            if wrapper.connection is None:
                with wrapper.wrap_database_errors:
                    wrapper.connect()

        wrapper.ensure_connection = ensure_connection
        yield wrapper


@dataclass(frozen=True)
class SQLiteLegacy:
    """A legacy database in a SQLite file."""

    path: Path

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def checksum(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def settings(self) -> dict[str, str]:
        return {"ENGINE": "legacy_import.source.sqlite", "NAME": str(self.path)}

    def environment(self) -> dict[str, str]:
        return {"LEGACY_DB_DRIVER": "sqlite", "LEGACY_DB_DATABASE": str(self.path)}


@dataclass(frozen=True)
class ServerLegacy:
    """A legacy database on the private server, read through an account that can only SELECT."""

    server: DatabaseServer
    name: str

    @property
    def reader(self) -> str:
        """An account that can only SELECT from this database."""
        return f"reader_{self.name}"

    def execute(self, *statements: str) -> None:
        self.server.execute("SET SESSION sql_mode = ''", *statements, database=self.name)

    def checksum(self) -> str:
        digest = hashlib.sha256()
        with closing(self.server.admin(self.name)) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            names = [row[0] for row in cursor.fetchall()]
            for name in names:
                for query in (f"SHOW CREATE TABLE `{name}`", f"CHECKSUM TABLE `{name}` EXTENDED"):
                    cursor.execute(query)
                    digest.update(repr(cursor.fetchall()).encode())
        return digest.hexdigest()

    def settings(self) -> dict[str, str]:
        return {
            "ENGINE": "legacy_import.source.mysql", "NAME": self.name, "USER": self.reader,
            "PASSWORD": READER_PASSWORD, "HOST": self.server.host, "PORT": str(self.server.port),
        }  # fmt: skip

    def environment(self) -> dict[str, str]:
        return {
            "LEGACY_DB_DRIVER": "mysql", "LEGACY_DB_DATABASE": self.name,
            "LEGACY_DB_USERNAME": self.reader, "LEGACY_DB_PASSWORD": READER_PASSWORD,
            "LEGACY_DB_HOST": self.server.host, "LEGACY_DB_PORT": str(self.server.port),
        }  # fmt: skip


def sqlite_legacy(path: Path, content: Tables) -> SQLiteLegacy:
    """Write the tables into a new SQLite file. Ids above 2^63 do not exist there."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, columns in COLUMNS.items():
            kinds = {name: _sqlite_type(declared) for name, declared in columns.items()}
            inside = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            connection.execute(f'CREATE TABLE "{table}" ({inside})')
            for row in content[table]:
                marks = ", ".join("CAST(? AS TEXT)" if isinstance(value, bytes) else "?"
                                  for value in row.values())  # fmt: skip
                connection.execute(
                    f'INSERT INTO "{table}" ({", ".join(row)}) VALUES ({marks})',
                    list(row.values()),
                )
    return SQLiteLegacy(path)


def server_legacy(
    server: DatabaseServer, name: str, content: Tables, engine: str = "InnoDB"
) -> ServerLegacy:
    """Make the database anew (utf8mb4), with an account that may SELECT from it."""
    server.create_database(name)
    with closing(server.admin(name)) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = ''")
        for table, columns in COLUMNS.items():
            inside = ", ".join(f"`{column}` {declared}" for column, declared in columns.items())
            cursor.execute(f"CREATE TABLE `{table}` ({inside}) ENGINE={engine}")
            for row in content[table]:
                marks = ", ".join(["%s"] * len(row))
                cursor.execute(
                    f"INSERT INTO `{table}` ({', '.join(row)}) VALUES ({marks})",
                    list(row.values()),
                )
    return readable(server, name)


def readable(server: DatabaseServer, name: str) -> ServerLegacy:
    """The database with its reader's account."""
    database = ServerLegacy(server, name)
    server.create_account(database.reader, READER_PASSWORD, [f"SELECT ON `{name}`.*"])
    return database


MakeLegacy = Callable[[Tables], LegacyDatabase]


@pytest.fixture
def server_legacy_name(db_server: DatabaseServer) -> Iterator[str]:
    """A database name of this test process; dropped at the end with its reader."""
    name = f"legacy_{os.getpid()}"
    yield name
    db_server.execute(
        f"DROP DATABASE IF EXISTS `{name}`", f"DROP USER IF EXISTS 'reader_{name}'@'%'"
    )


@pytest.fixture(params=["sqlite", "server"])
def make_legacy(request: pytest.FixtureRequest, tmp_path: Path) -> MakeLegacy:
    """make_legacy(tables(…)): a legacy database of either kind; a second call replaces the first."""
    if request.param == "sqlite":
        return lambda content: sqlite_legacy(tmp_path / "legacy.sqlite3", content)
    server: DatabaseServer = request.getfixturevalue("db_server")
    name: str = request.getfixturevalue("server_legacy_name")
    return lambda content: server_legacy(server, name, content)


def _sqlite_type(declared: str) -> str:
    return "INTEGER PRIMARY KEY" if "PRIMARY" in declared else "TEXT"
