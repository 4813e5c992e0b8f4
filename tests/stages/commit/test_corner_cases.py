"""What a commit takes for drift and what it does not, where keys are hot, words old, dates odd."""

from typing import Any

import pytest

from legacy_import.choices import ReviewDecision, RunStatus
from legacy_import.models import LegacyImportRun, LegacySessionMapping, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    legacy_row,
    spelled,
    stage_rows,
)
from tests.stages.stages import last_reason, outcome_of, plan_of, run_commit, run_stages
from trainings.models import LegacyCompletedTraining

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}
TRAINED: dict[str, Any] = {"formation_id": "7", "session_id": "42", "status": "Formée"}
SESSION_ENDS = "2019-06-30"


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(
        legacy_session_id="42", legacy_formation_id="7", confirmed=True, ends_on_raw=SESSION_ENDS
    )
    return RunFactory()


# --- A phone that a whole school shares ---------------------------------------------------------


@pytest.fixture
def school_phone() -> None:
    for number in range(1, 9):
        CrmLeadFactory(full_name=f"Fictif {spelled(number * 1111)}", phone=PHONE)


@pytest.mark.usefixtures("school_phone")
def test_the_crowd_on_a_school_s_phone_is_not_new_beside_an_address_of_one_s_own(
    run: LegacyImportRun,
) -> None:
    known = CrmLeadFactory(full_name="Karim Haddad", email=EMAIL)
    row = StagedLearnerFactory(run=run, **KARIM, email=EMAIL)
    run_stages(run)
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("link_existing", "known_person")
    assert row.imported_lead_id == known.pk


@pytest.mark.usefixtures("school_phone")
def test_the_crowd_on_a_school_s_phone_is_not_new_once_one_of_them_is_ruled_out(
    run: LegacyImportRun,
) -> None:
    row = StagedLearnerFactory(run=run, **KARIM, **TRAINED)
    run_stages(run)
    row.refresh_from_db()
    ReviewDecisionFactory(
        student_import=row,
        decision=ReviewDecision.NOT_SAME,
        person=(row.match_kind, row.match_id),
    )
    run_stages(run)
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("create_completed_training", "history")


# --- Who is new, and whom a reviewer ruled out --------------------------------------------------


def test_a_namesake_who_takes_the_phone_since_the_plan_is_new(run: LegacyImportRun) -> None:
    """He was compared, but by name and birth date only: with the phone he is the same person."""
    namesake = CrmLeadFactory(full_name="Karim Haddad", birth_date="1999-02-03")
    row = StagedLearnerFactory(run=run, **KARIM, **TRAINED)
    run_stages(run)
    assert plan_of(row) == ("create_completed_training", "history")
    namesake.phone = PHONE
    namesake.save()
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "new_person")


def test_not_the_same_person_said_in_another_run_since_the_plan_is_drift(
    run: LegacyImportRun,
) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    run_stages(run)
    assert plan_of(row) == ("link_existing", "known_person")
    again = StagedLearnerFactory(run=RunFactory(previous_run=run), legacy_id="1", **KARIM)
    ReviewDecisionFactory(
        student_import=again, decision=ReviewDecision.NOT_SAME, person=("lead", lead.pk)
    )
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "decision_changed")
    assert row.imported_lead_id is None


# --- Imports that came later and were given up --------------------------------------------------


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CLOSED])
def test_what_an_import_given_up_found_is_drift_until_the_next_plan(
    status: RunStatus, run: LegacyImportRun
) -> None:
    row = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    run_stages(run)
    given_up = RunFactory(status=status)
    StagedLearnerFactory(run=given_up, legacy_id="1", **{**KARIM, "full_name": "Karim Hadad"})
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "source_row_changed")
    run_stages(run)
    run_commit(run)
    assert outcome_of(row) == "create_crm_lead"


def test_what_a_failed_import_finds_when_it_is_resumed_is_drift(run: LegacyImportRun) -> None:
    row = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    failed = RunFactory(status=RunStatus.FAILED)
    run_stages(run)
    LegacyImportRun.objects.filter(pk=failed.pk).update(status=RunStatus.IMPORTED)
    StagedLearnerFactory(run=failed, legacy_id="1", **{**KARIM, "full_name": "Karim Hadad"})
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "source_row_changed")


# --- Completion dates as found ------------------------------------------------------------------


def staged_with(run: LegacyImportRun, column: str, value: Any) -> LegacyStudentImport:
    """A trained row that tells its completion date in this column of the source."""
    run.certificate["columns"] = {"stagiaires": {"completed_at": column}}
    run.save()
    (row,) = stage_rows(
        run, [legacy_row(table="stagiaires", legacy_id="1", **KARIM, **TRAINED, **{column: value})]
    )
    return row


@pytest.mark.parametrize("column", ["2019", 'da"te', "date__fin"])
def test_a_completion_date_is_found_whatever_its_column_is_called(
    column: str, run: LegacyImportRun
) -> None:
    row = staged_with(run, column, "été 2019")
    run_stages(run)
    run_commit(run)
    assert outcome_of(row) == "create_completed_training"
    assert LegacyCompletedTraining.objects.get().completed_date_raw == "été 2019"


@pytest.mark.parametrize(
    ("value", "completed"),
    [
        (None, SESSION_ENDS),
        ({"hex": "ff00ff"}, SESSION_ENDS),
        ({"cut": "2019 … ", "length": 2_000_000, "sha256": "0" * 64}, "2019 …"),
        ({"hex": "ff00", "length": 2_000_000, "sha256": "0" * 64}, SESSION_ENDS),
        ("-", SESSION_ENDS),
        ("néant", SESSION_ENDS),
        ("NULL", SESSION_ENDS),
        ("0000-00-00 00:00:00", SESSION_ENDS),
        ("1970-01-01", SESSION_ENDS),
        ("\x00" * 10, SESSION_ENDS),
        ("2019-06-01\x00\x00", "2019-06-01"),
    ],
    ids=["null", "bytes", "cut_text", "cut_bytes", "dash", "nothing", "null_text", "zero", "epoch",
         "padding", "padded"],
)  # fmt: skip
def test_only_text_is_a_completion_date_and_the_session_s_end_stands_in_for_the_rest(
    value: Any, completed: str, run: LegacyImportRun
) -> None:
    staged_with(run, "date_fin", value)
    run_stages(run)
    run_commit(run)
    assert LegacyCompletedTraining.objects.get().completed_date_raw == completed


@pytest.mark.parametrize("ends_on", ["-", "néant", "0000-00-00", "NULL\x00"])
def test_a_session_that_ends_on_no_date_stands_in_for_nothing(
    ends_on: str, run: LegacyImportRun
) -> None:
    LegacySessionMapping.objects.update(ends_on_raw=ends_on)
    staged_with(run, "date_fin", "-")
    run_stages(run)
    run_commit(run)
    assert LegacyCompletedTraining.objects.get().completed_date_raw == ""
