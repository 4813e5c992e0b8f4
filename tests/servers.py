"""Private MariaDB, MySQL and Redis servers for tests: own data folders and ports, stopped when done.

`python -m tests.servers -- COMMAND…` runs COMMAND with TEST_MARIADB_SOCKET and TEST_MARIADB_PORT
set, so that several test processes share one server. `python -m tests.servers --mysql -- COMMAND…`
does the same with a MySQL (TEST_MYSQL_HOST, _PORT, _USER, _PASSWORD, and TEST_APP_DATABASE=mysql):
the one that these keys already name, else one of our own (scripts/mysql_server.py).

Only a server started here is ever stopped, by its process id. Fast, unsafe settings: the data is
thrown away.
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

from scripts import mysql_server

MARIADB, MYSQL = "mariadb", "mysql"
NAMES = {MARIADB: "MariaDB", MYSQL: "MySQL"}
START_SECONDS = 60
START_ATTEMPTS = 3  # somebody may take the free port first
FAST_AND_UNSAFE = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--sync-binlog=0",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=256M",
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


class DatabaseServer:
    """A running server. As a context manager it starts one and stops it at the end.

    `socket` is the path of its Unix socket ("": there is none), `host` and `port` its TCP address;
    `user` and `password` are an account that may do everything. `options` are further arguments of
    the server program. A server found through the environment is used and left running.
    """

    kind = ""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self.socket, self.host, self.port = "", "127.0.0.1", 0
        self.user, self.password = "root", ""

    def __enter__(self) -> Self:
        if not self.port:
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

    def environment(self) -> dict[str, str]:
        """What other test processes need in order to share this server (`server_for_tests`)."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        """Socket or host, as Django's HOST and the driver's `host` take it."""
        return self.socket or self.host

    def admin(self, database: str | None = None, *, read_timeout: int = 120) -> Any:
        """An unguarded connection of the account that may do everything, in autocommit.

        A test that waits for a lock fails after `read_timeout` seconds instead of hanging; 0: never.
        """
        import MySQLdb

        where = (
            {"unix_socket": self.socket} if self.socket else {"host": self.host, "port": self.port}
        )
        return MySQLdb.connect(
            user=self.user,
            password=self.password,
            charset="utf8mb4",
            autocommit=True,
            **({"read_timeout": read_timeout} if read_timeout else {}),
            **where,
            **({"database": database} if database else {}),
        )

    def settings(self, database: str) -> dict[str, str]:
        """An alias of Django on that database, as that account."""
        return {
            "ENGINE": "django.db.backends.mysql", "NAME": database, "USER": self.user,
            "PASSWORD": self.password, "HOST": self.address,
            "PORT": "" if self.socket else str(self.port),
        }  # fmt: skip

    def client_options(self) -> list[str]:
        """What the command line programs need to sign in as that account."""
        where = (
            [f"--socket={self.socket}"]
            if self.socket
            else [f"--host={self.host}", f"--port={self.port}", "--protocol=tcp"]
        )
        secret = [f"--password={self.password}"] if self.password else []
        return ["--no-defaults", *where, f"--user={self.user}", *secret]

    def client(self, database: str, *options: str) -> list[str]:
        """The command line client as that account: it reads statements from its stdin."""
        return [_program("mariadb", "mysql"), *self.client_options(), *options, database]

    def execute(self, *statements: str | bytes, database: str | None = None) -> None:
        """Run statements as that account, one after the other."""
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

    def kill_connections(self, user: str) -> int:
        """End every connection of the account, as an administrator would. Returns how many."""
        connection = self.admin()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW PROCESSLIST")
                ids = [row[0] for row in cursor.fetchall() if row[1] == user]
                for one in ids:
                    _kill(cursor, one)
        finally:
            connection.close()
        return len(ids)

    def data_folder(self) -> Path:
        """Where the server keeps its databases, as this machine sees it."""
        connection = self.admin()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT @@datadir")
                return Path(cursor.fetchone()[0])
        finally:
            connection.close()

    def kill(self) -> None:
        """`kill -9`, as a power cut."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        """Start on the same data folder and port; returns when crash recovery is over."""
        assert self._process is not None
        self._launch(self._process.args)
        assert self._answers(), "the server did not come up again"

    def _prepare(self) -> tuple[list[str], Path]:
        """Set up a data folder. Returns the command without an address, and the server's log."""
        raise NotImplementedError

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"legacy-{self.kind}-"))
        try:
            command, log = self._prepare()
        except BaseException:
            self.__exit__()
            raise
        for _ in range(START_ATTEMPTS):
            self.port = free_port()
            self._launch([*command, f"--port={self.port}", "--bind-address=127.0.0.1"])
            if self._answers():
                return
        last = log.read_text(errors="replace")[-2000:] if log.exists() else "no log"
        self.__exit__()
        raise RuntimeError(f"The test server did not start:\n{last}")

    def _launch(self, arguments: Any) -> None:
        self._process = subprocess.Popen(
            arguments,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_end_with_parent,
        )

    def _answers(self) -> bool:
        """Whether the started server lets the account in before it ends or the time is up."""
        import MySQLdb

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            try:
                self.admin().close()
                return True
            except MySQLdb.OperationalError:
                time.sleep(0.1)
        return False


class MariaDBServer(DatabaseServer):
    """The MariaDB that is installed on this machine."""

    kind = MARIADB

    def environment(self) -> dict[str, str]:
        return {"TEST_MARIADB_SOCKET": self.socket, "TEST_MARIADB_PORT": str(self.port)}

    def _prepare(self) -> tuple[list[str], Path]:
        server = _program("mariadbd", "mysqld")
        install = _program("mariadb-install-db", "mysql_install_db")
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


def _kill(cursor: Any, connection_id: int) -> None:
    import MySQLdb

    try:
        cursor.execute(f"KILL {connection_id}")
    except MySQLdb.OperationalError as error:
        if error.args[0] != 1094:  # it has ended by itself
            raise


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
