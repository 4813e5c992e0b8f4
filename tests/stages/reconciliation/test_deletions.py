"""What staff deleted is named as such, and the totals balance once it is decided what follows."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.runs.progress import Silent
from legacy_import.stages.reconciliation.reconcile import reconcile
from legacy_import.stages.reconciliation.report import ReconcileReport
from legacy_import.stages.rollback.part import RunPart
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.review.reviewing import reviewer, say
from tests.stages.stages import plan_of, run_commit, run_rollback, run_stages
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment

pytestmark = pytest.mark.django_db
D = ReviewDecision
SOURCE = "nowhere"  # that nobody can reach: it is not read again

PERSON: dict[str, Any] = {"formation_id": "7", "session_id": "42"}
ROWS: dict[str, dict[str, Any]] = {
    "1": PERSON | {"full_name": "Karim Haddad", "phone": "0559446168"},
    "2": PERSON | {"full_name": "Lina Saadi", "phone": "0776845160", "status": "Formée"},
    "3": PERSON | {"full_name": "Nadia Mokrani", "phone": "0661223344", "status": "Confirmer"},
    "4": PERSON | {"full_name": "Amel Ziani", "phone": "0559446161"},  # linked
}
OTHER = PERSON | {"full_name": "Sofiane Belkacem", "phone": "0559446169"}


def next_run(before: LegacyImportRun | None, rows: dict[str, dict[str, Any]]) -> LegacyImportRun:
    run = RunFactory(previous_run=before, connection_name=SOURCE)
    for number, fields in rows.items():
        StagedLearnerFactory(run=run, legacy_id=number, **fields)
    run_stages(run)
    return run


@pytest.fixture
def committed() -> LegacyImportRun:
    CourseMappingFactory(connection_name=SOURCE, legacy_formation_id="7")
    SessionMappingFactory(
        connection_name=SOURCE, legacy_session_id="42", legacy_formation_id="7", confirmed=True
    )
    CrmLeadFactory(full_name="Amel Ziani", phone="0559446161")
    run = next_run(None, ROWS)
    run_commit(run)
    return run


def delete_lead() -> str:
    CrmLead.objects.get(origin=f"{SOURCE}:stagiaires:1:lead").delete()
    return "1"


def delete_interest() -> str:
    CourseInterest.objects.get(origin=f"{SOURCE}:stagiaires:1:interest").delete()
    return "1"


def delete_training() -> str:
    LegacyCompletedTraining.objects.all().delete()
    return "2"


def delete_enrollment() -> str:
    LegacyImportedEnrollment.objects.all().delete()
    return "3"


def delete_linked_person() -> str:
    CrmLead.objects.get(full_name="Amel Ziani").delete()
    return "4"


DELETIONS = (delete_lead, delete_interest, delete_training, delete_enrollment, delete_linked_person)


def report_of(run: LegacyImportRun) -> ReconcileReport:
    """The proof, without the source, which these tests do not have."""
    return reconcile(run_id=run.pk, progress=Silent())


def failed(report: ReconcileReport) -> dict[str, tuple[str, ...]]:
    """Check → rows that break it, besides the counts of the source."""
    return {
        check.name: check.rows
        for check in report.checks
        if not check.ok and not check.name.startswith(("staged_rows", "source_rows"))
    }


def decide(run: LegacyImportRun, number: str, decision: ReviewDecision) -> None:
    row = LegacyStudentImport.objects.get(legacy_import_run=run, legacy_id=number)
    say(row, decision, reviewer())
    run_stages(run)


@pytest.mark.parametrize("decision", [D.SKIP, D.CREATE_AGAIN])
@pytest.mark.parametrize("delete", DELETIONS)
def test_what_was_deleted_is_named_until_it_is_decided(
    delete: Callable[[], str], decision: ReviewDecision, committed: LegacyImportRun
) -> None:
    assert failed(report_of(committed)) == {}
    number = delete()
    report = report_of(committed)
    assert failed(report)["deleted_since"] == (f"stagiaires:{number}",)
    assert report.deleted.total >= 1
    assert report.deleted.decided_rows == 0
    assert all(record.startswith(f"stagiaires:{number} ") for record in report.deleted.records)
    newer = next_run(committed, ROWS)
    run_commit(newer)
    assert failed(report_of(committed))["deleted_since"] == (f"stagiaires:{number}",)
    decide(newer, number, decision)
    for _ in ("before the commit", "after it"):
        report = report_of(committed)
        assert failed(report) == {}
        assert report.deleted.decided_rows == report.deleted.total >= 1
        run_commit(newer)
    assert failed(report_of(newer)) == {}


def test_what_was_created_again_and_deleted_again_is_the_newer_run_s_matter(
    committed: LegacyImportRun,
) -> None:
    delete_training()
    newer = next_run(committed, ROWS)
    decide(newer, "2", D.CREATE_AGAIN)
    run_commit(newer)
    delete_training()
    assert failed(report_of(committed)) == {}
    assert failed(report_of(newer))["deleted_since"] == ("stagiaires:2",)


def test_an_undone_decision_decides_nothing(committed: LegacyImportRun) -> None:
    number = delete_training()
    newer = next_run(committed, ROWS)
    decide(newer, number, D.SKIP)
    decide(newer, number, D.RESET)
    assert failed(report_of(committed))["deleted_since"] == ("stagiaires:2",)


def test_a_rollback_of_the_run_settles_it_too(committed: LegacyImportRun) -> None:
    delete_training()
    run_rollback(committed)
    assert failed(report_of(committed)) == {}


def test_without_another_import_the_row_is_rolled_back_and_decided_in_its_own_run(
    committed: LegacyImportRun,
) -> None:
    number = delete_training()
    part = RunPart(rows=(f"stagiaires:{number}",))
    assert run_rollback(committed, part=part).rows == 1
    assert failed(report_of(committed)) == {}
    run_stages(committed)
    row = LegacyStudentImport.objects.get(legacy_id=number)
    assert plan_of(row) == ("review", "imported_deleted")
    decide(committed, number, D.CREATE_AGAIN)
    run_commit(committed)
    assert LegacyCompletedTraining.objects.count() == 1
    assert failed(report_of(committed)) == {}


def test_the_second_person_with_a_number_balances(committed: LegacyImportRun) -> None:
    newer = next_run(committed, ROWS | {"1": OTHER})
    decide(newer, "1", D.ANOTHER_PERSON)
    run_commit(newer)
    assert CrmLead.objects.filter(origin=f"{SOURCE}:stagiaires:1#2:lead").exists()
    assert failed(report_of(newer)) == failed(report_of(committed)) == {}
    CrmLead.objects.get(origin=f"{SOURCE}:stagiaires:1#2:lead").delete()
    assert failed(report_of(newer))["deleted_since"] == ("stagiaires:1",)
    assert failed(report_of(committed)) == {}
