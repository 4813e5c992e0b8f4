"""A person says which course an old formation is: what changes, what is refused, whom it touches."""

import datetime
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from crm.models import CourseInterest
from legacy_import.choices import CourseMappingStatus, Outcome, RunStatus, SessionType
from legacy_import.mapping.catalogue import suggest_courses
from legacy_import.mapping.courses import COURSES
from legacy_import.mapping.decisions import (
    MappingChangedMeanwhile,
    bulk_stamp,
    confirm_mappings,
    decide_mapping,
)
from legacy_import.mapping.mapping_kind import MappingRefused
from legacy_import.mapping.preview import MappingEffect, effects_of
from legacy_import.mapping.weights import Weight, weigh
from legacy_import.models import (
    FacetCount,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.stages.replan import ReplanRefused, replan
from tests.factories import (
    CONNECTION,
    NOW,
    CourseFactory,
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.legacy_database import sqlite_legacy, tables
from tests.stages.importing import import_from
from tests.stages.stages import last_reason, outcome_of, plan_of, run_commit, run_stages
from trainings.models import Course, LegacyCompletedTraining, LegacyImportedEnrollment

pytestmark = pytest.mark.django_db

confirm_suggestion = partial(decide_mapping, COURSES, "confirm")
choose_course = partial(decide_mapping, COURSES, "choose")
no_equivalent = partial(decide_mapping, COURSES, "no_equivalent")
kept_by_name = partial(decide_mapping, COURSES, "kept_by_name")
set_aside = partial(decide_mapping, COURSES, "set_aside")
undo = partial(decide_mapping, COURSES, "undo")

UNMAPPED: dict[str, Any] = {"course": None, "status": CourseMappingStatus.UNMAPPED}


@pytest.fixture
def actor():
    return UserFactory(username="meriem")


@pytest.fixture
def run():
    return RunFactory()


def mapping(formation: str = "7", **values: Any) -> LegacyCourseMapping:
    given = {"legacy_name": f"Formation {formation}", "rule": "course:no_exact_name", **UNMAPPED}
    return CourseMappingFactory(legacy_formation_id=formation, **{**given, **values})


def suggested(formation: str = "7", **values: Any) -> LegacyCourseMapping:
    """A formation whose exact suggestion nobody has confirmed."""
    course = CourseFactory(name=f"Formation {formation}")
    return mapping(formation, course=course, status="suggested", rule="course:exact_name", **values)


def trained(run: LegacyImportRun, legacy_id: str, **values: Any) -> LegacyStudentImport:
    """A learner who finished formation 7, unless told otherwise."""
    return StagedLearnerFactory(
        run=run, legacy_id=legacy_id, **{"status": "Formée", "formation_id": "7", **values}
    )


def marked(run: LegacyImportRun) -> set[str]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, to_classify=True)
    return set(rows.values_list("legacy_id", flat=True))


# --- one decision ---------------------------------------------------------------------------------


def test_a_confirmed_suggestion_keeps_its_course_and_says_who_and_when(actor):
    before = suggested()
    confirm_suggestion(mapping_id=before.pk, version=before.version, actor=actor, now=NOW)
    after = LegacyCourseMapping.objects.get(pk=before.pk)
    assert (after.status, after.course_id) == ("confirmed", before.course_id)
    assert (after.confirmed_by, after.confirmed_at) == (actor, NOW)
    assert after.version == before.version + 1


DECISIONS: dict[str, tuple[Callable[..., Any], tuple[str, bool, str]]] = {
    "no-equivalent": (no_equivalent, ("no_equivalent", False, "course:chosen_by_reviewer")),
    "kept-by-name": (kept_by_name, ("kept_by_name", False, "course:chosen_by_reviewer")),
    "set-aside": (set_aside, ("unmapped", False, "course:set_aside_by_reviewer")),
}


@pytest.mark.parametrize(("decide", "expected"), DECISIONS.values(), ids=DECISIONS)
def test_a_decision_without_a_course(actor, decide, expected):
    before = suggested()
    decide(mapping_id=before.pk, version=before.version, actor=actor, now=NOW)
    after = LegacyCourseMapping.objects.get(pk=before.pk)
    assert (after.status, after.course_id is not None, after.rule) == expected
    assert (after.confirmed_by, after.version) == (actor, before.version + 1)
    suggest_courses(CONNECTION)
    after.refresh_from_db()
    assert (after.status, after.rule) == (expected[0], expected[2]), "the rule leaves it alone"


def test_choosing_a_course_creates_none(actor):
    before, course = mapping(), CourseFactory(name="Infographie")
    choose_course(
        mapping_id=before.pk, choice=course.pk, version=before.version, actor=actor, now=NOW
    )
    after = LegacyCourseMapping.objects.get(pk=before.pk)
    assert (after.status, after.course_id) == ("confirmed", course.pk)
    assert Course.objects.count() == 1


def test_a_decision_undone_is_the_rule_s_again(actor):
    before = suggested()
    no_equivalent(mapping_id=before.pk, version=before.version, actor=actor, now=NOW)
    undo(mapping_id=before.pk, version=before.version + 1, actor=actor, now=NOW)
    after = LegacyCourseMapping.objects.get(pk=before.pk)
    assert (after.status, after.course_id, after.rule) == (
        "suggested", before.course_id, "course:exact_name"
    )  # fmt: skip
    assert (after.confirmed_by, after.confirmed_at) == (None, None)
    assert after.version == before.version + 2


def test_every_decision_is_noted_with_its_author_and_reason(actor):
    before = suggested()
    no_equivalent(mapping_id=before.pk, version=1, actor=actor, now=NOW, note="  plus   enseignée ")
    undo(mapping_id=before.pk, version=2, actor=actor, now=NOW)
    said = LogEntry.objects.order_by("pk").values_list("user", "object_id", "change_message")
    assert list(said) == [
        (actor.pk, str(before.pk), "no_equivalent: plus enseignée"),
        (actor.pk, str(before.pk), "undone: "),
    ]


REFUSALS = {
    "a-course-that-does-not-exist": ("no_such_course", partial(choose_course, choice=999_999)),
    "nothing-is-suggested": ("nothing_suggested", confirm_suggestion),
    "not-decided": ("not_decided", undo),
}


@pytest.mark.parametrize(("code", "decide"), REFUSALS.values(), ids=REFUSALS)
def test_what_nobody_can_say_is_refused_and_changes_nothing(actor, run, code, decide):
    before = mapping()
    trained(run, "1")
    run_stages(run)
    with pytest.raises(MappingRefused) as refused:
        decide(mapping_id=before.pk, version=before.version, actor=actor, now=NOW)
    assert refused.value.code == code
    with pytest.raises(ContainsContact):
        no_equivalent(mapping_id=before.pk, version=1, actor=actor, now=NOW, note="voir 0559446168")
    after = LegacyCourseMapping.objects.get(pk=before.pk)
    assert (after.status, after.version) == (before.status, before.version)
    assert not marked(run)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("decide", [confirm_suggestion, no_equivalent, set_aside, undo])
def test_the_slower_of_two_people_is_told(actor, decide):
    before = suggested()
    no_equivalent(mapping_id=before.pk, version=before.version, actor=UserFactory(), now=NOW)
    with pytest.raises(MappingChangedMeanwhile):
        decide(mapping_id=before.pk, version=before.version, actor=actor, now=NOW)
    assert LegacyCourseMapping.objects.get(pk=before.pk).confirmed_by != actor


# --- in bulk ---------------------------------------------------------------------------------------


def test_all_exact_suggestions_are_confirmed_and_nothing_else(actor, run):
    exact = [suggested("7"), suggested("8")]
    CourseFactory(name="Réparée")
    others = [
        mapping("9"),
        mapping("10", course=Course.objects.get(name="Réparée"), status="suggested",
                legacy_name="RÃ©parÃ©e", rule="course:exact_name:repaired_encoding"),
        suggested("11", in_source=False),
        suggested("12", connection_name="other"),
        mapping("13", status="no_equivalent"),
    ]  # fmt: skip
    trained(run, "1"), trained(run, "2", formation_id="9")
    run_stages(run)
    expected, stamp = bulk_stamp(COURSES, CONNECTION)
    change = confirm_mappings(
        COURSES, connection_name=CONNECTION, expected=expected, stamp=stamp, actor=actor, now=NOW
    )
    assert (change.mappings, change.affected) == (2, {run.pk: 0})
    for before in exact:
        after = LegacyCourseMapping.objects.get(pk=before.pk)
        assert (after.status, after.version, after.confirmed_by) == ("confirmed", 2, actor)
    for before in others:
        after = LegacyCourseMapping.objects.get(pk=before.pk)
        assert (after.status, after.version) == (before.status, before.version)
    assert LogEntry.objects.count() == 2


def test_a_bulk_that_is_no_longer_what_was_shown_is_refused(actor):
    first = suggested("7")
    expected, stamp = bulk_stamp(COURSES, CONNECTION)
    bulk = partial(
        confirm_mappings, COURSES,
        connection_name=CONNECTION, expected=expected, stamp=stamp, actor=actor, now=NOW,
    )  # fmt: skip
    LegacyCourseMapping.objects.filter(pk=first.pk).update(version=2)
    with pytest.raises(MappingChangedMeanwhile):
        bulk()
    LegacyCourseMapping.objects.filter(pk=first.pk).update(version=1)
    another = suggested("8")
    with pytest.raises(MappingChangedMeanwhile):
        bulk()
    assert not LegacyCourseMapping.objects.filter(status="confirmed").exists()
    another.delete()
    assert bulk().mappings == 1


# --- the rows it touches ---------------------------------------------------------------------------


def test_the_rows_of_the_formation_are_to_be_classified_again(actor, run):
    before = mapping("7")
    mapping("8")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="41", legacy_formation_id="7",
                          session_type=SessionType.WAITING_PLACEHOLDER)  # fmt: skip
    SessionMappingFactory(legacy_session_id="2", legacy_formation_id="7")
    trained(run, "1")
    trained(run, "2", formation_id=None, session_id="40")
    trained(run, "3", formation_id=None, session_id="41")
    trained(run, "4", formation_id=None, session_id="2")
    trained(run, "5", formation_id="8", session_id="40")
    trained(run, "6", formation_id="8")
    run_stages(run)
    change = no_equivalent(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    assert marked(run) == {"1", "2", "5"}  # the course of its session counts for row 5, too
    assert change.affected == {run.pk: 3}
    counted = FacetCount.objects.filter(legacy_import_run=run, to_classify=True)
    assert sum(counted.values_list("rows", flat=True)) == 3


@pytest.mark.parametrize("status", RunStatus)
def test_only_open_runs_are_touched(actor, run, status):
    before = mapping()
    trained(run, "1")
    run_stages(run)
    LegacyImportRun.objects.filter(pk=run.pk).update(status=status)
    no_equivalent(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    assert bool(marked(run)) == (status not in (RunStatus.CLOSED, RunStatus.ROLLING_BACK))


def test_every_open_run_of_the_source_is_touched_and_no_other(actor, run):
    before = mapping()
    again, elsewhere, unclassified = RunFactory(), RunFactory(connection_name="other"), RunFactory()
    for each in (run, again, elsewhere):
        trained(each, "1")
        run_stages(each)
    trained(unclassified, "1")
    change = no_equivalent(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    assert change.affected == {run.pk: 1, again.pk: 1}
    assert not marked(elsewhere)
    assert not marked(unclassified)


def test_committed_rows_stay_as_they_are(actor, run):
    before = suggested()
    done = trained(run, "1")
    run_stages(run)
    run_commit(run)
    assert outcome_of(done) == Outcome.CREATE_COMPLETED_TRAINING
    change = no_equivalent(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    assert not any(change.affected.values())


def test_a_plan_made_before_drifts_exactly_in_the_touched_rows(actor, run):
    before = suggested("7")
    suggested("8")
    affected, other = trained(run, "1"), trained(run, "2", formation_id="8")
    run_stages(run)
    choice = CourseFactory().pk
    choose_course(mapping_id=before.pk, choice=choice, version=1, actor=actor, now=NOW)
    run_commit(run)
    assert (outcome_of(affected), last_reason(affected)) == ("drifted", "course_mapping_changed")
    assert outcome_of(other) == Outcome.CREATE_COMPLETED_TRAINING


def test_a_confirmation_that_changes_no_answer_drifts_and_marks_no_row(actor, run):
    one, both = suggested("7"), [suggested("8"), suggested("9")]
    rows = [trained(run, "1"), trained(run, "2", formation_id="8")]
    run_stages(run)
    change = confirm_suggestion(mapping_id=one.pk, version=1, actor=actor, now=NOW)
    assert (set(change.affected.values()), marked(run)) == ({0}, set())
    expected, stamp = bulk_stamp(COURSES, CONNECTION)
    change = confirm_mappings(
        COURSES, connection_name=CONNECTION, expected=expected, stamp=stamp, actor=actor, now=NOW
    )
    assert (change.mappings, set(change.affected.values()), marked(run)) == (len(both), {0}, set())
    run_commit(run)
    assert {outcome_of(row) for row in rows} == {Outcome.CREATE_COMPLETED_TRAINING}


@pytest.mark.parametrize("change", ["renamed", "doubled"])
def test_a_suggestion_holds_only_while_the_platform_s_courses_suggest_it(run, change):
    before = suggested("7")
    suggested("8")
    rows = [trained(run, "1"), trained(run, "2", formation_id="8")]
    interest = trained(run, "3", status="nouveau")
    run_stages(run)
    if change == "renamed":
        Course.objects.filter(pk=before.course_id).update(name="Tout autre chose")
    else:
        CourseFactory(name=before.legacy_name.upper())
    run_commit(run)
    assert [outcome_of(row) for row in rows] == ["drifted", Outcome.CREATE_COMPLETED_TRAINING]
    assert last_reason(rows[0]) == last_reason(interest) == "course_mapping_changed"
    assert not LegacyCompletedTraining.objects.filter(course_id=before.course_id).exists()
    run_stages(run)
    rows[0].refresh_from_db()
    assert (rows[0].planned_action, rows[0].planned_reason) == ("review", "course_unmapped")
    assert outcome_of(rows[1]) == Outcome.CREATE_COMPLETED_TRAINING


def test_nobody_judges_while_the_source_is_being_classified(actor, run):
    before = mapping()
    trained(run, "1")
    run_stages(run)
    held = LegacyImportRun.objects.filter(pk=run.pk)
    held.update(lease_token="t", lease_command="legacy_classify",
                lease_expires_at=NOW + datetime.timedelta(seconds=30))  # fmt: skip
    decide = partial(no_equivalent, mapping_id=before.pk, version=1, actor=actor)
    with pytest.raises(MappingRefused) as refused:
        decide(now=NOW)
    assert refused.value.code == "being_classified"
    assert decide(now=NOW + datetime.timedelta(minutes=1)).mappings == 1, "its lease expired"


def test_a_person_s_word_outlives_the_next_import(actor, tmp_path: Path):
    learners = [{"id": 1, "nom": "Fictif", "prenom": "Badr", "statut": "Formée", "formation_id": 7}]
    old = sqlite_legacy(
        tmp_path / "old.sqlite3",
        tables(formations=[{"id": 7, "nom": "PAO"}], stagiaires=learners),
    )
    import_from(old)
    course = CourseFactory(name="Infographie")
    asked = LegacyCourseMapping.objects.get(legacy_formation_id="7")
    choose_course(
        mapping_id=asked.pk, choice=course.pk, version=asked.version, actor=actor, now=NOW
    )
    second = import_from(old)
    after = LegacyCourseMapping.objects.get(pk=asked.pk)
    assert (after.status, after.course_id, after.confirmed_by) == ("confirmed", course.pk, actor)
    run = LegacyImportRun.objects.get(pk=second.run)
    run_stages(run)
    row = LegacyStudentImport.objects.get(legacy_import_run=run)
    assert plan_of(row) == ("create_completed_training", "history")


# --- before confirming: how many rows it would free --------------------------------------------------


def test_a_weight_counts_what_names_it_what_waits_and_what_would_be_freed(run):
    mapping("7")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7")
    trained(run, "1")
    trained(run, "2", formation_id=None, session_id="40")  # by its real session
    trained(run, "3", status="Confirmer", session_id="40")  # its session waits too
    trained(run, "4", status="Confirmer")  # a registration without a session
    trained(run, "5", status="nouveau")  # a lead needs no course
    trained(run, "6", session_id="99")  # held back by its session
    run_stages(run)
    assert weigh(run).of(COURSES, "7") == Weight(rows=6, waiting=4, frees=2)
    assert weigh(run).causes == {"course_unmapped": 4, "session_unknown": 1}


def test_what_is_promised_is_freed(actor, run):
    before = mapping("7")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7", confirmed=True)
    rows = [
        trained(run, "1"),
        trained(run, "2", formation_id=None, session_id="40", status="Confirmer"),
        trained(run, "3", status="Confirmer"),
    ]
    run_stages(run)
    promised = weigh(run).of(COURSES, "7").frees
    choose_course(mapping_id=before.pk, choice=CourseFactory().pk, version=1, actor=actor,
                  now=NOW)  # fmt: skip
    replan(run_id=run.pk, actor="meriem", now=NOW)
    assert [plan_of(row) for row in rows] == [
        ("create_completed_training", "history"),
        ("create_enrollment", "registration"),
        ("review", "session_missing"),
    ]
    assert promised == 2
    assert weigh(run).of(COURSES, "7") == Weight(rows=3, waiting=0, frees=0)


def test_counting_is_one_pass(run, django_assert_num_queries):
    mapping("7")
    trained(run, "1")
    run_stages(run)
    with django_assert_num_queries(6):  # courses, four mapping tables, one pass over the rows
        weigh(run)


# --- judging again at once ---------------------------------------------------------------------------


def test_a_small_run_is_judged_and_planned_again(actor, run):
    before = mapping("7")
    row = trained(run, "1")
    run_stages(run)
    choose_course(mapping_id=before.pk, choice=CourseFactory().pk, version=1, actor=actor,
                  now=NOW)  # fmt: skip
    report = replan(run_id=run.pk, actor="meriem", now=NOW)
    assert (report.rows, plan_of(row)[0]) == (1, "create_completed_training")
    assert not marked(run)
    run.refresh_from_db()
    assert run.status == RunStatus.PLANNED
    assert run.summary["stages"]["planned"]["actor"] == "meriem"


NOT_NOW: dict[str, tuple[str, dict[str, Any]]] = {
    "held": ("held", {"lease_token": "t", "lease_command": "legacy_commit",
                      "lease_expires_at": NOW + datetime.timedelta(seconds=30)}),
    "half-committed": ("being_committed", {"status": RunStatus.COMMITTING}),
    "closed": ("not_open", {"status": RunStatus.CLOSED}),
    "rolling-back": ("not_open", {"status": RunStatus.ROLLING_BACK}),
    "never-classified": ("not_open", {"classified_at": None}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "state"), NOT_NOW.values(), ids=NOT_NOW)
def test_a_run_in_use_is_not_judged_from_a_screen(run, code, state):
    mapping("7")
    row = trained(run, "1")
    run_stages(run)
    LegacyImportRun.objects.filter(pk=run.pk).update(**state)
    before = plan_of(row)
    with pytest.raises(ReplanRefused) as refused:
        replan(run_id=run.pk, actor="meriem", now=NOW)
    assert (refused.value.code, plan_of(row)) == (code, before)


def test_a_large_run_is_left_to_the_commands(run):
    trained(run, "1")
    run_stages(run)
    FacetCount.objects.filter(legacy_import_run=run).update(rows=5_001)
    with pytest.raises(ReplanRefused) as refused:
        replan(run_id=run.pk, actor="meriem", now=NOW)
    assert refused.value.code == "too_many_rows"


# --- kept by name ------------------------------------------------------------------------------------


def test_history_of_a_course_without_equivalent_is_kept_by_its_old_name(actor, run):
    before = mapping("7", legacy_name="R&eacute;paration GSM")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7", confirmed=True)
    done = trained(run, "1")
    registered = trained(run, "2", status="Confirmer", session_id="40")
    lead = trained(run, "3", status="nouveau")
    run_stages(run)
    assert plan_of(done) == ("review", "course_unmapped")
    assert effects_of(run, COURSES, before)["kept_by_name"] == MappingEffect(
        1, 0, {"create_legacy_completed_training": 1}
    )
    change = kept_by_name(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    assert change.affected == {run.pk: 3}
    run_stages(run)
    assert plan_of(done) == ("create_completed_training", "history")
    assert plan_of(registered) == ("review", "course_kept_by_name")
    assert plan_of(lead) == ("create_crm_lead", "new_lead")
    run_commit(run)
    record = LegacyCompletedTraining.objects.get()
    assert (record.course_id, record.legacy_course_name) == (None, "Réparation GSM")
    interest = CourseInterest.objects.get()
    assert (interest.course_id, interest.legacy_course_name) == (None, "Réparation GSM")
    assert not LegacyImportedEnrollment.objects.exists()


def test_kept_by_name_undone_waits_again_and_drifts_what_was_planned(actor, run):
    before = mapping("7")
    row = trained(run, "1")
    kept_by_name(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    run_stages(run)
    undo(mapping_id=before.pk, version=2, actor=actor, now=NOW)
    run_commit(run)
    assert (outcome_of(row), last_reason(row)) == ("drifted", "course_mapping_changed")
    run_stages(run)
    assert plan_of(row) == ("review", "course_unmapped")


def test_a_formation_without_a_name_is_kept_by_none(actor, run):
    before = mapping("7", legacy_name="  ")
    with pytest.raises(MappingRefused) as refused:
        kept_by_name(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    assert refused.value.code == "nameless"
    assert LegacyCourseMapping.objects.get(pk=before.pk).status == "unmapped"
