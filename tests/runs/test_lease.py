"""One writer per run: who may take the lease, and what a lost lease stops."""

import datetime
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from legacy_import.choices import RunStatus
from legacy_import.engine import chunks
from legacy_import.errors import OutOfOrder
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.runs import lease
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Silent
from legacy_import.stages.classification.classify import classify
from legacy_import.stages.planning.dry_run import dry_run
from legacy_import.stages.validation.validate import validate
from tests.factories import NOW, CrmLeadFactory, RunFactory, StagedLearnerFactory
from tests.stages.stages import plan_of, run_classify, run_validate, staging_hash

pytestmark = pytest.mark.django_db

LATER = timezone.now() + datetime.timedelta(hours=1)
LONG_AGO = timezone.now() - datetime.timedelta(hours=1)
HERE = socket.gethostname()


class Told(Silent):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def at_work(self, workers: str) -> None: ...

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)


def held(process: str, *, host: str = HERE, expires: datetime.datetime = LATER) -> LegacyImportRun:
    return RunFactory(
        lease_token="theirs", lease_command="legacy_validate", lease_host=host,
        lease_process=process, lease_expires_at=expires,
    )  # fmt: skip


def started(pid: int) -> str:
    """'<pid>:<start time>', from the kernel's own table (field 22)."""
    return f"{pid}:{Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]}"


@pytest.fixture
def other_process() -> Any:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_free_run_is_held_and_given_back() -> None:
    run = RunFactory()
    with run_lease(run, "legacy_validate", Silent()) as mine:
        run.refresh_from_db()
        assert (run.lease_token, run.lease_command) == (mine.token, "legacy_validate")
        assert (run.lease_host, run.lease_process) == (HERE, started(lease.os.getpid()))
        assert run.lease_expires_at is not None
        assert run.lease_expires_at > timezone.now()
    run.refresh_from_db()
    assert (run.lease_token, run.lease_process, run.lease_expires_at) == ("", "", None)


def test_a_failure_gives_the_run_back() -> None:
    run = RunFactory()
    with pytest.raises(RuntimeError), run_lease(run, "legacy_validate", Silent()):
        raise RuntimeError
    run.refresh_from_db()
    assert run.lease_token == ""


def test_a_live_process_of_this_host_is_refused_at_once_and_named(other_process: Any) -> None:
    run = held(started(other_process.pid))
    told = Told()
    with pytest.raises(OutOfOrder) as refused, run_lease(run, "legacy_classify", told):
        pytest.fail("the run was taken from a live process")
    assert f"process {other_process.pid} on {HERE}" in refused.value.message
    assert "legacy_validate" in refused.value.message
    assert refused.value.exit_code == 5
    assert told.sentences == [], "nobody waits for a process that lives"
    run.refresh_from_db()
    assert run.lease_token == "theirs"


def test_a_second_holder_in_one_process_is_refused() -> None:
    run = RunFactory()
    with (
        run_lease(run, "legacy_validate", Silent()),
        pytest.raises(OutOfOrder),
        run_lease(run, "legacy_classify", Silent()),
    ):
        pytest.fail("held twice")


def test_a_dead_process_of_this_host_is_taken_over_at_once(other_process: Any) -> None:
    run = held(started(other_process.pid))
    other_process.kill()
    other_process.wait()
    told = Told()
    with run_lease(run, "legacy_classify", told) as mine:
        mine.confirm()
    assert told.sentences == []


def test_another_process_with_the_same_pid_is_not_the_holder(other_process: Any) -> None:
    run = held(f"{other_process.pid}:1")
    with run_lease(run, "legacy_classify", Silent()) as mine:
        mine.confirm()


def test_a_living_process_of_this_host_keeps_its_lease_beyond_its_time(other_process: Any) -> None:
    """A statement over a large run may take longer than a lease lasts."""
    run = held(started(other_process.pid), expires=LONG_AGO)
    with (
        pytest.raises(OutOfOrder, match="is locked by"),
        run_lease(run, "legacy_classify", Silent()),
    ):
        pytest.fail("the run was taken from a live process")


