"""How a commit goes about it: order, batches, waves, limits, interruptions, poison rows."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from crm.models import CrmLead
from legacy_import.choices import FocusMode, RunStatus, Stage
from legacy_import.errors import Interrupted, OutOfOrder
from legacy_import.models import (
    ChunkReceipt,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.runs.progress import Silent
from legacy_import.stages.commit.commit import TooManyFailures
from tests.factories import (
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import (
    last_reason,
    outcome_of,
    run_classify,
    run_commit,
    run_plan,
    run_rollback,
    run_stages,
    run_validate,
)
from trainings.models import LegacyCompletedTraining

POISON = "Zzpoison"


@pytest.fixture
def run(db: None) -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    return RunFactory()


def stage(run: LegacyImportRun, number: int, **fields: Any) -> list[LegacyStudentImport]:
    return [StagedLearnerFactory(run=run, **fields) for _ in range(number)]


def outcomes(run: LegacyImportRun) -> dict[str, int]:
    found: dict[str, int] = {}
    for (outcome,) in LegacyStudentImport.objects.filter(legacy_import_run=run).values_list(
        "outcome"
    ):
        found[outcome] = found.get(outcome, 0) + 1
    return found


# --- Before -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [RunStatus.IMPORTED, RunStatus.VALIDATED, RunStatus.CLASSIFIED, RunStatus.ROLLING_BACK,
     RunStatus.ROLLED_BACK, RunStatus.CLOSED, RunStatus.IMPORTING, RunStatus.FAILED],
)  # fmt: skip
def test_without_a_current_plan_nothing_is_committed(
    status: RunStatus, run: LegacyImportRun
) -> None:
    stage(run, 1)
    run_stages(run)
    LegacyImportRun.objects.update(status=status)
    with pytest.raises(OutOfOrder) as refusal:
        run_commit(run)
    assert refusal.value.exit_code == 5
    assert refusal.value.hint
    assert not CrmLead.objects.exists()


def test_a_plan_is_not_current_after_the_next_validation_or_classification(
    run: LegacyImportRun,
) -> None:
    stage(run, 1)
    run_stages(run)
    run_classify(run)
    with pytest.raises(OutOfOrder):
        run_commit(run)
    run_plan(run)
    run_validate(run)
    with pytest.raises(OutOfOrder):
        run_commit(run)


def test_a_plan_under_other_rules_is_not_committed(run: LegacyImportRun) -> None:
    stage(run, 1)
    run_stages(run)
    LegacyImportRun.objects.update(rules_version=0)
    with pytest.raises(OutOfOrder):
        run_commit(run)


def test_a_partial_run_is_committed_only_knowingly(run: LegacyImportRun) -> None:
    LegacyImportRun.objects.update(row_limit=1)
    stage(run, 1)
    run_stages(run)
    with pytest.raises(OutOfOrder, match="partial"):
        run_commit(run)
    assert run_commit(run, allow_partial=True).outcomes == {"create_crm_lead": 1}


# --- Batches, limits, waves ---------------------------------------------------------------------


def test_every_batch_leaves_its_receipt_and_its_number_in_the_log(run: LegacyImportRun) -> None:
    stage(run, 5)
    run_stages(run)
    run_commit(run, batch=2)
    receipts = ChunkReceipt.objects.filter(stage=Stage.COMMIT).order_by("position")
    assert list(receipts.values_list("position", "rows")) == [(0, 2), (1, 2), (2, 1)]
    leads = LegacyImportCommitLog.objects.filter(action="create_crm_lead").order_by("pk")
    assert list(leads.values_list("batch", flat=True)) == [0, 0, 1, 1, 2]


def test_a_limit_takes_up_so_many_rows_and_the_next_call_goes_on(run: LegacyImportRun) -> None:
    stage(run, 5)
    stage(run, 1, status="on verra")
    run_stages(run)
    report = run_commit(run, batch=2, limit=3)
    assert (report.rows, report.pending, report.status) == (3, 3, RunStatus.COMMITTING)
    assert outcomes(run) == {"create_crm_lead": 3, "pending": 3}
    report = run_commit(run)
    assert (report.rows, report.pending, report.status) == (3, 0, RunStatus.COMMITTED)
    assert outcomes(run) == {"create_crm_lead": 5, "review": 1}


def test_waves_commit_what_they_name_and_leave_the_others_pending(run: LegacyImportRun) -> None:
    trained = {"formation_id": "7", "session_id": "42"}
    stage(run, 2, status="Formée", **trained)
    stage(run, 3, status="Confirmer", **trained)
    stage(run, 4)
    stage(run, 1, status="Formée", formation_id="999")  # a course nobody knows: review
    run_stages(run)
    run_commit(run, focus=FocusMode.HISTORICAL_COMPLETED)
    assert outcomes(run) == {"create_completed_training": 2, "review": 1, "pending": 7}
    run_commit(run, focus=FocusMode.REGISTERED_PENDING)
    assert outcomes(run)["create_enrollment"] == 3
    report = run_commit(run, focus=FocusMode.LEAD_ONLY)
    assert (report.outcomes, report.status) == ({"create_crm_lead": 4}, RunStatus.COMMITTED)


def test_with_nothing_left_a_commit_changes_nothing(run: LegacyImportRun) -> None:
    stage(run, 2)
    run_stages(run)
    run_commit(run)
    before = list(LegacyImportCommitLog.objects.values())
    report = run_commit(run)
    assert (report.rows, report.status) == (0, RunStatus.COMMITTED)
    assert list(LegacyImportCommitLog.objects.values()) == before


def test_a_committed_row_is_not_planned_again(run: LegacyImportRun) -> None:
    (row,) = stage(run, 1)
    run_stages(run)
    run_commit(run)
    run_stages(run)
    row.refresh_from_db()
    assert (row.outcome, row.planned_action, row.planned_reason) == (
        "create_crm_lead", "create_crm_lead", "new_lead"
    )  # fmt: skip
    assert run_plan(run, compare_with=run.pk).difference.changed == {}  # type: ignore[union-attr]
    assert run_commit(run).rows == 0
    assert CrmLead.objects.count() == 1


class StopAfter(Silent):
    """An operator who presses Ctrl-C after so many batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches
        self.committing = False

    def begin(self, label: str, total: int | None) -> None:
        self.committing = label == "committing"

    def advance(self, rows: int) -> None:
        if self.committing:
            self.left -= 1
            if not self.left:
                raise Interrupted("Stopped as requested, at the end of a chunk.")


