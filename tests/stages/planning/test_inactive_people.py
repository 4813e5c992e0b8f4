"""A deactivated account is given nothing without a reviewer who knows that it is deactivated."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
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
    run_validate,
)
from trainings.models import LegacyCompletedTraining

pytestmark = pytest.mark.django_db

KARIM: dict[str, Any] = {
    "full_name": "Karim Haddad", "phone": "0559446168", "birth_date": "1999-02-03",
}  # fmt: skip
LEAD: dict[str, Any] = KARIM
TRAINED: dict[str, Any] = KARIM | {"status": "Formée", "formation_id": "7", "session_id": "42"}
LINKED = ("link_existing", "known_person")
BLOCKED = ("review", "person_inactive")


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    return RunFactory()


def account(*, active: bool) -> User:
    """Karim as a user of the platform, who can be found by phone."""
    user: User = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", user__is_active=active,
        phone="0559446168", birth_date="1999-02-03",
    ).user  # fmt: skip
    return user


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def link(row: LegacyStudentImport, user: User, *, knowing: bool) -> None:
    ReviewDecisionFactory(
        student_import=row, decision=ReviewDecision.LINK, target_kind="user", target_id=user.pk,
        target_inactive=knowing,
    )  # fmt: skip


@pytest.mark.parametrize("fields", [LEAD, TRAINED], ids=["lead", "history"])
def test_a_match_with_a_deactivated_account_needs_review(
    fields: dict[str, Any], run: LegacyImportRun
) -> None:
    account(active=False)
    row = StagedLearnerFactory(run=run, **fields)
    run_stages(run)
    assert plan_of(row) == BLOCKED
    assert (row.duplicate_confidence, row.validation_status) == ("high", "duplicate")
    assert not row.auto_link_allowed
    assert "person_inactive" in row.duplicate_evidence["blockers"]
    assert row.duplicate_evidence["targets"][0]["blockers"] == ["person_inactive"]


def test_a_lead_of_the_platform_is_never_deactivated(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")
    row = StagedLearnerFactory(run=run, **LEAD)
    run_stages(run)
    assert plan_of(row) == LINKED


def test_an_account_that_was_deactivated_after_the_validation_is_noticed_by_the_plan(
    run: LegacyImportRun,
) -> None:
    user = account(active=True)
    row = StagedLearnerFactory(run=run, **LEAD)
    run_stages(run)
    assert plan_of(row) == LINKED
    deactivate(user)
    run_plan(run)
    assert plan_of(row) == BLOCKED


@pytest.mark.parametrize("fields", [LEAD, TRAINED], ids=["lead", "history"])
def test_an_account_that_was_deactivated_after_the_plan_is_left_out_of_the_commit(
    fields: dict[str, Any], run: LegacyImportRun
) -> None:
    user = account(active=True)
    row = StagedLearnerFactory(run=run, **fields)
    run_stages(run)
    deactivate(user)
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "person_inactive")
    assert not LegacyCompletedTraining.objects.exists()


@pytest.mark.parametrize(
    ("knowing", "plan"), [(True, LINKED), (False, BLOCKED)], ids=["knowingly", "unknowingly"]
)
def test_a_reviewer_s_link_counts_if_the_reviewer_knew_that_the_account_is_deactivated(
    knowing: bool, plan: tuple[str, str], run: LegacyImportRun
) -> None:
    user = account(active=False)
    row = StagedLearnerFactory(run=run, **LEAD)
    run_validate(run)
    link(row, user, knowing=knowing)
    run_stages(run)
    assert plan_of(row) == plan
    run_commit(run)
    assert outcome_of(row) == plan[0]


def test_a_link_that_was_made_to_an_active_account_does_not_count_once_it_is_deactivated(
    run: LegacyImportRun,
) -> None:
    user = account(active=True)
    row = StagedLearnerFactory(run=run, **LEAD)
    run_validate(run)
    link(row, user, knowing=False)
    run_stages(run)
    assert plan_of(row) == LINKED
    deactivate(user)
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "person_inactive")
    run_stages(run)
    assert plan_of(row) == BLOCKED


def test_a_row_does_not_follow_its_first_row_to_an_account_that_was_deactivated_since(
    run: LegacyImportRun,
) -> None:
    user = account(active=True)
    first = StagedLearnerFactory(run=run, legacy_id="1", **LEAD)
    # One person by name and birth date: the phone is another one.
    again = StagedLearnerFactory(run=run, legacy_id="2", **LEAD | {"phone": ""})
    run_stages(run)
    run_commit(run, limit=1)
    assert outcome_of(first) == "link_existing"
    deactivate(user)
    run_plan(run)
    assert plan_of(again)[0] == "review"
    run_commit(run)
    again.refresh_from_db()
    assert again.imported_user_id is None
