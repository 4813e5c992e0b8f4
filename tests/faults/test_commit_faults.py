"""Commits that are really killed, stopped, doubled or cut off, and what is left afterwards."""

import signal
import time

import pytest

from tests.faults.committing import COMMIT, PACE, CommitFault, settled
from tests.faults.planning import PlannedApp
from tests.faults.test_import_faults import (
    assert_one_clear_sentence,
    assert_waited_or_one_clear_sentence,
)
from tests.processes import ON_SERVER, finish, start
from tests.stages.commit.invariants import broken

# Leads that imports made, by phone and name, more than one of each.
SAME_PERSON_TWICE = (
    "SELECT phone_normalized, COUNT(*) FROM crm_leads WHERE origin IS NOT NULL "
    "AND phone_normalized IS NOT NULL GROUP BY phone_normalized, full_name HAVING COUNT(*) > 1"
)
# The rows of run 2 are other rows of the same people: their ids get a digit more.
OTHER_ROWS = (
    "UPDATE legacy_student_imports SET legacy_id = REPLACE('9#', '#', legacy_id) "
    "WHERE legacy_import_run_id = 2 AND LENGTH(legacy_id) < 15"
)


@pytest.mark.parametrize(
    ("receipts", "after"),
    [(0, 0.0), (20, 0.003)],
    ids=["just_begun", "midway"],
)
def test_a_killed_commit_is_finished_by_running_it_again(
    receipts: int, after: float, commit_fault: CommitFault
) -> None:
    commit_fault.kill(COMMIT, receipts, after=after)
    assert commit_fault.app.one("SELECT status FROM legacy_import_runs") == "committing"
    begun = time.monotonic()
    commit_fault.to_the_end(COMMIT)
    assert time.monotonic() - begun < 30  # a dead holder on this host is not waited for
    commit_fault.assert_committed()


def test_a_commit_that_dies_at_ever_later_statements_ends_whole(
    commit_fault: CommitFault,
) -> None:
    """Each time in another place, until it gets through; the first batches are never kept."""
    statement, deaths = 1, 0
    while commit_fault.die(COMMIT, statement, batch=100):
        statement, deaths = statement + 23, deaths + 1
    assert deaths > 3
    commit_fault.assert_committed()


def test_a_commit_run_again_at_its_end_does_nothing_more(commit_fault: CommitFault) -> None:
    commit_fault.to_the_end(COMMIT)
    commit_fault.assert_committed()
    log = commit_fault.app.rows("SELECT * FROM legacy_import_commit_logs ORDER BY id")
    commit_fault.to_the_end(COMMIT)
    commit_fault.assert_committed()
    assert commit_fault.app.rows("SELECT * FROM legacy_import_commit_logs ORDER BY id") == log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_commit_at_a_batch_boundary(
    number: signal.Signals, commit_fault: CommitFault
) -> None:
    process = commit_fault.start(COMMIT, pace=PACE)
    commit_fault.wait_for_receipts(COMMIT, 3, process)
    begun = time.monotonic()
    process.send_signal(number)
    ended = finish(process)
    assert time.monotonic() - begun < 10
    assert_one_clear_sentence(ended, 130, "Stopped", "manage.py legacy_commit --run 1 --batch 10")
    commit_fault.assert_whole()
    assert commit_fault.app.rows("SELECT status, lease_token FROM legacy_import_runs") == [
        ("committing", "")
    ]
    commit_fault.to_the_end(COMMIT)
    commit_fault.assert_committed()


def test_of_two_commits_at_once_one_goes_on_and_the_other_is_told_who_holds_the_run(
    commit_fault: CommitFault,
) -> None:
    both = [commit_fault.start(COMMIT, pace=PACE, how=start) for _ in range(2)]
    ends = {process.pid: finish(process) for process in both}
    first, second = sorted(ends, key=lambda pid: ends[pid].code)
    assert ends[first].code == 0, ends[first].err
    assert_one_clear_sentence(ends[second], 5, f"legacy_commit (process {first} on")
    commit_fault.assert_committed()


@pytest.mark.parametrize("others", [False, True], ids=["the_same_rows", "the_same_people"])
def test_two_runs_committed_at_once_make_nobody_twice(
    others: bool, commit_fault: CommitFault, planned_app: PlannedApp
) -> None:
    """Both were planned before either was committed: each promises the same new leads."""
    app = commit_fault.app
    planned_app.plan(app)
    if others:
        app.execute(OTHER_ROWS)
    both = [commit_fault.start(COMMIT, run=run, pace=0.01, how=start) for run in (1, 2)]
    for process in both:
        ended = finish(process)
        assert ended.code == 0, ended.err
    settled(lambda: broken(app.rows))
    assert app.rows(SAME_PERSON_TWICE) == []
    if not others:
        made = app.rows("SELECT origin FROM crm_leads WHERE origin IS NOT NULL")
        leads = app.one(
            "SELECT COUNT(*) FROM legacy_student_imports "
            "WHERE legacy_import_run_id = 1 AND planned_action = 'create_crm_lead'"
        )
        assert len(made) == leads


def test_an_app_database_that_fails_half_way_is_one_sentence_and_loses_nothing(
    commit_fault: CommitFault,
) -> None:
    process = commit_fault.start(COMMIT, pace=PACE)
    commit_fault.wait_for_receipts(COMMIT, 5, process)
    app = commit_fault.app
    if ON_SERVER:
        user = app.url.split("//")[1].split(":")[0]
        assert app.server
        assert app.server.kill_connections(user)
    else:
        app.execute("ALTER TABLE legacy_chunk_receipts RENAME TO taken_away")
    ended = finish(process)
    if not ON_SERVER:
        app.execute("ALTER TABLE taken_away RENAME TO legacy_chunk_receipts")
    assert_waited_or_one_clear_sentence(ended)
    commit_fault.assert_whole()
    commit_fault.to_the_end(COMMIT)
    commit_fault.assert_committed()
