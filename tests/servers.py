"""Private MariaDB and Redis servers for tests: their own data folders and ports, stopped when done.

`python -m tests.servers -- COMMAND…` runs COMMAND with TEST_MARIADB_SOCKET and TEST_MARIADB_PORT
set, so that several test processes share one server. Only the server started here is ever stopped,
by its process id. Fast, unsafe settings: the data is thrown away.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

START_SECONDS = 60
START_ATTEMPTS = 3  # somebody may take the free port first
FAST_AND_UNSAFE = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--sync-binlog=0",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=128M",
    "--performance-schema=off",
    "--skip-name-resolve",
)


class NoServerProgram(RuntimeError):
    """A server is not installed. The tests that need it fail then; they are never skipped."""

    def __init__(self, package: str = "mariadb-server") -> None:
        super().__init__(f"These tests need a server program: apt-get install {package}")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_with_parent() -> None:
    """In the server's process: Linux ends it when the one that started it is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


def _program(*names: str, package: str = "mariadb-server") -> str:
    for name in names:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if found:
            return found
    raise NoServerProgram(package)


class MariaDBServer:
    """A running server. As a context manager it starts one and stops it at the end.

    `socket` is the path of its Unix socket, `port` its TCP port on 127.0.0.1. `options` are further
    arguments of mariadbd. A server found through the environment is used and left running.
    """

    host = "127.0.0.1"

    def __init__(self, *options: str) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self.socket = ""
        self.port = 0

    @classmethod
    def running_at(cls, socket_path: str, port: int) -> "MariaDBServer":
        """A server somebody else started and will stop."""
        server = cls()
        server.socket, server.port = socket_path, port
        return server

    def __enter__(self) -> Self:
        if not self.socket:
            self._start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def admin(self, database: str | None = None) -> Any:
        """An unguarded connection as root over the socket, in autocommit."""
        import MySQLdb

        extra = {"database": database} if database else {}
        return MySQLdb.connect(
            unix_socket=self.socket,
            user="root",
            charset="utf8mb4",
            autocommit=True,
            read_timeout=120,  # a test that waits for a lock fails instead of hanging
            **extra,
        )

    def execute(self, *statements: str | bytes, database: str | None = None) -> None:
        """Run statements as root, one after the other."""
        connection = self.admin(database)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def create_database(self, name: str, charset: str = "utf8mb4") -> str:
        """An empty database of that name; one that exists is dropped first. Returns the name."""
        self.execute(
            f"DROP DATABASE IF EXISTS `{name}`", f"CREATE DATABASE `{name}` CHARACTER SET {charset}"
        )
        return name

    def create_account(self, user: str, password: str, grants: Sequence[str] = ()) -> None:
        """An account for TCP and socket. `grants` are texts like 'SELECT ON old.stagiaires'."""
        account = f"'{user}'@'%'"
        self.execute(
            f"DROP USER IF EXISTS {account}",
            f"CREATE USER {account} IDENTIFIED BY '{password}'",
            *(f"GRANT {grant} TO {account}" for grant in grants),
        )

    def _start(self) -> None:
        server = _program("mariadbd", "mysqld")
        install = _program("mariadb-install-db", "mysql_install_db")
        self._folder = Path(tempfile.mkdtemp(prefix="legacy-mariadb-"))
        data = self._folder / "data"
        data.mkdir()
        user = pwd.getpwuid(os.geteuid()).pw_name
        common = ["--no-defaults", f"--datadir={data}", f"--user={user}"]
        subprocess.run(
            # In one folder for temporary files, two that are set up at a time disturb each other.
            [
                install,
                *common,
                f"--tmpdir={self._folder}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.socket = str(self._folder / "s")
        log = self._folder / "server.log"
        for _ in range(START_ATTEMPTS):
            self.port = free_port()
            arguments = [server, *common, f"--socket={self.socket}", f"--port={self.port}",
                         "--bind-address=127.0.0.1", f"--pid-file={self._folder / 'pid'}",
                         f"--log-error={log}", f"--tmpdir={self._folder}",
                         *FAST_AND_UNSAFE, *self._options]  # fmt: skip
            self._process = subprocess.Popen(
                arguments,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=_end_with_parent,
            )
            if self._answers():
                return
        told = log.read_text(errors="replace")[-2000:] if log.exists() else "no log"
        self.__exit__()
        raise RuntimeError(f"The test server did not start:\n{told}")

    def _answers(self) -> bool:
        """Whether the started server lets root in before it ends or the time is up."""
        import MySQLdb

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            try:
                self.admin().close()
                return True
            except MySQLdb.OperationalError:
                time.sleep(0.1)
        return False


class RedisServer:
    """A running Redis that keeps nothing on disk. As a context manager it starts and stops it."""

    password = "fictional-broker-password"

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self.port = 0

    def __enter__(self) -> Self:
        program = _program("redis-server", package="redis-server")
        self._folder = Path(tempfile.mkdtemp(prefix="legacy-redis-"))
        for _ in range(START_ATTEMPTS):
            self.port = free_port()
            self._arguments = [
                program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
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

    def client(self) -> Any:
        import redis

        return redis.Redis.from_url(self.url)

    def start(self) -> bool:
        """Start it, empty, at its port; whether it answers."""
        self._process = subprocess.Popen(
            self._arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=_end_with_parent,
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


def server_for_tests() -> MariaDBServer:
    """The server of the environment if there is one, else a new one (start it with `with`)."""
    path, port = os.environ.get("TEST_MARIADB_SOCKET"), os.environ.get("TEST_MARIADB_PORT")
    if path and port:
        return MariaDBServer.running_at(path, int(port))
    return MariaDBServer()


def main(arguments: list[str]) -> int:
    """Run the command after `--` beside a server; returns its exit code."""
    command = arguments[arguments.index("--") + 1 :] if "--" in arguments else arguments
    if not command:
        print("usage: python -m tests.servers -- COMMAND…", file=sys.stderr)
        return 2
    try:
        with server_for_tests() as server:
            found = {"TEST_MARIADB_SOCKET": server.socket, "TEST_MARIADB_PORT": str(server.port)}
            return subprocess.call(command, env={**os.environ, **found})
    except NoServerProgram as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
