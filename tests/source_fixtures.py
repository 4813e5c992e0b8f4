"""Fixtures for whoever reads a legacy database in a test: a private server, and the alias on it."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.database_server import DatabaseServer
from tests.processes import ON_SERVER
from tests.servers import server_for_tests


def own(name: str) -> str:
    """A name of this process: parallel test processes may share one server."""
    return f"{name}_{os.getpid()}"


READER, READER_PASSWORD = own("legacy_reader"), "fictional-reader-password"

AliasOpener = Callable[..., AbstractContextManager[Any]]


@contextmanager
def swapped_alias(alias: str, **values: Any) -> Iterator[Any]:
    """DATABASES[alias] replaced for the time of the block; yields the new connection wrapper."""
    before = connections.databases.get(alias)
    old_wrapper = getattr(connections._connections, alias, None)  # type: ignore[attr-defined]
    complete = {
        "NAME": "", "USER": "", "PASSWORD": "", "HOST": "", "PORT": "", "OPTIONS": {},
        "ATOMIC_REQUESTS": False, "AUTOCOMMIT": True, "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False, "TIME_ZONE": None,
        "TEST": {"CHARSET": None, "COLLATION": None, "MIGRATE": True, "MIRROR": None, "NAME": None,
                 "DEPENDENCIES": []},
        **values,
    }  # fmt: skip
    connections.databases[alias] = complete
    if old_wrapper is not None:
        delattr(connections._connections, alias)  # type: ignore[attr-defined]
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias]
        if old_wrapper is not None:
            connections[alias] = old_wrapper
        if before is None:
            del connections.databases[alias]
        else:
            connections.databases[alias] = before


@pytest.fixture(scope="session")
def db_server() -> Iterator[DatabaseServer]:
    """One private server for the whole test run: a MariaDB, or with TEST_APP_DATABASE=mysql a MySQL."""
    with server_for_tests() as server:
        yield server


@pytest.fixture
def app_database_exists(request: pytest.FixtureRequest) -> None:
    """Opening the source asks the app database, which may be empty, whether it is the same one."""
    if ON_SERVER:
        server: DatabaseServer = request.getfixturevalue("db_server")
        name = connections["default"].settings_dict["NAME"]
        server.execute(f"CREATE DATABASE IF NOT EXISTS `{name}`")


@pytest.fixture
def legacy_alias(
    db_server: DatabaseServer, app_database_exists: None, django_db_blocker: Any
) -> AliasOpener:
    """legacy_alias(database, user=…, password=…): the alias `legacy` on the private server.

    Without `user`, an account with SELECT on that database is made. Other keywords go into
    DATABASES['legacy'] (HOST=…, OPTIONS=…, ENGINE=…).
    """

    @contextmanager
    def open_alias(
        database: str, *, user: str = "", password: str = "", **values: Any
    ) -> Iterator[Any]:
        if not user:
            user, password = READER, READER_PASSWORD
            db_server.create_account(user, password, [f"SELECT ON `{database}`.*"])
        with (
            django_db_blocker.unblock(),
            swapped_alias(
                "legacy",
                **{
                    "ENGINE": "legacy_import.source.mysql",
                    "NAME": database,
                    "USER": user,
                    "PASSWORD": password,
                    "HOST": db_server.host,
                    "PORT": str(db_server.port),
                    **values,
                },
            ) as wrapper,
        ):
            yield wrapper

    return open_alias


@pytest.fixture
def legacy_sqlite_alias(app_database_exists: None, django_db_blocker: Any) -> AliasOpener:
    """legacy_sqlite_alias(path): the alias `legacy` on a SQLite file."""

    @contextmanager
    def open_alias(path: Path | str, **values: Any) -> Iterator[Any]:
        with (
            django_db_blocker.unblock(),
            swapped_alias(
                "legacy", **{"ENGINE": "legacy_import.source.sqlite", "NAME": str(path), **values}
            ) as wrapper,
        ):
            yield wrapper

    return open_alias
