"""A broker and an app database on the private MariaDB, whichever database the rest is tested on."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.celery.running import Cluster
from tests.legacy_database import MariaDBLegacy, Tables, mariadb_legacy
from tests.processes import (
    APP_PASSWORD,
    AppDatabase,
    empty_app,
    environment,
    manage,
)
from tests.servers import MariaDBServer, RedisServer


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def shared_app(mariadb: MariaDBServer) -> Iterator[AppDatabase]:
    """A migrated app database that workers can share."""
    name = mariadb.create_database(f"app_celery_{os.getpid()}")
    mariadb.create_account(name, APP_PASSWORD, [f"ALL ON `{name}`.*"])
    url = f"mysql://{name}:{APP_PASSWORD}@{mariadb.host}:{mariadb.port}/{name}"
    app = AppDatabase(url, server=mariadb, name=name)
    ended = manage("migrate", "--verbosity", "0", env=environment(app))
    assert ended.code == 0, ended.err
    yield app
    mariadb.execute(f"DROP DATABASE `{name}`", f"DROP USER '{name}'@'%'")


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
    cluster: Cluster, mariadb: MariaDBServer, mariadb_legacy_name: str
) -> Callable[[Tables], MariaDBLegacy]:
    """legacy(tables(…)): a legacy database of the cluster."""

    def make(content: Tables) -> MariaDBLegacy:
        database = mariadb_legacy(mariadb, mariadb_legacy_name, content)
        cluster.source = database.environment()
        return database

    return make
