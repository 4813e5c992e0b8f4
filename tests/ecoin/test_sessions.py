"""What a session on a server may hold, and for how long a connection waits for its server."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connections

from ecoin import retries
from ecoin.database import (
    LOCK_WAIT_TIMEOUT,
    end_idle_transactions,
    error_number,
    link_is_lost,
    open_sessions,
    session_id,
    short_lock_wait,
    waiting_for_restarts,
)
from ecoin.mysql import base
from ecoin.retries import transaction_again
from tests.database_server import DatabaseServer
from tests.source_fixtures import own, swapped_alias

PATIENCE = 30  # seconds


@pytest.fixture
def link(db_server: DatabaseServer, django_db_blocker: Any) -> Iterator[Any]:
    """A connection to a database with one row."""
    name = db_server.create_database(own("sessions"))
    db_server.execute(
        "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB", "INSERT INTO t VALUES (1)",
        database=name,
    )  # fmt: skip
    settings = {**db_server.settings(name), "ENGINE": "ecoin.mysql"}
    with django_db_blocker.unblock(), swapped_alias("default", **settings) as link:
        link.ensure_connection()
        yield link
    db_server.execute(f"DROP DATABASE `{name}`")


def sessions(server: DatabaseServer) -> set[int]:
    with closing(server.admin()) as admin, admin.cursor() as cursor:
        cursor.execute("SHOW PROCESSLIST")
        return {row[0] for row in cursor.fetchall()}


def read(link: Any) -> int:
    with link.cursor() as cursor:
        cursor.execute("SELECT id FROM t")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("in_transaction", [True, False])
def test_an_idle_session_of_a_worker_ends(
    in_transaction: bool, link: Any, db_server: DatabaseServer
) -> None:
    end_idle_transactions(link, 1)
    session = session_id(link)
    assert session in open_sessions(link)
    if in_transaction:
        link.set_autocommit(False)
        with link.cursor() as cursor:
            cursor.execute("UPDATE t SET id = 2")
    deadline = time.monotonic() + PATIENCE
    while session in sessions(db_server):
        assert time.monotonic() < deadline, "the server ends it"
        time.sleep(0.2)
    with pytest.raises(AnyDatabaseError) as caught:
        read(link)
    assert link_is_lost(caught.value)
    link.close()
    assert read(link) == 1


def test_a_short_wait_for_a_lock_is_short_only_in_its_block(
    link: Any, db_server: DatabaseServer
) -> None:
    with closing(db_server.admin(link.settings_dict["NAME"])) as holder, link.cursor() as cursor:
        holder.autocommit(False)
        holder.cursor().execute("SELECT * FROM t FOR UPDATE")
        with pytest.raises(OperationalError) as caught, short_lock_wait(link, 1):
            cursor.execute("UPDATE t SET id = 2")
        cursor.execute("SELECT @@innodb_lock_wait_timeout, @@GLOBAL.innodb_lock_wait_timeout")
        now, usual = cursor.fetchone()
    assert error_number(caught.value) == LOCK_WAIT_TIMEOUT
    assert now == usual > 1


class TestAServerThatGoesAway:
    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(base, "RESTART_SECONDS", 1)
        monkeypatch.setattr(base, "RESTART_PAUSE", 0.1)

    @pytest.fixture
    def go_away(self, link: Any, db_server: DatabaseServer, tmp_path: Path) -> Callable[[], None]:
        """Ends the session; nobody listens at the address any more."""

        def go() -> None:
            db_server.execute(f"KILL {session_id(link)}")
            link.settings_dict["HOST"] = str(tmp_path / "nobody.sock")

        return go

    def test_a_page_does_not_wait(
        self, link: Any, go_away: Callable[[], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(base.time, "sleep", lambda seconds: pytest.fail("it waits"))
        go_away()
        for _ in range(2):
            with pytest.raises(AnyDatabaseError) as caught:
                read(link)
            assert link_is_lost(caught.value)
            link.close()
        tries: list[int] = []
        with pytest.raises(AnyDatabaseError):
            transaction_again(lambda: tries.append(read(link)))
        assert tries == []

    def test_a_command_repeats_a_read_whose_session_was_ended(
        self, link: Any, db_server: DatabaseServer
    ) -> None:
        told: list[str] = []
        with waiting_for_restarts(link, lambda: told.append("gone")):
            db_server.execute(f"KILL {session_id(link)}")
            assert read(link) == 1
        assert told == []

    def test_a_command_waits_once_for_a_server_that_stays_away(
        self, link: Any, go_away: Callable[[], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
        told: list[str] = []
        begun = time.monotonic()
        with waiting_for_restarts(link, lambda: told.append("gone")):
            go_away()
            for _ in range(3):
                with pytest.raises(AnyDatabaseError):
                    transaction_again(lambda: read(link))
                with pytest.raises(AnyDatabaseError):
                    read(link)
        assert 1 <= time.monotonic() - begun < 4
        assert told == ["gone"]

    def test_a_statement_without_an_answer_is_not_repeated(self, link: Any) -> None:
        link.close()
        link.settings_dict["OPTIONS"] = {"timeout": "1"}
        tries: list[str] = []

        def never_answered() -> None:
            tries.append("one")
            with link.cursor() as cursor:
                cursor.execute("SELECT SLEEP(60)")

        with waiting_for_restarts(link, lambda: None):
            with pytest.raises(AnyDatabaseError) as caught:
                transaction_again(never_answered)
            assert link_is_lost(caught.value)
        assert tries == ["one"]

    def test_a_command_goes_on_once_it_is_back(
        self, link: Any, go_away: Callable[[], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        host = link.settings_dict["HOST"]
        told: list[str] = []

        def back() -> None:
            told.append("gone")
            link.settings_dict["HOST"] = host

        with waiting_for_restarts(link, back):
            for _ in range(2):
                go_away()
                assert transaction_again(lambda: read(link)) == 1
        assert told == ["gone", "gone"]
        assert connections["default"] is link
