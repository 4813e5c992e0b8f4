"""What the database servers of the tests have in common: how one starts, is reached, and ends."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

START_SECONDS = 60
START_ATTEMPTS = 3  # somebody may take the free port first


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


def end_with_parent() -> None:
    """In the server's process: Linux ends it when the one that started it is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


def program(*names: str, package: str = "mariadb-server") -> str:
    """The path of the first of these programs that is installed. Raises NoServerProgram."""
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
        return [program("mariadb", "mysql"), *self.client_options(), *options, database]

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
            preexec_fn=end_with_parent,
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


def _kill(cursor: Any, connection_id: int) -> None:
    import MySQLdb

    try:
        cursor.execute(f"KILL {connection_id}")
    except MySQLdb.OperationalError as error:
        if error.args[0] != 1094:  # it has ended by itself
            raise
