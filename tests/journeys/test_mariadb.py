"""The real road: a dump loaded into MariaDB, a SELECT-only account, up to a stored plan."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database_server import DatabaseServer
from tests.journeys.roads import assert_every_row_is_planned, business_content, follow_the_advice
from tests.legacy_database import ServerLegacy, SQLiteLegacy
from tests.processes import AppDatabase, environment, manage
from tests.source_fixtures import READER_PASSWORD

ROWS = 2_500
FOUR = ("stagiaires", "archives", "formations", "session_ecoins")


@pytest.fixture
def legacy(db_server: DatabaseServer, tmp_path: Path) -> Iterator[ServerLegacy]:
    """The fictional school's dump in a database of the server, readable by one account only."""
    dump = tmp_path / "school.sql"
    ended = manage("legacy_demo", "--mysql-dump", str(dump), env=environment(None))
    assert ended.code == 0, ended.err
    legacy = ServerLegacy(db_server, db_server.create_database(f"journey_{os.getpid()}"))
    client = db_server.client(legacy.name)
    with dump.open("rb") as stream:
        subprocess.run(client, stdin=stream, check=True)
    grants = [f"SELECT ON `{legacy.name}`.`{table}`" for table in FOUR]
    db_server.create_account(legacy.reader, READER_PASSWORD, grants)
    yield legacy
    db_server.execute(f"DROP DATABASE `{legacy.name}`", f"DROP USER '{legacy.reader}'@'%'")


def test_from_a_dump_to_the_plan_without_a_trace_on_the_old_server(
    legacy: ServerLegacy, app: AppDatabase, tmp_path: Path
) -> None:
    env = environment(app, **legacy.environment())
    platform = manage(
        "legacy_demo", "--with-platform", "--sqlite", str(tmp_path / "unused"), env=env
    )
    assert platform.code == 0, platform.err
    before, source = business_content(app), legacy.checksum()
    follow_the_advice(env)
    assert_every_row_is_planned(app, run=1, rows=ROWS)
    assert business_content(app) == before
    assert legacy.checksum() == source
    certificate = json.loads(app.one("SELECT certificate FROM legacy_import_runs"))
    assert certificate["account_read_only"] is True
    assert certificate["wider_than_needed"] == []
    assert certificate["isolation"] == "REPEATABLE-READ"
    assert set(certificate["engines"].values()) == {"InnoDB"}
    assert certificate["snapshots"] == 1


def test_the_same_school_gives_the_same_plan_from_both_databases_where_they_can_hold_it(
    legacy: ServerLegacy, app: AppDatabase, tmp_path: Path
) -> None:
    file = SQLiteLegacy(tmp_path / "legacy_demo.sqlite3")
    first = environment(app, **file.environment())
    assert manage("legacy_demo", "--with-platform", env=first).code == 0
    follow_the_advice(first, "legacy_import")
    follow_the_advice(environment(app, **legacy.environment()), "legacy_import")
    told = manage("legacy_dry_run", "--run", "2", "--diff", "1", "--json", env=first).told
    difference = told["counts"]["diff"]
    # The old archives table is latin1: there every byte is some letter, so what is unreadable in
    # SQLite's UTF-8 is "Zoé" on the server, or a letter nobody has in a name.
    assert difference["changed"] == {
        "review (unreadable) → create_completed_training (history)": 1,
        "review (unreadable) → review (text_damaged)": 1,
    }
    # SQLite has no unsigned integers: the row with id 2^64−1 has 2^63−1 there.
    assert (difference["only_here"], difference["only_there"]) == (1, 1)
    largest = "SELECT legacy_id FROM legacy_student_imports WHERE LENGTH(legacy_id) > 18"
    assert {one for (one,) in app.rows(largest)} == {str(2**63 - 1), str(2**64 - 1)}
    assert difference["unchanged"] == ROWS - 3
