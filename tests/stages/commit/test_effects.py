"""What a commit makes of each kind of row: the records, the log, the row's outcome."""

import datetime
from typing import Any

import pytest

from crm.models import CourseInterest, CrmLead
from ecoin.identity.names import parse_name
from legacy_import.choices import CourseMappingStatus, ReviewDecision
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import outcome_of, run_commit, run_plan, run_stages
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment, Session

pytestmark = pytest.mark.django_db

PHONE = "0559446168"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie", course__name="PAO")
    SessionMappingFactory(
        legacy_session_id="42", legacy_code="PAO-2019", legacy_formation_id="7", confirmed=True,
        ends_on_raw="2019-06-30",
    )  # fmt: skip
    return RunFactory()


def committed(run: LegacyImportRun, **fields: Any) -> LegacyStudentImport:
    """A row taken all the way through its commit."""
    row = StagedLearnerFactory(run=run, **{"legacy_id": "5", "formation_id": "7", **fields})
    run_stages(run)
    run_commit(run)
    row.refresh_from_db()
    return row


def test_entities_are_decoded_once_in_what_is_created(run: LegacyImportRun) -> None:
    CourseMappingFactory(legacy_formation_id="8", legacy_name="Bureautique&amp;Internet", course=None,
                         status="unmapped")  # fmt: skip
    row = committed(
        run, full_name="Amel B&eacute;chir", phone="0559&nbsp;44&#160;61&nbsp;68",
        birth_date="1999-02-03", email="amel&#64;yahoo.fr", formation_id="8",
    )  # fmt: skip
    assert row.outcome == "create_crm_lead"
    lead, interest = CrmLead.objects.get(), CourseInterest.objects.get()
    assert (lead.full_name, lead.email, lead.phone_normalized, lead.email_normalized) == (
        "Amel Béchir", "amel@yahoo.fr", "213559446168", "amel@yahoo.fr"
    )  # fmt: skip
    assert interest.legacy_course_name == "Bureautique&Internet"
    assert (row.full_name, row.email_raw) == ("Amel B&eacute;chir", "amel&#64;yahoo.fr")


def test_the_code_of_a_session_is_decoded_too(run: LegacyImportRun) -> None:
    SessionMappingFactory(
        legacy_session_id="50", legacy_code="PAO&#45;2020", legacy_formation_id="7"
    )
    committed(run, **KARIM, status="Form&eacute;e", session_id="50")
    assert LegacyCompletedTraining.objects.get().session_code == "PAO-2020"


@pytest.mark.parametrize(
    ("written", "created"),
    [
        ("Andr&eacute Haddad", "André Haddad"),
        ("L&eacutea Haddad", "Léa Haddad"),
        ("Caf%C3%A9 Haddad", "Café Haddad"),
        ("Ren\\u00e9 Haddad", "René Haddad"),
        ("B&eacute;chir Haddad", "Béchir Haddad"),
        ("Amel 100% Haddad", "Amel 100% Haddad"),
    ],
)
def test_a_name_is_created_as_it_was_compared(
    written: str, created: str, run: LegacyImportRun
) -> None:
    committed(run, **{**KARIM, "full_name": written})
    lead = CrmLead.objects.get()
    assert lead.full_name == created
    assert parse_name(created).key == parse_name(written).key
    assert parse_name(created).is_readable


def test_what_is_escaped_twice_stays_escaped_once_and_is_reviewed(run: LegacyImportRun) -> None:
    row = committed(run, full_name="Amel B&amp;eacute;chir", email="amel&amp;#64;yahoo.fr")
    assert (row.outcome, row.planned_reason) == ("review", "text_damaged")
    assert row.email_normalized is None
    assert not CrmLead.objects.exists()


def log_of(row: LegacyStudentImport) -> list[tuple[str, str, int | None, bool]]:
    entries = LegacyImportCommitLog.objects.filter(student_import=row).order_by("pk")
    return list(entries.values_list("action", "target_model", "target_id", "created_target"))


