"""A later run and what an earlier one made: the origin decides, never a duplicate match."""

from typing import Any

import pytest

from legacy_import.choices import Outcome
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CompletedTrainingFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    RunFactory,
    StagedLearnerFactory,
    earlier_commit,
)
from tests.stages.stages import plan_of, run_stages

pytestmark = pytest.mark.django_db

PHONE = "0559446168"
KARIM: dict[str, Any] = {
    "legacy_id": "7",
    "full_name": "Karim Haddad",
    "phone": PHONE,
    "birth_date": "1999-02-03",
}


@pytest.fixture
def run() -> LegacyImportRun:
    """A run with two earlier ones before it, as its number says too."""
    RunFactory()
    return RunFactory(previous_run=RunFactory())


def planned(run: LegacyImportRun, **fields: Any) -> tuple[str, str]:
    """(action, reason) of Karim's row in this run."""
    row = StagedLearnerFactory(run=run, **{**KARIM, **fields})
    run_stages(run)
    return plan_of(row)


def committed_before(outcome: Outcome, **fields: Any) -> LegacyStudentImport:
    """Karim's row in an earlier run that committed it."""
    without_it = LegacyImportRun.objects.exclude(legacystudentimport__legacy_id="7")
    earlier = without_it.earliest("pk")
    row = StagedLearnerFactory(run=earlier, **{**KARIM, **fields})
    earlier_commit(row, outcome)
    return row


@pytest.mark.parametrize(
    ("changed", "plan"),
    [
        pytest.param({}, ("skip", "already_imported"), id="unchanged"),
        pytest.param({"remark": "x"}, ("review", "already_imported_changed"), id="changed"),
    ],
)
@pytest.mark.parametrize("effect", ["lead", "interest", "training"])
def test_what_an_earlier_run_made_is_not_made_again(
    run: LegacyImportRun, effect: str, changed: dict[str, str], plan: tuple[str, str]
) -> None:
    committed_before(Outcome.CREATE_CRM_LEAD)
    origin = f"legacy:stagiaires:7:{effect}"
    if effect == "lead":
        CrmLeadFactory(full_name="Karim Haddad", phone=PHONE, origin=origin)
    elif effect == "interest":
        CourseInterestFactory(origin=origin)
    else:
        CompletedTrainingFactory(origin=origin)
    assert planned(run, **changed) == plan
    row = LegacyStudentImport.objects.get(legacy_import_run=run)
    assert row.duplicate_confidence == "none", "its own record is not its duplicate"


def test_the_latest_commit_is_what_a_row_is_compared_with(run: LegacyImportRun) -> None:
    committed_before(Outcome.CREATE_CRM_LEAD)
    committed_before(Outcome.LINK_EXISTING, remark="x")
    CrmLeadFactory(origin="legacy:stagiaires:7:lead")
    assert planned(run, remark="x") == ("skip", "already_imported")


def test_a_run_that_was_rolled_back_committed_nothing(run: LegacyImportRun) -> None:
    committed_before(Outcome.ROLLED_BACK)
    assert planned(run) == ("create_crm_lead", "new_lead")


@pytest.mark.parametrize(
    "origin",
    ["other:stagiaires:7:lead", "legacy:archives:7:lead", "legacy:stagiaires:77:lead"],
    ids=["another-source", "another-table", "another-id"],
)
def test_the_origin_of_another_row_is_not_this_row_s(run: LegacyImportRun, origin: str) -> None:
    CrmLeadFactory(full_name="Lina Saadi", origin=origin)
    assert planned(run) == ("create_crm_lead", "new_lead")


@pytest.mark.parametrize(
    ("effect", "plan"),
    [
        pytest.param("lead", ("link_existing", "same_person_in_run"), id="a-lead-was-made"),
        pytest.param("training", ("review", "first_of_group_waits"), id="no-lead-was-made"),
    ],
)
def test_a_follower_is_linked_to_an_imported_first_row_only_if_that_has_a_lead(
    run: LegacyImportRun, effect: str, plan: tuple[str, str]
) -> None:
    committed_before(Outcome.CREATE_CRM_LEAD)
    if effect == "lead":
        CrmLeadFactory(full_name="Someone Renamed", phone="", origin="legacy:stagiaires:7:lead")
    else:
        CompletedTrainingFactory(origin="legacy:stagiaires:7:training")
    first = StagedLearnerFactory(run=run, **KARIM)
    again = StagedLearnerFactory(run=run, **{**KARIM, "legacy_id": "8", "phone": "0776845160"})
    run_stages(run)
    assert (plan_of(first), plan_of(again)) == (("skip", "already_imported"), plan)
