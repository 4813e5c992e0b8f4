"""What an app database on a server refuses, as the server itself says it."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from legacy_import.conf import MANAGE
from legacy_import.management.app_errors import app_database_error
from tests.legacy_database import learner, sqlite_legacy, tables
from tests.management.calling import assert_refused
from tests.processes import APP_PASSWORD, AppDatabase, environment, manage
from tests.servers import new_server
from tests.source_fixtures import swapped_alias


@pytest.mark.parametrize(
    ("number", "remedy"), [(1114, "disk is full"), (1290, "read-only"), (1205, "locked")]
)
def test_a_refusal_is_named_with_what_helps(
    number: int, remedy: str, app: AppDatabase, tmp_path: Path
) -> None:
    database = sqlite_legacy(tmp_path / "l.sqlite3", tables([learner(1)]))
    app.execute(
        "CREATE TRIGGER refusal BEFORE INSERT ON legacy_import_runs FOR EACH ROW"
        f" SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = '0559446168'"
    )
    try:
        ended = manage("legacy_import", "--json", env=environment(app, **database.environment()))
    finally:
        app.execute("DROP TRIGGER refusal")
    assert_refused(ended, 1, f"OperationalError {number}", remedy)
    assert "0559446168" not in ended.err + ended.out


@pytest.mark.parametrize(
    "command",
    ["migrate", "check --database default", "createsuperuser --no-input", "legacy_status"],
)
def test_an_account_without_rights_on_its_database_gets_the_grant_it_needs(
    command: str, app: AppDatabase
) -> None:
    """Django's own commands too: a rehearsal copy whose grants were forgotten."""
    assert app.server
    user = f"rightless_{os.getpid()}"
    app.server.create_account(user, APP_PASSWORD)
    url = f"mysql://{user}:{APP_PASSWORD}@{app.server.host}:{app.server.port}/{app.name}"
    try:
        ended = manage(*command.split(), env=environment(None, DATABASE_URL=url))
    finally:
        app.server.execute(f"DROP USER '{user}'@'%'")
    assert_refused(ended, 1, "OperationalError 1044", "GRANT ALL ON name.* TO")


def test_a_command_of_django_without_tables_says_to_migrate(app: AppDatabase) -> None:
    assert app.server
    name = app.server.create_database(f"unmigrated_{os.getpid()}")
    app.server.execute(f"GRANT ALL ON `{name}`.* TO '{app.name[-30:]}'@'%'")
    url = app.url.rpartition("/")[0] + f"/{name}"
    create = ("createsuperuser", "--no-input", "--username", "first", "--email", "a@b.example")
    try:
        ended = manage(*create, env=environment(None, DATABASE_URL=url))
    finally:
        app.server.execute(f"DROP DATABASE `{name}`")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    told = " ".join(ended.err.split())
    assert "Error: The app database reported an error (ProgrammingError 1146)." in told
    assert told.endswith(f"{MANAGE} migrate")


@pytest.mark.own_server("its max_allowed_packet is changed")
def test_a_server_that_takes_small_statements_only(django_db_blocker: Any) -> None:
    with new_server("--max-allowed-packet=1048576") as server:
        server.create_database("app")
        server.execute("CREATE TABLE legacy_import_runs (id INT)", database="app")
        settings = {**server.settings("app"), "ENGINE": "ecoin.mysql"}
        with django_db_blocker.unblock(), swapped_alias("default", **settings) as link:
            with link.cursor() as cursor, pytest.raises(OperationalError) as caught:
                cursor.execute(f"SELECT LENGTH('{'x' * 3_000_000}')")
            link.close()
            error = app_database_error(caught.value)
    assert "SET GLOBAL max_allowed_packet" in error.hint
