"""What the run page says: the same numbers as the services count, from what is stored."""

import datetime
from typing import Any

import pytest
from django.utils import timezone, translation

from legacy_import.choices import FocusMode, Outcome, PlannedAction, RunStatus, Stage
from legacy_import.models import FacetCount, LegacyImportRun, LegacyStudentImport
from legacy_import.rules.commit_policy import DELETIONS
from legacy_import.runs import counts as stored_counts
from legacy_import.runs.progress import Silent
from legacy_import.screens.obstacles import holder_of
from legacy_import.screens.plan_state import plan_state_of
from legacy_import.screens.runs.certificate import certificate_of
from legacy_import.screens.runs.counts import (
    counts_of,
    in_force,
    pending_counts,
    queue_of,
    review_progress,
)
from legacy_import.screens.runs.log import commit_summary, log_page, rollback_summary
from legacy_import.screens.runs.plan import RISKS
from legacy_import.screens.runs.progress import rows_expected, run_progress, stamp_of
from legacy_import.screens.runs.proof import MEANINGS, proof_lines
from legacy_import.screens.runs.run_list import run_list
from legacy_import.screens.runs.timeline import duration_words, timeline, total_duration
from legacy_import.screens.runs.views import run_page
from legacy_import.stages.commit.waves import planned_counts
from legacy_import.stages.reconciliation.conservation import ROW_CHECKS
from legacy_import.stages.reconciliation.reconcile import reconcile
from legacy_import.stages.rollback.order import committed_rows
from tests.factories import (
    NOW,
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    StagedLearnerFactory,
)
from tests.screens.runs.run_screens import planned_run
from tests.stages.stages import run_commit, run_plan, run_rollback, run_stages

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    made: LegacyImportRun = planned_run(trained=3, registered=2, leads=4, unknown=2)
    return made


def decide(run: LegacyImportRun, *decisions: str) -> None:
    """Decisions as a review leaves them in the rows of the queue, in the order of the rows."""
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, planned_action="review")
    for row, decision in zip(rows.order_by("pk"), decisions, strict=False):
        settled = decision not in ("", "later", "treat_as")  # which left something missing here
        LegacyStudentImport.objects.filter(pk=row.pk).update(decision=decision, settled=settled)
    stored_counts.rebuild(run)


# --- Counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("focus", [*FocusMode, None])
@pytest.mark.parametrize("committed", [0, 1, 4, 99])
def test_what_waits_is_what_the_commit_counts(
    run: Any, focus: FocusMode | None, committed: int
) -> None:
    if committed:
        run_commit(run, limit=committed)
    counts = counts_of(run.pk)
    assert pending_counts(counts, focus) == planned_counts(run, focus)
    assert in_force(counts) == committed_rows(run).count()
    assert counts.rows == 11


@pytest.mark.parametrize(
    ("decisions", "done"),
    [
        ((), 0),
        (("skip",), 1),
        (("later",), 0),
        (("skip", "accept_data"), 2),
        (("", "later"), 0),
        (("treat_as", "skip"), 1),
    ],
)
def test_only_a_decision_that_suffices_is_one(
    run: Any, decisions: tuple[str, ...], done: int
) -> None:
    decide(run, *decisions)
    progress = run_page(run)["review_progress"]
    assert progress["all"] == (done, 2)
    assert {focus: of.total for focus, of in progress.items()} == {
        "historical_completed": 0, "registered_pending": 0, "lead_only": 0, "other": 2, "all": 2,
    }  # fmt: skip
    (line,) = run_list()["lines"]
    assert line["review_progress"] == (done, 2)


def test_the_focus_modes_add_up_to_the_queue(run: Any) -> None:
    FacetCount.objects.filter(planned_reason="new_lead").update(
        planned_action="review", planned_reason="low_match"
    )
    counts = counts_of(run.pk)
    progress = review_progress(counts)
    assert queue_of(counts).rows == progress.pop("all").total == 6
    assert sum(of.total for of in progress.values()) == 6


@pytest.mark.parametrize(
    ("outcome", "stays"),
    [(value, value not in ("skip", "link_existing", "create_crm_lead",
                           "create_completed_training", "create_enrollment"))
     for value in Outcome.values],
)  # fmt: skip
def test_what_is_committed_left_the_queue(run: Any, outcome: str, stays: bool) -> None:
    FacetCount.objects.filter(planned_action="review").update(outcome=outcome)
    assert bool(queue_of(counts_of(run.pk)).rows) == stays


def test_before_a_plan_nothing_is_in_the_queue() -> None:
    run = StagedLearnerFactory().legacy_import_run
    stored_counts.rebuild(run)
    page = run_page(run)
    assert (page["planned"], page["review_progress"]["all"], page["reasons"]) == (False, (0, 0), {})


