"""The facts of a row, reviewers' words applied, and the plan that follows from them."""

import datetime
from typing import Any

import pytest

from legacy_import.choices import ReviewDecision, SessionType
from legacy_import.models import LegacyImportRun, LegacySessionMapping, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import plan_of, run_plan, run_stages

pytestmark = pytest.mark.django_db

PHONE = "0559446168"
KARIM: dict[str, Any] = {"legacy_id": "7", "full_name": "Karim Haddad", "phone": PHONE,
                         "birth_date": "1999-02-03"}  # fmt: skip
R = ReviewDecision


@pytest.fixture
def run() -> LegacyImportRun:
    """A run of a source with one mapped course (7), a real session (40), a confirmed one (41) and a
    waiting list (42) of it."""
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="41", legacy_formation_id="7", confirmed=True)
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7",
                          session_type=SessionType.WAITING_PLACEHOLDER)  # fmt: skip
    return RunFactory()


def planned(run: LegacyImportRun, *said: dict[str, Any], **fields: Any) -> tuple[str, str]:
    """(action, reason) of one row of these fields about which reviewers said these things."""
    row = StagedLearnerFactory(run=run, **{**KARIM, **fields})
    for words in said:
        ReviewDecisionFactory(student_import=row, **words)
    run_stages(run)
    return plan_of(row)


TRAINED = {"status": "Formée", "formation_id": "7"}
CONFIRMED = {"status": "Confirmer", "formation_id": "7"}

PLANS = {
    "completed": (TRAINED, [], ("create_completed_training", "history")),
    "completed-waiting": ({**TRAINED, "session_id": "42"}, [], ("review", "session_waiting")),
    "completed-waiting-released": (
        {**TRAINED, "session_id": "42"}, [{"decision": R.RELEASE_WITHOUT_SESSION}],
        ("create_completed_training", "history")),
    "completed-in-no-known-session-released": (
        {**TRAINED, "session_id": "77"}, [{"decision": R.RELEASE_WITHOUT_SESSION}],
        ("create_completed_training", "history")),
    "registered-real": (
        {**CONFIRMED, "session_id": "40"}, [], ("review", "session_not_confirmed")),
    "registered-confirmed": (
        {**CONFIRMED, "session_id": "41"}, [], ("create_enrollment", "registration")),
    "registered-waiting-released": (
        {**CONFIRMED, "session_id": "42"}, [{"decision": R.RELEASE_WITHOUT_SESSION}],
        ("review", "session_missing")),
    "registered-confirmed-released": (
        {**CONFIRMED, "session_id": "41"}, [{"decision": R.RELEASE_WITHOUT_SESSION}],
        ("review", "session_missing")),
    "unknown": ({"status": "Annulé"}, [], ("review", "status_unknown")),
    "unknown-treated-as-lead": (
        {"status": "Annulé"}, [{"decision": R.TREAT_AS, "treat_as": "lead_only"}],
        ("create_crm_lead", "new_lead")),
    "lead-treated-as-completed": (
        {"formation_id": "7"}, [{"decision": R.TREAT_AS, "treat_as": "completed"}],
        ("create_completed_training", "history")),
    "lead-treated-as-registered-in-a-confirmed-session": (
        {"formation_id": "7", "session_id": "41"},
        [{"decision": R.TREAT_AS, "treat_as": "registered"}],
        ("create_enrollment", "registration")),
    "completed-treated-as-unknown": (
        TRAINED, [{"decision": R.TREAT_AS, "treat_as": "unknown"}], ("review", "status_unknown")),
    "needs-review": (
        {**TRAINED, "birth_date": "2019-02-31"}, [], ("review", "birth_date_impossible")),
    "needs-review-accepted": (
        {**TRAINED, "birth_date": "2019-02-31"}, [{"decision": R.ACCEPT_DATA}],
        ("create_completed_training", "history")),
    "lead-needs-review-accepted": (
        {"birth_date": "2019-02-31"}, [{"decision": R.ACCEPT_DATA}],
        ("create_crm_lead", "new_lead")),
    "failed-cannot-be-accepted": (
        {**TRAINED, "full_name": ""}, [{"decision": R.ACCEPT_DATA}], ("review", "name_missing")),
    "skip": ({}, [{"decision": R.SKIP}], ("skip", "reviewer_skip")),
    "later": ({}, [{"decision": R.LATER}], ("review", "reviewer_later")),
    "skip-reset": (
        {}, [{"decision": R.SKIP}, {"decision": R.RESET}], ("create_crm_lead", "new_lead")),
    "lead-while-waiting": ({"session_id": "42"}, [], ("create_crm_lead", "new_lead")),
    "lead-of-an-unknown-course": ({"formation_id": "99"}, [], ("create_crm_lead", "new_lead")),
    "lead-without-contact": ({"phone": ""}, [], ("review", "contact_not_trustworthy")),
    "lead-with-a-role-mailbox-only": (
        {"phone": "", "email": "contact@exemple.dz"}, [], ("review", "contact_not_trustworthy")),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "said", "plan"), PLANS.values(), ids=PLANS)
