"""Rows of one person across calls, waves, runs and reviewers' words: one lead, and the right one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import FocusMode, ReviewDecision, SessionType
from legacy_import.models import LegacyImportRun, LegacySessionMapping, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import (
    last_reason,
    outcome_of,
    plan_of,
    run_commit,
    run_plan,
    run_stages,
)

pytestmark = pytest.mark.django_db

PHONE, OTHER = "0559446168", "0776845160"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}
TRAINED: dict[str, Any] = {"formation_id": "7", "session_id": "42"}
FOLLOWS, WAITS = ("link_existing", "same_person_in_run"), ("review", "first_of_group_waits")


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    return RunFactory()


def pair(run: LegacyImportRun, **fields: Any) -> tuple[LegacyStudentImport, LegacyStudentImport]:
    """Two rows of one person; the second follows the first."""
    first, follower = (
        StagedLearnerFactory(run=run, legacy_id=legacy_id, **{**KARIM, **fields})
        for legacy_id in ("1", "2")
    )
    return first, follower


def rule_out(row: LegacyStudentImport, lead: int) -> None:
    ReviewDecisionFactory(
        student_import=row, decision=ReviewDecision.NOT_SAME, person=("lead", lead)
    )


# --- A follower whom a reviewer parted from the person ------------------------------------------


@pytest.mark.parametrize("earlier", [False, True], ids=["said_in_this_run", "said_in_an_earlier"])
def test_a_follower_who_is_not_the_first_row_s_person_waits(
    earlier: bool, run: LegacyImportRun
) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    if earlier:
        rule_out(StagedLearnerFactory(run=RunFactory(), legacy_id="2", **KARIM), lead.pk)
        run = RunFactory(previous_run=run)
    first, follower = pair(run)
    if not earlier:
        rule_out(follower, lead.pk)
    run_stages(run)
    run_commit(run)
    assert (outcome_of(first), first.imported_lead_id) == ("link_existing", lead.pk)
    assert (plan_of(follower), outcome_of(follower)) == (WAITS, "review")
    assert follower.imported_lead_id is None


def test_a_follower_who_is_not_the_lead_just_made_drifts_once_and_then_waits(
    run: LegacyImportRun,
) -> None:
    first, follower = pair(run)
    run_stages(run)
    run_commit(run, limit=1)
    assert (outcome_of(first), outcome_of(follower)) == ("create_crm_lead", "pending")
    rule_out(follower, first.imported_lead_id)
    run_commit(run)
    assert (outcome_of(follower), last_reason(follower)) == ("drifted", "decision_changed")
    run_plan(run)
    assert plan_of(follower) == WAITS
    run_commit(run)
    assert (outcome_of(follower), follower.imported_lead_id) == ("review", None)


# --- The first row's person between two calls ---------------------------------------------------


@pytest.mark.parametrize("course", [{}, {"formation_id": "7"}], ids=["no_course", "course"])
def test_a_follower_whose_lead_was_deleted_between_two_calls_is_left_out(
    course: dict[str, str], run: LegacyImportRun
) -> None:
    _, follower = pair(run, **course)
    stranger = StagedLearnerFactory(run=run, legacy_id="3")
    run_stages(run)
    run_commit(run, limit=1)
    CrmLead.objects.get(origin="legacy:stagiaires:1:lead").delete()
    run_commit(run)
    assert (outcome_of(follower), last_reason(follower)) == ("drifted", "first_of_group_left_out")
    assert follower.imported_lead_id is None
    assert outcome_of(stranger) == "create_crm_lead"


def test_a_follower_whose_person_was_edited_between_two_calls_is_left_out(
    run: LegacyImportRun,
) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", birth_date="1999-02-03", phone=OTHER)
    first = StagedLearnerFactory(run=run, legacy_id="1", **{**KARIM, "phone": OTHER})
    follower = StagedLearnerFactory(run=run, legacy_id="2", **KARIM)
    run_stages(run)
    assert (plan_of(first), plan_of(follower)) == (("link_existing", "known_person"), FOLLOWS)
    run_commit(run, limit=1)
    lead.full_name, lead.birth_date = "Amel Ziani", None
    lead.save()
    run_commit(run)
    assert (outcome_of(follower), last_reason(follower)) == ("drifted", "target_edited")


def test_a_follower_judged_anew_after_its_lead_was_made_still_adds_its_interest(
    run: LegacyImportRun,
) -> None:
    first, follower = pair(run, formation_id="7")
    run_stages(run)
    run_commit(run, limit=1)
    run_stages(run)
    assert plan_of(follower) == ("link_existing", "known_person")
    run_commit(run)
    assert outcome_of(first) == "create_crm_lead"
    assert set(CourseInterest.objects.values_list("origin", "lead_id")) == {
        (f"legacy:stagiaires:{number}:interest", first.imported_lead_id) for number in (1, 2)
    }


# --- A first row of another wave ----------------------------------------------------------------


def test_a_follower_does_not_drift_while_its_first_row_belongs_to_another_wave(
    run: LegacyImportRun,
) -> None:
    unclear: dict[str, Any] = {"legacy_id": "1", **KARIM, "status": "on verra"}
    lead = StagedLearnerFactory(run=run, **unclear)
    ReviewDecisionFactory(
        student_import=lead, decision=ReviewDecision.TREAT_AS, treat_as="lead_only"
    )
    run_stages(run)
    run_commit(run)
    later = RunFactory(previous_run=run)
    first = StagedLearnerFactory(run=later, **unclear)
    follower = StagedLearnerFactory(run=later, legacy_id="2", **{**KARIM, "phone": OTHER})
    run_stages(later)
    assert (plan_of(first), plan_of(follower)) == (("skip", "already_imported"), FOLLOWS)
    run_commit(later, focus=FocusMode.LEAD_ONLY)
    assert (outcome_of(first), outcome_of(follower)) == ("pending", "pending")
    run_commit(later)
    assert (outcome_of(first), outcome_of(follower)) == ("skip", "link_existing")
    assert follower.imported_lead_id == CrmLead.objects.get().pk


# --- History that was made stays history --------------------------------------------------------


def make_its_session_a_placeholder(row: LegacyStudentImport) -> None:
    LegacySessionMapping.objects.update(
        session_type=SessionType.WAITING_PLACEHOLDER, confirmed_at=None, version=F("version") + 1
    )


def take_its_decision_back(row: LegacyStudentImport) -> None:
    ReviewDecisionFactory(student_import=row, decision=ReviewDecision.RESET)


@pytest.mark.parametrize(
    ("status", "treat_as", "made", "change"),
    [
        ("Reporter", None, "create_enrollment", make_its_session_a_placeholder),
        ("on verra", "completed", "create_completed_training", take_its_decision_back),
    ],
    ids=["session_became_a_placeholder", "decision_taken_back"],
)
def test_nobody_with_history_on_the_platform_becomes_a_mere_lead(
    status: str,
    treat_as: str | None,
    made: str,
    change: Callable[[LegacyStudentImport], None],
    run: LegacyImportRun,
) -> None:
    lead = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    learner = StagedLearnerFactory(run=run, legacy_id="2", **KARIM, **TRAINED, status=status)
    if treat_as:
        ReviewDecisionFactory(
            student_import=learner, decision=ReviewDecision.TREAT_AS, treat_as=treat_as
        )
    run_stages(run)
    run_commit(run)
    assert outcome_of(learner) == made
    change(learner)
    run_stages(run)
    run_commit(run)
    assert (plan_of(lead), outcome_of(lead)) == (("review", "person_has_history"), "review")
    assert not CrmLead.objects.exists()
