"""What is known of workers that are at work on a chunk, and of those that ended while they were."""

import datetime
from contextlib import closing

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from ecoin.database import session_id
from legacy_import.choices import Stage
from legacy_import.engine import attempts
from legacy_import.engine.attempts import (
    ChunkKillsWorkers,
    attempt,
    attempts_of,
    delete_attempts,
    long_attempts,
)
from legacy_import.engine.chunks import Chunk, Job, place_of
from legacy_import.management.app_errors import app_database_error
from legacy_import.models import ChunkAttempt
from tests.database_server import DatabaseServer
from tests.factories import RunFactory

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "ours"
CHUNK = Chunk(3, "1", "80")
NOBODY = 2**40  # no session has this number


@pytest.fixture
def job() -> Job:
    return Job(RunFactory(lease_token=TOKEN).pk, Stage.VALIDATE, TOKEN)


def written(
    job: Job, session: int = NOBODY, worker: str = "w0@a", token: str = TOKEN, age: float = 0
) -> None:
    begun = timezone.now() - datetime.timedelta(seconds=age)
    ChunkAttempt.objects.create(
        **place_of(job, CHUNK), token=token, worker=worker, connection_id=session, started_at=begun
    )


def test_it_is_alive_while_the_chunk_is_worked_and_then_gone(job: Job) -> None:
    with attempt(job, CHUNK, "w0@a"):
        (one,) = attempts_of(job)
        assert (one.key, one.worker, one.alive) == (("", 3), "w0@a", True)
        assert one.session == session_id(connection)
    assert attempts_of(job) == []


def test_work_that_fails_is_not_a_death(job: Job) -> None:
    with pytest.raises(ValueError, match="a mistake"), attempt(job, CHUNK, "w0@a"):
        raise ValueError("a mistake")
    assert attempts_of(job) == []


def test_the_third_death_is_the_last(job: Job) -> None:
    for worker in ("w0@a", "w1@b"):
        written(job, worker=worker)
    with attempt(job, CHUNK, "w0@a"):
        assert [one.alive for one in attempts_of(job)] == [False, False, True]
    written(job, worker="w0@a")
    with pytest.raises(ChunkKillsWorkers) as caught, attempt(job, CHUNK, "w1@b"):
        pytest.fail("it is worked a fourth time")
    assert caught.value.message == "3 processes ended while they worked it (2 of w0@a, w1@b)."


def test_deaths_of_an_earlier_command_or_another_chunk_do_not_count(job: Job) -> None:
    for _ in range(3):
        written(job, token="of an earlier command")
    with attempt(job, CHUNK, "w0@a"), attempt(job, Chunk(4, "81", "160"), "w1@b"):
        assert [one.position for one in attempts_of(job)] == [3, 4]
    delete_attempts(job)
    assert not ChunkAttempt.objects.exists()


def test_a_session_of_before_the_restart_of_the_server_is_not_todays(job: Job) -> None:
    """A server that starts counts its sessions from one again."""
    written(job, session=session_id(connection), age=10 * 365 * 24 * 3600)
    assert [one.alive for one in attempts_of(job)] == [False]
    assert long_attempts(10) == []


def test_what_a_lost_link_left_is_deleted_with_the_next_attempt(
    job: Job, db_server: DatabaseServer
) -> None:
    with attempt(job, CHUNK, "w0@a"):
        db_server.execute(f"KILL {session_id(connection)}")
    connection.close()
    assert [one.alive for one in attempts_of(job)] == [False]
    with attempt(job, CHUNK, "w0@a"):
        assert [one.alive for one in attempts_of(job)] == [True]
    assert attempts_of(job) == []


def test_a_lock_that_is_not_given_back_is_explained_by_who_is_long_at_work(
    job: Job, db_server: DatabaseServer, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    # The private server may have started less than a minute ago.
    monkeypatch.setattr(attempts, "server_uptime", lambda connection: 3_600)
    locked = OperationalError(1205, "Lock wait timeout exceeded; 0559446168")
    with closing(db_server.admin()) as holder:
        session = holder.thread_id()
        written(job, session=session, age=5)
        assert "w0@a" not in app_database_error(locked).hint
        written(job, session=session, age=60, worker="w1@b")
        written(job, age=60, worker="w2@c")  # ended
        hint = app_database_error(locked).hint
        call_command("legacy_status")
        status = " ".join(capsys.readouterr().out.split())
    for told in (hint, status):
        assert f"Worker w1@b has been at work on run {job.run_id}, validate, chunk 3, for 6" in told
        assert f"KILL {session}" in told
        assert "w0@a" not in told
        assert "w2@c" not in told
        assert "0559446168" not in told