def test_every_distribution_adds_up_to_the_rows_of_the_run(run: Any) -> None:
    page = run_page(run)
    for part in page["distributions"]:
        rows = sum(rows for _, rows in part["lines"])
        assert rows == part["total"] == page["rows"] == 11, part["facet"]
    assert sum(card["rows"] for card in page["priorities"]) == 11
    assert sum(line["rows"] for line in page["plan"]) == 11


def test_the_risks_are_those_of_the_dry_run(run: Any) -> None:
    FacetCount.objects.filter(classification="registered").update(planned_action="review")
    report = run_plan(run)
    found = [risk["rows"] for risk in run_page(run)["risks"]]
    deleted = sum(report.counts["review_reasons"].get(reason, 0) for reason in DELETIONS)
    assert found == [*report.counts["risks"].values(), deleted]
    assert len(RISKS) == len(found)


# --- Stages ---------------------------------------------------------------------------------------

STATES = {
    RunStatus.IMPORTING: "now later later later later later",
    RunStatus.FAILED: "next later later later later later",
    RunStatus.IMPORTED: "done next later later later later",
    RunStatus.VALIDATED: "done done next later later later",
    RunStatus.CLASSIFIED: "done done done next later later",
    RunStatus.PLANNED: "done done done done next later",
    RunStatus.COMMITTING: "done done done done now later",
    RunStatus.COMMITTED: "done done done done done later",
    RunStatus.ROLLING_BACK: "done later later later later now later",
    RunStatus.ROLLED_BACK: "done next later later later done later",
    RunStatus.CLOSED: "later later later later later done",
}


@pytest.mark.parametrize("status", RunStatus)
def test_every_status_has_its_place_in_the_stages(status: RunStatus) -> None:
    steps = timeline(RunFactory.build(status=status, summary={}))
    assert " ".join(step.state for step in steps) == STATES[status]


def test_a_stage_that_was_overtaken_has_to_be_done_again(run: Any) -> None:
    LegacyImportRun.objects.update(status=RunStatus.VALIDATED)
    run.refresh_from_db()
    assert [step.state for step in timeline(run)] == [
        "done", "done", "next", "again", "later", "later",
    ]  # fmt: skip


def test_a_step_says_who_and_how_long() -> None:
    stage = {
        "actor": "nadia",
        "started": "2026-03-01T09:00:00+00:00",
        "finished": "2026-03-01T09:02:05+00:00",
    }
    run = RunFactory.build(summary={"stages": {"imported": stage, "validated": stage}})
    first, *_ = steps = timeline(run)
    assert (first.actor, first.started_at, first.took) == ("nadia", NOW, datetime.timedelta(0, 125))
    assert total_duration(steps) == datetime.timedelta(0, 250)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59, "59 s"), (60, "1 min 00 s"), (3_599, "59 min 59 s"), (3_660, "1 h 01 min")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    with translation.override("en"):
        assert duration_words(datetime.timedelta(seconds=seconds)) == words
        assert duration_words(None) == ""


@pytest.mark.parametrize("written", ["", "yesterday", None])
def test_a_moment_that_cannot_be_read_is_left_out(written: str | None) -> None:
    run = RunFactory.build(summary={"stages": {"imported": {"started": written}}})
    assert timeline(run)[0].took is None


# --- The commit log -------------------------------------------------------------------------------


def test_a_batch_shows_its_own_entries_only(run: Any) -> None:
    other: Any = planned_run()
    run_commit(run, batch=2)
    run_commit(other, batch=3)
    for one, rows in ((run, 11), (other, 8)):
        batches = log_page(one)["batches"]
        assert sum(batch["rows"] for batch in batches) == rows
        for batch in batches:
            assert sum(number for _, number in batch["actions"]) == batch["rows"]


def test_a_batch_counts_each_row_once_whatever_else_is_done_with_it() -> None:
    """A course interest of a lead and the person of a history are more entries, not more rows."""
    CourseMappingFactory(legacy_formation_id="7")
    CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    run = RunFactory()
    known = {"full_name": "Karim Haddad", "phone": "0559446168"}
    StagedLearnerFactory(run=run, **known, status="Formée", formation_id="7")
    StagedLearnerFactory(run=run, **known, status="nouveau")
    StagedLearnerFactory(run=run, status="nouveau", formation_id="7")
    run_stages(run)
    run_commit(run, batch=100)
    done = commit_summary(run, 0)
    assert done["rows"] == sum(done["actions"].values()) == 3
    assert done["besides"] == {"attach_person": 1, "create_course_interest": 1}
    (batch,) = log_page(run)["batches"]
    assert batch["rows"] == sum(rows for _, rows in batch["actions"]) == 3
    run_rollback(run)
    (batch,) = log_page(run)["batches"]
    assert batch["undone_entries"] == 3


