"""A later run knows what earlier ones made of a row: links, what staff deleted, and whose it was."""

from typing import Any

import pytest

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.review.reviewing import reviewer, say
from tests.stages.stages import (
    last_reason,
    outcome_of,
    plan_of,
    run_commit,
    run_rollback,
    run_stages,
)
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment

pytestmark = pytest.mark.django_db
D = ReviewDecision

KARIM: dict[str, Any] = {
    "legacy_id": "7", "full_name": "Karim Haddad", "phone": "0559446168",
    "birth_date": "1999-02-03", "formation_id": "7", "session_id": "42",
}  # fmt: skip
LINA: dict[str, Any] = KARIM | {
    "full_name": "Lina Saadi",
    "phone": "0776845160",
    "birth_date": "2001-05-30",
}
NADIA: dict[str, Any] = KARIM | {
    "full_name": "Nadia Mokrani",
    "phone": "0661223344",
    "birth_date": "1988-11-12",
}
STATUS = {"lead": "nouveau", "training": "Formée", "enrollment": "Confirmer"}
MADE = {
    "lead": ("create_crm_lead", CrmLead),
    "training": ("create_completed_training", LegacyCompletedTraining),
    "enrollment": ("create_enrollment", LegacyImportedEnrollment),
}  # fmt: skip
IMPORTED = ("skip", "already_imported")
DELETED = ("review", "imported_deleted")
ANOTHER = ("review", "row_is_another_person")


@pytest.fixture(autouse=True)
def mappings() -> None:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)


def staged(run: LegacyImportRun, **fields: Any) -> LegacyStudentImport:
    """The row in a run that is validated, classified and planned."""
    row = StagedLearnerFactory(run=run, **fields)
    run_stages(run)
    row.refresh_from_db()
    return row


def imported(**fields: Any) -> LegacyImportRun:
    """A run that committed the row."""
    run = RunFactory()
    row = staged(run, **fields)
    run_commit(run)
    assert outcome_of(row) not in ("review", "drifted", "skip")
    return run


def again(before: LegacyImportRun, **fields: Any) -> LegacyStudentImport:
    """The row in the next run of its source, planned."""
    return staged(RunFactory(previous_run=before), **fields)


def decided(row: LegacyStudentImport, decision: ReviewDecision) -> LegacyStudentImport:
    """The row after this decision and another plan."""
    actor = reviewer(username=f"reviewer-{row.pk}-{row.version}")
    say(row, decision, actor)
    run_stages(row.legacy_import_run)
    row.refresh_from_db()
    return row


def commit_of(row: LegacyStudentImport) -> str:
    """The outcome of the row once its run is committed."""
    run_commit(row.legacy_import_run)
    return outcome_of(row)


# --- A link is done once ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lead", "user"])
def test_a_link_of_an_earlier_run_is_done(kind: str) -> None:
    if kind == "lead":
        CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    else:
        LearnerProfileFactory(
            user__first_name="Karim", user__last_name="Haddad", phone="0559446168"
        )
    first = imported(**KARIM)
    row = again(first, **KARIM)
    assert plan_of(row) == IMPORTED
    assert commit_of(row) == "skip"
    third = again(row.legacy_import_run, **KARIM)
    assert plan_of(third) == IMPORTED
    run_rollback(row.legacy_import_run)
    run_rollback(first)
    run_stages(third.legacy_import_run)
    assert plan_of(third) == ("link_existing", "known_person")


def test_a_linked_row_that_changed_since_needs_review() -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    row = again(imported(**KARIM), **KARIM, remark="x")
    assert plan_of(row) == ("review", "already_imported_changed")


def test_a_new_row_follows_a_first_row_that_an_earlier_run_linked() -> None:
    known = CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    run = RunFactory(previous_run=imported(**KARIM))
    StagedLearnerFactory(run=run, **KARIM)
    follower = StagedLearnerFactory(run=run, **KARIM | {"legacy_id": "8", "phone": ""})
    run_stages(run)
    assert plan_of(follower) == ("link_existing", "same_person_in_run")
    run_commit(run)
    follower.refresh_from_db()
    assert (follower.outcome, follower.imported_lead_id) == ("link_existing", known.pk)
    assert (
        not CourseInterest.objects.exists()
    )  # nothing is created on a person who was there before


# --- What staff deleted ------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", MADE)
def test_what_staff_deleted_is_made_again_only_by_a_decision(effect: str) -> None:
    action, model = MADE[effect]
    fields = KARIM | {"status": STATUS[effect]}
    first = imported(**fields)
    model.objects.get().delete()  # type: ignore[attr-defined]
    row = again(first, **fields)
    assert plan_of(row) == DELETED
    assert commit_of(row) == "review"
    assert not model.objects.exists()  # type: ignore[attr-defined]
    decided(row, D.CREATE_AGAIN)
    assert plan_of(row)[0] == action
    assert commit_of(row) == action
    assert model.objects.get().origin == f"legacy:stagiaires:7:{effect}"  # type: ignore[attr-defined]
    assert plan_of(again(row.legacy_import_run, **fields)) == IMPORTED


