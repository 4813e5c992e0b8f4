"""A rollback beside other work, and previews of what hangs together."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import ReviewDecision
from legacy_import.errors import OutOfOrder
from legacy_import.models import LegacyImportRun
from legacy_import.runs.progress import Silent
from tests.factories import (
    CourseMappingFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import outcome_of, plan_of, run_commit, run_rollback, run_stages
from trainings.models import LegacyCompletedTraining

pytestmark = pytest.mark.django_db

KARIM: dict[str, Any] = {
    "full_name": "Karim Haddad", "phone": "0559446168", "birth_date": "1999-02-03",
}  # fmt: skip
PEOPLE: dict[str, dict[str, str]] = {
    "1": {"full_name": "Amel Ziani", "phone": "0559446161"},
    "2": {"full_name": "Sofiane Belkacem", "phone": "0559446162"},
    "3": {"full_name": "Nadia Mokrani", "phone": "0559446163"},
}


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    return RunFactory()


class AfterItsFirstBatch(Silent):
    """Somebody else does something once the first batch is done."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.waiting = [act]

    def advance(self, rows: int) -> None:
        if self.waiting:
            self.waiting.pop()()


def test_a_rollback_stops_before_rows_that_a_newer_run_rests_on_by_now(
    run: LegacyImportRun,
) -> None:
    newer = RunFactory(previous_run=run)
    older_rows = [StagedLearnerFactory(run=run, legacy_id=n, **PEOPLE[n]) for n in PEOPLE]
    run_stages(run)
    run_commit(run)
    newer_rows = [StagedLearnerFactory(run=newer, legacy_id=n, **PEOPLE[n]) for n in PEOPLE]
    run_stages(newer)
    assert {plan_of(row) for row in newer_rows} == {("skip", "already_imported")}
    with pytest.raises(OutOfOrder, match="stagiaires:2"):
        run_rollback(run, batch=1, progress=AfterItsFirstBatch(lambda: run_commit(newer)))
    kept = ["create_crm_lead", "create_crm_lead"]
    assert [outcome_of(row) for row in older_rows] == ["rolled_back", *kept]
    assert [outcome_of(row) for row in newer_rows] == ["drifted", "skip", "skip"]
    assert set(CrmLead.objects.values_list("origin", flat=True)) == {
        "legacy:stagiaires:2:lead", "legacy:stagiaires:3:lead",
    }  # fmt: skip
    run_rollback(newer)
    run_rollback(run)
    assert {outcome_of(row) for row in older_rows} == {"rolled_back"}
    assert not CrmLead.objects.exists()


@pytest.mark.parametrize("batch", [1, 100])
def test_a_preview_takes_history_on_a_lead_of_the_same_run_for_gone(
    batch: int, run: LegacyImportRun
) -> None:
    lead = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    trained = StagedLearnerFactory(
        run=run, legacy_id="2", **KARIM, formation_id="7", session_id="42", status="on verra"
    )
    run_stages(run)
    run_commit(run)
    ReviewDecisionFactory(
        student_import=trained, decision=ReviewDecision.TREAT_AS, treat_as="completed"
    )
    run_stages(run)
    assert plan_of(trained) == ("create_completed_training", "history_of_known_person")
    run_commit(run)
    assert outcome_of(lead) == "create_crm_lead"
    assert LegacyCompletedTraining.objects.get().lead_id == lead.imported_lead_id
    preview = run_rollback(run, batch=batch, preview=True)
    assert CrmLead.objects.count() == 1
    done = run_rollback(run, batch=batch)
    assert (preview.records, preview.kept_records) == (done.records, done.kept_records)
    assert not done.kept_records
    assert not CrmLead.objects.exists()


def test_no_statement_of_a_preview_grows_with_the_run(run: LegacyImportRun) -> None:
    """Databases take so many parameters and no more; a run may have any number of interests."""
    for number in range(1, 31):
        StagedLearnerFactory(run=run, legacy_id=str(number), formation_id="7")
    run_stages(run)
    run_commit(run)
    assert CourseInterest.objects.count() == 30
    sizes: list[int] = []

    def measure(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sizes.append(0 if many else len(params or ()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(measure):
        preview = run_rollback(run, batch=5, preview=True)
    assert max(sizes) < 30
    done = run_rollback(run, batch=5)
    assert (preview.rows, preview.records, preview.kept_records) == (30, done.records, [])
    assert not CourseInterest.objects.exists()