def test_a_row_alone(
    run: LegacyImportRun,
    fields: dict[str, Any],
    said: list[dict[str, Any]],
    plan: tuple[str, str],
) -> None:
    assert planned(run, *said, **fields) == plan


@pytest.mark.parametrize("legacy_id", ["1", "2", "235"])
def test_no_registration_is_made_in_a_placeholder_not_even_a_confirmed_one(
    run: LegacyImportRun, legacy_id: str
) -> None:
    SessionMappingFactory(legacy_session_id=legacy_id, legacy_formation_id="7", confirmed=True)
    assert planned(run, **CONFIRMED, session_id=legacy_id) == ("review", "session_waiting")


# --- a person who is there -----------------------------------------------------------------------

KNOWN = {
    # the lead that is there, the row, what is planned
    "lead-unblocked": ({"full_name": "Karim Haddad"}, {}, ("link_existing", "known_person")),
    "history-unblocked": (
        {"full_name": "Karim Haddad"}, TRAINED,
        ("create_completed_training", "history_of_known_person")),
    "registration-unblocked": (
        {"full_name": "Karim Haddad"}, {**CONFIRMED, "session_id": "41"},
        ("create_enrollment", "registration_of_known_person")),
    "history-that-cannot-be-made-is-not-consumed-by-a-link": (
        {"full_name": "Karim Haddad"}, {**TRAINED, "session_id": "42"},
        ("review", "session_waiting")),
    "lead-blocked": (
        {"full_name": "Nadia Haddad"}, {}, ("review", "shared_contact_other_name")),
    "history-blocked": (
        {"full_name": "Nadia Haddad"}, TRAINED, ("review", "shared_contact_other_name")),
    "registration-blocked": (
        {"full_name": "Nadia Haddad"}, {**CONFIRMED, "session_id": "41"},
        ("review", "shared_contact_other_name")),
    "unknown-unblocked": (
        {"full_name": "Karim Haddad"}, {"status": "Annulé"}, ("review", "status_unknown")),
    "lead-medium": (
        {"full_name": "Karim Haddad", "phone": "", "birth_date": datetime.date(1999, 2, 3)}, {},
        ("review", "medium_match")),
    "history-medium": (
        {"full_name": "Karim Haddad", "phone": "", "birth_date": datetime.date(1999, 2, 3)},
        TRAINED, ("create_completed_training", "history")),
    "lead-low": ({"full_name": "Karim Hadad", "phone": ""}, {}, ("review", "low_match")),
}  # fmt: skip


@pytest.mark.parametrize(("there", "fields", "plan"), KNOWN.values(), ids=KNOWN)
def test_a_row_whose_person_may_be_there(
    run: LegacyImportRun, there: dict[str, Any], fields: dict[str, Any], plan: tuple[str, str]
) -> None:
    lead = CrmLeadFactory(**{"phone": PHONE, **there})
    assert planned(run, **fields) == plan
    row = LegacyStudentImport.objects.get(legacy_import_run=run)
    target = (row.planned_target_kind, row.planned_target_id)
    assert target == (("lead", lead.pk) if "known_person" in plan[1] else ("", None))


@pytest.mark.parametrize(
    ("fields", "plan"),
    [
        pytest.param({}, ("link_existing", "known_person"), id="lead"),
        pytest.param(
            TRAINED, ("create_completed_training", "history_of_known_person"), id="history"
        ),
    ],
)
def test_a_link_settles_whose_row_it_is_that_has_no_name(
    run: LegacyImportRun, fields: dict[str, Any], plan: tuple[str, str]
) -> None:
    user = LearnerProfileFactory(user__first_name="Karim", user__last_name="Haddad").user
    said = {"decision": R.LINK, "person": ("user", user.pk)}
    assert planned(run, **fields, full_name="", phone="") == ("review", "name_missing")
    assert planned(run, said, **fields, legacy_id="8", full_name="", phone="") == plan


