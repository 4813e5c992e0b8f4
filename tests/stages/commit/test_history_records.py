"""What every imported record knows: its learner, its session, its dates and where they come from."""

import datetime
from typing import Any

import pytest

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.groups import regroup_around
from tests.factories import (
    CourseMappingFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import (
    last_reason,
    outcome_of,
    run_commit,
    run_plan,
    run_rollback,
    run_stages,
)
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment

pytestmark = pytest.mark.django_db

KARIM: dict[str, Any] = {
    "full_name": "Karim Haddad", "phone": "0559446168", "birth_date": "1999-02-03",
    "formation_id": "7", "session_id": "42",
}  # fmt: skip


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie", course__name="PAO")
    SessionMappingFactory(
        legacy_session_id="42", legacy_code="PAO-2019", legacy_formation_id="7", confirmed=True,
        starts_on_raw="2019-01-06", ends_on_raw="2019-06-30",
    )  # fmt: skip
    return RunFactory()


def commit(run: LegacyImportRun) -> None:
    run_stages(run)
    run_commit(run, batch=1)


def keys() -> dict[str, str]:
    """Origin → learner key of all history."""
    return {
        origin: key
        for model in (LegacyCompletedTraining, LegacyImportedEnrollment)
        for origin, key in model._default_manager.values_list("origin", "learner_key")
    }


# --- The learner key ----------------------------------------------------------------------------


def test_all_history_of_one_learner_has_the_origin_of_the_first_row(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run, table="archives", legacy_id="1", **KARIM, status="Archivé")
    StagedLearnerFactory(run=run, legacy_id="9", **KARIM, status="Confirmer")
    StagedLearnerFactory(run=run, legacy_id="5", **KARIM, status="Formée")
    StagedLearnerFactory(run=run, legacy_id="3", status="Formée", formation_id="7")
    commit(run)
    assert keys() == {
        "legacy:archives:1:training": "legacy:stagiaires:5",
        "legacy:stagiaires:9:enrollment": "legacy:stagiaires:5",
        "legacy:stagiaires:5:training": "legacy:stagiaires:5",
        "legacy:stagiaires:3:training": "legacy:stagiaires:3",
    }


def test_a_first_row_without_history_still_gives_its_origin(run: LegacyImportRun) -> None:
    first = StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="2", **KARIM, status="Formée")
    commit(run)
    assert outcome_of(first) == "review"
    assert keys() == {"legacy:stagiaires:2:training": "legacy:stagiaires:1"}


def test_history_of_a_later_import_gets_the_key_that_its_learner_has(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run, legacy_id="5", **KARIM, status="Formée")
    commit(run)
    later = RunFactory(previous_run=run)
    StagedLearnerFactory(run=later, legacy_id="2", **KARIM, status="Formée")
    StagedLearnerFactory(run=later, legacy_id="5", **KARIM, status="Formée")
    commit(later)
    assert keys() == {
        "legacy:stagiaires:5:training": "legacy:stagiaires:5",
        "legacy:stagiaires:2:training": "legacy:stagiaires:5",
    }


def test_who_got_a_legacy_id_of_somebody_else_does_not_get_their_key(run: LegacyImportRun) -> None:
    lina = {**KARIM, "full_name": "Lina Ziani", "phone": "0776845160", "birth_date": "2001-05-06"}
    StagedLearnerFactory(run=run, legacy_id="5", **KARIM, status="Formée")
    commit(run)
    later = RunFactory(previous_run=run)
    row = StagedLearnerFactory(run=later, legacy_id="5", **lina, status="Formée")
    StagedLearnerFactory(run=later, legacy_id="6", **lina, status="Formée")
    ReviewDecisionFactory(student_import=row, decision="another_person")
    commit(later)
    assert keys() == {
        "legacy:stagiaires:5:training": "legacy:stagiaires:5",
        "legacy:stagiaires:5#2:training": "legacy:stagiaires:5#2",
        "legacy:stagiaires:6:training": "legacy:stagiaires:5#2",
    }


def test_a_row_whose_group_has_another_first_row_since_the_plan_is_left_out(
    run: LegacyImportRun,
) -> None:
    first, second, third = (
        StagedLearnerFactory(run=run, legacy_id=legacy_id, **KARIM, status="Formée")
        for legacy_id in "123"
    )
    run_stages(run)
    rows = LegacyStudentImport.objects.filter(pk__in=[second.pk, third.pk])
    assert set(rows.values_list("planned_first_id", flat=True)) == {first.pk}
    rows.update(group_first_id=second.pk)
    run_commit(run)
    assert [outcome_of(row) for row in (first, second, third)] == [
        "create_completed_training", "drifted", "drifted"
    ]  # fmt: skip
    assert last_reason(second) == last_reason(third) == "person_group_changed"


