"""Commands in processes of their own, on an app database of their own: how operators run them.

`app` is a migrated, empty app database: a SQLite file, or with TEST_APP_DATABASE=mariadb or
mysql a database on the private server, as the test settings have it.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.command import Command
from tests.database_server import DatabaseServer
from tests.servers import MARIADB, MYSQL

MANAGE = "manage"
ROOT = Path(__file__).resolve().parent.parent
ON_SERVER = os.environ.get("TEST_APP_DATABASE") in (MARIADB, MYSQL)
APP_PASSWORD = "fictional-app-password"
JSON_KEYS = ["schema_version", "command", "run", "source", "counts", "errors", "duration_s"]
OWN_KEYS = (
    "LEGACY_", "TEST_", "DATABASE_", "DJANGO_", "EMAIL_", "SECRET_KEY", "DEBUG", "NO_COLOR",
)  # fmt: skip


Process = subprocess.Popen[str] | Command


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """The one JSON object of --json; fails if stdout holds anything else."""
        found: dict[str, Any] = json.loads(self.out)
        assert list(found) == JSON_KEYS
        return found


@dataclass(frozen=True)
class AppDatabase:
    """An app database outside the test's own, read and written by plain SQL."""

    url: str
    path: Path | None = None
    server: DatabaseServer | None = None
    name: str = ""

    def connect(self) -> Any:
        if self.server:
            return self.server.admin(self.name)
        return sqlite3.connect(str(self.path), timeout=20, isolation_level=None)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def one(self, sql: str) -> Any:
        """The single value of a query."""
        ((value,),) = self.rows(sql)
        return value

    def execute(self, *statements: str) -> None:
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)


def environment(app: AppDatabase | None, **values: str) -> dict[str, str]:
    """The environment of a command: nothing of the caller's own settings, then `values`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OWN_KEYS)}
    base = {"ENV_FILE": os.devnull, "DEBUG": "true", "COLUMNS": "100"}
    return {**kept, **base, **({"DATABASE_URL": app.url} if app else {}), **values}


def start(*arguments: str, env: Mapping[str, str], module: str = MANAGE) -> subprocess.Popen[str]:
    """Start `manage.py …`, or `python -m MODULE …`; the caller ends it."""
    program = [str(ROOT / "manage.py")] if module == MANAGE else ["-m", module]
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        env=dict(env), cwd=ROOT, text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(process: Process, seconds: float = 120) -> Ended:
    """Wait for a command to end by itself; one that hangs is killed and fails the test."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, out, err)


def manage(*arguments: str, env: Mapping[str, str]) -> Ended:
    """Run `manage.py …` to its end."""
    return finish(start(*arguments, env=env))


@pytest.fixture(scope="session")
def migrated_app(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[AppDatabase]:
    """The migrated app database that `app` copies (SQLite) or empties (a server)."""
    if ON_SERVER:
        server: DatabaseServer = request.getfixturevalue("db_server")
        name = server.create_database(f"app_commands_{os.getpid()}")
        server.create_account(name[-30:], APP_PASSWORD, [f"ALL ON `{name}`.*"])
        url = f"mysql://{name[-30:]}:{APP_PASSWORD}@{server.host}:{server.port}/{name}"
        app = AppDatabase(url, server=server, name=name)
    else:
        path = tmp_path_factory.mktemp("app") / "migrated.sqlite3"
        app = AppDatabase(f"sqlite:///{path}", path=path)
    ended = manage("migrate", "--verbosity", "0", env=environment(app))
    assert ended.code == 0, ended.err
    yield app
    if app.server:
        app.server.execute(f"DROP DATABASE `{app.name}`")


@pytest.fixture
def app_folder(tmp_path: Path) -> Path:
    """Where the file of `app` is; one folder for many tests lets forked commands share a host."""
    return tmp_path


@pytest.fixture
def app(migrated_app: AppDatabase, app_folder: Path) -> AppDatabase:
    """A migrated app database without a run, a person or a course."""
    if migrated_app.path:
        return copy_of(migrated_app.path, app_folder / "app.sqlite3")
    empty_app(migrated_app)
    return migrated_app


def copy_of(kept: Path, path: Path) -> AppDatabase:
    """An app database in a file of its own, in the place of the one before."""
    for of in ("-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{of}").unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    shutil.copyfile(kept, path)
    return AppDatabase(f"sqlite:///{path}", path=path)


def empty_app(app: AppDatabase) -> None:
    """Empty every table that a command or the demo fills; ids begin at 1 again."""
    mine = ("legacy_", "crm_", "trainings_", "auth_user")
    names = [name for (name,) in app.rows("SHOW TABLES") if name.startswith(mine)]
    app.execute("SET foreign_key_checks = 0", *(f"TRUNCATE TABLE `{name}`" for name in names))
