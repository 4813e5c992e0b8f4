"""A commit proposes owners of history that it attaches to no one, and never overrides staff."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from crm.models import CrmLead
from legacy_import.choices import ReversalOutcome, ReviewDecision
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun
from legacy_import.runs.progress import Silent
from legacy_import.stages.reconciliation.reconcile import reconcile
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.stages.reconciliation.reconciling import elsewhere
from tests.stages.stages import run_commit, run_rollback, run_stages
from trainings.attachments import SeenRecord, attach, detach, undo
from trainings.models import LegacyCompletedTraining, ProbableOwner

pytestmark = pytest.mark.django_db

KARIM: dict[str, Any] = {
    "full_name": "Karim Haddad", "birth_date": "1990-03-04", "formation_id": "7",
    "status": "Formée", "phone": "",
}  # fmt: skip
BORN = datetime.date(1990, 3, 4)


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie", course__name="PAO")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    return RunFactory()


def commit(run: LegacyImportRun) -> None:
    run_stages(run)
    run_commit(run)


def proposed() -> list[tuple[str, str, int, str, str]]:
    return list(
        ProbableOwner.objects.order_by("pk").values_list(
            "learner_key", "person_kind", "person_id", "blocker", "state"
        )
    )


def attach_all(lead: CrmLead) -> Any:
    records = [SeenRecord(one.origin, one.version) for one in LegacyCompletedTraining.objects.all()]
    return attach(
        records=records, person=("lead", lead.pk), reason="dossier papier", actor=UserFactory(),
        now=timezone.now(),
    )  # fmt: skip


def test_a_match_that_may_not_link_is_proposed_with_the_history(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddadi", birth_date=BORN)  # similar name, same date
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    commit(run)
    assert LegacyCompletedTraining.objects.get().lead is None
    assert proposed() == [("legacy:stagiaires:1", "lead", lead.pk, "medium_match", "open")]
    assert ProbableOwner.objects.get().reason == "blocked_match"


def test_the_same_name_and_date_is_proposed(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Haddad Karim", birth_date=BORN)
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    commit(run)
    assert proposed() == [("legacy:stagiaires:1", "lead", lead.pk, "", "open")]


def test_whom_a_reviewer_ruled_out_is_never_proposed(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Haddad Karim", birth_date=BORN)
    row = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    run_stages(run)
    ReviewDecisionFactory(
        student_import=row, decision=ReviewDecision.NOT_SAME, target_kind="lead", target_id=lead.pk
    )
    commit(run)
    assert LegacyCompletedTraining.objects.count() == 1
    assert proposed() == [("legacy:stagiaires:1", "lead", lead.pk, "", "not_same")]
    lead.save()
    assert proposed()[0][-1] == "not_same"


def test_history_of_a_certain_person_proposes_nobody(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", birth_date=BORN, phone="0559446168")
    StagedLearnerFactory(run=run, legacy_id="1", **{**KARIM, "phone": "0559446168"})
    commit(run)
    assert LegacyCompletedTraining.objects.get().lead == lead
    assert proposed() == []


def test_a_lead_that_an_import_creates_is_proposed_and_forgotten_with_it(
    run: LegacyImportRun,
) -> None:
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    commit(run)
    assert proposed() == []
    second = RunFactory(connection_name="autre")
    contact = {"status": "nouveau", "phone": "0661300001", "formation_id": None}
    StagedLearnerFactory(run=second, legacy_id="8", **{**KARIM, **contact})
    commit(second)
    lead = CrmLead.objects.get()
    assert proposed() == [("legacy:stagiaires:1", "lead", lead.pk, "", "open")]
    run_rollback(second)
    assert not CrmLead.objects.exists()
    assert proposed() == []


def test_a_rollback_keeps_what_was_attached_by_hand_and_says_so(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="2", status="Formée", formation_id="7")
    commit(run)
    record = LegacyCompletedTraining.objects.get(origin="legacy:stagiaires:1:training")
    lead = CrmLeadFactory()
    attach(
        records=[SeenRecord(record.origin, record.version)], person=("lead", lead.pk),
        reason="dossier papier", actor=UserFactory(), now=timezone.now(),
    )  # fmt: skip
    run_rollback(run)
    (kept,) = LegacyCompletedTraining.objects.all()
    assert (kept.origin, kept.lead) == (record.origin, lead)
    outcomes = LegacyImportCommitLog.objects.filter(student_import__legacy_id="1")
    (why,) = set(outcomes.values_list("reversal_outcome", flat=True))
    assert why == ReversalOutcome.KEPT_ATTACHED


def test_a_rollback_deletes_history_whose_attachment_was_undone(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    lead = CrmLeadFactory(full_name="Karim Haddad", birth_date=BORN)
    commit(run)
    event = attach_all(lead)
    undo(event_id=event.pk, actor=UserFactory(), now=timezone.now())
    assert len(proposed()) == 1
    run_rollback(run)
    assert not LegacyCompletedTraining.objects.exists()
    assert proposed() == []


def test_a_later_commit_attaches_and_overwrites_nothing(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    commit(run)
    mine, other = CrmLeadFactory(), CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    attach_all(mine)
    second = RunFactory()
    StagedLearnerFactory(run=second, legacy_id="1", **{**KARIM, "phone": "0559446168"})
    StagedLearnerFactory(run=second, legacy_id="2", **{**KARIM, "phone": "0559446168"})
    commit(second)
    first = LegacyCompletedTraining.objects.get(origin="legacy:stagiaires:1:training")
    assert (first.lead, first.version) == (mine, 1)
    added = LegacyCompletedTraining.objects.get(origin="legacy:stagiaires:2:training")
    assert (added.lead, added.learner_key) == (other, first.learner_key)


@pytest.mark.parametrize("undone", [False, True])
def test_reconcile_balances_after_attaching(undone: bool) -> None:
    CourseMappingFactory(connection_name="nowhere", legacy_formation_id="7")
    run = elsewhere(2)
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="2", **{**KARIM, "status": "Archivé"})
    commit(run)
    assert LegacyCompletedTraining.objects.count() == 2
    event = attach_all(CrmLeadFactory())
    if undone:
        undo(event_id=event.pk, actor=UserFactory(username="autre"), now=timezone.now())
    report = reconcile(run_id=run.pk, progress=Silent())
    assert [check for check in report.checks if not check.ok] == []
    run_rollback(run)
    assert LegacyCompletedTraining.objects.count() == (0 if undone else 2)
    report = reconcile(run_id=run.pk, progress=Silent())
    assert [check for check in report.checks if not check.ok] == []


def test_what_the_import_attached_can_be_detached_and_the_books_still_balance() -> None:
    CourseMappingFactory(connection_name="nowhere", legacy_formation_id="7")
    run = elsewhere(1)
    lead = CrmLeadFactory(full_name="Karim Haddad", birth_date=BORN, phone="0559446168")
    StagedLearnerFactory(run=run, legacy_id="1", **{**KARIM, "phone": "0559446168"})
    commit(run)
    record = LegacyCompletedTraining.objects.get()
    assert record.lead == lead
    seen = [SeenRecord(record.origin, record.version)]
    detach(records=seen, reason="homonyme", actor=UserFactory(), now=timezone.now())
    report = reconcile(run_id=run.pk, progress=Silent())
    assert [check for check in report.checks if not check.ok] == []
    assert [pair[2] for pair in proposed()] == [lead.pk]  # whoever it is, people decide again
    run_rollback(run)
    assert LegacyCompletedTraining.objects.get().lead is None
    report = reconcile(run_id=run.pk, progress=Silent())
    assert [check for check in report.checks if not check.ok] == []
