"""What is true of every commit and rollback, whatever was staged, known, decided or changed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from legacy_import.choices import COMMITTED_OUTCOMES, Outcome, ReversalOutcome, RunStatus
from legacy_import.errors import Interrupted
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.progress import Silent
from legacy_import.stages.commit.commit import CommitReport, commit
from legacy_import.stages.rollback.rollback import RollbackReport, rollback
from tests.factories import NOW
from tests.properties.changes import BEFORE_COMMIT, BY_STAFF, Change, kept_rows
from tests.properties.schools import CROWD, SCHOOLS, School
from tests.stages.commit.book import own_rows
from tests.stages.commit.committed import committed_content
from tests.stages.commit.invariants import BESIDES, broken
from tests.stages.stages import BUSINESS, content_hash, run_plan, run_stages, staging_hash

pytestmark = pytest.mark.django_db

THOROUGH = settings.get_current_profile_name() == "thorough"  # an example is a whole migration
usual = settings(
    max_examples=300 if THOROUGH else 25,
    derandomize=not THOROUGH,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


class Watching(Silent):
    """After each batch: the rows whose outcome changed are the rows that were logged meanwhile."""

    def __init__(self) -> None:
        self.outcomes, self.spoken = outcomes(), spoken()
        self.batches = 0

    def advance(self, rows: int) -> None:
        now, said = outcomes(), spoken()
        changed = {pk for pk, outcome in now.items() if self.outcomes[pk] != outcome}
        assert changed == {row for row, _, _ in said - self.spoken}
        assert all(now[row] == action for row, action, undone in said - self.spoken if not undone)
        self.outcomes, self.spoken = now, said
        self.batches += 1


class StopsAfter(Silent):
    """Somebody presses Ctrl-C after that many batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def advance(self, rows: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise Interrupted("Stopped as requested.")


@contextmanager
def taken_back() -> Iterator[None]:
    """Everything that the block does to the database is undone: examples start alike."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def outcomes() -> dict[int, str]:
    return dict(LegacyStudentImport.objects.values_list("pk", "outcome"))


def spoken() -> set[tuple[int, str, bool]]:
    """(row, main action, undone) of everything the log says."""
    return {
        (row, action, undone is not None)
        for row, action, undone in LegacyImportCommitLog.objects.exclude(
            action__in=BESIDES
        ).values_list("student_import_id", "action", "reversed_at")
    }


def run_commit(run: LegacyImportRun, progress: Any = None, **options: Any) -> CommitReport:
    options = {"batch": 3, **options}
    progress = progress or Silent()
    return commit(run_id=run.pk, actor="cli:test", now=NOW, progress=progress, **options)


def run_rollback(run: LegacyImportRun, progress: Any = None, **options: Any) -> RollbackReport:
    options = {"batch": 3, **options}
    progress = progress or Silent()
    return rollback(run_id=run.pk, actor="cli:test", now=NOW, progress=progress, **options)


def assert_whole(**options: Any) -> None:
    assert broken(own_rows, **options) == []


@usual
@given(school=SCHOOLS, batch=st.integers(1, 10))
def test_commit_then_rollback_is_the_identity(school: School, batch: int) -> None:
    with taken_back():
        run = school.planned()
        before = content_hash(BUSINESS)
        committed = run_commit(run, batch=batch)
        assert_whole()
        assert (content_hash(BUSINESS) == before) == (not committed.created)
        undone = run_rollback(run, batch=batch)
        assert_whole()
        assert content_hash(BUSINESS) == before
        assert undone.kept_records == []
        had_effect = committed.outcomes.keys() & {*COMMITTED_OUTCOMES}
        assert undone.status == (RunStatus.ROLLED_BACK if had_effect else RunStatus.COMMITTED)
        assert not LegacyStudentImport.objects.filter(outcome__in=COMMITTED_OUTCOMES).exists()


@usual
@given(school=SCHOOLS, batch=st.integers(1, 10))
def test_the_plan_s_counts_are_the_commit_s_counts(school: School, batch: int) -> None:
    with taken_back():
        run = school.planned()
        promised = {action: rows for action, rows in run.summary["plan"].items() if rows}
        planned = dict(LegacyStudentImport.objects.values_list("pk", "planned_action"))
        report = run_commit(run, batch=batch)
        assert dict(report.outcomes) == promised
        assert (report.pending, report.causes, report.left_out) == (0, Counter(), [])
        assert outcomes() == planned
        for action in promised:
            event(action)
        assert_whole()


@usual
@given(school=SCHOOLS, changes=st.lists(BEFORE_COMMIT, max_size=4), batch=st.integers(1, 5))
def test_no_outcome_changes_without_an_entry_of_that_moment(
    school: School, changes: list[Change], batch: int
) -> None:
    with taken_back():
        run = school.planned()
        for change in changes:
            change()
        watching = Watching()
        report = run_commit(run, watching, batch=batch)
        assert watching.batches >= report.batches > 0
        for cause in report.causes:
            event(cause)
        assert_whole()
        watching = Watching()
        run_rollback(run, watching, batch=batch)
        assert outcomes() == watching.outcomes
        assert_whole()


@usual
@example(school=CROWD, changes=[])  # not compared with everybody who has the phone: no news either
@given(school=SCHOOLS, changes=st.lists(BEFORE_COMMIT, max_size=4))
def test_what_drifted_is_left_out_and_planned_anew_is_committed_as_planned(
    school: School, changes: list[Change]
) -> None:
    with taken_back():
        run = school.planned()
        for change in changes:
            change()
        run_commit(run)
        done = {pk for pk, outcome in outcomes().items() if outcome in COMMITTED_OUTCOMES}
        run_stages(run)
        assert {pk for pk, outcome in outcomes().items() if outcome in COMMITTED_OUTCOMES} == done
        report = run_commit(run)
        assert report.causes == Counter()
        assert not LegacyStudentImport.objects.filter(outcome=Outcome.PENDING).exists()
        assert_whole()


@usual
@given(school=SCHOOLS, judged_again=st.booleans())
def test_commit_rollback_plan_and_commit_equal_one_commit(
    school: School, judged_again: bool
) -> None:
    with taken_back():
        run = school.planned()
        run_commit(run)
        once = committed_content(own_rows)
        run_rollback(run)
        run_stages(run) if judged_again else run_plan(run)
        report = run_commit(run)
        assert report.causes == Counter()
        assert committed_content(own_rows) == once
        assert_whole()


@usual
@given(school=SCHOOLS, batch=st.integers(1, 3), stop=st.integers(1, 8), undo_stop=st.integers(1, 8))
def test_interrupted_after_any_batch_and_resumed_equals_uninterrupted(
    school: School, batch: int, stop: int, undo_stop: int
) -> None:
    with taken_back():
        run = school.planned()
        before = content_hash(BUSINESS)
        with taken_back():
            run_commit(run, batch=batch)
            once = committed_content(own_rows)
        stopped(run_commit, run, StopsAfter(stop), batch)
        run_commit(run, batch=batch)
        assert committed_content(own_rows) == once
        assert_whole()
        stopped(run_rollback, run, StopsAfter(undo_stop), batch)
        run_rollback(run, batch=batch)
        assert content_hash(BUSINESS) == before
        assert_whole()


def stopped(service: Any, run: LegacyImportRun, progress: StopsAfter, batch: int) -> None:
    """Call a service that may be interrupted; every moment in between is whole, too."""
    try:
        service(run, progress, batch=batch)
    except Interrupted:
        event(f"{service.__name__} interrupted")
    assert_whole()


@usual
@given(school=SCHOOLS, changes=st.lists(BY_STAFF, max_size=5), batch=st.integers(1, 10))
def test_a_preview_says_exactly_what_the_rollback_does_and_changes_nothing(
    school: School, changes: list[Change], batch: int
) -> None:
    with taken_back():
        run = school.planned()
        run_commit(run)
        for change in changes:
            change()
        before = content_hash((*BUSINESS, LegacyImportCommitLog, LegacyImportRun)), staging_hash()
        said = run_rollback(run, preview=True, batch=batch)
        after = content_hash((*BUSINESS, LegacyImportCommitLog, LegacyImportRun)), staging_hash()
        assert before == after
        did = run_rollback(run, batch=batch)
        assert (said.rows, said.kept_rows) == (did.rows, did.kept_rows)
        assert said.records == did.records
        assert said.kept_records == did.kept_records


@usual
@given(school=SCHOOLS, changes=st.lists(BY_STAFF, max_size=5), batch=st.integers(1, 10))
def test_rollback_keeps_what_staff_touched_whole_and_takes_everything_else(
    school: School, changes: list[Change], batch: int
) -> None:
    with taken_back():
        run = school.planned()
        run_commit(run)
        committed = outcomes()
        for change in changes:
            change()
        expected = kept_rows()
        theirs = committed_content(own_rows) if len(expected) == len(committed) else None
        report = run_rollback(run, batch=batch)
        for row in expected.values():
            event(row)
        had_effect = {pk for pk, outcome in committed.items() if outcome in COMMITTED_OUTCOMES}
        now = outcomes()
        assert {pk for pk in had_effect if now[pk] == Outcome.ROLLED_BACK} == had_effect - {
            *expected
        }
        assert all(now[pk] == committed[pk] for pk in now if pk in expected or pk not in had_effect)
        assert {kept.why for kept in report.kept_records} == set(expected.values())
        assert kept_entries() == expected
        assert_whole(staff_deleted=True)
        if theirs:
            assert {**committed_content(own_rows), "log": ""} == {**theirs, "log": ""}


def kept_entries() -> dict[int, str]:
    """Row → why its entries are kept; every effect of such a row stays in force for that reason.

    A part of it that staff deleted is gone, whatever the reason.
    """
    kept = LegacyImportCommitLog.objects.filter(
        reversed_at=None, action__in=(*COMMITTED_OUTCOMES, *BESIDES)
    )
    found: dict[int, str] = {}
    kept = kept.exclude(reversal_outcome=ReversalOutcome.GONE)
    for row, why in kept.values_list("student_import_id", "reversal_outcome"):
        assert found.setdefault(row, why) == why
    return found