@pytest.mark.parametrize("in_this_run", [True, False], ids=["of_this_run", "of_another_run"])
def test_a_row_that_a_reviewer_separated_has_a_key_of_its_own_and_the_others_another_first_row(
    in_this_run: bool, run: LegacyImportRun
) -> None:
    elsewhere = RunFactory()
    rows = [
        StagedLearnerFactory(run=of_run, legacy_id=legacy_id, **KARIM, status="Formée")
        for of_run in (elsewhere, run)
        for legacy_id in "123"
    ]
    run_stages(elsewhere)
    run_stages(run)
    first = rows[3] if in_this_run else rows[0]
    ReviewDecisionFactory(student_import=first, decision=ReviewDecision.SEPARATE)
    if in_this_run:
        regroup_around(run, first.pk)  # as the decision's service does
    run_commit(run)
    if in_this_run:
        assert [last_reason(row) for row in rows[3:]] == [
            "decision_changed", "person_group_changed", "person_group_changed"
        ]  # fmt: skip
    run_plan(run)
    run_commit(run)
    assert keys() == {
        "legacy:stagiaires:1:training": "legacy:stagiaires:1",
        "legacy:stagiaires:2:training": "legacy:stagiaires:2",
        "legacy:stagiaires:3:training": "legacy:stagiaires:2",
    }


def test_a_reviewer_s_decision_explains_better_than_the_group_why_a_row_is_left_out(
    run: LegacyImportRun,
) -> None:
    row = StagedLearnerFactory(run=run, legacy_id="1", **KARIM, status="Formée")
    run_stages(run)
    ReviewDecisionFactory(student_import=row, decision="accept_data")
    LegacyStudentImport.objects.filter(pk=row.pk).update(group_first_id=row.pk)
    run_commit(run)
    assert last_reason(row) == "decision_changed"


def test_a_rollback_keeps_a_record_whose_learner_key_was_changed(run: LegacyImportRun) -> None:
    kept = StagedLearnerFactory(run=run, legacy_id="1", **KARIM, status="Formée")
    gone = StagedLearnerFactory(run=run, legacy_id="2", status="Formée", formation_id="7")
    commit(run)
    LegacyCompletedTraining.objects.filter(origin="legacy:stagiaires:1:training").update(
        learner_key="legacy:stagiaires:2"
    )
    run_rollback(run)
    assert keys() == {"legacy:stagiaires:1:training": "legacy:stagiaires:2"}
    assert (outcome_of(kept), outcome_of(gone)) == ("create_completed_training", "rolled_back")


# --- Course, session, dates ---------------------------------------------------------------------


def test_a_record_keeps_course_and_session_as_found(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM, status="Formée")
    StagedLearnerFactory(run=run, legacy_id="2", **KARIM, status="Confirmer")
    commit(run)
    for record in (LegacyCompletedTraining.objects.get(), LegacyImportedEnrollment.objects.get()):
        assert record.legacy_course_name == "Infographie"
        assert (record.session_code, record.session_starts_raw, record.session_ends_raw) == (
            "PAO-2019", "2019-01-06", "2019-06-30"
        )  # fmt: skip


def test_an_enrolment_is_dated_by_the_start_of_its_session(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run, legacy_id="2", **KARIM, status="Confirmer")
    commit(run)
    enrolment = LegacyImportedEnrollment.objects.get()
    assert (enrolment.dated_on, enrolment.dated_from) == (
        datetime.date(2019, 1, 6), "session_start"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "raw", "date", "source"),
    [
        pytest.param(
            {"fini": "12/05/2019", "date_archive": "2020-01-02"},
            "12/05/2019", datetime.date(2019, 5, 12), "completed", id="the_row_s_own",
        ),
        pytest.param(
            {"fini": None, "date_archive": "2020-01-02 10:11:12"},
            "2020-01-02 10:11:12", datetime.date(2020, 1, 2), "archived", id="archived",
        ),
        pytest.param(
            {"fini": "-", "date_archive": "0000-00-00"},
            "2019-06-30", datetime.date(2019, 6, 30), "session_end", id="session_end",
        ),
        pytest.param(
            {"fini": "été 2019", "date_archive": ""},
            "été 2019", datetime.date(2019, 6, 30), "session_end", id="as_found_is_no_date",
        ),
    ],
)  # fmt: skip
def test_a_completed_training_says_where_its_date_comes_from(
    fields: dict[str, Any], raw: str, date: datetime.date, source: str, run: LegacyImportRun
) -> None:
    run.certificate["columns"] = {
        "stagiaires": {"completed_at": "fini", "archived_at": "date_archive"}
    }
    run.save()
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM, status="Formée", **fields)
    commit(run)
    training = LegacyCompletedTraining.objects.get()
    assert (training.completed_date_raw, training.dated_on, training.dated_from) == (
        raw, date, source
    )  # fmt: skip


# --- What a learner is found by -----------------------------------------------------------------


def test_a_record_has_the_forms_by_which_its_learner_is_found(run: LegacyImportRun) -> None:
    StagedLearnerFactory(
        run=run, legacy_id="1", status="Formée",
        **{**KARIM, "phone": "0559446168 / 0661223344", "email": "Karim.Haddad@Exemple.dz"},
    )  # fmt: skip
    commit(run)
    before = LegacyCompletedTraining.objects.values().get()
    assert (before["phone_normalized"], before["second_phone"], before["email_normalized"]) == (
        "213559446168", "213661223344", "karim.haddad@exemple.dz"
    )  # fmt: skip
    assert before["name_key"] == "hadad karim"
    LegacyCompletedTraining.objects.get().save()
    after = LegacyCompletedTraining.objects.values().get()
    assert {name for name in before if before[name] != after[name]} == {"updated_at"}
