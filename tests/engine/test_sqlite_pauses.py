"""Whoever waits for SQLite's one lock gets it while a commit goes on."""

import threading
import time
from contextlib import closing

import pytest
from django.db import connection

from crm.models import CrmLead
from legacy_import.engine import sqlite_pauses
from legacy_import.engine.sqlite_pauses import PAUSE_SECONDS, WriterPauses
from tests.factories import CrmLeadFactory, RunFactory, StagedLearnerFactory
from tests.processes import ON_SERVER
from tests.stages.stages import run_commit, run_stages

WORK_SECONDS = 0.4


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was rested, each time."""
    taken: list[float] = []
    monkeypatch.setattr(sqlite_pauses, "WORK_SECONDS", WORK_SECONDS)
    sleep = time.sleep

    def nap(seconds: float) -> None:
        taken.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(sqlite_pauses.time, "sleep", nap)
    return taken


def test_a_short_piece_of_work_never_rests(naps: list[float]) -> None:
    once = WriterPauses()
    for _ in range(100):
        once.pause()
    assert naps == []


def test_long_work_rests_on_sqlite_and_nowhere_else(naps: list[float]) -> None:
    long = WriterPauses(since=time.monotonic() - WORK_SECONDS)
    long.pause()
    long.pause()  # it has just rested
    assert naps == ([] if ON_SERVER else [PAUSE_SECONDS])


class Writer(threading.Thread):
    """A member of staff who saves a lead again and again, on a connection of their own."""

    def __init__(self, lead: CrmLead) -> None:
        super().__init__()
        self.lead = lead
        self.done = threading.Event()
        self.waits: list[float] = []

    def run(self) -> None:
        with closing(connection.copy()) as other, other.cursor() as cursor:
            while not self.done.is_set():
                begun = time.monotonic()
                cursor.execute(
                    "UPDATE crm_leads SET full_name = %s WHERE id = %s",
                    [f"Amel {len(self.waits)}", self.lead.pk],
                )
                self.waits.append(time.monotonic() - begun)
                self.done.wait(0.02)


@pytest.mark.django_db(transaction=True)
def test_another_writer_gets_through_while_a_commit_in_small_batches_goes_on(
    naps: list[float],
) -> None:
    run = RunFactory()
    for number in range(150):
        StagedLearnerFactory(run=run, legacy_id=str(number + 1))
    writer = Writer(CrmLeadFactory(phone=""))
    run_stages(run)
    writer.start()
    try:
        begun = time.monotonic()
        report = run_commit(run, batch=1)
        took = time.monotonic() - begun
    finally:
        writer.done.set()
        writer.join()
    assert report.rows == 150
    assert len(writer.waits) >= 1 + took // 3
    assert max(writer.waits) < 3  # it would be tried for 20 seconds, then fail
    assert ON_SERVER or len(naps) >= took // (WORK_SECONDS + PAUSE_SECONDS + 1)
