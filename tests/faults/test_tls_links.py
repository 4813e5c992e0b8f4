"""Encrypted links that are cut: to the source and to the app database.

Over TLS the driver reports another number than without. What an operator reads stays the same.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from legacy_import.demo.dump_writer import write_dump
from legacy_import.demo.people import generate
from tests.certificates import create_authority, new_tls_server
from tests.database_server import DatabaseServer
from tests.faults.test_import_faults import (
    assert_one_clear_sentence,
    assert_waited_or_one_clear_sentence,
)
from tests.legacy_database import ServerLegacy, readable
from tests.processes import APP_PASSWORD, AppDatabase, empty_app, environment, finish, manage, start
from tests.relay import Relay

pytestmark = pytest.mark.own_server("a server with a certificate of its own")
PATIENCE = 60  # seconds
ROWS = 6_000  # four chunks
LATE = 2_000_000  # bytes; the four tables have about 3 MB
STAGED = "SELECT source_table, COUNT(*) FROM legacy_student_imports GROUP BY source_table"


class Encrypted(NamedTuple):
    """A server that speaks TLS, with a school and an empty app database."""

    server: DatabaseServer
    legacy: ServerLegacy
    app: AppDatabase

    def environment(self, *, source: int = 0, app: int = 0) -> dict[str, str]:
        """Of a command that reaches the source, or the app database, at another port."""
        url = self.app.url.replace(f":{self.server.port}/", f":{app or self.server.port}/")
        values = self.legacy.environment() | {"DATABASE_URL": f"{url}?ssl_mode=REQUIRED"}
        values["LEGACY_DB_PORT"] = str(source or self.server.port)
        return environment(self.app, **values, LEGACY_DB_SSL_MODE="REQUIRED")

    def assert_whole(self) -> None:
        """Every row of the source is staged, and nothing is left undone."""
        tables = {table: self.count(table) for table in ("stagiaires", "archives")}
        assert dict(self.app.rows(STAGED)) == tables
        assert self.app.rows("SELECT status, lease_token FROM legacy_import_runs") == [
            ("imported", "")
        ]
        assert self.app.rows("SELECT * FROM legacy_chunk_failures") == []

    def count(self, table: str) -> int:
        (row,) = AppDatabase("", server=self.server, name=self.legacy.name).rows(
            f"SELECT COUNT(*) FROM {table}"
        )
        return int(row[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    folder = tmp_path_factory.mktemp("tls")
    with new_tls_server(create_authority(folder)) as server:
        legacy = readable(server, server.create_database("school"))
        dump = folder / "school.sql"
        with dump.open("wb") as stream:
            write_dump(generate(ROWS, seed=7), stream)
        load(server, legacy.name, dump)
        server.create_account("app", APP_PASSWORD, [f"ALL ON `{server.create_database('app')}`.*"])
        url = f"mysql://app:{APP_PASSWORD}@{server.host}:{server.port}/app"
        app = AppDatabase(url, server=server, name="app")
        ended = manage("migrate", "--verbosity", "0", env=environment(app))
        assert ended.code == 0, ended.err
        yield Encrypted(server, legacy, app)


@pytest.fixture
def encrypted(server: Encrypted) -> Encrypted:
    empty_app(server.app)
    return server


def test_a_cut_link_to_the_source_names_the_run_to_resume(encrypted: Encrypted) -> None:
    with Relay(encrypted.server.port, "cut", after=LATE) as relay:
        ended = manage("legacy_import", env=encrypted.environment(source=relay.port))
        assert relay.hits == 1
    assert_one_clear_sentence(
        ended, 1, "link to the legacy database was lost (error 2026)", "legacy_import --resume 1"
    )
    assert encrypted.app.one("SELECT COUNT(*) FROM legacy_student_imports") < ROWS
    ended = manage("legacy_import", "--resume", "1", env=encrypted.environment())
    assert ended.code == 0, ended.err
    encrypted.assert_whole()


def test_a_cut_link_to_the_app_database_is_made_again_and_loses_nothing(
    encrypted: Encrypted,
) -> None:
    with Relay(encrypted.server.port, "cut") as relay:
        process = start("legacy_import", env=encrypted.environment(app=relay.port))
        wait_until(lambda: encrypted.app.one("SELECT COUNT(*) FROM legacy_chunk_receipts") > 0)
        relay.strike()
        ended = finish(process)
    assert_waited_or_one_clear_sentence(ended)
    if ended.code:
        ended = manage("legacy_import", "--resume", "1", env=encrypted.environment())
        assert ended.code == 0, ended.err
    encrypted.assert_whole()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_breaks_no_encrypted_link(number: signal.Signals, encrypted: Encrypted) -> None:
    """The chunk in progress is finished, whichever link waits for an answer at that moment."""
    process = start("legacy_import", env=encrypted.environment())
    wait_until(lambda: encrypted.app.one("SELECT COUNT(*) FROM legacy_chunk_receipts") > 0)
    process.send_signal(number)
    ended = finish(process)
    assert ended.code in (0, 130), ended.err  # 0: it was done before the signal came
    if ended.code:
        assert "Error: Stopped" in ended.err, ended.err
        ended = manage("legacy_import", "--resume", "1", env=encrypted.environment())
        assert ended.code == 0, ended.err
    encrypted.assert_whole()


def load(server: DatabaseServer, database: str, dump: Path) -> None:
    with dump.open("rb") as stream:
        subprocess.run(server.client(database), stdin=stream, check=True)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
