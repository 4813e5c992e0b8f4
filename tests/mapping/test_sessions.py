"""A person says what an old session is: three ids can never become real, whoever asks."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from legacy_import.choices import Outcome, SessionType
from legacy_import.mapping.courses import COURSES
from legacy_import.mapping.decisions import (
    MappingChangedMeanwhile,
    bulk_stamp,
    confirm_mappings,
    decide_mapping,
)
from legacy_import.mapping.mapping_kind import MappingRefused
from legacy_import.mapping.preview import MappingEffect, effects_of
from legacy_import.mapping.sessions import SESSIONS
from legacy_import.mapping.weights import Weight, weigh
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
)
from legacy_import.stages.replan import replan
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
from tests.legacy_database import learner, sqlite_legacy, tables
from tests.stages.importing import import_from
from tests.stages.stages import last_reason, outcome_of, plan_of, run_commit, run_stages
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment, Session

pytestmark = pytest.mark.django_db

undo = partial(decide_mapping, SESSIONS, "undo")

WAITING = {"session_type": SessionType.WAITING_PLACEHOLDER}


@pytest.fixture
def actor():
    return UserFactory(username="meriem")


@pytest.fixture
def run():
    CourseMappingFactory(legacy_formation_id="7")
    return RunFactory()


def mapping(legacy_id: str = "40", **values: Any) -> LegacySessionMapping:
    given = {"legacy_formation_id": "7", "legacy_code": f"PAO-{legacy_id}", **values}
    return SessionMappingFactory(legacy_session_id=legacy_id, **given)


def registered(run: LegacyImportRun, legacy_id: str, **values: Any) -> LegacyStudentImport:
    """A learner registered in session 40, unless told otherwise."""
    given = {"status": "Confirmer", "formation_id": "7", "session_id": "40", **values}
    return StagedLearnerFactory(run=run, legacy_id=legacy_id, **given)


def marked(run: LegacyImportRun) -> set[str]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, to_classify=True)
    return set(rows.values_list("legacy_id", flat=True))


def judged(before: LegacySessionMapping, session_type: str, actor: Any, **values: Any) -> Any:
    given = {"note": "vu dans le registre", "version": before.version, "now": NOW, **values}
    return decide_mapping(SESSIONS, session_type, mapping_id=before.pk, actor=actor, **given)


# --- one session -------------------------------------------------------------------------------------


@pytest.mark.parametrize("session_type", ["real_session", "waiting_placeholder", "unknown"])
def test_a_person_says_what_a_session_is(run, actor, session_type):
    before = mapping()
    judged(before, session_type, actor)
    after = LegacySessionMapping.objects.get(pk=before.pk)
    assert (after.session_type, after.rule) == (session_type, "session:real")
    assert (after.confirmed_by, after.confirmed_at) == (actor, NOW)
    assert (after.reason, after.version) == ("vu dans le registre", before.version + 1)
    said = LogEntry.objects.get()
    assert (said.user, said.change_message) == (actor, f"{session_type}: vu dans le registre")


@pytest.mark.parametrize("legacy_id", ["1", "2", "235"])
def test_the_three_placeholder_ids_never_become_real(run, actor, legacy_id):
    before = mapping(legacy_id, rule="session:placeholder_id", **WAITING)
    registered(run, "1", session_id=legacy_id)
    run_stages(run)
    with pytest.raises(MappingRefused) as refused:
        judged(before, "real_session", actor)
    assert refused.value.code == "placeholder_id"
    after = LegacySessionMapping.objects.get(pk=before.pk)
    assert (after.session_type, after.version) == ("waiting_placeholder", before.version)
    assert not LogEntry.objects.exists()


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a waiting code made real": ({"legacy_code": "Session-Attente PAO", **WAITING}, "real_session"),
    "no course, made real": ({"legacy_formation_id": None, **WAITING}, "real_session"),
    "real, made a waiting list": ({}, "waiting_placeholder"),
}


@pytest.mark.parametrize(("values", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_an_answer_against_the_rule_needs_a_reason(run, actor, values, said):
    before = mapping(**values)
    with pytest.raises(MappingRefused) as refused:
        judged(before, said, actor, note="   ")
    assert refused.value.code == "reason_missing"
    assert judged(before, said, actor).mappings == 1


def test_an_answer_with_the_rule_needs_none(run, actor):
    assert judged(mapping(), "real_session", actor, note="").mappings == 1


@pytest.mark.parametrize("session_type", ["none", "", "Real_session", "x" * 400])
def test_there_are_three_answers(run, actor, session_type):
    with pytest.raises(MappingRefused) as refused:
        judged(mapping(), session_type, actor)
    assert refused.value.code == "no_such_decision"


def test_a_decision_undone_is_the_rule_s_again(run, actor):
    before = mapping(legacy_code="SESSION-ATTENTE", rule="session:waiting_code", **WAITING)
    judged(before, "real_session", actor)
    undo(mapping_id=before.pk, version=2, actor=actor, now=NOW)
    after = LegacySessionMapping.objects.get(pk=before.pk)
    assert (after.session_type, after.rule) == ("waiting_placeholder", "session:waiting_code")
    assert (after.confirmed_by, after.confirmed_at, after.version) == (None, None, 3)
    assert not after.reason
    with pytest.raises(MappingRefused):
        undo(mapping_id=before.pk, version=3, actor=actor, now=NOW)


def test_the_slower_of_two_people_is_told(run, actor):
    before = mapping()
    judged(before, "unknown", UserFactory())
    with pytest.raises(MappingChangedMeanwhile):
        judged(before, "real_session", actor)
    with pytest.raises(MappingChangedMeanwhile):
        undo(mapping_id=before.pk, version=before.version, actor=actor, now=NOW)
    assert LegacySessionMapping.objects.get(pk=before.pk).session_type == "unknown"


# --- in bulk -----------------------------------------------------------------------------------------


def test_all_that_the_rules_call_real_are_confirmed_and_nothing_else(run, actor):
    real = [mapping("40"), mapping("41")]
    others = [
        mapping("42", rule="session:waiting_code", **WAITING),
        mapping("43", confirmed=True),
        mapping("44", in_source=False),
        mapping("45", connection_name="other"),
        mapping("235"),  # a forged row: still no placeholder becomes real
        mapping("46", rule="session:no_formation"),
    ]
    registered(run, "1")
    registered(run, "2", session_id="42")
    run_stages(run)
    expected, stamp = bulk_stamp(SESSIONS, CONNECTION)
    change = confirm_mappings(
        SESSIONS, connection_name=CONNECTION, expected=expected, stamp=stamp, note="registre 2019",
        actor=actor, now=NOW,
    )  # fmt: skip
    assert (change.mappings, change.affected) == (2, {run.pk: 1})
    for before in real:
        after = LegacySessionMapping.objects.get(pk=before.pk)
        assert (after.confirmed_by, after.reason, after.version) == (actor, "registre 2019", 2)
    for before in others:
        assert LegacySessionMapping.objects.get(pk=before.pk).version == before.version


def test_a_bulk_that_is_no_longer_what_was_shown_is_refused(run, actor):
    mapping("40")
    expected, stamp = bulk_stamp(SESSIONS, CONNECTION)
    mapping("41")
    bulk = partial(
        confirm_mappings, SESSIONS, connection_name=CONNECTION, note="", actor=actor, now=NOW
    )
    for forged in ((expected, stamp), (2, stamp), (2, "")):
        with pytest.raises(MappingChangedMeanwhile):
            bulk(expected=forged[0], stamp=forged[1])
    assert not LegacySessionMapping.objects.exclude(confirmed_at=None).exists()


# --- the rows it touches -----------------------------------------------------------------------------


def test_a_plan_made_before_drifts_exactly_in_the_touched_rows(run, actor):
    before = mapping("40", confirmed=True)
    mapping("41", confirmed=True)
    affected, other = registered(run, "1"), registered(run, "2", session_id="41")
    run_stages(run)
    change = judged(before, "waiting_placeholder", actor)
    assert change.affected == {run.pk: 1}
    run_commit(run)
    assert (outcome_of(affected), last_reason(affected)) == ("drifted", "session_mapping_changed")
    assert outcome_of(other) == Outcome.CREATE_ENROLLMENT


def test_a_confirmation_marks_only_registrations_and_drifts_no_history(run, actor):
    before = mapping("40")
    history = registered(run, "1", status="Formée")
    waiting = registered(run, "2")
    run_stages(run)
    change = judged(before, "real_session", actor)
    assert change.affected == {run.pk: 1}
    assert marked(run) == {waiting.legacy_id}
    run_commit(run)
    assert outcome_of(history) == Outcome.CREATE_COMPLETED_TRAINING


def test_a_confirmation_that_is_undone_drifts_its_registrations_and_no_history(run, actor):
    before = mapping("40", confirmed=True)
    history, affected = registered(run, "1", status="Formée"), registered(run, "2")
    run_stages(run)
    undo(mapping_id=before.pk, version=before.version, actor=actor, now=NOW)
    assert marked(run) == {affected.legacy_id}
    run_commit(run)
    assert outcome_of(history) == Outcome.CREATE_COMPLETED_TRAINING
    assert (outcome_of(affected), last_reason(affected)) == ("drifted", "session_mapping_changed")


def test_what_is_promised_is_freed(run, actor):
    before = mapping()
    rows = [registered(run, "1"), registered(run, "2", formation_id="99"),
            registered(run, "3", session_id="98")]  # fmt: skip
    run_stages(run)
    weights = weigh(run)
    assert weights.of(SESSIONS, "40") == Weight(rows=2, waiting=1, frees=1)
    assert weights.of(SESSIONS, "98") == Weight(rows=1, waiting=1, frees=0)
    judged(before, "real_session", actor)
    replan(run_id=run.pk, actor="meriem", now=NOW)
    assert [plan_of(row)[1] for row in rows] == [
        "registration", "formation_session_conflict", "session_unknown",
    ]  # fmt: skip


def test_a_waiting_list_made_real_would_free_its_history(run, actor):
    before = mapping(legacy_code="Session-Attente", rule="session:waiting_code", **WAITING)
    row = registered(run, "1", status="Formée")
    run_stages(run)
    assert plan_of(row) == ("review", "session_waiting")
    assert weigh(run).of(SESSIONS, "40").frees == 1
    judged(before, "real_session", actor)
    replan(run_id=run.pk, actor="meriem", now=NOW)
    assert plan_of(row) == ("create_completed_training", "history")


@pytest.mark.parametrize("legacy_id", ["1", "2", "235"])
def test_a_placeholder_promises_nothing(run, legacy_id):
    mapping(legacy_id, rule="session:placeholder_id", **WAITING)
    registered(run, "1", session_id=legacy_id)
    run_stages(run)
    assert weigh(run).of(SESSIONS, legacy_id) == Weight(rows=1, waiting=1, frees=0)


def test_a_person_s_word_outlives_the_next_import(actor, tmp_path: Path):
    catalogue = {
        "formations": [{"id": 7, "nom": "PAO"}],
        "session_ecoins": [{"id": 40, "code": "PAO-1", "formation_id": 7}],
    }
    old = sqlite_legacy(tmp_path / "old.sqlite3", tables(**catalogue))
    import_from(old)
    asked = LegacySessionMapping.objects.get(legacy_session_id="40")
    judged(asked, "unknown", actor)
    import_from(old)
    after = LegacySessionMapping.objects.get(pk=asked.pk)
    assert (after.session_type, after.confirmed_by) == ("unknown", actor)
    assert after.reason == "vu dans le registre"


def test_a_renamed_session_asks_again_without_the_old_reason(actor, tmp_path: Path):
    catalogue = {"formations": [{"id": 7, "nom": "PAO"}]}
    for number, code in enumerate(("PAO-1", "PAO-2")):
        session = [{"id": 40, "code": code, "formation_id": 7}]
        old = tables(**catalogue, session_ecoins=session)
        import_from(sqlite_legacy(tmp_path / f"old{number}.sqlite3", old))
        mapping = LegacySessionMapping.objects.get(legacy_session_id="40")
        assert (mapping.confirmed_by, mapping.reason) == (None, "")
        judged(mapping, "real_session", actor)


# --- releasing the history of a waiting session ------------------------------------------------------

released = partial(decide_mapping, SESSIONS, "released")
WAITING_SESSIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "1": ("1", {"rule": "session:placeholder_id", **WAITING}),
    "2": ("2", {"rule": "session:placeholder_id", **WAITING}),
    "235": ("235", {"rule": "session:placeholder_id", **WAITING}),
    "a waiting code": ("50", {"rule": "session:waiting_code", **WAITING}),
    "waiting words": ("51", {"rule": "session:waiting_words", "session_type": "unknown"}),
}


@pytest.mark.parametrize(
    ("legacy_id", "values"), WAITING_SESSIONS.values(), ids=list(WAITING_SESSIONS)
)
def test_its_history_is_recorded_without_a_session_and_nothing_else_changes(
    run, actor, legacy_id, values
):
    before = mapping(legacy_id, **values)
    trained = registered(run, "1", session_id=legacy_id, status="Formée")
    archived = registered(run, "2", session_id=legacy_id, status="Archivé")
    waiting = registered(run, "3", session_id=legacy_id)
    run_stages(run)
    reason = plan_of(trained)[1]
    assert reason in ("session_waiting", "session_unknown")
    change = released(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    assert change.affected == {run.pk: 3}
    assert LogEntry.objects.get().change_message == "released: "
    run_stages(run)
    assert plan_of(trained) == plan_of(archived) == ("create_completed_training", "history")
    assert plan_of(waiting) == ("review", reason)
    assert trained.training.session_type == before.session_type, "it is no real session"
    run_commit(run)
    assert (outcome_of(trained), outcome_of(waiting)) == (
        Outcome.CREATE_COMPLETED_TRAINING,
        "review",
    )
    record = LegacyCompletedTraining.objects.get(origin=f"{CONNECTION}:stagiaires:1:training")
    assert (record.legacy_session_id, record.session_code) == (None, "")
    assert not LegacyImportedEnrollment.objects.exists()
    assert not Session.objects.exists()


def test_rows_without_a_course_of_their_own_get_that_of_the_released_session(run, actor):
    course = CourseMappingFactory(legacy_formation_id="8", legacy_name="Anglais")
    before = mapping("50", rule="session:waiting_code", **WAITING)
    own = registered(run, "1", session_id="50", status="Formée", formation_id="8")
    blank = registered(run, "2", session_id="50", status="Formée", formation_id=None)
    run_stages(run)
    assert effects_of(run, SESSIONS, before)["released"].freed == 2
    released(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    run_stages(run)
    assert plan_of(own) == plan_of(blank) == ("create_completed_training", "history")
    assert own.training.course_id == course.course_id
    assert blank.training.course_rule == "course:session_formation"
    seventh = LegacyCourseMapping.objects.get(legacy_formation_id="7")
    assert blank.training.course_id == seventh.course_id
    change = decide_mapping(
        COURSES, "kept_by_name", mapping_id=seventh.pk, version=1, actor=actor, now=NOW
    )
    assert change.affected == {run.pk: 2}, "the course of the session counts for its rows"
    run_commit(run)
    assert (outcome_of(blank), last_reason(blank)) == ("drifted", "course_mapping_changed")


def test_a_course_is_chosen_for_released_history_that_has_none(run, actor):
    chosen = CourseFactory()
    before = mapping("50", rule="session:no_formation", legacy_formation_id=None, **WAITING)
    own = registered(run, "1", session_id="50", status="Formée")
    blank = registered(run, "2", session_id="50", status="Formée", formation_id=None)
    lacking = registered(run, "3", session_id="50", status="Formée", formation_id="9999")
    run_stages(run)
    with pytest.raises(MappingRefused) as refused:
        released(mapping_id=before.pk, version=1, actor=actor, now=NOW, choice=10**9)
    assert refused.value.code == "no_such_course"
    released(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    run_stages(run)
    assert plan_of(own) == ("create_completed_training", "history")
    assert plan_of(blank) == ("review", "formation_missing")
    assert plan_of(lacking) == ("review", "formation_not_in_source")
    change = released(mapping_id=before.pk, version=2, actor=actor, now=NOW, choice=chosen.pk)
    assert change.affected == {run.pk: 3}
    run_stages(run)
    assert {plan_of(row) for row in (own, blank, lacking)} == {
        ("create_completed_training", "history")
    }
    assert own.training.course_id != chosen.pk
    assert blank.training.course_id == lacking.training.course_id == chosen.pk
    assert blank.training.course_rule == "course:of_released_session"
    run_commit(run)
    courses = LegacyCompletedTraining.objects.order_by("origin").values_list("course_id", flat=True)
    assert list(courses) == [own.training.course_id, chosen.pk, chosen.pk]
    undo(mapping_id=before.pk, version=3, actor=actor, now=NOW)
    assert LegacySessionMapping.objects.get(pk=before.pk).history_course is None


def test_a_release_undone_waits_again_and_drifts_what_was_planned(run, actor):
    before = mapping("50", rule="session:waiting_code", legacy_code="Session-Attente", **WAITING)
    trained = registered(run, "1", session_id="50", status="Formée")
    run_stages(run)
    released(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    run_stages(run)
    undo(mapping_id=before.pk, version=2, actor=actor, now=NOW)
    run_commit(run)
    assert (outcome_of(trained), last_reason(trained)) == ("drifted", "session_mapping_changed")
    run_stages(run)
    assert plan_of(trained) == ("review", "session_waiting")


@pytest.mark.parametrize("session_type", ["waiting_placeholder", "unknown", "real_session"])
def test_another_answer_ends_a_release(run, actor, session_type):
    before = mapping("50", rule="session:waiting_code", **WAITING)
    released(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    judged(LegacySessionMapping.objects.get(pk=before.pk), session_type, actor)
    after = LegacySessionMapping.objects.get(pk=before.pk)
    assert (after.history_released, after.session_type) == (False, session_type)


def test_the_history_of_a_real_session_is_not_released(run, actor):
    before = mapping("40")
    with pytest.raises(MappingRefused) as refused:
        released(mapping_id=before.pk, version=1, actor=actor, now=NOW)
    assert refused.value.code == "session_is_real"


def test_a_release_is_previewed(run, actor):
    before = mapping("50", rule="session:waiting_code", **WAITING)
    for legacy_id, status in enumerate(("Formée", "Archivé", "Confirmer", "nouveau"), 1):
        registered(run, str(legacy_id), session_id="50", status=status)
    run_stages(run)
    effects = effects_of(run, SESSIONS, before)
    assert effects["released"] == MappingEffect(2, 0, {"create_legacy_completed_training": 2})
    assert effects["real_session"].freed == 3
    assert effects["unknown"] == MappingEffect()
    assert weigh(run).of(SESSIONS, "50") == Weight(rows=4, waiting=3, frees=3)
    assert weigh(run).of(SESSIONS, "50").trained == 2


# --- the ticked ones ---------------------------------------------------------------------------------


def test_only_the_chosen_of_those_offered_are_confirmed(run, actor):
    plain, blank = mapping("40"), mapping("41", rule="session:real_without_code", legacy_code="")
    mapping("42")
    words = mapping("43", rule="session:waiting_words", session_type="unknown")
    mapping("44", rule="session:waiting_code", **WAITING)
    expected, stamp = bulk_stamp(SESSIONS, CONNECTION)
    assert expected == 4
    bulk = partial(
        confirm_mappings, SESSIONS, connection_name=CONNECTION, expected=expected, stamp=stamp,
        actor=actor, now=NOW,
    )  # fmt: skip
    with pytest.raises(MappingRefused) as refused:
        bulk(ids=[words.pk, plain.pk])
    assert refused.value.code == "reason_missing"
    with pytest.raises(MappingRefused) as refused:
        bulk(ids=[])
    assert refused.value.code == "nothing_chosen"
    with pytest.raises(MappingChangedMeanwhile):
        bulk(ids=[plain.pk, 10**9])
    change = bulk(ids=[plain.pk, blank.pk, words.pk], note="registre")
    assert change.mappings == 3
    confirmed = LegacySessionMapping.objects.exclude(confirmed_at=None).order_by("pk")
    assert list(confirmed.values_list("legacy_session_id", "session_type", "answer_version")) == [
        ("40", "real_session", 1), ("41", "real_session", 1), ("43", "real_session", 2),
    ]  # fmt: skip


# --- sessions that only rows refer to ----------------------------------------------------------------


def test_history_of_a_session_that_the_source_does_not_have_is_released_too(run, actor):
    trained = registered(run, "1", session_id="888", status="Formée")
    waiting = registered(run, "2", session_id="888")
    run_stages(run)
    assert plan_of(trained) == ("review", "session_unknown")
    missing = LegacySessionMapping.objects.get(legacy_session_id="888")
    assert (missing.state, missing.rule, missing.in_source) == (
        "unknown", "session:not_in_source", False,
    )  # fmt: skip
    assert weigh(run).of(SESSIONS, "888") == Weight(rows=2, waiting=2, frees=1)
    assert effects_of(run, SESSIONS, missing)["released"].freed == 1
    with pytest.raises(MappingRefused) as refused:
        judged(missing, "real_session", actor)
    assert refused.value.code == "not_in_source"
    assert released(mapping_id=missing.pk, version=1, actor=actor, now=NOW).affected == {run.pk: 2}
    run_stages(run)
    assert plan_of(trained) == ("create_completed_training", "history")
    assert plan_of(waiting) == ("review", "session_unknown")
    undo(mapping_id=missing.pk, version=2, actor=actor, now=NOW)
    run_commit(run)
    assert (outcome_of(trained), last_reason(trained)) == ("drifted", "session_mapping_changed")
    run_stages(run)
    assert plan_of(trained) == ("review", "session_unknown")


def test_a_session_that_the_source_has_by_now_is_decided_anew(run, actor, tmp_path):
    rows = [learner(1, formation_id="1", session_ecoin_id="10")]
    formations = [{"id": 1, "nom": "Anglais"}]
    import_from(
        sqlite_legacy(
            tmp_path / "first.sqlite3", tables(rows, formations=formations, session_ecoins=())
        )
    )
    missing = LegacySessionMapping.objects.get(legacy_session_id="10")
    released(mapping_id=missing.pk, version=1, actor=actor, now=NOW)
    sessions = [{"id": 10, "code": "ANG-2019", "formation_id": 1}]
    import_from(
        sqlite_legacy(
            tmp_path / "second.sqlite3",
            tables(rows, formations=formations, session_ecoins=sessions),
        ),
        allow_another=True,
    )
    after = LegacySessionMapping.objects.get(legacy_session_id="10")
    assert (after.session_type, after.history_released, after.in_source) == (
        "real_session", False, True,
    )  # fmt: skip
    assert after.confirmed_at is None
