"""legacy_dry_run --diff: with the run's own previous plan, and with another run's."""

from typing import Any

import pytest

from legacy_import.choices import ReviewDecision
from legacy_import.errors import UnknownRun
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import ReviewDecisionFactory, RunFactory, StagedLearnerFactory
from tests.stages.stages import (
    content_hash,
    plan_of,
    run_classify,
    run_plan,
    run_stages,
    run_validate,
)

pytestmark = pytest.mark.django_db

KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": "0559446168"}


@pytest.fixture
def run() -> LegacyImportRun:
    return RunFactory()


def few_rows(run: LegacyImportRun) -> LegacyStudentImport:
    """Three new leads and a row whose status says nothing; returns that row."""
    StagedLearnerFactory.create_batch(3, run=run)
    return StagedLearnerFactory(run=run, status="Annulé")


def test_the_difference_to_the_run_s_own_previous_plan(run: LegacyImportRun) -> None:
    row = few_rows(run)
    assert run_stages(run).difference is None
    ReviewDecisionFactory(student_import=row, decision=ReviewDecision.SKIP)
    difference = run_plan(run, compare_with=run.pk).difference
    assert difference is not None
    assert difference.changed == {"review (status_unknown) → skip (reviewer_skip)": 1}
    assert (difference.unchanged, difference.only_here, difference.only_there) == (3, 0, 0)
    unchanged = run_plan(run, compare_with=run.pk).difference
    assert unchanged is not None
    assert (unchanged.changed, unchanged.unchanged) == ({}, 4)


def test_a_first_plan_has_no_previous_one(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run)
    run_validate(run)
    run_classify(run)
    difference = run_plan(run, compare_with=run.pk).difference
    assert difference is not None
    assert (difference.changed, difference.unchanged, difference.only_here) == ({}, 0, 1)


def test_followers_of_a_first_plan_and_a_second_one_compare_as_themselves(
    run: LegacyImportRun,
) -> None:
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    follower = StagedLearnerFactory(run=run, legacy_id="2", **KARIM)
    run_stages(run)
    assert plan_of(follower) == ("link_existing", "same_person_in_run")
    difference = run_plan(run, compare_with=run.pk).difference
    assert difference is not None
    assert (difference.changed, difference.unchanged) == ({}, 2)


def test_the_difference_to_another_run_is_joined_by_table_and_id(run: LegacyImportRun) -> None:
    for legacy_id in ("1", "2", "3"):
        StagedLearnerFactory(run=run, legacy_id=legacy_id)
    StagedLearnerFactory(run=run, legacy_id="9")
    run_stages(run)
    later = RunFactory()
    StagedLearnerFactory(run=later, legacy_id="1")
    StagedLearnerFactory(run=later, legacy_id="2", status="Annulé")
    StagedLearnerFactory(run=later, legacy_id="3", table="archives")
    StagedLearnerFactory(run=later, legacy_id="4")
    run_validate(later)
    run_classify(later)
    difference = run_plan(later, compare_with=run.pk).difference
    assert difference is not None
    assert difference.other == f"run {run.pk}"
    assert difference.changed == {"create_crm_lead (new_lead) → review (status_unknown)": 1}
    assert (difference.unchanged, difference.only_here, difference.only_there) == (1, 2, 2)


def test_comparing_with_a_run_that_does_not_exist_is_refused_before_anything(
    run: LegacyImportRun,
) -> None:
    few_rows(run)
    run_stages(run)
    before = content_hash([LegacyStudentImport, LegacyImportRun])
    with pytest.raises(UnknownRun):
        run_plan(run, compare_with=987_654)
    assert content_hash([LegacyStudentImport, LegacyImportRun]) == before