def test_what_was_deleted_again_needs_another_decision() -> None:
    first = imported(**KARIM)
    CrmLead.objects.get().delete()
    row = decided(again(first, **KARIM), D.CREATE_AGAIN)
    assert commit_of(row) == "create_crm_lead"
    CrmLead.objects.get().delete()
    third = again(row.legacy_import_run, **KARIM)
    assert plan_of(third) == DELETED
    assert plan_of(decided(third, D.SKIP)) == ("skip", "reviewer_skip")


def test_a_decision_to_create_again_holds_in_a_later_run_too() -> None:
    first = imported(**KARIM)
    CrmLead.objects.get().delete()
    row = decided(again(first, **KARIM), D.CREATE_AGAIN)
    assert plan_of(row) == ("create_crm_lead", "new_lead")
    third = again(row.legacy_import_run, **KARIM)
    assert plan_of(third) == ("create_crm_lead", "new_lead")


def test_an_interest_that_staff_deleted_is_added_to_its_lead_again() -> None:
    first = imported(**KARIM)
    lead = CrmLead.objects.get()
    CourseInterest.objects.get().delete()
    row = again(first, **KARIM)
    assert plan_of(row) == DELETED
    decided(row, D.CREATE_AGAIN)
    assert plan_of(row) == ("link_existing", "interest_again")
    assert commit_of(row) == "link_existing"
    interest = CourseInterest.objects.get()
    assert (interest.lead_id, interest.origin) == (lead.pk, "legacy:stagiaires:7:interest")
    assert CrmLead.objects.get() == lead
    third = again(row.legacy_import_run, **KARIM)
    assert plan_of(third) == IMPORTED
    run_rollback(row.legacy_import_run)
    assert (CrmLead.objects.count(), CourseInterest.objects.count()) == (1, 0)


def test_a_person_who_was_linked_and_deleted_is_not_made_again() -> None:
    known = CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    first = imported(**KARIM)
    known.delete()
    row = again(first, **KARIM)
    assert plan_of(row) == DELETED
    assert plan_of(decided(row, D.CREATE_AGAIN)) == ("create_crm_lead", "new_lead")


@pytest.mark.parametrize("effect", ["training", "enrollment"])
def test_history_that_was_added_to_the_row_s_lead_is_created_on_it_again(effect: str) -> None:
    action, model = MADE[effect]
    fields = KARIM | {"status": STATUS[effect]}
    added = decided(again(imported(**KARIM), **fields), D.ADD_HISTORY)
    assert commit_of(added) == action
    model.objects.get().delete()  # type: ignore[attr-defined]
    row = again(added.legacy_import_run, **fields)
    assert plan_of(row) == DELETED
    decided(row, D.CREATE_AGAIN)
    assert commit_of(row) == action
    assert model.objects.get().lead == CrmLead.objects.get()  # type: ignore[attr-defined]
    assert plan_of(again(row.legacy_import_run, **fields)) == IMPORTED


def test_a_record_that_is_deleted_after_the_plan_drifts() -> None:
    row = again(imported(**KARIM), **KARIM)
    assert plan_of(row) == IMPORTED
    CrmLead.objects.get().delete()
    assert (commit_of(row), last_reason(row)) == ("drifted", "imported_deleted")


def test_what_a_rollback_deleted_was_not_deleted_by_staff() -> None:
    first = imported(**KARIM)
    run_rollback(first)
    assert plan_of(again(first, **KARIM)) == ("create_crm_lead", "new_lead")


@pytest.mark.parametrize("same_run", [True, False], ids=["same-run", "next-run"])
@pytest.mark.parametrize("effect", MADE)
def test_what_was_gone_before_a_rollback_needs_a_decision(effect: str, same_run: bool) -> None:
    action, model = MADE[effect]
    fields = KARIM | {"status": STATUS[effect]}
    first = imported(**fields)
    model.objects.get().delete()  # type: ignore[attr-defined]
    run_rollback(first)
    if same_run:
        row = LegacyStudentImport.objects.get()
        run_stages(first)
    else:
        row = again(first, **fields)
    assert plan_of(row) == DELETED
    assert commit_of(row) == "review"
    decided(row, D.CREATE_AGAIN)
    assert commit_of(row) == action
    assert plan_of(again(row.legacy_import_run, **fields)) == IMPORTED


