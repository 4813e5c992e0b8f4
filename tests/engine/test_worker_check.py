"""What a command says of the workers that answer it."""

from collections.abc import Callable
from typing import Any

import pytest
from kombu.exceptions import InconsistencyError
from kombu.exceptions import OperationalError as BrokerError

from legacy_import.choices import Stage
from legacy_import.engine import celery_engine, worker_check
from legacy_import.engine.celery_engine import Workers
from legacy_import.engine.chunks import Job
from legacy_import.engine.worker_check import FirstLook, ask_workers, described
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Silent
from tests.factories import RunFactory


def warnings(found: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of a first look that finds these workers, or ends in an error."""
    monkeypatch.setattr(worker_check, "ask_workers", found)
    look = FirstLook("token")
    look.thread.join()
    told = look.warnings()
    assert look.warnings() == [], "each is told once"
    return told


def test_every_worker_that_differs_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = {
        "w0@a": (),
        "w2@c": ("DATABASE_URL", "TIME_ZONE"),
        "w1@b": ("LEGACY_DB_DATABASE", "legacy_import/rules"),
    }
    assert warnings(lambda token: workers, monkeypatch) == [
        "Worker w1@b is not like this command: it has another LEGACY_DB_DATABASE, the code in "
        "legacy_import/rules. It is refused as soon as it takes a chunk.",
        "Worker w2@c has another DATABASE_URL: unless that is another address of the same database, "
        "it takes no chunk of this run.",
    ]


def test_a_broker_that_does_not_answer_is_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(token: str) -> Any:
        raise BrokerError("away")

    assert warnings(lost, monkeypatch) == []


@pytest.mark.parametrize("error", [AttributeError("x"), InconsistencyError("x")])
def test_a_link_that_breaks_inside_the_messaging_library_is_a_broker_that_is_away(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broadcast(*_: object, **__: object) -> Any:
        raise error

    monkeypatch.setattr(worker_check.app.control, "broadcast", broadcast)
    with pytest.raises(BrokerError, match=type(error).__name__):
        ask_workers("token")


def test_the_workers_that_answer_are_described() -> None:
    assert described({}) == "no worker answers"
    assert described({"w1@b": ("TIME_ZONE",), "w0@a": ()}) == (
        "workers that answer: w0@a, w1@b (TIME_ZONE differ)"
    )
    many = {f"w{number}@a": () for number in range(9)}
    assert described(many).endswith("w7@a and 1 more")


@pytest.mark.django_db(transaction=True)
def test_a_command_asks_once_and_not_for_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(celery_engine, "FirstLook", asked.append)
    run, workers, chunks = RunFactory(), Workers(), iter(())
    with run_lease(run, "legacy_commit", Silent()) as lease:
        job = Job(run.pk, Stage.COMMIT, lease.token)
        for _ in range(3):
            assert not list(workers.each(job, chunks, _no_work, lease, Silent()))
    assert asked == [lease.token]


def _no_work(job: Job) -> Any:
    raise AssertionError("there is no chunk")