def test_a_lead_is_created_with_its_course_interest(run: LegacyImportRun) -> None:
    row = committed(run, **KARIM, email="Karim.Haddad@Exemple.dz")
    lead = CrmLead.objects.get()
    assert (lead.full_name, lead.phone, lead.email) == (
        "Karim Haddad", PHONE, "Karim.Haddad@Exemple.dz"
    )  # fmt: skip
    assert (lead.phone_normalized, lead.email_normalized) == (
        "213559446168", "karim.haddad@exemple.dz"
    )  # fmt: skip
    assert (lead.birth_date, lead.legacy_import_run_id) == (datetime.date(1999, 2, 3), run.pk)
    assert lead.origin == "legacy:stagiaires:5:lead"
    interest = CourseInterest.objects.get()
    assert (interest.lead_id, interest.origin) == (lead.pk, "legacy:stagiaires:5:interest")
    assert interest.course is not None
    assert (interest.course.name, interest.legacy_course_name) == ("PAO", "Infographie")
    assert (row.outcome, row.imported_lead_id, row.imported_user_id) == (
        "create_crm_lead", lead.pk, None
    )  # fmt: skip
    assert log_of(row) == [
        ("create_crm_lead", "crm.CrmLead", lead.pk, True),
        ("create_course_interest", "crm.CourseInterest", interest.pk, True),
    ]


def test_saving_a_created_lead_again_changes_nothing_but_the_time(run: LegacyImportRun) -> None:
    committed(run, **KARIM, email="Karim@Exemple.dz")
    before = CrmLead.objects.values().get()
    CrmLead.objects.get().save()
    after = CrmLead.objects.values().get()
    assert {k: v for k, v in after.items() if k != "updated_at"} == {
        k: v for k, v in before.items() if k != "updated_at"
    }


@pytest.mark.parametrize(
    ("mapping", "course", "name"),
    [
        pytest.param({"status": CourseMappingStatus.UNMAPPED}, False, "Couture", id="unmapped"),
        pytest.param({"status": CourseMappingStatus.NO_EQUIVALENT}, False, "Couture", id="none"),
    ],
)
def test_an_interest_in_a_course_the_platform_lacks_keeps_its_name(
    mapping: dict[str, Any], course: bool, name: str, run: LegacyImportRun
) -> None:
    CourseMappingFactory(legacy_formation_id="8", legacy_name="Couture", course=None, **mapping)
    committed(run, formation_id="8")
    interest = CourseInterest.objects.get()
    assert (interest.course_id is not None, interest.legacy_course_name) == (course, name)


@pytest.mark.parametrize("formation", [None, "999"], ids=["none_named", "not_in_source"])
def test_a_lead_who_named_no_known_course_has_no_interest(
    formation: str | None, run: LegacyImportRun
) -> None:
    row = committed(run, formation_id=formation)
    assert outcome_of(row) == "create_crm_lead"
    assert not CourseInterest.objects.exists()


def test_a_placeholder_address_is_not_written_on_a_lead(run: LegacyImportRun) -> None:
    committed(run, email="NULL")
    assert CrmLead.objects.get().email == ""


def test_a_completed_training_keeps_learner_session_and_date_as_found(run: LegacyImportRun) -> None:
    row = committed(run, **KARIM, status="Formée", session_id="42", table="archives")
    training = LegacyCompletedTraining.objects.get()
    assert training.origin == "legacy:archives:5:training"
    assert (training.course.name, training.legacy_session_id, training.session_code) == (
        "PAO", "42", "PAO-2019"
    )  # fmt: skip
    assert (training.learner_name, training.learner_phone) == ("Karim Haddad", PHONE)
    assert training.completed_date_raw == "2019-06-30"  # of its session
    assert (training.user_id, training.lead_id) == (None, None)
    row.training.refresh_from_db()
    assert row.training.imported_completed_training_id == training.pk
    assert (row.imported_lead_id, CrmLead.objects.count()) == (None, 0)
    assert log_of(row) == [
        ("create_completed_training", "trainings.LegacyCompletedTraining", training.pk, True)
    ]


def test_a_completion_date_of_the_row_itself_comes_first(run: LegacyImportRun) -> None:
    run.certificate["columns"] = {"stagiaires": {"completed_at": "date fin"}}
    run.save()
    committed(run, status="Formée", session_id="42", **{"date fin": "été 2019"})
    assert LegacyCompletedTraining.objects.get().completed_date_raw == "été 2019"


@pytest.mark.parametrize(
    ("status", "model"),
    [("Formée", LegacyCompletedTraining), ("Confirmer", LegacyImportedEnrollment)],
)
def test_history_of_an_existing_user_is_attached_to_them(
    status: str, model: Any, run: LegacyImportRun
) -> None:
    user = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", phone=PHONE
    ).user
    row = committed(run, **KARIM, status=status, session_id="42")
    record = model.objects.get()
    assert (record.user_id, record.lead_id) == (user.pk, None)
    assert (row.imported_user_id, row.imported_lead_id) == (user.pk, None)
    assert [entry[:3] for entry in log_of(row)][1:] == [("attach_person", "auth.User", user.pk)]


