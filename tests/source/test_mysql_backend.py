"""The guarded backend alone: an account that may do everything, a session that is not read-only."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import MySQLdb.cursors
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connections, models
from django.test.utils import setup_databases

from legacy_import.errors import SafetyRefusal
from legacy_import.source.guard import NotARead
from legacy_import.source.mysql import base, session
from legacy_import.source.mysql.driver import GuardedMySQLConnection
from legacy_import.source.reader import open_source
from tests.source import hostile
from tests.source.conftest import OldDatabase
from tests.source_fixtures import AliasOpener


@pytest.fixture
def wrapper(
    old: OldDatabase,
    legacy_alias: AliasOpener,
    powerful: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """The backend with every other layer taken away. The database must be unchanged afterwards."""
    monkeypatch.setattr(base, "opening_statements", lambda options: [])
    old.execute(
        "CREATE PROCEDURE wipe() DELETE FROM stagiaires",
        "CREATE FUNCTION wipe_one() RETURNS INT BEGIN DELETE FROM stagiaires; RETURN 1; END",
    )
    before = old.checksum()
    with legacy_alias(old.name, user=powerful[0], password=powerful[1]) as legacy:
        yield legacy
    assert old.checksum() == before


def through_django(wrapper: Any, sql: str) -> None:
    with wrapper.cursor() as cursor:
        cursor.execute(sql)


def through_parameters(wrapper: Any, sql: str) -> None:
    with wrapper.cursor() as cursor:
        cursor.execute(sql.replace("%", "%%"), [])


def through_executemany(wrapper: Any, sql: str) -> None:
    with wrapper.cursor() as cursor:
        cursor.executemany(sql, [(), ()])


def through_chunked_cursor(wrapper: Any, sql: str) -> None:
    with wrapper.chunked_cursor() as cursor:
        cursor.execute(sql)


def through_copy(wrapper: Any, sql: str) -> None:
    copy = wrapper.copy(alias="legacy_copy")
    try:
        with copy.cursor() as cursor:
            cursor.execute(sql)
    finally:
        copy.close()


def through_driver_cursor(wrapper: Any, sql: str) -> None:
    wrapper.ensure_connection()
    wrapper.connection.cursor().execute(sql)


def through_cursor_of_cursor(wrapper: Any, sql: str) -> None:
    with wrapper.cursor() as cursor:
        cursor.cursor.cursor.execute(sql)


def through_another_cursor_class(wrapper: Any, sql: str) -> None:
    wrapper.ensure_connection()
    wrapper.connection.cursor(MySQLdb.cursors.SSDictCursor).execute(sql)


def through_connection_query(wrapper: Any, sql: str) -> None:
    wrapper.ensure_connection()
    wrapper.connection.query(sql.encode())


def through_send_query(wrapper: Any, sql: str) -> None:
    wrapper.ensure_connection()
    wrapper.connection.send_query(sql.encode())


WAYS_IN: list[Callable[[Any, str], None]] = [
    through_django,
    through_parameters,
    through_executemany,
    through_chunked_cursor,
    through_copy,
    through_driver_cursor,
    through_cursor_of_cursor,
    through_another_cursor_class,
    through_connection_query,
    through_send_query,
]


@pytest.mark.parametrize("way", WAYS_IN, ids=lambda way: way.__name__)
def test_no_way_in_lets_a_hostile_statement_through(
    wrapper: Any, way: Callable[[Any, str], None], tmp_path: Path
) -> None:
    target = tmp_path / "evil"
    for statement in hostile.ALL.values():
        with pytest.raises(NotARead):
            way(wrapper, statement.format(file=target))
    assert not target.exists()


def test_the_guard_is_what_stops_them(wrapper: Any, old: OldDatabase) -> None:
    """Without the guard the same session would write: the layers below are really gone."""
    wrapper.ensure_connection()
    super(GuardedMySQLConnection, wrapper.connection).query(
        b"INSERT INTO formations VALUES (77, 'x')"
    )
    old.execute("DELETE FROM formations WHERE id = 77")


def test_callproc_is_refused(wrapper: Any) -> None:
    with wrapper.cursor() as cursor, pytest.raises(NotARead):
        cursor.callproc("wipe", ["x"])
    with pytest.raises(NotARead):
        wrapper.connection.cursor(MySQLdb.cursors.Cursor).callproc("wipe")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("set_server_option", (0,)),
        ("change_user", ("root", "", "mysql")),
        ("select_db", ("mysql",)),
        ("set_character_set", ("gbk",)),
        ("kill", (1,)),
        ("shutdown", ()),
        ("dump_debug_info", ()),
        ("send_session_statement", ("SET SESSION TRANSACTION READ WRITE",)),
        ("send_session_statement", ("SET SESSION time_zone = 'SYSTEM'",)),
        ("send_session_statement", ("SET SESSION time_zone = '+01:00'; DELETE FROM stagiaires",)),
        ("send_session_statement", ("SET NAMES gbk COLLATE x; DELETE FROM stagiaires",)),
        ("send_session_statement", ("SET NAMES gbk COLLATE gbk_chinese_ci",)),
        ("send_session_statement", ("SET NAMES latin1 COLLATE latin1_bin",)),
        ("send_session_statement", ("SET NAMES utf8mb4x COLLATE utf8mb4_bin",)),
        ("ping", (True,)),
        ("ping", (1,)),
        ("begin", ()),
        ("set_sql_mode", ("ANSI_QUOTES",)),
    ],
)
def test_other_methods_of_the_connection_are_refused(
    wrapper: Any, method: str, arguments: tuple[Any, ...]
) -> None:
    wrapper.ensure_connection()
    with pytest.raises(NotARead):
        getattr(wrapper.connection, method)(*arguments)


def test_models_cannot_write_with_using(wrapper: Any) -> None:
    class OldFormation(models.Model):  # noqa: DJ008 - nobody prints it
        id = models.IntegerField(primary_key=True)
        nom = models.CharField(max_length=190)

        class Meta:
            app_label = "crm"
            managed = False
            db_table = "formations"

    table = OldFormation.objects.using("legacy")
    assert table.count() == 2
    assert [row.nom for row in table.filter(nom__startswith="Ang")] == ["Anglais"]
    for write in (
        lambda: table.create(id=9, nom="x"),
        lambda: OldFormation(id=9, nom="x").save(using="legacy"),
        lambda: table.update(nom="x"),
        lambda: table.filter(id=1).delete(),
        lambda: table.bulk_create([OldFormation(id=9, nom="x")]),
        lambda: list(table.select_for_update()),
    ):
        with pytest.raises(Exception, match=r"refused|select_for_update"):
            write()


def test_schema_editor_is_refused(wrapper: Any) -> None:
    with pytest.raises(SafetyRefusal):
        wrapper.schema_editor()
    with pytest.raises(NotARead):
        wrapper.SchemaEditorClass(wrapper, atomic=False).execute("DROP TABLE archives")


def test_migrate_is_refused(wrapper: Any) -> None:
    with pytest.raises(SafetyRefusal):
        call_command("migrate", database="legacy", verbosity=0, interactive=False)


def test_test_databases_are_refused(wrapper: Any) -> None:
    with pytest.raises(SafetyRefusal):
        setup_databases(verbosity=0, interactive=False, aliases={"legacy"})
    with pytest.raises(SafetyRefusal):
        wrapper.creation.create_test_db(verbosity=0)
    with pytest.raises(SafetyRefusal):
        wrapper.creation.destroy_test_db(connections["legacy"].settings_dict["NAME"])


def test_flush_is_refused(wrapper: Any) -> None:
    # The router leaves flush no table of ours to empty; the guard stops what it would send.
    call_command("flush", database="legacy", verbosity=0, interactive=False)
    with pytest.raises(NotARead):
        wrapper.ops.execute_sql_flush(["TRUNCATE stagiaires"])


def test_constraints_cannot_be_switched_off(wrapper: Any) -> None:
    with pytest.raises(NotARead):
        wrapper.disable_constraint_checking()


def test_a_new_session_is_read_only_before_anybody_holds_it(
    old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with legacy_alias(old.name) as legacy, legacy.cursor() as cursor:
        # MariaDB's names begin with tx_, MySQL's with transaction_, and newer MariaDBs have both.
        cursor.execute(
            "SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_read_only', 'tx_isolation',"
            " 'transaction_read_only', 'transaction_isolation', 'sql_mode', 'character_set_client')"
        )
        values = {name.replace("tx_", "transaction_"): value for name, value in cursor.fetchall()}
        assert values == {
            "transaction_read_only": "ON",
            "transaction_isolation": "REPEATABLE-READ",
            "sql_mode": "STRICT_TRANS_TABLES",
            "character_set_client": "utf8mb4",
        }


def change_session(reader: Any, statement: str) -> None:
    """Send it past the guard, as a proxy might that gives the connection another session."""
    super(GuardedMySQLConnection, reader).query(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "SET SESSION TRANSACTION READ WRITE",
        "SET SESSION sql_mode = 'ANSI_QUOTES'",
        "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES'",
        "SET SESSION sql_mode = ''",
    ],
)
@pytest.mark.parametrize("read", ["pages", "bounds", "ids"])
def test_no_page_is_read_in_a_session_that_was_changed(
    statement: str, read: str, old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with legacy_alias(old.name) as legacy, open_source("legacy") as source:
        pages = getattr(source, read)("stagiaires", **({} if read == "ids" else {"size": 1}))
        assert next(pages)
        change_session(legacy.connection, statement)
        with pytest.raises(SafetyRefusal, match="no longer the one") as caught:
            next(pages)
    assert "--resume" in caught.value.hint


def test_a_ping_that_does_not_reconnect_is_answered(
    old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with legacy_alias(old.name) as legacy:
        legacy.ensure_connection()
        assert legacy.is_usable()
        legacy.connection.ping(False)


def test_strict_and_collation_are_settings(
    old: OldDatabase, legacy_alias: AliasOpener, settings: Any
) -> None:
    settings.LEGACY_DB_STRICT = "false"
    settings.LEGACY_DB_COLLATION = "utf8mb4_bin"
    with legacy_alias(old.name) as legacy, legacy.cursor() as cursor:
        cursor.execute("SELECT @@session.sql_mode, @@session.collation_connection")
        assert cursor.fetchone() == ("", "utf8mb4_bin")


@pytest.mark.parametrize(
    "options",
    [
        {"init_command": "SET SESSION TRANSACTION READ WRITE"},
        {"multi_statements": True},
        {"local_infile": 1},
        {"read_default_file": "/etc/mysql/my.cnf"},
        {"charset": "gbk"},
        {"charset": "sjis"},
        {"charset": "latin1"},
        {"collation": "utf8mb4_bin; DELETE FROM stagiaires"},
        {"time_zone": "Africa/Algiers"},
        {"time_zone": "SYSTEM"},
        {"time_zone": "+01:00', sql_mode = 'ANSI_QUOTES"},
    ],
    ids=str,
)
def test_options_that_could_weaken_the_guard_are_refused(
    options: dict[str, Any], old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with legacy_alias(old.name, OPTIONS=options) as legacy, pytest.raises(ImproperlyConfigured):
        legacy.ensure_connection()


def test_several_statements_and_local_files_are_off_in_the_driver(
    old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with legacy_alias(old.name) as legacy:
        params = legacy.get_connection_params()
        assert params["multi_statements"] is False
        assert params["local_infile"] == 0
        assert params["read_timeout"] == 60
        assert params["connect_timeout"] == session.CONNECT_TIMEOUT_SECONDS


def test_a_silent_server_ends_in_a_timeout(
    old: OldDatabase, legacy_alias: AliasOpener, db_server: Any
) -> None:
    """SLEEP is refused by the guard, so a locked table plays the silent server."""
    locker = db_server.admin(old.name)
    try:
        with locker.cursor() as cursor:
            cursor.execute("LOCK TABLES stagiaires WRITE")
        with (
            legacy_alias(old.name, OPTIONS={"read_timeout": 1}) as legacy,
            legacy.cursor() as cursor,
            pytest.raises(OperationalError) as caught,
        ):
            cursor.execute("SELECT * FROM stagiaires")
        assert caught.value.args[0] in (2013, 2026), "2026 where the link is encrypted"
    finally:
        locker.close()


@pytest.mark.parametrize("version", ["5.5.62-log", "5.7.44", "10.1.48-MariaDB"])
def test_servers_older_than_django_supports_are_read(
    version: str, old: OldDatabase, legacy_alias: AliasOpener
) -> None:
    with legacy_alias(old.name) as legacy:
        legacy.__dict__["mysql_server_data"] = {
            **legacy.mysql_server_data,
            "version": version,
        }
        legacy.close()
        legacy.ensure_connection()
        with legacy.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM stagiaires")
            assert cursor.fetchone() == (2,)
