"""A fictional old database on the private server, fresh for every test."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.database_server import DatabaseServer
from tests.servers import new_server
from tests.source_fixtures import AliasOpener

LEARNER_COLUMNS = """
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, nom VARCHAR(100), prenom VARCHAR(100),
    telephone VARCHAR(60), email VARCHAR(190), date_naissance DATE, statut VARCHAR(60),
    formation_id INT, session_ecoin_id INT"""
OLD_TABLES = (
    f"CREATE TABLE stagiaires ({LEARNER_COLUMNS})",
    f"CREATE TABLE archives ({LEARNER_COLUMNS})",
    "CREATE TABLE formations (id INT PRIMARY KEY, nom VARCHAR(190))",
    "CREATE TABLE session_ecoins (id INT PRIMARY KEY, code VARCHAR(190), formation_id INT)",
)
OLD_ROWS = (
    "INSERT INTO stagiaires VALUES (1, 'Haddad', 'Amel', '0559000001', 'amel@exemple.dz',"
    " '1999-02-03', 'Formée', 1, 10), (2, 'Ziani', 'Karim', NULL, NULL, NULL, 'nouveau', 1, 1)",
    "INSERT INTO archives VALUES (1, 'Saadi', 'Lina', '', '', NULL, 'Archivé', 2, 10)",
    "INSERT INTO formations VALUES (1, 'Comptabilité'), (2, 'Anglais')",
    "INSERT INTO session_ecoins VALUES (1, 'Session-Attente', 1), (10, 'CPT-2019-01', 1)",
)


@dataclass(frozen=True)
class OldDatabase:
    """A database of the private server, reached as root."""

    server: DatabaseServer
    name: str

    def execute(self, *statements: str | bytes) -> None:
        """As root, with the permissive sql_mode such old platforms ran with."""
        self.server.execute("SET SESSION sql_mode = ''", *statements, database=self.name)

    def checksum(self) -> str:
        """Changes with any row, table, column, trigger or routine of the database."""
        connection = self.server.admin(self.name)
        digest = hashlib.sha256()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW FULL TABLES")
                tables = list(cursor.fetchall())
                queries = ["SHOW TRIGGERS", f"SHOW PROCEDURE STATUS WHERE Db = '{self.name}'"]
                for table, kind in tables:
                    queries.append(f"SHOW CREATE TABLE `{table}`")
                    if kind == "BASE TABLE":
                        queries.append(f"CHECKSUM TABLE `{table}` EXTENDED")
                digest.update(repr(tables).encode())
                for query in queries:
                    cursor.execute(query)
                    digest.update(repr(cursor.fetchall()).encode())
        finally:
            connection.close()
        return digest.hexdigest()


@pytest.fixture
def empty_old(db_server: DatabaseServer) -> Iterator[OldDatabase]:
    """The old database without a table."""
    name = f"old_{os.getpid()}"
    db_server.create_database(name)
    yield OldDatabase(db_server, name)
    db_server.execute(f"DROP DATABASE `{name}`")


@pytest.fixture
def old(empty_old: OldDatabase) -> OldDatabase:
    """The old database with its four tables and a few rows."""
    empty_old.execute(*OLD_TABLES, *OLD_ROWS)
    return empty_old


@pytest.fixture(scope="session")
def private_server() -> Iterator[DatabaseServer]:
    """A server for tests of what concerns every account of a server. Such a test is `own_server`."""
    with new_server() as server:
        yield server


@pytest.fixture
def private_old(private_server: DatabaseServer) -> Iterator[OldDatabase]:
    """The old database `old` on that server, with an account `exact` for its four tables."""
    database = OldDatabase(private_server, private_server.create_database("old"))
    database.execute(*OLD_TABLES, *OLD_ROWS)
    tables = ("stagiaires", "archives", "formations", "session_ecoins")
    private_server.create_account("exact", "fictional", [f"SELECT ON old.{t}" for t in tables])
    yield database
    private_server.execute("DROP DATABASE old")


@contextmanager
def limited(old: OldDatabase, variable: str, value: object) -> Iterator[None]:
    """The server with this limit for every new session."""
    with closing(old.server.admin()) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT @@GLOBAL.{variable}")
        before = cursor.fetchone()[0]
        cursor.execute(f"SET GLOBAL {variable} = {value}")
        try:
            yield
        finally:
            cursor.execute(f"SET GLOBAL {variable} = {before}")


def as_exact(old: OldDatabase, legacy_alias: AliasOpener) -> Any:
    return legacy_alias("old", user="exact", password="fictional", PORT=str(old.server.port))


@pytest.fixture
def powerful(db_server: DatabaseServer) -> tuple[str, str]:
    """(user, password) of an account that may do everything on the server."""
    user, password = f"powerful_{os.getpid()}", "fictional-powerful-password"
    db_server.create_account(user, password, ["ALL PRIVILEGES ON *.*"])
    return user, password


@pytest.fixture
def schema_file(tmp_path: Path, settings: Any) -> Path:
    """A LEGACY_SCHEMA_FILE to fill."""
    path = tmp_path / "schema.toml"
    settings.LEGACY_SCHEMA_FILE = str(path)
    return path