def test_history_of_an_existing_lead_is_attached_and_the_lead_untouched(
    run: LegacyImportRun,
) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    before = CrmLead.objects.values().get()
    committed(run, **KARIM, status="Formée", session_id="42")
    assert LegacyCompletedTraining.objects.get().lead_id == lead.pk
    assert CrmLead.objects.values().get() == before


def test_a_registration_makes_an_imported_enrolment_and_no_real_one(run: LegacyImportRun) -> None:
    row = committed(run, **KARIM, status="Confirmer", session_id="42")
    enrolment = LegacyImportedEnrollment.objects.get()
    assert enrolment.origin == "legacy:stagiaires:5:enrollment"
    assert (enrolment.legacy_session_id, enrolment.session_code) == ("42", "PAO-2019")
    row.training.refresh_from_db()
    assert row.training.imported_enrollment_id == enrolment.pk
    assert not Session.objects.exists()


def test_a_lead_who_is_known_is_linked_and_nothing_is_created(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = committed(run, **KARIM)
    assert (row.outcome, row.imported_lead_id) == ("link_existing", lead.pk)
    assert CrmLead.objects.count() == 1
    assert not CourseInterest.objects.exists()
    assert log_of(row) == [("link_existing", "crm.CrmLead", lead.pk, False)]


def test_two_rows_of_one_person_make_one_lead_with_both_interests(run: LegacyImportRun) -> None:
    CourseMappingFactory(legacy_formation_id="8")
    first = StagedLearnerFactory(run=run, legacy_id="1", formation_id="7", **KARIM)
    second = StagedLearnerFactory(run=run, legacy_id="2", formation_id="8", **KARIM)
    run_stages(run)
    run_commit(run, batch=1)
    lead = CrmLead.objects.get()
    assert (outcome_of(first), outcome_of(second)) == ("create_crm_lead", "link_existing")
    assert second.imported_lead_id == lead.pk
    assert sorted(lead.interests.values_list("origin", flat=True)) == [
        "legacy:stagiaires:1:interest", "legacy:stagiaires:2:interest"
    ]  # fmt: skip


def test_a_follower_staged_before_its_first_row_still_comes_after_it(run: LegacyImportRun) -> None:
    follower = StagedLearnerFactory(run=run, table="archives", legacy_id="1", **KARIM)
    first = StagedLearnerFactory(run=run, table="stagiaires", legacy_id="9", **KARIM)
    assert follower.pk < first.pk
    run_stages(run)
    run_commit(run, batch=1)
    assert (outcome_of(first), outcome_of(follower)) == ("create_crm_lead", "link_existing")


def test_a_reviewers_skip_is_logged_and_makes_nothing(run: LegacyImportRun) -> None:
    row = StagedLearnerFactory(run=run, **KARIM)
    ReviewDecisionFactory(student_import=row, decision=ReviewDecision.SKIP)
    run_stages(run)
    run_commit(run)
    assert outcome_of(row) == "skip"
    assert log_of(row) == [("skip", "", None, False)]
    assert not CrmLead.objects.exists()


def test_a_doubtful_row_is_left_for_review_and_can_be_decided_and_committed_later(
    run: LegacyImportRun,
) -> None:
    row = committed(run, **KARIM, status="on verra")
    assert row.outcome == "review"
    assert log_of(row) == [("review", "", None, False)]
    ReviewDecisionFactory(
        student_import=row, decision=ReviewDecision.TREAT_AS, treat_as="lead_only"
    )
    run_plan(run)
    assert outcome_of(row) == "pending"
    run_commit(run)
    assert outcome_of(row) == "create_crm_lead"


def test_a_history_released_without_session_names_none(run: LegacyImportRun) -> None:
    SessionMappingFactory(
        legacy_session_id="2", legacy_code="Session-Attente", session_type="waiting_placeholder"
    )
    row = StagedLearnerFactory(run=run, status="Formée", formation_id="7", session_id="2")
    ReviewDecisionFactory(student_import=row, decision=ReviewDecision.RELEASE_WITHOUT_SESSION)
    run_stages(run)
    run_commit(run)
    training = LegacyCompletedTraining.objects.get()
    assert (training.legacy_session_id, training.session_code) == (None, "")
    assert training.completed_date_raw == ""