def test_a_row_that_was_committed_twice_is_in_both_batches(run: Any) -> None:
    run_commit(run)
    run_rollback(run)
    LegacyImportRun.objects.update(status=RunStatus.CLASSIFIED)
    run_plan(run)
    run_commit(run)
    batches = [b for b in log_page(run)["batches"] if "review" not in dict(b["actions"])]
    assert [batch["rows"] for batch in batches] == [9, 9]
    assert [batch["undone_entries"] for batch in batches] == [0, 9]


def test_what_was_done_and_undone_since_a_batch(run: Any) -> None:
    run_commit(run, batch=3, limit=3)
    run_commit(run, batch=3, limit=3)
    done = commit_summary(run, 1, 2)
    assert (done["rows"], done["batches"], sum(done["actions"].values())) == (3, 1, 3)
    assert commit_summary(run, 2)["rows"] == 0
    run_rollback(run)
    undone = rollback_summary(run, 0)
    assert (undone["rows"], undone["kept_entries"]) == (6, 0)
    assert {outcome for _, outcome, _ in undone["records"]} == {"deleted"}
    assert rollback_summary(run, 99)["records"] == ()


# --- Since the plan, progress, certificate --------------------------------------------------------


def test_decisions_since_the_plan_are_counted_up_to_a_bound(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = LegacyStudentImport.objects.filter(legacy_import_run=run).first()
    for _ in range(4):
        ReviewDecisionFactory(student_import=row, created_at=timezone.now())
    state = plan_state_of(run)
    assert (state.decisions, state.more, state.outdated) == (4, False, True)
    monkeypatch.setattr("legacy_import.screens.plan_state.NEWEST", 3)
    state = plan_state_of(run)
    assert (state.decisions, state.more) == (3, True)
    run_plan(run)
    run.refresh_from_db()
    assert plan_state_of(run).decisions == 0


def test_the_stamp_changes_with_plans_and_batches_only(run: Any) -> None:
    stamps = [stamp_of(run.pk)]
    run_plan(run)
    assert stamp_of(run.pk) == stamps[0], "the same plan"
    for work in (
        lambda: run_commit(run, limit=1),
        lambda: run_commit(run),
        lambda: run_rollback(run),
    ):
        work()
        stamps.append(stamp_of(run.pk))
    assert len(set(stamps)) == 4


@pytest.mark.parametrize(
    ("certificate", "limit", "rows"),
    [({}, None, None), ({"row_counts": {"stagiaires": 5, "archives": 2}}, None, 7),
     ({"row_counts": {"stagiaires": 5, "archives": 2, "formations": 9}}, 6, 6)],
)  # fmt: skip
def test_an_import_has_the_rows_of_the_source_before_it(
    certificate: dict[str, Any], limit: int | None, rows: int | None
) -> None:
    assert rows_expected(RunFactory.build(certificate=certificate, row_limit=limit)) == rows


@pytest.mark.parametrize("stage", Stage)
def test_every_command_that_holds_a_run_has_its_progress(run: Any, stage: Stage) -> None:
    commands = {Stage.PLAN: "legacy_dry_run"}
    run.lease_token, run.lease_command = "theirs", commands.get(stage, f"legacy_{stage.value}")
    run.lease_expires_at = timezone.now() + datetime.timedelta(minutes=1)
    assert holder_of(run) is not None
    assert run_progress(run)["done"] is not None


def test_the_certificate_holds_no_password() -> None:
    shown = str(certificate_of({"read_only_verified": True, "password": "geheim", "source": "x"}))
    assert "geheim" not in shown
    assert certificate_of({"source": "x"})["verified"] is None
    assert certificate_of({"read_only_verified": False})["verified"] is False


def test_every_check_of_the_proof_has_words(run: Any) -> None:
    LegacyImportRun.objects.update(connection_name="nowhere")
    run_commit(run)
    report = reconcile(run_id=run.pk, progress=Silent())
    assert {check.name.partition(":")[0] for check in report.checks} <= MEANINGS.keys()
    assert ROW_CHECKS.keys() <= MEANINGS.keys()
    lines = list(proof_lines(report))
    assert all(line["meaning"] for line in lines)
    assert any(not line["check"].ok for line in lines), "records carry the origin of another source"


def test_planned_actions_have_words() -> None:
    actions = [line["action"] for line in run_page(planned_run())["plan"]]
    assert actions[-1] == PlannedAction.REVIEW
    assert set(actions) == set(PlannedAction.values)
