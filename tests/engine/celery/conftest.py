"""A broker and an app database on the private MariaDB, whichever database the rest is tested on."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.database_server import DatabaseServer
from tests.engine.celery.running import Cluster
from tests.legacy_database import ServerLegacy, Tables, server_legacy
from tests.processes import (
    APP_PASSWORD,
    AppDatabase,
    empty_app,
    environment,
    manage,
)
from tests.servers import RedisServer


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def shared_app(db_server: DatabaseServer) -> Iterator[AppDatabase]:
    """A migrated app database that workers can share."""
    name = db_server.create_database(f"app_celery_{os.getpid()}")
    db_server.create_account(name, APP_PASSWORD, [f"ALL ON `{name}`.*"])
    url = f"mysql://{name}:{APP_PASSWORD}@{db_server.host}:{db_server.port}/{name}"
    app = AppDatabase(url, server=db_server, name=name)
    ended = manage("migrate", "--verbosity", "0", env=environment(app))
    assert ended.code == 0, ended.err
    yield app
    db_server.execute(f"DROP DATABASE `{name}`", f"DROP USER '{name}'@'%'")


@pytest.fixture
def cluster(shared_app: AppDatabase, redis: RedisServer, tmp_path: Path) -> Iterator[Cluster]:
    """No run, no message, no worker yet."""
    empty_app(shared_app)
    redis.client().flushall()
    cluster = Cluster(shared_app, redis, tmp_path)
    yield cluster
    cluster.end_all()


@pytest.fixture
def legacy(
    cluster: Cluster, db_server: DatabaseServer, server_legacy_name: str
) -> Callable[[Tables], ServerLegacy]:
    """legacy(tables(…)): a legacy database of the cluster."""

    def make(content: Tables) -> ServerLegacy:
        database = server_legacy(db_server, server_legacy_name, content)
        cluster.source = database.environment()
        return database

    return make
