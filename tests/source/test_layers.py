"""Router, session and account, each alone: plain Django backend or plain driver, the rest removed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import MySQLdb
import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connections, router

from legacy_import.source.mysql import session
from legacy_import.source.router import LegacyRouter, LegacyWriteRefused, guarded_aliases
from tests.database_server import DatabaseServer
from tests.source import hostile
from tests.source.conftest import OldDatabase
from tests.source_fixtures import AliasOpener, own

PLAIN_ENGINE = "django.db.backends.mysql"


def execute_all(cursor: Any, statements: str) -> None:
    """Several statements at once, as the plain driver allows."""
    cursor.execute(statements)
    cursor.nextset()


@pytest.fixture
def plain_alias(
    old: OldDatabase, legacy_alias: AliasOpener, powerful: tuple[str, str]
) -> Iterator[Any]:
    """`legacy` behind Django's own backend with a powerful account: only the router is left."""
    before = old.checksum()
    with legacy_alias(
        old.name, user=powerful[0], password=powerful[1], ENGINE=PLAIN_ENGINE
    ) as legacy:
        yield legacy
    assert old.checksum() == before


class TestRouter:
    def test_it_guards_the_import_alias_whatever_its_engine(self, plain_alias: Any) -> None:
        assert guarded_aliases() == {"legacy"}

    def test_saving_an_object_loaded_from_legacy_raises(self, plain_alias: Any) -> None:
        loaded = Group(id=1, name="x")
        loaded._state.db = "legacy"
        with pytest.raises(LegacyWriteRefused):
            loaded.save()
        with pytest.raises(LegacyWriteRefused):
            loaded.delete()

    def test_relating_to_an_object_loaded_from_legacy_raises(self, plain_alias: Any) -> None:
        loaded, ours = Group(id=1, name="x"), Permission(id=1)
        loaded._state.db = "legacy"
        ours._state.db = "default"
        with pytest.raises(LegacyWriteRefused):
            router.allow_relation(loaded, ours)

    def test_migrate_stops_before_its_first_statement(self, plain_alias: Any) -> None:
        with pytest.raises(LegacyWriteRefused):
            call_command("migrate", database="legacy", verbosity=0, interactive=False)

    def test_no_model_belongs_on_legacy_and_other_aliases_are_free(self) -> None:
        assert LegacyRouter().allow_migrate("legacy", "auth") is False
        assert LegacyRouter().allow_migrate("default", "auth") is None
        assert LegacyRouter().db_for_read(Group) is None
        assert LegacyRouter().db_for_write(Group) is None

    def test_a_wrong_setting_never_guards_the_app_database(self, settings: Any) -> None:
        settings.LEGACY_IMPORT_CONNECTION = "default"
        assert "default" not in guarded_aliases()


@pytest.fixture
def read_only_session(old: OldDatabase, powerful: tuple[str, str]) -> Iterator[Any]:
    """A plain driver connection, several statements allowed, of an account that may do everything."""
    old.execute("CREATE PROCEDURE wipe() DELETE FROM stagiaires")
    connection = MySQLdb.connect(
        host=old.server.host, port=old.server.port, user=powerful[0], passwd=powerful[1],
        database=old.name,
    )  # fmt: skip
    cursor = connection.cursor()
    for statement in (session.READ_ONLY, session.REPEATABLE_READ, session.SNAPSHOT):
        cursor.execute(statement)
    before = old.checksum()
    yield connection
    connection.close()
    assert old.checksum() == before


SESSION_STOPS = [
    "insert", "update", "delete", "replace", "truncate", "drop_table", "create_table",
    "alter_table", "rename_table", "create_index", "create_view", "create_procedure",
    "create_trigger", "leading_comment", "executable_comment", "mariadb_comment",
    "execute_immediate", "begin_not_atomic", "call",
]  # fmt: skip


def statements(*names: str) -> list[Any]:
    """Names of hostile statements, for parametrize; what only MariaDB runs is tested there only."""
    other = pytest.mark.mariadb_only("statements that MySQL does not understand")
    return [
        pytest.param(name, marks=[other] if name in hostile.MARIADB_ONLY else []) for name in names
    ]


