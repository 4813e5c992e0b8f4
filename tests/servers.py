"""Private MariaDB, MySQL and Redis servers for tests: own data folders and ports, stopped when done.

`python -m tests.servers -- COMMAND…` runs COMMAND with TEST_MARIADB_SOCKET and TEST_MARIADB_PORT
set, so that several test processes share one server. `python -m tests.servers --mysql -- COMMAND…`
does the same with a MySQL (TEST_MYSQL_HOST, _PORT, _USER, _PASSWORD, and TEST_APP_DATABASE=mysql):
the one that these keys already name, else one of our own (scripts/mysql_server.py).

Only a server started here is ever stopped, by its process id. Fast, unsafe settings: the data is
thrown away.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

from scripts import mysql_server
from tests.database_server import (
    START_ATTEMPTS,
    START_SECONDS,
    DatabaseServer,
    NoServerProgram,
    end_with_parent,
    free_port,
    program,
)

MARIADB, MYSQL = "mariadb", "mysql"
NAMES = {MARIADB: "MariaDB", MYSQL: "MySQL"}
FAST_AND_UNSAFE = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--sync-binlog=0",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=256M",
    "--performance-schema=off",
    "--skip-name-resolve",
)


class MariaDBServer(DatabaseServer):
    """The MariaDB that is installed on this machine."""

    kind = MARIADB

    def environment(self) -> dict[str, str]:
        return {"TEST_MARIADB_SOCKET": self.socket, "TEST_MARIADB_PORT": str(self.port)}

    def _prepare(self) -> tuple[list[str], Path]:
        server = program("mariadbd", "mysqld")
        install = program("mariadb-install-db", "mysql_install_db")
        assert self._folder is not None
        data, log = self._folder / "data", self._folder / "server.log"
        data.mkdir()
        user = pwd.getpwuid(os.geteuid()).pw_name
        # In one folder for temporary files, two that are set up at a time disturb each other.
        shared = [
            "--no-defaults",
            f"--datadir={data}",
            f"--user={user}",
            f"--tmpdir={self._folder}",
        ]
        subprocess.run(
            [install, *shared, "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.socket = str(self._folder / "s")
        return [server, *shared, f"--socket={self.socket}", f"--pid-file={self._folder / 'pid'}",
                f"--log-error={log}", "--innodb-log-file-size=128M",
                # A killed server loses nothing of it: what is not on disk is in the system's cache.
                "--innodb-flush-method=nosync", "--debug-no-sync", "--skip-sync-frm",
                *FAST_AND_UNSAFE, *self._options], log  # fmt: skip


class MySQLServer(DatabaseServer):
    """The MySQL that scripts/mysql_server.py fetched; its data is below the root that it runs in."""

    kind = MYSQL

    def environment(self) -> dict[str, str]:
        return {
            "TEST_APP_DATABASE": MYSQL, "TEST_MYSQL_HOST": self.host,
            "TEST_MYSQL_PORT": str(self.port), "TEST_MYSQL_USER": self.user,
            "TEST_MYSQL_PASSWORD": self.password, "TEST_MYSQL_SOCKET": self.socket,
        }  # fmt: skip

    def __exit__(self, *exc_info: object) -> None:
        place = (self._folder / "place").resolve() if self._folder else None
        super().__exit__(*exc_info)
        if place:
            shutil.rmtree(place, ignore_errors=True)

    def data_folder(self) -> Path:
        return mysql_server.fetch() / super().data_folder().relative_to("/")

    def _prepare(self) -> tuple[list[str], Path]:
        root = mysql_server.fetch()
        (root / "srv").mkdir(exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="tests-", dir=root / "srv"))
        assert self._folder is not None
        link = self._folder / "place"  # short: a socket's path has 107 bytes at most
        link.symlink_to(place)
        inside = f"/srv/{place.name}"
        shared = ["chroot", str(root), mysql_server.MYSQLD, "--no-defaults", "--user=root",
                  f"--datadir={inside}/data", f"--tmpdir={inside}",
                  f"--log-error={inside}/server.err"]  # fmt: skip
        subprocess.run([*shared, "--initialize-insecure"], check=True, stderr=subprocess.PIPE)
        self.socket = str(link / "s")
        return [*shared, f"--socket={inside}/s", f"--pid-file={inside}/pid", "--mysqlx=off",
                "--secure-file-priv=NULL", "--local-infile=on", "--innodb-redo-log-capacity=256M",
                "--innodb-flush-method=nosync",
                *FAST_AND_UNSAFE, *(_inside(one, place) for one in self._options),
                ], place / "server.err"  # fmt: skip


def _inside(option: str, place: Path) -> str:
    """An option whose value is a file, with a copy of the file that the server can see."""
    name, equals, value = option.partition("=")
    if not equals or not value.startswith("/"):
        return option
    shutil.copy(value, place)
    return f"{name}=/srv/{place.name}/{Path(value).name}"


class RedisServer:
    """A running Redis that keeps nothing on disk. As a context manager it starts and stops it."""

    password = "fictional-broker-password"

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self.port = 0

    def __enter__(self) -> Self:
        executable = program("redis-server", package="redis-server")
        self._folder = Path(tempfile.mkdtemp(prefix="legacy-redis-"))
        for _ in range(START_ATTEMPTS):
            self.port = free_port()
            self._arguments = [
                executable, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", str(self._folder), "--requirepass", self.password,
            ]  # fmt: skip
            if self.start():
                return self
        self.__exit__()
        raise RuntimeError("The test's Redis did not start.")

    def __exit__(self, *exc_info: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self) -> Any:
        import redis

        return redis.Redis.from_url(self.url)

    def start(self) -> bool:
        """Start it, empty, at its port; whether it answers."""
        self._process = subprocess.Popen(
            self._arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )  # fmt: skip
        import redis

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.client().ping()
                return True
            except redis.RedisError:
                time.sleep(0.05)
        return False

    def kill(self) -> None:
        """`kill -9`: every message is lost."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