def test_an_interrupted_commit_keeps_its_batches_and_goes_on(run: LegacyImportRun) -> None:
    stage(run, 6)
    run_stages(run)
    with pytest.raises(Interrupted):
        run_commit(run, batch=2, progress=StopAfter(2))
    run.refresh_from_db()
    assert (run.status, run.lease_token) == (RunStatus.COMMITTING, "")
    assert outcomes(run) == {"create_crm_lead": 4, "pending": 2}
    run_commit(run)
    assert CrmLead.objects.count() == 6


# --- Rows that the database refuses -------------------------------------------------------------


@pytest.fixture
def refusing(transactional_db: None) -> Iterator[LegacyImportRun]:
    """A database that refuses every lead of one name, as a constraint of another app might."""
    table, name = "crm_leads", "refuse_poison"
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute(
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW BEGIN "
                f"IF NEW.full_name LIKE '{POISON}%%' THEN SIGNAL SQLSTATE '45000' "
                "SET MESSAGE_TEXT = 'refused: 0559446168', MYSQL_ERRNO = 1644; END IF; END" % ()
            )
        else:
            cursor.execute(
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table} "
                f"WHEN NEW.full_name LIKE '{POISON}%' "
                "BEGIN SELECT RAISE(ABORT, 'refused: 0559446168'); END"
            )
    yield RunFactory()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}")


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_a_poison_row_fails_alone_and_is_named(batch: int, refusing: LegacyImportRun) -> None:
    before, after = stage(refusing, 3), None
    poison = StagedLearnerFactory(run=refusing, legacy_id="666", full_name=f"{POISON} Amel")
    after = stage(refusing, 3)
    run_stages(refusing)
    report = run_commit(refusing, batch=batch)
    assert outcome_of(poison) == "failed"
    assert {outcome_of(row) for row in (*before, *after)} == {"create_crm_lead"}
    assert [(left.row, left.outcome) for left in report.left_out] == [("stagiaires:666", "failed")]
    assert last_reason(poison).startswith(("IntegrityError", "OperationalError"))
    assert "0559446168" not in str(report.left_out) + last_reason(poison)
    assert CrmLead.objects.count() == 6
    assert report.status == RunStatus.COMMITTED


def test_a_failed_row_is_tried_again_with_the_next_plan(refusing: LegacyImportRun) -> None:
    poison = StagedLearnerFactory(run=refusing, full_name=f"{POISON} Amel")
    run_stages(refusing)
    run_commit(refusing)
    assert run_commit(refusing).rows == 0
    LegacyStudentImport.objects.filter(pk=poison.pk).update(full_name="Amel Sans Poison")
    run_plan(refusing)
    run_commit(refusing)
    assert outcome_of(poison) == "create_crm_lead"


def test_too_many_refused_rows_stop_the_commit(refusing: LegacyImportRun) -> None:
    stage(refusing, 10)
    for number in range(20):
        StagedLearnerFactory(run=refusing, full_name=f"{POISON} {'abcdefghijklmnopqrst'[number]}a")
    stage(refusing, 10)
    run_stages(refusing)
    with pytest.raises(TooManyFailures) as stop:
        run_commit(refusing, batch=5)
    assert stop.value.exit_code == 1
    assert outcomes(refusing) == {"create_crm_lead": 10, "failed": 10, "pending": 20}
    refusing.refresh_from_db()
    assert refusing.status == RunStatus.COMMITTING


# --- Cost ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["nouveau", "Formée"])
def test_the_number_of_queries_does_not_grow_with_the_batch(
    status: str, run: LegacyImportRun, django_assert_max_num_queries: Any
) -> None:
    fields = {"status": status, "formation_id": "7", "session_id": "42"}
    stage(run, 40, **fields)
    run_stages(run)
    with django_assert_max_num_queries(85):
        run_commit(run, batch=100)
    with django_assert_max_num_queries(60):
        run_rollback(run)
    assert not LegacyCompletedTraining.objects.exists()
