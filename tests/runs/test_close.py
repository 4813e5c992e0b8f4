"""Closing a run: final, only where the transition table allows it, and only by whoever holds it."""

import datetime

import pytest

from legacy_import.choices import LogAction, Outcome, RunStatus
from legacy_import.errors import OutOfOrder, UnknownRun
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from legacy_import.models.run import TRANSITIONS
from legacy_import.runs import lifecycle
from legacy_import.runs.close import CloseReport, close
from legacy_import.runs.lease import Lease, run_lease
from legacy_import.runs.progress import Silent
from tests.factories import CONNECTION, NOW, RunFactory, StagedLearnerFactory
from tests.stages.stages import BUSINESS, content_hash, run_validate, staging_hash

pytestmark = pytest.mark.django_db

CLOSABLE = [status for status, to in TRANSITIONS.items() if RunStatus.CLOSED in to]
NOT_CLOSABLE = [RunStatus.ROLLING_BACK, RunStatus.CLOSED]


def close_run(run: LegacyImportRun) -> CloseReport:
    report = close(run_id=run.pk, actor="cli:test", now=NOW, progress=Silent())
    run.refresh_from_db()
    return report


def log_entry(row: LegacyStudentImport, action: LogAction, **values: object) -> None:
    made = {"target_model": "crm.CrmLead", "target_id": row.pk, "created_target": True, **values}
    LegacyImportCommitLog.objects.create(
        legacy_import_run=row.legacy_import_run, student_import=row, action=action,
        reason="new_lead", actor="cli:test", created_at=NOW, **made,
    )  # fmt: skip


def test_the_table_is_what_says_which_runs_close() -> None:
    assert {*CLOSABLE, *NOT_CLOSABLE} == set(RunStatus)


@pytest.mark.parametrize("status", CLOSABLE)
def test_a_run_is_closed_and_stamped_and_its_rows_are_left_alone(status: RunStatus) -> None:
    run = RunFactory(status=status, summary={"plan": {"skip": 1}})
    StagedLearnerFactory(run=run)
    before = (staging_hash(), content_hash(BUSINESS))
    began = datetime.datetime.now(datetime.UTC)
    close_run(run)
    assert run.status == RunStatus.CLOSED
    assert run.finished_at is not None
    assert run.finished_at >= began
    stage = run.summary["stages"]["closed"]
    assert (stage["actor"], stage["started"]) == ("cli:test", NOW.isoformat())
    assert stage["finished"] == run.finished_at.isoformat()
    assert run.summary["plan"] == {"skip": 1}
    assert run.lease_token == ""
    assert (staging_hash(), content_hash(BUSINESS)) == before


@pytest.mark.parametrize("status", NOT_CLOSABLE)
def test_a_run_that_the_table_holds_back_is_refused_and_unchanged(status: RunStatus) -> None:
    run = RunFactory(status=status)
    before = LegacyImportRun.objects.values().get()
    with pytest.raises(OutOfOrder, match=f"Run {run.pk} is '{status.value}'"):
        close_run(run)
    assert LegacyImportRun.objects.values().get() == before


def test_a_run_is_closed_once() -> None:
    run = RunFactory()
    close_run(run)
    closed = LegacyImportRun.objects.values().get()
    with pytest.raises(OutOfOrder) as refused:
        close_run(run)
    assert "permanently finished" in refused.value.hint
    assert LegacyImportRun.objects.values().get() == closed


def test_nothing_follows_a_closing() -> None:
    run = RunFactory()
    close_run(run)
    with pytest.raises(OutOfOrder):
        run_validate(run)


def test_an_unknown_run_is_named() -> None:
    with pytest.raises(UnknownRun, match="There is no run 77"):
        close(run_id=77, actor="cli:test", now=NOW, progress=Silent())


def test_a_run_that_another_process_holds_is_not_closed() -> None:
    run = RunFactory()
    with (
        run_lease(run, "legacy_commit", Silent()),
        pytest.raises(OutOfOrder, match="legacy_commit"),
    ):
        close_run(run)
    run.refresh_from_db()
    assert run.status == RunStatus.IMPORTED


def test_a_lease_lost_while_closing_leaves_the_run_open(monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFactory(importing_alone=CONNECTION)
    confirm = Lease.confirm

    def stolen(lease: Lease) -> None:
        LegacyImportRun.objects.update(lease_token="other")
        confirm(lease)

    monkeypatch.setattr(Lease, "confirm", stolen)
    with pytest.raises(OutOfOrder, match="taken over"):
        close_run(run)
    run.refresh_from_db()
    assert (run.status, run.importing_alone) == (RunStatus.IMPORTED, CONNECTION)
    assert "stages" not in run.summary


@pytest.mark.parametrize("status", [RunStatus.IMPORTING, RunStatus.FAILED])
def test_an_abandoned_import_no_longer_stands_in_the_way(status: RunStatus) -> None:
    run = RunFactory(status=status, importing_alone=CONNECTION)
    with pytest.raises(OutOfOrder):
        lifecycle.refuse_unfinished(CONNECTION)
    close_run(run)
    assert run.importing_alone is None
    lifecycle.refuse_unfinished(CONNECTION)
    lifecycle.start_run(alias=CONNECTION, actor="cli:test", now=NOW, limit=None, alone=True)


def test_it_says_what_is_given_up_and_what_stays() -> None:
    run, other = RunFactory(status=RunStatus.COMMITTED), RunFactory()
    for outcome in (*Outcome, Outcome.PENDING):
        row = StagedLearnerFactory(run=run)
        LegacyStudentImport.objects.filter(pk=row.pk).update(outcome=outcome)
    log_entry(row, LogAction.CREATE_CRM_LEAD)
    log_entry(row, LogAction.CREATE_COURSE_INTEREST, target_model="crm.CourseInterest")
    log_entry(row, LogAction.CREATE_CRM_LEAD, reversed_at=NOW)  # rolled back
    log_entry(row, LogAction.LINK_EXISTING, created_target=False)
    log_entry(row, LogAction.REVIEW, target_model="", target_id=None, created_target=False)
    log_entry(StagedLearnerFactory(run=other), LogAction.CREATE_CRM_LEAD)
    report = close_run(run)
    assert report.rows == len(Outcome) + 1
    assert report.outcomes == {**dict.fromkeys(Outcome.values, 1), "pending": 2}
    assert report.given_up == {
        "pending": 2, "review": 1, "drifted": 1, "failed": 1, "rolled_back": 1
    }  # fmt: skip
    assert (report.created, report.linked) == (2, 1)
    assert run.summary["given_up"] == report.given_up
