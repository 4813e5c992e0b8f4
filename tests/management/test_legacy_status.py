"""legacy_status lists every run, oldest first, and what comes next."""

import datetime
import sqlite3
from typing import Any

import pytest
from django.utils import timezone

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.conf import MANAGE
from legacy_import.models import LegacyImportRun
from tests.factories import ReviewDecisionFactory, RunFactory, StagedLearnerFactory
from tests.management.calling import STAGES, done
from tests.management.conftest import SCHOOL_ROWS
from tests.review.reviewing import queue_of_unknown, reviewer, rows_of, say
from tests.stages.stages import run_commit, run_stages

pytestmark = pytest.mark.django_db

KEYS = {"run", "status", "source", "rows", "outcomes", "started_at"}


def test_without_a_run_it_says_how_to_start() -> None:
    ended = done("legacy_status")
    assert "There is no run yet." in ended.out
    assert f"Next: {MANAGE} legacy_import" in ended.out
    assert done("legacy_status", "--json").told["counts"] == {"runs": []}


def test_one_run_in_full_says_how_far_it_is_reviewed() -> None:
    run = queue_of_unknown(4)
    LegacyImportRun.objects.update(certificate={})
    rows, me = rows_of(run), reviewer()
    say(rows[0], ReviewDecision.SKIP, me)
    say(rows[1], ReviewDecision.TREAT_AS, me, treat_as=Classification.REGISTERED)
    say(rows[2], ReviewDecision.LATER, me)
    told = " ".join(done("legacy_status", "--run", str(run.pk)).out.split())
    for words in ("decided 1", "postponed 1", "to decide 2", "a decision was not sufficient 1"):
        assert words in told


def test_all_runs_are_listed_oldest_first(school: Any) -> None:
    done("legacy_import")
    done("legacy_validate")
    done("legacy_import", "--limit", "7")
    told = done("legacy_status", "--json").told
    assert told["run"] is None
    runs = told["counts"]["runs"]
    assert [set(run) for run in runs] == [KEYS, KEYS]
    assert [(run["status"], run["rows"], run["outcomes"]) for run in runs] == [
        ("validated", SCHOOL_ROWS, {"pending": SCHOOL_ROWS}),
        ("imported", 7, {"pending": 7}),
    ]
    assert runs[0]["run"] < runs[1]["run"]
    assert runs[0]["source"] == f"legacy → sqlite:///{school.path}"
    started = [datetime.datetime.fromisoformat(run["started_at"]) for run in runs]
    assert started == sorted(started)
    assert all(moment.tzinfo for moment in started)


def test_one_run_is_shown_with_its_certificate(school: Any) -> None:
    done("legacy_import")
    done("legacy_import")
    first, second = LegacyImportRun.objects.order_by("pk")
    told = done("legacy_status", "--run", str(first.pk), "--json").told
    assert told["run"] == first.pk
    assert [run["run"] for run in told["counts"]["runs"]] == [first.pk]
    out = done("legacy_status", "--run", str(second.pk)).out
    assert f"Run {second.pk} is 'imported'." in out
    for fact in ("none: a file", "1 (serializable)", sqlite3.sqlite_version):
        assert fact in out


def test_a_committed_run_says_why_rows_were_left_out() -> None:
    run = RunFactory(certificate={})
    row = StagedLearnerFactory(run=run)
    run_stages(run)
    ReviewDecisionFactory(student_import=row)
    run_commit(run)
    out = " ".join(done("legacy_status", "--run", str(run.pk)).out.split())
    assert "drifted decision_changed 1 a reviewer decided about the row" in out


NEXT = {
    "importing": "legacy_import --resume {run}",
    "failed": "legacy_import --resume {run}",
    "imported": "legacy_validate --run {run}",
    "validated": "legacy_classify --run {run}",
    "classified": "legacy_dry_run --run {run}",
    "planned": "legacy_commit --run {run}",
    "committing": "legacy_commit --run {run}",
    "committed": "legacy_reconcile --run {run}",
    "rolling_back": "legacy_rollback --run {run}",
    "rolled_back": "legacy_validate --run {run}",
}


@pytest.mark.parametrize("status", NEXT)
def test_it_names_the_next_command_of_the_latest_run(status: str, school: Any) -> None:
    done("legacy_import", "--limit", "1")
    LegacyImportRun.objects.update(status=status)
    run = LegacyImportRun.objects.get().pk
    lines = done("legacy_status").out.splitlines()
    assert lines[-1] == f"Next: {MANAGE} {NEXT[status].format(run=run)}"


def test_it_changes_nothing(school: Any) -> None:
    for name in ("legacy_import", *STAGES):
        done(name)
    before = LegacyImportRun.objects.values().get()
    done("legacy_status")
    done("legacy_status", "--run", str(before["id"]))
    assert LegacyImportRun.objects.values().get() == before


def last_line() -> str:
    return done("legacy_status").out.splitlines()[-1]


def test_of_a_planned_run_it_names_the_step_that_makes_sense() -> None:
    run = RunFactory()
    lead = StagedLearnerFactory(run=run, status="nouveau")
    for status in ("mystère", "mystère", "nouveau"):
        StagedLearnerFactory(run=run, status=status)
    run_stages(run)
    assert last_line() == f"Next: {MANAGE} legacy_commit --run {run.pk}"
    say(lead, ReviewDecision.LATER, reviewer(), now=timezone.now())
    assert last_line() == f"Next: {MANAGE} legacy_dry_run --run {run.pk}"
    run_stages(run)
    assert last_line() == f"Next: {MANAGE} legacy_map statuses --run {run.pk}"
    done("legacy_map", "statuses", "--set", "mystère=lead_only")
    assert last_line() == f"Next: {MANAGE} legacy_classify --run {run.pk}"
    run_stages(run)
    assert last_line() == f"Next: {MANAGE} legacy_commit --run {run.pk}"
    run_commit(run)
    run_stages(run)  # a new plan of what is left: the postponed row
    assert last_line() == f"Next: decide the rows: /admin/legacy-imports/review?run={run.pk}"
