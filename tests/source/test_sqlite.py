"""SQLite sources: never written, never created, read value by value as stored."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from legacy_import.errors import LegacyImportError, SafetyRefusal
from legacy_import.source import reader
from legacy_import.source.guard import NotARead
from legacy_import.source.reader import LegacyRow, open_source
from tests.source_fixtures import AliasOpener

SCRIPT = """
    CREATE TABLE stagiaires (id INTEGER PRIMARY KEY, nom TEXT, date_naissance DATE, n, statut TEXT);
    CREATE TABLE archives (id INTEGER PRIMARY KEY, nom TEXT);
    CREATE TABLE formations (id INTEGER PRIMARY KEY, nom TEXT);
    CREATE TABLE session_ecoins (id INTEGER PRIMARY KEY, code TEXT, formation_id INT);
    INSERT INTO stagiaires VALUES
        (1, 'Haddad', '0000-00-00', 12, 'Formée'), (2, 'a' || char(0) || 'b', '2019-02-31', 1.5, NULL),
        (3, CAST(X'466F726DE965' AS TEXT), NULL, X'00FF', ''), (-4, CAST(X'61EDA080' AS TEXT), 5, 'x', '');
"""  # noqa: E501 - one row of values a line reads better


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "old #1%.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCRIPT)
    connection.close()
    return path


@pytest.fixture
def wrapper(path: Path, legacy_sqlite_alias: AliasOpener) -> Iterator[Any]:
    """The guarded backend on the file, whose bytes must be the same afterwards."""
    before = path.read_bytes()
    with legacy_sqlite_alias(path) as legacy:
        legacy.ensure_connection()
        yield legacy
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


HOSTILE = [
    "INSERT INTO formations VALUES (9, 'x')",
    "DELETE FROM stagiaires",
    "CREATE TABLE evil (a)",
    "CREATE TEMP TABLE evil (a)",
    "DROP TABLE archives",
    "SELECT 1; DELETE FROM stagiaires",
    "ATTACH DATABASE ':memory:' AS evil",
    "VACUUM",
    "VACUUM INTO 'evil.sqlite3'",
    "PRAGMA query_only = OFF",
    "PRAGMA journal_mode = WAL",
    "PRAGMA writable_schema = ON",
    "SELECT load_extension('evil')",
    "BEGIN IMMEDIATE",
    "REINDEX",
    "WITH x AS (SELECT 1) DELETE FROM stagiaires",
]


# sqlite3 refuses two statements before it compiles them; without an index REINDEX does nothing.
LEFT_TO_THE_GUARD = ("REINDEX",)


class TestBackend:
    @pytest.mark.parametrize("statement", HOSTILE)
    def test_the_guard_refuses_every_way_in(self, wrapper: Any, statement: str) -> None:
        connection = wrapper.connection
        for way in (
            wrapper.cursor().execute,
            lambda sql: wrapper.cursor().execute(sql.replace("%", "%%"), []),
            lambda sql: wrapper.cursor().executemany(sql, [(), ()]),
            connection.execute,
            connection.executescript,
            lambda sql: connection.executemany(sql, [()]),
            lambda sql: connection.cursor().execute(sql),
            lambda sql: connection.cursor().executescript(sql),
            wrapper.chunked_cursor().execute,
            connection.send_session_statement,
        ):
            with pytest.raises(NotARead):
                way(statement)

    @pytest.mark.parametrize("statement", [sql for sql in HOSTILE if sql not in LEFT_TO_THE_GUARD])
    def test_sqlite_itself_refuses_without_the_guard(self, wrapper: Any, statement: str) -> None:
        """The plain cursor class on our connection: authorizer, query_only and mode=ro are left."""
        with pytest.raises(sqlite3.Error):
            sqlite3.Cursor(wrapper.connection).execute(statement)

    @pytest.mark.parametrize("statement", ["DELETE FROM stagiaires", "CREATE TABLE evil (a)",
                                           "PRAGMA user_version = 3", "VACUUM"])  # fmt: skip
    def test_mode_ro_alone_refuses(self, wrapper: Any, statement: str) -> None:
        params = wrapper.get_connection_params()
        params.pop("factory")
        plain = sqlite3.connect(**params)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            plain.execute(statement)
        plain.close()

    @pytest.mark.parametrize("method", ["set_authorizer", "enable_load_extension", "load_extension",
                                        "deserialize", "blobopen"])  # fmt: skip
    def test_what_could_undo_the_guard_is_refused(self, wrapper: Any, method: str) -> None:
        with pytest.raises(NotARead):
            getattr(wrapper.connection, method)(None)
        with pytest.raises(NotARead):
            wrapper.connection.cursor(sqlite3.Cursor)

    def test_schema_and_test_databases_are_refused(self, wrapper: Any) -> None:
        for refused in (
            wrapper.schema_editor,
            wrapper.creation.create_test_db,
            lambda: call_command("migrate", database="legacy", verbosity=0, interactive=False),
        ):
            with pytest.raises(SafetyRefusal):
                refused()

    @pytest.mark.parametrize("name", [":memory:", "file:old.sqlite3?mode=rwc", "", "missing", "."])
    def test_only_an_existing_file_is_opened(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        legacy_sqlite_alias: AliasOpener,
    ) -> None:  # fmt: skip
        monkeypatch.chdir(tmp_path)
        with legacy_sqlite_alias(name) as legacy, pytest.raises(LegacyImportError):
            legacy.ensure_connection()
        assert list(tmp_path.iterdir()) == []


class TestReading:
    @pytest.fixture
    def rows(self, wrapper: Any) -> list[LegacyRow]:
        with open_source("legacy") as source:
            assert source.certificate.read_only_verified is True
            assert source.certificate.account_read_only is None
            return [row for page in source.pages("stagiaires", size=2) for row in page]

    def test_rows_come_in_order_with_every_value_as_stored(self, rows: list[LegacyRow]) -> None:
        surrogate, first, second, broken = rows
        assert [row.legacy_id for row in rows] == ["-4", "1", "2", "3"]
        assert first.fields == {
            "id": "1", "last_name": "Haddad", "birth_date": "0000-00-00", "status": "Formée",
        }  # fmt: skip
        assert first.payload["n"] == "12"
        assert (second.fields["last_name"], second.payload["n"]) == ("a\x00b", "1.5")
        assert second.fields["birth_date"] == "2019-02-31"
        assert surrogate.fields["birth_date"] == "5"
        assert broken.payload["n"] == {"hex": "00ff"}

    def test_invalid_text_is_hexadecimal_with_an_issue(self, rows: list[LegacyRow]) -> None:
        surrogate, _, _, broken = rows
        assert broken.payload["nom"] == {"hex": "466f726de965"}
        assert broken.fields["last_name"] is None
        assert broken.issues == surrogate.issues == ("unreadable:nom",)
        assert surrogate.payload["nom"] == {"hex": "61eda080"}

    def test_long_values_are_cut(self, path: Path, legacy_sqlite_alias: AliasOpener) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("INSERT INTO formations VALUES (1, ?), (2, ?)",
                               ("a" + "é" * 1_500_000, b"\xff" * 2_000_000))  # fmt: skip
        connection.close()
        with legacy_sqlite_alias(path), open_source("legacy") as source:
            text, blob = next(source.pages("formations"))
            assert source.certificate.oversized_values["formations"] == {"nom": 2}
        kept = text.payload["nom"]
        assert isinstance(kept, dict)
        assert text.fields["name"] == kept["cut"] == "a" + "é" * 524_287
        assert kept["length"] == 3_000_001
        assert kept["sha256"] == hashlib.sha256(("a" + "é" * 1_500_000).encode()).hexdigest()
        assert text.issues == ("value_cut:nom",)
        assert blob.issues == ("value_cut:nom", "unreadable:nom")
        assert isinstance(blob.payload["nom"], dict)
        assert blob.payload["nom"]["hex"] == "ff" * 1_048_576

    def test_ids_alone_come_as_numbers_in_text_page_after_page(
        self, path: Path, legacy_sqlite_alias: AliasOpener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reader, "IDS_PER_PAGE", 3)
        with legacy_sqlite_alias(path), open_source("legacy") as source:
            assert list(source.ids("stagiaires")) == [["-4", "1", "2"], ["3"]]
            assert list(source.ids("stagiaires", after="1")) == [["2", "3"]]
            assert list(source.ids("archives")) == []

    def test_an_id_that_is_no_integer_is_refused(
        self, path: Path, legacy_sqlite_alias: AliasOpener
    ) -> None:
        with sqlite3.connect(path) as connection:
            connection.executescript(
                "DROP TABLE formations; CREATE TABLE formations (id INT PRIMARY KEY, nom TEXT);"
                "INSERT INTO formations VALUES ('abc', 'x'), (NULL, 'y')"
            )
        connection.close()
        with (
            legacy_sqlite_alias(path),
            pytest.raises(LegacyImportError, match="not an integer column"),
            open_source("legacy"),
        ):
            pass

    def test_the_snapshot_does_not_see_later_changes(
        self, path: Path, legacy_sqlite_alias: AliasOpener
    ) -> None:
        with sqlite3.connect(path) as writer:
            writer.execute("PRAGMA journal_mode = WAL")
            with legacy_sqlite_alias(path), open_source("legacy") as source:
                writer.execute("INSERT INTO archives VALUES (7, 'later')")
                writer.commit()
                assert list(source.pages("archives")) == []
                assert source.count("archives") == 0
        writer.close()