def test_an_expired_lease_is_taken_over_where_nobody_can_tell_who_lives() -> None:
    run = held(f"1:{lease.UNKNOWN_START_TIME}", expires=LONG_AGO)
    with run_lease(run, "legacy_classify", Silent()) as mine:
        mine.confirm()


def test_an_expired_lease_of_another_host_is_taken_over() -> None:
    run = held("1:1", host="elsewhere", expires=LONG_AGO)
    with run_lease(run, "legacy_classify", Silent()) as mine:
        mine.confirm()


def test_another_host_is_waited_for_saying_so_and_then_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.1)
    monkeypatch.setattr(lease, "POLL_SECONDS", 0.05)
    run, told = held("1:1", host="elsewhere"), Told()
    with pytest.raises(OutOfOrder, match="elsewhere"), run_lease(run, "legacy_classify", told):
        pytest.fail("taken from another host before its lease expired")
    assert len(told.sentences) == 1
    assert "elsewhere" in told.sentences[0]


def test_confirming_renews_the_lease_and_a_lost_one_refuses() -> None:
    run = RunFactory()
    with run_lease(run, "legacy_validate", Silent()) as mine:
        LegacyImportRun.objects.update(lease_expires_at=LONG_AGO)
        mine.confirm()
        run.refresh_from_db()
        assert run.lease_expires_at is not None
        assert run.lease_expires_at > timezone.now()
        LegacyImportRun.objects.update(lease_token="theirs")
        with pytest.raises(OutOfOrder, match="taken over"):
            mine.confirm()
    run.refresh_from_db()
    assert run.lease_token == "theirs", "the new holder's lease is not given away"


class TakenOver(Silent):
    """Another process takes the run over as soon as `chunks` chunks are done."""

    def __init__(self, chunks: int) -> None:
        self.left = chunks

    def begin(self, label: str, total: int | None) -> None:
        self._count(0)

    def advance(self, rows: int) -> None:
        self._count(1)

    def _count(self, done: int) -> None:
        self.left -= done
        if self.left == 0:
            LegacyImportRun.objects.update(lease_token="theirs")


STAGES = {"validate": validate, "classify": classify, "plan": dry_run}


@pytest.mark.parametrize("stage", STAGES)
def test_a_lease_lost_before_the_first_chunk_writes_nothing(stage: str) -> None:
    run = RunFactory()
    CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    StagedLearnerFactory(run=run, full_name="Karim Haddad", phone="0559446168", status="Formée")
    if stage != "validate":
        run_validate(run)
    if stage == "plan":
        run_classify(run)
    before, status = staging_hash(), LegacyImportRun.objects.get().status
    with pytest.raises(OutOfOrder, match="taken over"):
        STAGES[stage](run_id=run.pk, actor="cli:test", now=NOW, progress=TakenOver(0))
    assert staging_hash() == before
    assert LegacyImportRun.objects.get().status == status


def test_a_lease_lost_between_chunks_keeps_the_finished_ones_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunks, "id_ranges", partial(chunks.id_ranges, size=2))
    run = RunFactory(status=RunStatus.VALIDATED)
    rows = [StagedLearnerFactory(run=run, status="Formée") for _ in range(5)]
    LegacyStudentImport.objects.update(classification="unknown")  # read otherwise by the import
    with pytest.raises(OutOfOrder, match="taken over"):
        classify(run_id=run.pk, actor="cli:test", now=NOW, progress=TakenOver(1))
    done = LegacyStudentImport.objects.filter(classification="completed").order_by("pk")
    assert list(done) == rows[:2]
    run.refresh_from_db()
    assert run.status == RunStatus.VALIDATED
    LegacyImportRun.objects.update(lease_token="", lease_host="", lease_process="")
    run_classify(run)
    assert LegacyStudentImport.objects.filter(classification="completed").count() == 5
    assert plan_of(rows[0])[1] == ""
