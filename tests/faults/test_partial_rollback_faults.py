"""Rollbacks of a part of a run, really killed, stopped or doubled: exactly that part goes, once."""

import random
import signal
from dataclasses import dataclass

import pytest

from tests.faults.committing import COMMIT, PACE, ROLLBACK, CommitFault
from tests.faults.test_import_faults import assert_one_clear_sentence
from tests.processes import finish, start

FEW = 2  # rows in one transaction
# Not by the code's own query: the rows of the first batch, and those linked like their first row.
NAMED = (
    "SELECT DISTINCT student_import_id FROM legacy_import_commit_logs WHERE batch = 0 "
    "AND action NOT IN ('review', 'drifted', 'failed')"
)
FOLLOWERS = (
    "SELECT s.id FROM legacy_student_imports s JOIN legacy_student_imports f "
    "ON f.id = s.group_first_id WHERE s.id <> f.id AND s.outcome = 'link_existing' "
    f"AND f.id IN ({NAMED}) AND (s.imported_lead_id = f.imported_lead_id "
    "OR s.imported_user_id = f.imported_user_id)"
)
UNDONE = "SELECT id FROM legacy_student_imports WHERE outcome = 'rolled_back'"
OTHERS = "SELECT id, outcome FROM legacy_student_imports WHERE outcome <> 'rolled_back' ORDER BY id"


@dataclass
class PartialFault:
    """A committed run of which the first batch is rolled back, and what else has to stay."""

    fault: CommitFault
    part: set[int]
    others: list[tuple[object, ...]]

    def kill(self, receipts: int, *, after: float = 0.0) -> None:
        """Kill the rollback in its midst: it is slow enough not to be at its end by then."""
        self.fault.kill(ROLLBACK, receipts, after=after, batch=FEW, pace=0.05)

    def assert_undone(self) -> None:
        """Exactly the part is rolled back, and the run is committed and free."""
        self.fault.assert_whole()
        app = self.fault.app
        assert {pk for (pk,) in app.rows(UNDONE)} == self.part
        assert app.rows(OTHERS) == self.others
        assert app.rows("SELECT status, lease_token FROM legacy_import_runs") == [("committed", "")]

    def assert_committed_again(self) -> None:
        """Planned and committed again, the run is as if nothing had happened."""
        self.fault.plan_again()
        self.fault.to_the_end(COMMIT)
        self.fault.assert_committed()


@pytest.fixture
def partial(commit_fault: CommitFault) -> PartialFault:
    commit_fault.to_the_end(COMMIT, batch=100)
    app = commit_fault.app
    part = {pk for (pk,) in (*app.rows(NAMED), *app.rows(FOLLOWERS))}
    others = [row for row in app.rows(OTHERS) if row[0] not in part]
    assert len(part) > 50
    assert others
    commit_fault.part = ("--batch-number", "0")
    return PartialFault(commit_fault, part, others)


@pytest.mark.parametrize(
    ("receipts", "after"), [(1, 0.0), (5, 0.003)], ids=["just_begun", "midway"]
)
def test_a_killed_part_is_finished_by_running_it_again(
    receipts: int, after: float, partial: PartialFault
) -> None:
    partial.kill(receipts, after=after)
    partial.fault.to_the_end(ROLLBACK)
    partial.assert_undone()
    partial.assert_committed_again()


def test_a_part_that_dies_at_ever_later_statements_ends_whole(partial: PartialFault) -> None:
    statement, deaths = 1, 0
    while partial.fault.die(ROLLBACK, statement, batch=50):
        statement, deaths = statement + 13, deaths + 1
    assert deaths > 3
    partial.assert_undone()


def test_a_signal_ends_a_part_at_a_batch_boundary(partial: PartialFault) -> None:
    process = partial.fault.start(ROLLBACK, batch=FEW, pace=PACE)
    partial.fault.wait_for_receipts(ROLLBACK, 2, process)
    process.send_signal(signal.SIGTERM)
    ended = finish(process)
    assert_one_clear_sentence(ended, 130, "Stopped", "legacy_rollback --run 1 --batch-number 0")
    partial.fault.assert_whole()
    partial.fault.to_the_end(ROLLBACK)
    partial.assert_undone()


def test_the_same_part_twice_at_once_goes_once(partial: PartialFault) -> None:
    both = [partial.fault.start(ROLLBACK, pace=0.01, how=start) for _ in range(2)]
    ends = [finish(process) for process in both]
    assert {ended.code for ended in ends} in ({0}, {0, 5}), [ended.err for ended in ends]
    partial.fault.to_the_end(ROLLBACK)
    partial.assert_undone()
    partial.assert_committed_again()


def test_parts_killed_and_committed_again_end_as_one_commit(partial: PartialFault) -> None:
    chance = random.Random(7)
    for _ in range(2):
        before = partial.fault.receipts(ROLLBACK)
        partial.kill(before + 2, after=chance.uniform(0, 0.03))
        partial.assert_committed_again()


def test_the_whole_run_goes_after_a_part_was_killed(partial: PartialFault) -> None:
    partial.kill(3)
    partial.fault.part = ()
    partial.fault.to_the_end(ROLLBACK)
    partial.fault.assert_rolled_back()