@pytest.mark.parametrize(
    ("fields", "plan"),
    [
        pytest.param({}, ("link_existing", "known_person"), id="lead"),
        pytest.param(
            TRAINED, ("create_completed_training", "history_of_known_person"), id="history"
        ),
        pytest.param(
            {**TRAINED, "session_id": "42"}, ("review", "session_waiting"), id="not-makeable"
        ),
    ],
)
def test_a_reviewer_s_link_unblocks(
    run: LegacyImportRun, fields: dict[str, Any], plan: tuple[str, str]
) -> None:
    sister = CrmLeadFactory(full_name="Nadia Haddad", phone=PHONE)
    user = LearnerProfileFactory(user__first_name="Karim", user__last_name="Haddad").user
    said = {"decision": R.LINK, "person": ("user", user.pk)}
    assert planned(run, said, **fields) == plan
    row = LegacyStudentImport.objects.get(legacy_import_run=run)
    if plan[0] != "review":
        assert (row.planned_target_kind, row.planned_target_id) == ("user", user.pk)
        assert "person=" in row.planned_basis
        targets = [target["id"] for target in row.duplicate_evidence["targets"]]
        assert targets == [user.pk, sister.pk], "the namesake comes before the sister on the phone"
        assert not row.auto_link_allowed, "the rule's answer stands beside the decision"


def test_not_the_same_person_counts_at_once_without_a_new_validation(run: LegacyImportRun) -> None:
    sister = CrmLeadFactory(full_name="Nadia Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    assert plan_of(row) == ("review", "shared_contact_other_name")
    ReviewDecisionFactory(student_import=row, decision=R.NOT_SAME, person=("lead", sister.pk))
    run_plan(run)
    assert plan_of(row) == ("create_crm_lead", "new_lead")
    assert row.duplicate_confidence == "high", "the rule's answer stands beside the decision"


def test_not_the_same_person_leaves_the_other_target(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    other = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    assert plan_of(row) == ("review", "several_targets")
    ReviewDecisionFactory(student_import=row, decision=R.NOT_SAME, person=("lead", row.match_id))
    run_plan(run)
    assert plan_of(row) == ("link_existing", "known_person")
    assert row.planned_target_id == other.pk


def test_ruling_out_the_matches_that_are_shown_says_nothing_of_those_that_are_not(
    run: LegacyImportRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("legacy_import.people.matching.MAX_TARGETS", 5)
    leads = CrmLeadFactory.create_batch(6, full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    run_stages(run)
    for found in row.__class__.objects.get(pk=row.pk).duplicate_evidence["targets"]:
        ReviewDecisionFactory(
            student_import=row, decision=R.NOT_SAME, person=(found["kind"], found["id"])
        )
    run_plan(run)
    assert plan_of(row)[0] == "review", "a sixth lead has the same phone and the same name"
    assert len(leads) == row.duplicate_evidence["targets_total"]
    run_stages(run)
    assert plan_of(row) == ("link_existing", "known_person")
    assert row.planned_target_id == leads[-1].pk


def test_a_link_that_validation_allows_is_not_lost_to_what_was_said_of_others(
    run: LegacyImportRun,
) -> None:
    CrmLeadFactory.create_batch(7, full_name="Karim Hadad")
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    sister = CrmLeadFactory(full_name="Nadia Haddad", phone=PHONE)
    said = {"decision": R.NOT_SAME, "person": ("lead", sister.pk)}
    assert planned(run, said) == ("link_existing", "known_person")
    row = LegacyStudentImport.objects.get(legacy_import_run=run)
    assert row.planned_target_id == lead.pk
    assert row.duplicate_evidence["targets_total"] == 8


# --- what the answer rests on --------------------------------------------------------------------


def basis(run: LegacyImportRun, row: LegacyStudentImport) -> str:
    run_plan(run)
    row.refresh_from_db()
    return row.planned_basis


def test_the_basis_changes_with_every_version_it_rests_on_and_with_the_person(
    run: LegacyImportRun,
) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM, **TRAINED, session_id="40")
    run_stages(run)
    seen = [basis(run, row)]
    LegacyStudentImport.objects.update(version=5)
    seen.append(basis(run, row))
    LegacySessionMapping.objects.filter(legacy_session_id="40").update(answer_version=9)
    seen.append(basis(run, row))
    lead.email = "kh@exemple.dz"
    lead.save()
    seen.append(basis(run, row))
    assert len(set(seen)) == 4
    assert basis(run, row) == seen[-1]
    assert seen[1].startswith("row=5 course=1 session=1 person=")
