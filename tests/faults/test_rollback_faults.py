"""Rollbacks that are really killed, stopped or doubled, and what is left afterwards."""

import random
import signal
import time

import pytest

from tests.faults.committing import (
    COMMIT,
    PACE,
    ROLLBACK,
    CommitFault,
    assert_same_platform,
)
from tests.faults.test_import_faults import assert_one_clear_sentence
from tests.processes import finish, start
from tests.stages.commit.committed import committed_content


@pytest.fixture
def committed(commit_fault: CommitFault) -> CommitFault:
    commit_fault.to_the_end(COMMIT, batch=100)
    return commit_fault


@pytest.mark.parametrize(
    ("receipts", "after"), [(0, 0.0), (12, 0.003)], ids=["just_begun", "midway"]
)
def test_a_killed_rollback_is_finished_by_running_it_again(
    receipts: int, after: float, committed: CommitFault
) -> None:
    committed.kill(ROLLBACK, receipts, after=after)
    assert committed.app.one("SELECT status FROM legacy_import_runs") == "rolling_back"
    committed.to_the_end(ROLLBACK)
    committed.assert_rolled_back()


def test_a_rollback_that_dies_at_ever_later_statements_ends_whole(committed: CommitFault) -> None:
    statement, deaths = 1, 0
    while committed.die(ROLLBACK, statement, batch=100):
        statement, deaths = statement + 13, deaths + 1
    assert deaths > 3
    committed.assert_rolled_back()


def test_commit_and_rollback_killed_in_turn_end_as_one_commit(commit_fault: CommitFault) -> None:
    chance = random.Random(5)
    commit_fault.kill(COMMIT, 12, after=chance.uniform(0, 0.03))
    commit_fault.kill(ROLLBACK, 2, after=chance.uniform(0, 0.03))
    commit_fault.to_the_end(ROLLBACK)
    commit_fault.assert_whole()
    assert_same_platform(committed_content(commit_fault.app.rows), commit_fault.undisturbed.before)
    commit_fault.plan_again()
    commit_fault.to_the_end(COMMIT)
    commit_fault.assert_committed()


def test_a_signal_ends_the_rollback_at_a_batch_boundary(committed: CommitFault) -> None:
    process = committed.start(ROLLBACK, pace=PACE)
    committed.wait_for_receipts(ROLLBACK, 3, process)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    ended = finish(process)
    assert time.monotonic() - begun < 10
    assert_one_clear_sentence(ended, 130, "Stopped", "manage.py legacy_rollback --run 1")
    committed.assert_whole()
    committed.to_the_end(ROLLBACK)
    committed.assert_rolled_back()


def test_a_rollback_is_told_that_a_commit_holds_the_run(commit_fault: CommitFault) -> None:
    process = commit_fault.start(COMMIT, pace=PACE)
    commit_fault.wait_for_receipts(COMMIT, 1, process)
    told = finish(commit_fault.start(ROLLBACK))
    assert_one_clear_sentence(told, 5, f"legacy_commit (process {process.pid} on")
    assert finish(process).code == 0
    commit_fault.assert_committed()


def test_a_commit_while_a_rollback_runs_is_refused(committed: CommitFault) -> None:
    process = committed.start(ROLLBACK, pace=PACE)
    committed.wait_for_receipts(ROLLBACK, 1, process)
    told = finish(committed.start(COMMIT))
    assert_one_clear_sentence(told, 5, "rolling_back", "manage.py legacy_rollback --run 1")
    assert finish(process).code == 0
    committed.assert_rolled_back()


def test_commit_and_rollback_started_at_once_leave_nothing_half_done(
    commit_fault: CommitFault,
) -> None:
    commit_fault.kill(COMMIT, 10)
    both = [commit_fault.start(command, pace=0.01, how=start) for command in (COMMIT, ROLLBACK)]
    ends = [finish(process) for process in both]
    assert {ended.code for ended in ends} in ({0}, {0, 5}), [ended.err for ended in ends]
    commit_fault.assert_whole()
    commit_fault.to_the_end(ROLLBACK)
    commit_fault.assert_whole()
    assert_same_platform(committed_content(commit_fault.app.rows), commit_fault.undisturbed.before)
