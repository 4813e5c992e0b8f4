"""What a worker makes of one message, in this process: tried again, given up, void, or done before."""

import dataclasses
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError

from ecoin import retries
from legacy_import.choices import Stage
from legacy_import.engine import worker
from legacy_import.engine.chunks import Chunk, ChunkResult, Job, Work
from legacy_import.engine.worker import message_of
from legacy_import.errors import LegacyImportError, OutOfOrder
from legacy_import.models import ChunkFailure, ChunkReceipt, LegacyImportRun
from tests.factories import RunFactory
from tests.processes import ROOT, environment

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "ours"
SECRET = "zqserin.aa@exemple.dz"


class Staged:
    """A stage of the test's own: `errors` are raised one after the other, then chunks are done."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.opened: list[Job] = []
        self.worked: list[int] = []

    def open_work(self, job: Job) -> Work:
        self.opened.append(job)

        def work(chunk: Chunk) -> ChunkResult:
            self.worked.append(chunk.position)
            if self.errors:
                raise self.errors.pop(0)
            return ChunkResult(7, details={"said": "so"})

        return work


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been rested."""
    found: list[float] = []
    monkeypatch.setattr(retries.time, "sleep", found.append)
    return found


@pytest.fixture
def stage(rests: list[float]) -> Iterator[Staged]:
    staged = Staged()
    yield staged
    worker._current.clear()


@pytest.fixture
def run() -> LegacyImportRun:
    made: LegacyImportRun = RunFactory(lease_token=TOKEN)
    return made


def message(run: LegacyImportRun, token: str = TOKEN) -> dict[str, Any]:
    job_message, _ = message_of(Job(run.pk, Stage.VALIDATE, token), Chunk(0, "1", "80"))
    return job_message


def work(stage: Staged, run: LegacyImportRun, position: int = 0, token: str = TOKEN) -> None:
    chunk = Chunk(position, "1", "80")
    worker.work_chunk(message(run, token), chunk.as_message(), stage.open_work)


def test_a_chunk_that_is_done_leaves_its_receipt(stage: Staged, run: LegacyImportRun) -> None:
    work(stage, run)
    receipt = ChunkReceipt.objects.get()
    assert (receipt.stage, receipt.rows, receipt.details) == ("validate", 7, {"said": "so"})
    work(stage, run)
    assert stage.worked == [0]


@pytest.mark.parametrize(
    "error", [OperationalError(1213, SECRET), OperationalError(2013, SECRET), InterfaceError(0, "")]
)
def test_a_database_in_the_way_is_tried_again_later_and_later(
    error: Exception, stage: Staged, run: LegacyImportRun, rests: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    stage.errors = [error, error, error]
    work(stage, run)
    assert ChunkReceipt.objects.count() == 1
    assert not ChunkFailure.objects.exists()
    assert len(rests) == 3
    for rest, least in zip(rests, (0.25, 0.5, 1.0), strict=True):
        assert least / 2 <= rest <= least * 1.5
    assert SECRET not in caplog.text


def test_a_database_that_stays_in_the_way_is_given_up_and_done_when_it_is_sent_again(
    stage: Staged, run: LegacyImportRun, rests: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    stage.errors = [OperationalError(1205, SECRET)] * retries.TRIES
    work(stage, run)
    failure = ChunkFailure.objects.get()
    assert (failure.error, failure.message, failure.exit_code) == ("OperationalError 1205", "", 1)
    assert 16 <= sum(rests) <= 64
    assert SECRET not in caplog.text
    work(stage, run)
    assert ChunkReceipt.objects.count() == 1
    assert not ChunkFailure.objects.exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(SECRET), ("ValueError", "", "", 1)),
        (IntegrityError(1062, SECRET), ("IntegrityError 1062", "", "", 1)),
        (
            LegacyImportError("A sentence.", hint="A step.", exit_code=3),
            ("LegacyImportError", "A sentence.", "A step.", 3),
        ),
        (OutOfOrder("Not yet.", hint="First."), ("OutOfOrder", "Not yet.", "First.", 5)),
    ],
    ids=["a-mistake", "a-duplicate", "a-sentence-for-people", "an-order"],
)
def test_what_no_trying_helps_is_given_up_at_once(
    error: Exception, told: tuple[object, ...], stage: Staged, run: LegacyImportRun,
    rests: list[float], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    stage.errors = [error]
    work(stage, run)
    (found,) = ChunkFailure.objects.values_list("error", "message", "hint", "exit_code")
    assert found == told
    assert rests == []
    assert SECRET not in caplog.text


def test_of_two_workers_at_one_chunk_the_second_leaves_nothing(
    stage: Staged, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    once: Callable[..., ChunkResult] = worker.do_chunk

    def twice(*what: Any) -> ChunkResult:
        once(*what)
        return once(*what)

    monkeypatch.setattr(worker, "do_chunk", twice)
    work(stage, run)
    assert stage.worked == [0, 0]
    assert ChunkReceipt.objects.count() == 1
    assert not ChunkFailure.objects.exists()


@pytest.mark.parametrize("token", ["theirs", ""])
def test_a_message_of_somebody_who_no_longer_holds_the_run_is_void(
    token: str, stage: Staged, run: LegacyImportRun, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="legacy_import")
    LegacyImportRun.objects.update(lease_token=token)
    work(stage, run)
    assert stage.worked == []
    assert not ChunkReceipt.objects.exists()
    assert not ChunkFailure.objects.exists()
    assert f"run {run.pk}, validate, chunk 0 is void" in caplog.text


def test_a_run_that_is_taken_over_meanwhile_undoes_the_chunk(
    stage: Staged, run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = worker.Lease.check
    asked: list[int] = []

    def taken_over_after_the_first_look(lease: worker.Lease) -> None:
        asked.append(1)
        check(lease if len(asked) < 2 else dataclasses.replace(lease, token="lost"))

    monkeypatch.setattr(worker.Lease, "check", taken_over_after_the_first_look)
    work(stage, run)
    assert not ChunkReceipt.objects.exists()
    assert not ChunkFailure.objects.exists()


def test_what_all_chunks_of_a_job_need_is_read_once(stage: Staged, run: LegacyImportRun) -> None:
    for position in range(3):
        work(stage, run, position)
    assert len(stage.opened) == 1
    LegacyImportRun.objects.update(lease_token="another")
    work(stage, run, 3, token="another")
    assert [job.token for job in stage.opened] == [TOKEN, "another"]


def test_a_message_of_another_version_is_dropped(
    stage: Staged, caplog: pytest.LogCaptureFixture
) -> None:
    worker.work_chunk({"run": 1, "new": SECRET}, {}, stage.open_work)
    assert "A message that is not a chunk (KeyError) was dropped." in caplog.text
    assert SECRET not in caplog.text


def test_stages_in_one_process_never_load_celery() -> None:
    program = (
        "import sys, django; django.setup(); "
        "from legacy_import.engine import engines; "
        "from legacy_import.stages.planning import dry_run; "
        "from legacy_import.stages.staging import import_source; "
        "assert isinstance(engines.engine_in_use(), engines.Inline); "
        "assert not {'celery', 'kombu', 'redis'} & set(sys.modules)"
    )
    env = environment(None, DJANGO_SETTINGS_MODULE="ecoin.settings")
    subprocess.run([sys.executable, "-c", program], env=env, cwd=ROOT, check=True)