SERVERS: dict[str, type[DatabaseServer]] = {MARIADB: MariaDBServer, MYSQL: MySQLServer}


def kind_for_tests() -> str:
    """Which server the tests read from, and write to where the app database is a server."""
    return MYSQL if os.environ.get("TEST_APP_DATABASE") == MYSQL else MARIADB


def new_server(*options: str) -> DatabaseServer:
    """A server of the tests' kind, to be started with `with`: for tests that stop it or set it up."""
    return SERVERS[kind_for_tests()](*options)


def server_for_tests() -> DatabaseServer:
    """The server of the environment if there is one, else a new one (start it with `with`)."""
    server = new_server()
    given = os.environ.get
    if server.kind == MYSQL and given("TEST_MYSQL_HOST"):
        server.host = given("TEST_MYSQL_HOST", "")
        server.port = int(given("TEST_MYSQL_PORT") or 3306)
        server.user = given("TEST_MYSQL_USER") or "root"
        server.password = given("TEST_MYSQL_PASSWORD", "")
        server.socket = given("TEST_MYSQL_SOCKET", "")
    elif server.kind == MARIADB and given("TEST_MARIADB_SOCKET") and given("TEST_MARIADB_PORT"):
        server.socket = given("TEST_MARIADB_SOCKET", "")
        server.port = int(given("TEST_MARIADB_PORT", ""))
    return server


def main(arguments: list[str]) -> int:
    """Run the command after `--` beside a server; returns its exit code."""
    cut = arguments.index("--") if "--" in arguments else 0
    own, command = arguments[:cut], arguments[cut:]
    command = command[1:] if command[:1] == ["--"] else command
    if not command or set(own) - {"--mysql"}:
        print("usage: python -m tests.servers [--mysql] -- COMMAND…", file=sys.stderr)
        return 2
    if own:
        os.environ["TEST_APP_DATABASE"] = MYSQL
    try:
        with server_for_tests() as server:
            return subprocess.call(command, env={**os.environ, **server.environment()})
    except (NoServerProgram, mysql_server.NoMySQL) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
