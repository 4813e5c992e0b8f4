"""A private MariaDB, or MySQL, with the fictional old platform and the databases of the new one."""

import argparse
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from benchmarks.processes import run_measured
from legacy_import.demo.dump_writer import write_dump
from legacy_import.demo.people import generate
from tests.database_server import DatabaseServer
from tests.servers import MARIADB, MYSQL, SERVERS

ROOT = Path(__file__).resolve().parent.parent
SEED = 2024
SOURCE_TABLES = ("stagiaires", "archives", "formations", "session_ecoins")
# On top of tests.servers: a server in whose memory the tables of a million learners have room.
OPTIONS = ("--innodb-buffer-pool-size=4G", "--max-allowed-packet=64M")
REDO_LOG = {MARIADB: "--innodb-log-file-size=512M", MYSQL: "--innodb-redo-log-capacity=512M"}
# Without bytecode of its own modules, which an installation has, every command would compile them.
OWN_SETTINGS = ("DATABASE_URL", "SECRET_KEY", "DEBUG", "ENV_FILE", "DJANGO_SETTINGS_MODULE",
                "CELERY_BROKER_URL", "PYTHONDONTWRITEBYTECODE")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Workplace:
    """One old database and one new database on the same server, each with its own account."""

    server: DatabaseServer
    legacy: str
    app: str
    checkout: Path = ROOT  # whose code its commands run
    _password: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)

    def environment(self) -> dict[str, str]:
        """What a command needs to read the one and write the other: production settings."""
        others = {
            name: value
            for name, value in os.environ.items()
            if name not in OWN_SETTINGS and not name.startswith("LEGACY_")
        }
        address = f"{self.server.host}:{self.server.port}"
        return others | {
            "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "ecoin.settings",
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATABASE_URL": f"mysql://{self.app}:{self._password}@{address}/{self.app}",
            "LEGACY_DB_DRIVER": "mysql",
            "LEGACY_DB_HOST": self.server.host,
            "LEGACY_DB_PORT": str(self.server.port),
            "LEGACY_DB_DATABASE": self.legacy,
            "LEGACY_DB_USERNAME": f"{self.app}_reader",
            "LEGACY_DB_PASSWORD": self._password,
        }

    def create(self, *, platform_of: int = 0) -> "Workplace":
        """Make the app database, both accounts and the tables.

        `platform_of`: also the courses, users and leads that a school of so many learners knows.
        """
        self.server.create_database(self.app)
        self.server.create_account(self.app, self._password, [f"ALL ON {self.app}.*"])
        readable = [f"SELECT ON {self.legacy}.{table}" for table in SOURCE_TABLES]
        self.server.create_account(f"{self.app}_reader", self._password, readable)
        self.python("manage.py", "migrate", "--verbosity", "0")
        if platform_of:
            self.python("-m", "benchmarks.seeding", str(platform_of), str(SEED))
        return self

    def python(self, *arguments: str) -> str:
        """Run Python in a process of its own and return what it printed."""
        return run_measured(
            [self.interpreter, *arguments], self.environment(), self.checkout
        ).output

    @property
    def interpreter(self) -> str:
        return sys.executable if self.checkout == ROOT else f"{self.checkout}/.venv/bin/python"

    def drop(self) -> None:
        self.server.execute(f"DROP DATABASE IF EXISTS `{self.app}`")


def add_server_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server", choices=sorted(SERVERS), default=MARIADB,
        help="mysql: a MySQL that is fetched with apt, as root on Debian (default: mariadb)",
    )  # fmt: skip


def start_server(kind: str) -> DatabaseServer:
    """The server, to be used with `with`: stopped and removed at the end."""
    return SERVERS[kind](*OPTIONS, REDO_LOG[kind])


def connect(server: DatabaseServer) -> Any:
    """A root connection that waits as long as a statement takes."""
    return server.admin(read_timeout=0)


def load_legacy(server: DatabaseServer, rows: int) -> str:
    """Create the old database of `rows` fictional learners; the dump is streamed, never stored."""
    name = server.create_database(f"legacy_{rows}")
    client = subprocess.Popen(
        server.client(name, "--max-allowed-packet=64M"), stdin=subprocess.PIPE
    )
    with client:
        write_dump(generate(rows, SEED), cast(BinaryIO, client.stdin))
    if client.returncode:
        raise RuntimeError(f"The dump of {rows:,} rows did not load.")
    return name