class TestSession:
    @pytest.mark.parametrize("name", statements(*SESSION_STOPS))
    def test_the_server_refuses_writes(self, name: str, old: OldDatabase,
                                       read_only_session: Any) -> None:  # fmt: skip
        with pytest.raises(MySQLdb.Error) as caught:
            read_only_session.cursor().execute(hostile.WRITES[name])
        assert caught.value.args[0] == 1792  # cannot execute statement in a READ ONLY transaction

    def test_the_server_refuses_the_second_statement(self, read_only_session: Any) -> None:
        cursor = read_only_session.cursor()
        with pytest.raises(MySQLdb.Error) as caught:
            execute_all(cursor, hostile.MULTI["second_statement"])
        assert caught.value.args[0] == 1792

    def test_a_routine_that_writes_is_refused(self, db_server: DatabaseServer,
                                              old: OldDatabase) -> None:  # fmt: skip
        """Also behind a view whose function runs with its definer's rights."""
        old.execute(
            "CREATE FUNCTION wipe_one() RETURNS INT SQL SECURITY DEFINER"
            " BEGIN DELETE FROM stagiaires; RETURN 1; END",
            "CREATE VIEW trap AS SELECT wipe_one() AS id",
        )
        before = old.checksum()
        db_server.create_account(own("view_reader"), "fictional", [f"SELECT ON `{old.name}`.*"])
        connection = MySQLdb.connect(host=db_server.host, port=db_server.port,
                                     user=own("view_reader"), passwd="fictional",
                                     database=old.name)  # fmt: skip
        cursor = connection.cursor()
        cursor.execute(session.READ_ONLY)
        with pytest.raises(MySQLdb.Error) as caught:
            cursor.execute("SELECT * FROM trap")
        assert caught.value.args[0] == 1792
        connection.close()
        assert old.checksum() == before

    def test_ddl_after_an_implicit_commit_is_still_refused(self, read_only_session: Any) -> None:
        """START TRANSACTION READ ONLY alone would end here; the session setting does not."""
        cursor = read_only_session.cursor()
        cursor.execute("COMMIT")
        with pytest.raises(MySQLdb.Error):
            cursor.execute("CREATE TABLE evil (id INT)")

    def test_the_snapshot_does_not_see_later_changes(self, old: OldDatabase,
                                                     read_only_session: Any) -> None:  # fmt: skip
        before = "SELECT COUNT(*) FROM formations"
        old.execute("INSERT INTO formations VALUES (50, 'later')")
        cursor = read_only_session.cursor()
        cursor.execute(before)
        assert cursor.fetchone() == (2,)
        old.execute("DELETE FROM formations WHERE id = 50")


class TestAccount:
    """A SELECT-only account through the plain driver: what it may not do, the server refuses."""

    @pytest.fixture
    def select_only(self, old: OldDatabase, db_server: DatabaseServer) -> Iterator[Any]:
        db_server.create_account(
            own("select_only"),
            "fictional",
            [f"SELECT ON `{old.name}`.{table}"
             for table in ("stagiaires", "archives", "formations", "session_ecoins")],
        )  # fmt: skip
        connection = MySQLdb.connect(
            host=db_server.host, port=db_server.port, user=own("select_only"), passwd="fictional",
            database=old.name,
        )  # fmt: skip
        before = old.checksum()
        yield connection
        connection.close()
        assert old.checksum() == before

    @pytest.mark.parametrize(
        "name", statements(*(name for name in hostile.WRITES if name != "execute_immediate"))
    )
    def test_writes_are_refused(self, name: str, select_only: Any, tmp_path: Path) -> None:
        with pytest.raises(MySQLdb.Error):
            select_only.cursor().execute(hostile.WRITES[name].format(file=tmp_path / "evil"))

    @pytest.mark.parametrize(
        "name",
        ["into_outfile", "into_dumpfile", "set_global", "lock_tables", "flush",
         "temporary_table", "shutdown", "install_plugin", "grant"],
    )  # fmt: skip
    def test_side_effects_are_refused(self, name: str, select_only: Any, tmp_path: Path) -> None:
        with pytest.raises(MySQLdb.Error):
            select_only.cursor().execute(hostile.SIDE_EFFECTS[name].format(file=tmp_path / "evil"))
        assert not (tmp_path / "evil").exists()

    def test_the_second_statement_is_refused(self, select_only: Any) -> None:
        cursor = select_only.cursor()
        with pytest.raises(MySQLdb.Error):
            execute_all(cursor, hostile.MULTI["second_statement"])


def test_connections_are_restored_after_the_alias_was_swapped(
    old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    before = dict(connections.databases["legacy"])
    with legacy_alias(old.name):
        assert connections.databases["legacy"]["NAME"] == old.name
    assert connections.databases["legacy"] == before
