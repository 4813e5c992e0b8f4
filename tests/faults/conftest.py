"""What faults happen to: a larger legacy database, imported; a smaller one, planned and committed.

Beside each, what an undisturbed import or commit makes of it.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_import.demo.dump_writer import write_dump
from legacy_import.demo.people import generate
from tests.database_server import DatabaseServer
from tests.faults.committing import CommitFault, Undisturbed, undisturbed_in
from tests.faults.importing import ImportFault, content
from tests.faults.planning import PlannedApp
from tests.legacy_database import ServerLegacy, readable
from tests.processes import ON_SERVER, AppDatabase, empty_app, environment, manage

ROWS = 12_000
# What only a server can do to a client.
collect_ignore = [] if ON_SERVER else ["test_server_faults.py"]


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every test has its app database in the same place."""
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="session")
def big_legacy(
    db_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerLegacy]:
    """The demo's school with 12,000 learners: seven chunks."""
    name = db_server.create_database(f"big_legacy_{os.getpid()}")
    dump = tmp_path_factory.mktemp("dump") / "school.sql"
    with dump.open("wb") as stream:
        write_dump(generate(ROWS, seed=7), stream)
    client = db_server.client(name)
    with dump.open("rb") as stream:
        subprocess.run(client, stdin=stream, check=True)
    yield readable(db_server, name)
    db_server.execute(f"DROP DATABASE `{name}`", f"DROP USER 'reader_{name}'@'%'")


@pytest.fixture(scope="session")
def whole(big_legacy: ServerLegacy, migrated_app: AppDatabase) -> dict[str, str]:
    """The content that an import in one go stages."""
    if migrated_app.server:
        empty_app(migrated_app)  # of what the tests before this one left
    ended = manage("legacy_import", env=environment(migrated_app, **big_legacy.environment()))
    assert ended.code == 0, ended.err
    found = content(migrated_app)
    if migrated_app.path:
        names = ("runs", "student_imports", "training_imports", "course_mappings",
                 "session_mappings", "status_mappings", "course_conflicts", "chunk_receipts",
                 "identity_keys")  # fmt: skip
        migrated_app.execute(
            "PRAGMA foreign_keys = OFF",
            *(f"DELETE FROM legacy_{'import_runs' if name == 'runs' else name}" for name in names),
            "DELETE FROM sqlite_sequence WHERE name LIKE 'legacy_%'",
            "PRAGMA wal_checkpoint(TRUNCATE)",
        )
    else:
        empty_app(migrated_app)
    return found


@pytest.fixture
def fault(
    big_legacy: ServerLegacy, whole: dict[str, str], app: AppDatabase
) -> Iterator[ImportFault]:
    """An import of the big legacy database that something will happen to."""
    fault = ImportFault(app, big_legacy, whole)
    yield fault
    fault.end_all()


@pytest.fixture(scope="session")
def planned_app(
    migrated_app: AppDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlannedApp]:
    """A planned app database, to be copied for each test."""
    planned = PlannedApp(migrated_app, tmp_path_factory.mktemp("planned"))
    planned.build()
    yield planned
    planned.drop()


@pytest.fixture(scope="session")
def undisturbed(planned_app: PlannedApp, app_folder: Path) -> Undisturbed:
    """What a commit in one go makes of the plan, and a rollback of that."""
    return undisturbed_in(planned_app.copy(app_folder))


@pytest.fixture
def commit_fault(
    planned_app: PlannedApp, undisturbed: Undisturbed, app_folder: Path
) -> Iterator[CommitFault]:
    """A planned run that is about to be committed, and that something will happen to."""
    fault = CommitFault(planned_app.copy(app_folder), undisturbed)
    yield fault
    fault.end_all()
