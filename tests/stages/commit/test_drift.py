"""What changed between plan and commit: the row is left out, and the log says what changed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models import F

from crm.models import CrmLead
from legacy_import.choices import ReviewDecision
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStatusMapping,
    LegacyStudentImport,
)
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    StatusMappingFactory,
    UserFactory,
)
from tests.stages.stages import (
    last_reason,
    outcome_of,
    plan_of,
    run_commit,
    run_plan,
    run_stages,
)
from trainings.models import LearnerProfile

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"
KARIM: dict[str, Any] = {
    "legacy_id": "5", "formation_id": "7", "session_id": "42", "full_name": "Karim Haddad",
    "phone": PHONE, "email": EMAIL, "birth_date": "1999-02-03",
}  # fmt: skip


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    return RunFactory()


def decide(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    ReviewDecisionFactory(student_import=row, decision=ReviewDecision.ACCEPT_DATA)


def map_course(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    LegacyCourseMapping.objects.update(answer_version=F("answer_version") + 1)


def map_session(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    LegacySessionMapping.objects.update(answer_version=F("answer_version") + 1)


def redefine_status(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    LegacyStatusMapping.objects.update(
        classification="archived_training", answer_version=F("answer_version") + 1
    )


def import_again(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    StagedLearnerFactory(run=RunFactory(), **{**KARIM, "full_name": "Karim Hadad"})


def restage(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    LegacyStudentImport.objects.filter(pk=row.pk).update(version=2)


def new_lead_same_phone(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    CrmLeadFactory(full_name="Autre Personne", phone="+213 559 44 61 68")


def new_lead_same_second_phone(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    CrmLeadFactory(full_name="Autre Personne", phone="0776845160 / 0559446168")


def new_lead_same_email(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    CrmLeadFactory(full_name="Autre Personne", email="Karim.Haddad@exemple.dz")


def new_profile_same_phone(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    LearnerProfileFactory(phone=PHONE)


def new_user_same_email(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    UserFactory(email=" Karim.Haddad@Exemple.DZ")


def old_lead_takes_the_phone(run: LegacyImportRun, row: LegacyStudentImport) -> None:
    lead = CrmLead.objects.get(full_name="Ancienne Connaissance")
    lead.phone = PHONE
    lead.save()


CHANGES: dict[str, tuple[Callable[..., None], str]] = {
    "decision": (decide, "decision_changed"),
    "course": (map_course, "course_mapping_changed"),
    "session": (map_session, "session_mapping_changed"),
    "newer_import": (import_again, "source_row_changed"),
    "row_version": (restage, "source_row_changed"),
    "lead_phone": (new_lead_same_phone, "new_person"),
    "lead_second_phone": (new_lead_same_second_phone, "new_person"),
    "lead_email": (new_lead_same_email, "new_person"),
    "profile_phone": (new_profile_same_phone, "new_person"),
    "user_email": (new_user_same_email, "new_person"),
    "edited_lead": (old_lead_takes_the_phone, "new_person"),
}


@pytest.mark.parametrize("status", ["nouveau", "Formée", "Confirmer"])
@pytest.mark.parametrize(("change", "cause"), CHANGES.values(), ids=CHANGES)
def test_a_row_that_changed_since_the_plan_is_left_out_and_the_others_are_not(
    change: Callable[..., None], cause: str, status: str, run: LegacyImportRun
) -> None:
    CrmLeadFactory(full_name="Ancienne Connaissance", phone="0661000111")
    row = StagedLearnerFactory(run=run, **KARIM, status=status)
    other = StagedLearnerFactory(run=run, legacy_id="6")
    run_stages(run)
    change(run, row)
    report = run_commit(run)
    assert outcome_of(row) == "drifted"
    assert last_reason(row) == cause
    assert outcome_of(other) == "create_crm_lead"
    assert report.causes == {cause: 1}
    assert [(left.row, left.reason) for left in report.left_out] == [("stagiaires:5", cause)]
    assert not CrmLead.objects.filter(origin__startswith="legacy:stagiaires:5").exists()


@pytest.mark.parametrize("meaning", ["completed", "registered", "lead_only"])
def test_a_row_whose_status_was_defined_anew_since_the_plan_is_left_out(
    meaning: str, run: LegacyImportRun
) -> None:
    StatusMappingFactory(classification=meaning, confirmed=True)
    row = StagedLearnerFactory(run=run, **KARIM, status="Abandon")
    other = StagedLearnerFactory(run=run, legacy_id="6", status="nouveau")
    run_stages(run)
    redefine_status(run, row)
    assert run_commit(run).causes == {"status_mapping_changed": 1}
    assert (outcome_of(row), last_reason(row)) == ("drifted", "status_mapping_changed")
    assert outcome_of(other) == "create_crm_lead"


@pytest.fixture
def known(run: LegacyImportRun) -> CrmLead:
    """The lead whom the row was planned to be linked to."""
    lead: CrmLead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    return lead


@pytest.mark.parametrize("status", ["nouveau", "Formée"])
def test_an_edited_target_is_drift(status: str, run: LegacyImportRun, known: CrmLead) -> None:
    row = StagedLearnerFactory(run=run, **KARIM, status=status)
    run_stages(run)
    known.full_name = "Karim Haddad-Ziani"
    known.save()
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "target_edited")


@pytest.mark.parametrize("status", ["nouveau", "Formée"])
def test_a_deleted_target_is_drift(status: str, run: LegacyImportRun, known: CrmLead) -> None:
    row = StagedLearnerFactory(run=run, **KARIM, status=status)
    run_stages(run)
    known.delete()
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "target_gone")


def test_saving_a_target_without_a_change_is_no_drift(run: LegacyImportRun, known: CrmLead) -> None:
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    known.save()
    run_commit(run)
    assert outcome_of(row) == "link_existing"


def test_an_edited_user_is_drift(run: LegacyImportRun) -> None:
    profile = LearnerProfileFactory(user__first_name="Karim", user__last_name="Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    get_user_model()._default_manager.filter(pk=profile.user_id).update(last_name="Hadad")
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "target_edited")


def test_people_who_were_compared_already_are_not_new(run: LegacyImportRun) -> None:
    """A sister on the same phone stopped no history when the plan was made, nor does she now."""
    CrmLeadFactory(full_name="Karim Haddad", phone="0661000111", birth_date=None)
    LearnerProfile.objects.all().delete()
    row = StagedLearnerFactory(run=run, **KARIM, status="Formée")
    ReviewDecisionFactory(
        student_import=row,
        decision=ReviewDecision.NOT_SAME,
        person=("lead", CrmLeadFactory(full_name="Amel Haddad", phone=PHONE).pk),
    )
    run_stages(run)
    run_commit(run)
    assert outcome_of(row) == "create_completed_training"


def test_whom_a_reviewer_ruled_out_in_an_earlier_run_is_not_new(run: LegacyImportRun) -> None:
    sister = CrmLeadFactory(full_name="Amel Haddad", phone=PHONE)
    earlier = StagedLearnerFactory(run=run, **KARIM, status="Formée")
    ReviewDecisionFactory(
        student_import=earlier, decision=ReviewDecision.NOT_SAME, person=("lead", sister.pk)
    )
    later = RunFactory(previous_run=run)
    row = StagedLearnerFactory(run=later, **KARIM, status="Formée")
    run_stages(later)
    run_commit(later)
    assert outcome_of(row) == "create_completed_training"


def test_leads_of_this_very_run_are_no_new_people(run: LegacyImportRun) -> None:
    brother = StagedLearnerFactory(run=run, **KARIM)
    sister = StagedLearnerFactory(
        run=run, legacy_id="6", full_name="Amel Ziani", phone=PHONE, birth_date="2001-05-06"
    )
    run_stages(run)
    run_commit(run, limit=1)
    run_commit(run)
    assert {outcome_of(brother), outcome_of(sister)} == {"create_crm_lead"}


def test_leads_of_another_run_committed_meanwhile_are_new_people(run: LegacyImportRun) -> None:
    other = RunFactory(connection_name="ailleurs")
    rows = [StagedLearnerFactory(run=one, **KARIM) for one in (run, other)]
    run_stages(run)
    run_stages(other)
    run_commit(run)
    run_commit(other)
    assert [outcome_of(row) for row in rows] == ["create_crm_lead", "drifted"]
    assert CrmLead.objects.count() == 1


def test_a_row_that_another_run_of_the_source_committed_meanwhile_is_drift(
    run: LegacyImportRun,
) -> None:
    later = RunFactory(previous_run=run)
    rows = [StagedLearnerFactory(run=one, **KARIM) for one in (run, later)]
    run_stages(run)
    run_stages(later)
    run_commit(later)
    run_commit(run)
    assert [outcome_of(row) for row in rows] == ["drifted", "create_crm_lead"]
    assert last_reason(rows[0]) == "already_imported"


def test_a_follower_whose_first_row_was_left_out_is_left_out(run: LegacyImportRun) -> None:
    first = StagedLearnerFactory(run=run, **KARIM)
    follower = StagedLearnerFactory(run=run, **{**KARIM, "legacy_id": "6"})
    run_stages(run)
    LegacyStudentImport.objects.filter(pk=first.pk).update(version=2)
    run_commit(run)
    assert (outcome_of(follower), last_reason(follower)) == ("drifted", "first_of_group_left_out")


def test_a_decision_on_another_row_of_the_group_is_drift(run: LegacyImportRun) -> None:
    """The second row turns out to be a trained person: the first must not become a mere lead."""
    first = StagedLearnerFactory(run=run, **KARIM)
    second = StagedLearnerFactory(run=run, **{**KARIM, "legacy_id": "6"})
    run_stages(run)
    ReviewDecisionFactory(
        student_import=second, decision=ReviewDecision.TREAT_AS, treat_as="completed"
    )
    run_commit(run)
    assert (outcome_of(first), last_reason(first)) == ("drifted", "answer_changed")
    assert not CrmLead.objects.exists()


def test_an_unchanged_newer_import_is_no_drift(run: LegacyImportRun) -> None:
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    StagedLearnerFactory(run=RunFactory(), **KARIM)
    run_commit(run)
    assert outcome_of(row) == "create_crm_lead"


def test_a_plan_made_after_a_newer_import_is_committed(run: LegacyImportRun) -> None:
    """What a plan was made in full view of cannot be drift: plan and commit say the same."""
    row = StagedLearnerFactory(run=run, **KARIM)
    newer = RunFactory(summary={"stages": {"imported": {"finished": "2026-01-01T00:00:00+00:00"}}})
    StagedLearnerFactory(run=newer, **{**KARIM, "full_name": "Karim Hadad"})
    run_stages(run)
    run_commit(run)
    assert outcome_of(row) == "create_crm_lead"


FINISHED = {"stages": {"imported": {"finished": "2020-01-01T00:00:00+00:00"}}}  # by a slow clock


def test_a_newer_import_is_known_by_its_number_whatever_its_clock_said(
    run: LegacyImportRun,
) -> None:
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    StagedLearnerFactory(run=RunFactory(summary=FINISHED), **{**KARIM, "full_name": "Karim Hadad"})
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "source_row_changed")


def test_a_row_that_a_newer_import_did_not_find_is_left_out_and_waits_for_a_decision(
    run: LegacyImportRun,
) -> None:
    gone, still_there = StagedLearnerFactory(run=run, **KARIM), StagedLearnerFactory(run=run)
    run_stages(run)
    newer = RunFactory(summary=FINISHED)
    for number in ("7", still_there.legacy_id):
        StagedLearnerFactory(run=newer, legacy_id=number, phone=f"06613002{number:>02}"[:10])
    LegacyStudentImport.objects.filter(
        legacy_import_run=newer, legacy_id=still_there.legacy_id
    ).update(payload_hash=still_there.payload_hash)
    run_commit(run)
    assert (outcome_of(gone), last_reason(gone)) == ("drifted", "source_row_gone")
    assert outcome_of(still_there) == "create_crm_lead"
    run_plan(run)
    gone.refresh_from_db()
    assert (gone.planned_action, gone.planned_reason) == ("review", "source_row_gone")
    ReviewDecisionFactory(student_import=gone, decision=ReviewDecision.ACCEPT_DATA)
    run_plan(run)
    run_commit(run)
    assert outcome_of(gone) == "create_crm_lead"


def test_a_row_that_a_later_partial_import_found_again_is_not_gone(run: LegacyImportRun) -> None:
    row = StagedLearnerFactory(run=run, **KARIM)
    RunFactory(summary=FINISHED)
    run_stages(run)
    assert plan_of(row) == ("review", "source_row_gone")
    StagedLearnerFactory(run=RunFactory(summary=FINISHED, row_limit=1), **KARIM)
    run_plan(run)
    run_commit(run)
    assert outcome_of(row) == "create_crm_lead"


@pytest.mark.parametrize("newer", [
    pytest.param({"summary": FINISHED, "row_limit": 1}, id="partial"),
    pytest.param({"status": "importing"}, id="unfinished"),
    pytest.param({"status": "closed"}, id="abandoned"),
    pytest.param({"summary": FINISHED, "connection_name": "another"}, id="another_source"),
])  # fmt: skip
def test_only_a_whole_import_of_the_source_knows_that_a_row_is_gone(
    run: LegacyImportRun, newer: dict[str, Any]
) -> None:
    row = StagedLearnerFactory(run=run, **KARIM)
    RunFactory(**newer)
    run_stages(run)
    run_commit(run)
    assert outcome_of(row) == "create_crm_lead"


def test_a_drifted_row_is_not_tried_again_before_it_is_planned_again(run: LegacyImportRun) -> None:
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    decide(run, row)
    run_commit(run)
    assert run_commit(run).rows == 0
    run_plan(run)
    assert run_commit(run).outcomes == {"create_crm_lead": 1}
    assert outcome_of(row) == "create_crm_lead"