def test_a_linked_person_who_was_gone_before_a_rollback_is_not_made_again() -> None:
    known = CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    first = imported(**KARIM)
    known.delete()
    assert run_rollback(first).records == {("crm.CrmLead", "gone"): 1}
    row = LegacyStudentImport.objects.get()
    run_stages(first)
    assert plan_of(row) == DELETED
    assert plan_of(again(first, **KARIM)) == DELETED
    assert plan_of(decided(row, D.CREATE_AGAIN)) == ("create_crm_lead", "new_lead")


# --- A row number is not a person --------------------------------------------------------------------


@pytest.mark.parametrize("effect", MADE)
def test_another_person_under_an_imported_number_needs_review(effect: str) -> None:
    action, model = MADE[effect]
    status = {"status": STATUS[effect]}
    first = imported(**KARIM | status)
    row = again(first, **LINA | status)
    assert plan_of(row) == ANOTHER
    assert commit_of(row) == "review"
    decided(row, D.ANOTHER_PERSON)
    assert plan_of(row)[0] == action
    assert commit_of(row) == action
    origins = set(model.objects.values_list("origin", flat=True))  # type: ignore[attr-defined]
    assert origins == {f"legacy:stagiaires:7:{effect}", f"legacy:stagiaires:7#2:{effect}"}
    row.refresh_from_db()
    assert (row.person_number, row.origin_id) == (2, "stagiaires:7#2")
    # Whoever has the number in the next run is known.
    assert plan_of(again(row.legacy_import_run, **LINA | status)) == IMPORTED


def test_the_second_person_and_the_first_are_both_known_in_later_runs() -> None:
    row = decided(again(imported(**KARIM), **LINA), D.ANOTHER_PERSON)
    assert commit_of(row) == "create_crm_lead"
    assert plan_of(again(row.legacy_import_run, **KARIM)) == IMPORTED
    changed = again(row.legacy_import_run, **LINA, remark="x")
    assert plan_of(changed) == ("review", "already_imported_changed")
    third = again(row.legacy_import_run, **NADIA)
    assert plan_of(third) == ANOTHER, "nothing was decided about Nadia"
    assert commit_of(decided(third, D.ANOTHER_PERSON)) == "create_crm_lead"
    assert set(CrmLead.objects.values_list("origin", "full_name")) == {
        ("legacy:stagiaires:7:lead", "Karim Haddad"),
        ("legacy:stagiaires:7#2:lead", "Lina Saadi"),
        ("legacy:stagiaires:7#3:lead", "Nadia Mokrani"),
    }
    assert CourseInterest.objects.filter(origin="legacy:stagiaires:7#3:interest").exists()


def test_history_that_is_added_goes_to_nobody_else_who_had_the_number() -> None:
    first = imported(**KARIM | {"status": "Formée"})
    LearnerProfileFactory(user__first_name="Lina", user__last_name="Saadi", phone=LINA["phone"])
    lina = decided(again(first, **LINA | {"status": "Formée"}), D.ANOTHER_PERSON)
    assert plan_of(lina) == ("create_completed_training", "history_of_known_person")
    run_commit(lina.legacy_import_run)
    back = again(lina.legacy_import_run, **KARIM | {"status": "Confirmer"})
    assert plan_of(decided(back, D.ADD_HISTORY)) == ("create_enrollment", "registration_added")
    assert commit_of(back) == "create_enrollment"
    added = LegacyImportedEnrollment.objects.get()
    assert (added.origin, added.user) == ("legacy:stagiaires:7:enrollment", None)


def test_another_person_may_be_skipped() -> None:
    row = decided(again(imported(**KARIM), **LINA), D.SKIP)
    assert plan_of(row) == ("skip", "reviewer_skip")


@pytest.mark.parametrize("same", ["full_name", "phone", "birth_date"])
def test_a_row_that_shares_something_with_who_was_imported_is_the_same_person(same: str) -> None:
    row = again(imported(**KARIM), **LINA | {same: KARIM[same]})
    assert plan_of(row) == ("review", "already_imported_changed")


def test_a_number_that_is_given_again_after_the_plan_drifts() -> None:
    first = RunFactory()
    StagedLearnerFactory(run=first, **KARIM)
    row = again(first, **LINA)
    assert plan_of(row) == ("create_crm_lead", "new_lead")
    run_stages(first)
    run_commit(first)
    assert (commit_of(row), last_reason(row)) == ("drifted", "row_is_another_person")


def test_the_second_person_is_rolled_back_without_the_first() -> None:
    row = decided(again(imported(**KARIM), **LINA), D.ANOTHER_PERSON)
    assert commit_of(row) == "create_crm_lead"
    run_rollback(row.legacy_import_run)
    assert CrmLead.objects.get().origin == "legacy:stagiaires:7:lead"
    run_stages(row.legacy_import_run)
    assert plan_of(row) == ("create_crm_lead", "new_lead")
    assert commit_of(row) == "create_crm_lead"
    assert CrmLead.objects.filter(origin="legacy:stagiaires:7#2:lead").exists()
