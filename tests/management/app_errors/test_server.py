"""What an app database on a server refuses, as the server itself says it."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from legacy_import.management.app_errors import app_database_error
from tests.legacy_database import learner, sqlite_legacy, tables
from tests.management.calling import assert_refused
from tests.processes import AppDatabase, environment, manage
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
