"""Rows that refer to a course and to a session of another one: settled once per pair."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from legacy_import.mapping.conflicts import CONFLICTS, add_new_conflicts
from legacy_import.mapping.courses import COURSES
from legacy_import.mapping.decisions import MappingChangedMeanwhile, decide_mapping
from legacy_import.mapping.mapping_kind import MappingRefused
from legacy_import.mapping.preview import MappingEffect, effects_of
from legacy_import.mapping.weights import Weight, weigh
from legacy_import.models import LegacyCourseConflict, LegacyCourseMapping, LegacyImportRun
from tests.factories import (
    NOW,
    CourseFactory,
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.legacy_database import learner, sqlite_legacy, tables
from tests.stages.importing import import_from
from tests.stages.stages import (
    last_reason,
    outcome_of,
    plan_of,
    run_commit,
    run_plan,
    run_stages,
)
from trainings.models import LegacyCompletedTraining

pytestmark = pytest.mark.django_db

CONFLICT = ("review", "formation_session_conflict")


@pytest.fixture
def actor() -> Any:
    return UserFactory(username="meriem")


@pytest.fixture
def run() -> LegacyImportRun:
    """Session 40 belongs to formation 8; both are mapped, to two courses."""
    for formation in ("7", "8"):
        CourseMappingFactory(legacy_formation_id=formation, legacy_name=f"Formation {formation}")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="8", confirmed=True)
    return RunFactory()


def staged(run: LegacyImportRun, legacy_id: str, **values: Any) -> Any:
    given = {"status": "Formée", "formation_id": "7", "session_id": "40", **values}
    return StagedLearnerFactory(run=run, legacy_id=legacy_id, **given)


def course_of(formation: str) -> int:
    return int(LegacyCourseMapping.objects.get(legacy_formation_id=formation).course_id or 0)


def settled(answer: str, actor: Any, **values: Any) -> Any:
    before = LegacyCourseConflict.objects.get()
    given = {"version": before.version, "now": NOW, **values}
    return decide_mapping(CONFLICTS, answer, mapping_id=before.pk, actor=actor, **given)


# --- which pairs there are ---------------------------------------------------------------------------


def test_a_classification_lists_each_pair_once_and_an_import_does_too(
    run: LegacyImportRun, tmp_path: Path
) -> None:
    staged(run, "1")
    staged(run, "2")
    staged(run, "3", formation_id="8")
    staged(run, "4", session_id=None)
    run_stages(run)
    pairs = LegacyCourseConflict.objects.values_list("legacy_formation_id", "legacy_session_id")
    assert list(pairs) == [("7", "40")]
    content = tables(
        stagiaires=[learner(1, formation_id="1", session_ecoin_id="10")],
        formations=[{"id": 1, "nom": "Anglais"}, {"id": 2, "nom": "Gestion"}],
        session_ecoins=[{"id": 10, "code": "GES-2019", "formation_id": 2}],
    )
    import_from(sqlite_legacy(tmp_path / "legacy.sqlite3", content), allow_another=True)
    assert set(pairs.all()) == {("7", "40"), ("1", "10")}
    add_new_conflicts(run)
    assert LegacyCourseConflict.objects.count() == 2


def test_two_spellings_of_one_course_are_no_conflict(run: LegacyImportRun) -> None:
    course = CourseFactory()
    LegacyCourseMapping.objects.update(course=course)
    row = staged(run, "1")
    run_stages(run)
    assert plan_of(row) == ("create_completed_training", "history")
    assert row.training.course_id == course.pk
    assert not LegacyCourseConflict.objects.exists()


def test_a_course_of_the_session_that_is_mapped_otherwise_makes_it_one_again(
    run: LegacyImportRun, actor: Any
) -> None:
    other, course = CourseFactory(), CourseFactory()
    LegacyCourseMapping.objects.update(course=course)
    row = staged(run, "1")
    run_stages(run)
    of_session = LegacyCourseMapping.objects.get(legacy_formation_id="8")
    change = decide_mapping(
        COURSES, "choose", mapping_id=of_session.pk, version=of_session.version, actor=actor,
        now=NOW, choice=other.pk,
    )  # fmt: skip
    assert change.affected == {run.pk: 1}
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "course_mapping_changed")
    run_stages(run)
    assert plan_of(row) == CONFLICT


# --- one decision ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "formation"), [("course_of_row", "7"), ("course_of_session", "8")]
)
def test_a_settled_pair_gives_all_its_rows_that_course(
    run: LegacyImportRun, actor: Any, answer: str, formation: str
) -> None:
    rows = [staged(run, "1"), staged(run, "2", status="Archivé")]
    SessionMappingFactory(legacy_session_id="41", legacy_formation_id="8", confirmed=True)
    other = staged(run, "3", session_id="41")
    run_stages(run)
    assert {plan_of(row) for row in [*rows, other]} == {CONFLICT}
    LegacyCourseConflict.objects.filter(legacy_session_id="41").delete()
    assert settled(answer, actor, note="vu au registre").affected == {run.pk: 2}
    assert LogEntry.objects.get().change_message == f"{answer}: vu au registre"
    run_stages(run)
    assert {plan_of(row) for row in rows} == {("create_completed_training", "history")}
    assert plan_of(other) == CONFLICT
    run_commit(run)
    assert {outcome_of(row) for row in rows} == {"create_completed_training"}
    created = LegacyCompletedTraining.objects.values_list("course_id", flat=True)
    assert list(created) == [course_of(formation)] * 2


def test_a_plan_without_a_classification_follows_it_too(run: LegacyImportRun, actor: Any) -> None:
    row = staged(run, "1")
    run_stages(run)
    settled("course_of_session", actor)
    run_plan(run)
    run_commit(run)
    assert outcome_of(row) == "create_completed_training"
    assert LegacyCompletedTraining.objects.get().course_id == course_of("8")


def test_another_answer_since_the_plan_leaves_the_rows_out(
    run: LegacyImportRun, actor: Any
) -> None:
    row, other = staged(run, "1"), staged(run, "2", formation_id="8")
    run_stages(run)
    settled("course_of_row", actor)
    run_stages(run)
    settled("course_of_session", actor)
    assert run_commit(run).causes == {"course_mapping_changed": 1}
    assert (outcome_of(row), last_reason(row)) == ("drifted", "course_mapping_changed")
    assert outcome_of(other) == "create_completed_training"


def test_undone_it_is_a_conflict_again(run: LegacyImportRun, actor: Any) -> None:
    row = staged(run, "1")
    run_stages(run)
    settled("course_of_row", actor)
    run_stages(run)
    assert settled("undo", actor).affected == {run.pk: 1}
    run_stages(run)
    assert plan_of(row) == CONFLICT
    assert LegacyCourseConflict.objects.get().answer is None


@pytest.mark.parametrize("decision", ["", "confirmed", "course_of_nobody", "skip"])
def test_there_are_two_answers(run: LegacyImportRun, actor: Any, decision: str) -> None:
    staged(run, "1")
    run_stages(run)
    with pytest.raises(MappingRefused):
        settled(decision, actor)
    with pytest.raises(MappingChangedMeanwhile):
        settled("course_of_row", actor, version=7)


# --- what it would free ------------------------------------------------------------------------------


def test_each_answer_says_beforehand_which_rows_it_frees(run: LegacyImportRun, actor: Any) -> None:
    LegacyCourseMapping.objects.filter(legacy_formation_id="8").update(
        course=None, status="unmapped"
    )
    for legacy_id, status in enumerate(("Formée", "Confirmer", "nouveau"), 1):
        staged(run, str(legacy_id), status=status)
    run_stages(run)
    assert weigh(run).of(CONFLICTS, "7:40") == Weight(rows=3, waiting=2, frees=2)
    assert effects_of(run, CONFLICTS, LegacyCourseConflict.objects.get()) == {
        "course_of_row": MappingEffect(
            2, 0, {"create_legacy_completed_training": 1, "create_legacy_enrollment": 1}
        ),
        "course_of_session": MappingEffect(),
    }
    settled("course_of_session", actor)
    run_stages(run)
    assert weigh(run).of(COURSES, "8") == Weight(rows=3, waiting=2, frees=2)


# --- the old catalogue changes -----------------------------------------------------------------------

CHANGES = {
    "nothing": ({}, {}, True),
    "the formation of the rows is renamed": ({"1": "Anglais (2)"}, {}, False),
    "the formation of the session is renamed": ({"2": "Gestion (2)"}, {}, False),
    "the code of the session": ({}, {"code": "GES-2020"}, False),
    "the course of the session": ({}, {"formation_id": 3}, False),
}


@pytest.mark.parametrize(("names", "session", "stays"), CHANGES.values(), ids=CHANGES)
def test_a_settled_pair_is_open_again_if_what_it_is_about_changed(
    tmp_path: Path, actor: Any, names: dict[str, str], session: dict[str, Any], stays: bool
) -> None:
    formations = {"1": "Anglais", "2": "Gestion", "3": "Vente"}

    def source(name: str, formations: dict[str, str], **session: Any) -> Any:
        rows = [{"id": int(pk), "nom": text} for pk, text in formations.items()]
        of = {"id": 10, "code": "GES-2019", "formation_id": 2, **session}
        return sqlite_legacy(tmp_path / name, tables(
            stagiaires=[learner(1, formation_id="1", session_ecoin_id="10")],
            formations=rows, session_ecoins=[of],
        ))  # fmt: skip

    import_from(source("first.sqlite3", formations))
    settled("course_of_row", actor)
    import_from(source("second.sqlite3", formations | names, **session), allow_another=True)
    after = LegacyCourseConflict.objects.get()
    assert (after.answer == "course_of_row") is stays
    assert (after.confirmed_at is not None) is stays
    assert after.answer_version == (2 if stays else 3)
