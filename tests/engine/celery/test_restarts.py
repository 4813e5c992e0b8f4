"""The app database restarts while a command is at work: it waits, and ends as if nothing were."""

import os
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from MySQLdb import Error as DriverError

from tests.database_server import DatabaseServer
from tests.engine.celery.running import Cluster, Dump, eventually
from tests.engine.celery.test_same_as_inline import fill, school
from tests.faults.power import DURABLE
from tests.processes import APP_PASSWORD, AppDatabase, Ended, environment, finish, manage
from tests.servers import RedisServer, new_server

SIZES = {"page": 40, "chunk": 60}
# The command that is interrupted, and what its chunks wait for.
A_ROW = "SELECT id FROM legacy_student_imports ORDER BY id DESC LIMIT 1 FOR UPDATE"
THE_RUN = "SELECT id FROM legacy_import_runs FOR UPDATE"


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with new_server(*DURABLE) as server:
        yield server


@pytest.fixture(scope="module")
def own_app(server: DatabaseServer) -> AppDatabase:
    name = server.create_database(f"app_restart_{os.getpid()}")
    server.create_account(name, APP_PASSWORD, [f"ALL ON `{name}`.*"])
    url = f"mysql://{name}:{APP_PASSWORD}@{server.host}:{server.port}/{name}"
    app = AppDatabase(url, server=server, name=name)
    migrated = manage("migrate", "--verbosity", "0", env=environment(app))
    assert migrated.code == 0, migrated.err
    return app


@pytest.fixture
def cluster(own_app: AppDatabase, redis: RedisServer, tmp_path: Path) -> Iterator[Cluster]:
    redis.client().flushall()
    cluster = Cluster(own_app, redis, tmp_path, school(tmp_path), SIZES)
    fill(cluster)
    yield cluster
    cluster.end_all()


@pytest.fixture(scope="module")
def undisturbed(
    own_app: AppDatabase, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Dump:
    folder = tmp_path_factory.mktemp("undisturbed")
    cluster = Cluster(own_app, redis, folder, school(folder), SIZES)
    fill(cluster)
    cluster.stages(engine="inline")
    return cluster.dump()


def restarted_during(cluster: Cluster, *command: str, lock: str, engine: str) -> Ended:
    """Run the command; the server is killed and started while one of its chunks is at work."""
    server: Any = cluster.app.server
    with closing(server.admin(cluster.app.name)) as connection, suppress(DriverError):
        connection.autocommit(False)
        if lock == A_ROW:
            connection.cursor().execute(lock)
        process = cluster.start(*command, engine=engine)
        if lock == THE_RUN:  # once the command has it
            stage = command[0].removeprefix("legacy_")
            eventually(lambda: cluster.receipts(stage) > 1, "some chunks are done")
            connection.cursor().execute(lock)
        eventually(lambda: cluster.waiting, "a chunk waits")
        server.kill()
    server.start_again()
    ended = finish(process, 120)
    assert ended.code == 0, (ended.err, cluster.logs())
    return ended


@pytest.mark.parametrize("engine", ["inline", "celery"])
def test_a_validation_and_a_plan(engine: str, cluster: Cluster, undisturbed: Dump) -> None:
    cluster.manage("legacy_import", engine="inline")
    if engine == "celery":
        cluster.two_workers()
    ended = restarted_during(cluster, "legacy_validate", lock=A_ROW, engine=engine)
    assert "went away" in ended.err or engine == "celery"
    cluster.manage("legacy_classify", engine="inline")
    restarted_during(cluster, "legacy_dry_run", lock=A_ROW, engine=engine)
    found = cluster.dump()
    for table, rows in undisturbed.items():
        assert found[table] == rows, table


@pytest.mark.parametrize("engine", ["inline", "celery"])
def test_an_import(engine: str, cluster: Cluster, undisturbed: Dump) -> None:
    if engine == "celery":
        cluster.two_workers()
    restarted_during(cluster, "legacy_import", lock=THE_RUN, engine=engine)
    columns = "source_table, legacy_id, payload_hash, phone_normalized, raw_status"
    staged = cluster.app.rows(f"SELECT {columns} FROM legacy_student_imports ORDER BY 1, 2")
    assert len(staged) == len(undisturbed["legacy_student_imports"])
    cluster.manage("legacy_validate", engine="inline")
    cluster.manage("legacy_classify", engine="inline")
    cluster.manage("legacy_dry_run", engine="inline")
    plan = "SELECT plan_fingerprint FROM legacy_import_runs"
    assert cluster.app.one(plan) in {row[1] for row in undisturbed["run"]}


def test_a_commit_creates_everything_once(cluster: Cluster) -> None:
    cluster.stages(engine="inline")
    planned = cluster.app.one(
        "SELECT COUNT(*) FROM legacy_student_imports WHERE planned_action IN"
        " ('create_crm_lead', 'create_completed_training')"
    )
    before = people(cluster)
    command = ["legacy_commit", "--run", "1", "--batch", "20", "--no-input", "--confirm-database"]
    restarted_during(cluster, *command, cluster.app.name, lock=THE_RUN, engine="inline")
    assert people(cluster) - before == planned
    reconciled = cluster.manage("legacy_reconcile", "--run", "1", engine="inline")
    assert reconciled.code == 0


def people(cluster: Cluster) -> int:
    return sum(
        int(cluster.app.one(f"SELECT COUNT(*) FROM {table}"))
        for table in ("crm_leads", "legacy_completed_trainings")
    )
