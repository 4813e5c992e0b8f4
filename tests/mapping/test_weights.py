"""What is stored of the mapping lists is what counting anew would say, whatever happened before."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import RunStatus
from legacy_import.mapping.courses import COURSES
from legacy_import.mapping.decisions import bulk_stamp, confirm_mappings, decide_mapping
from legacy_import.mapping.kinds import KINDS
from legacy_import.mapping.mapping_kind import MappingKind, MappingRefused
from legacy_import.mapping.sessions import SESSIONS
from legacy_import.mapping.weights import Weight, current_totals, weigh
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
    MappingTotals,
    MappingWeight,
)
from legacy_import.screens.mapping.listing import ListQuery, listing
from legacy_import.screens.mapping.screens import COURSE_SCREEN, SESSION_SCREEN
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
from tests.legacy_database import sqlite_legacy, tables
from tests.stages.importing import import_from
from tests.stages.stages import (
    run_classify,
    run_commit,
    run_plan,
    run_rollback,
    run_stages,
    run_validate,
)
from trainings.models import Course

pytestmark = pytest.mark.django_db

STATUSES = ("Formée", "Confirmer", "nouveau")
WAITING = {"session_type": "waiting_placeholder", "rule": "session:waiting_code"}


@pytest.fixture
def run():
    """Rows of every kind that mappings look at: each status with each course and each session."""
    CourseFactory(name="Infographie")
    pao = CourseFactory(name="PAO")
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Infographie 2D", course=None,
                         status="unmapped", rule="course:no_exact_name")  # fmt: skip
    CourseMappingFactory(legacy_formation_id="8", legacy_name="PAO", course=pao,
                         status="suggested", rule="course:exact_name")  # fmt: skip
    CourseMappingFactory(legacy_formation_id="9", legacy_name="Gestion")
    CourseMappingFactory(legacy_formation_id="10", legacy_name="Vide", in_source=False)
    SessionMappingFactory(legacy_session_id="40", legacy_code="INF-1", legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="41", legacy_code="GES-1", legacy_formation_id="9",
                          confirmed=True)  # fmt: skip
    SessionMappingFactory(legacy_session_id="50", legacy_code="Session-Attente",
                          legacy_formation_id="8", **WAITING)  # fmt: skip
    SessionMappingFactory(legacy_session_id="2", legacy_code="PARK", legacy_formation_id="8",
                          **WAITING)  # fmt: skip
    started = RunFactory()
    formations, sessions = (None, "7", "8", "9"), (None, "40", "41", "50", "2", "88")
    named = [(f, s, status) for f in formations for s in sessions for status in STATUSES]
    for number, (formation, session, status) in enumerate(named):
        StagedLearnerFactory(run=started, legacy_id=str(number), status=status,
                             full_name=f"Personne Fictive {number}", formation_id=formation,
                             session_id=session, phone=f"0550{number:06}")  # fmt: skip
    return started


def stored(run: LegacyImportRun) -> dict[tuple[str, int], Any]:
    """(kind, mapping) → its weight and state, in the order of the lists."""
    weights = MappingWeight.objects.filter(legacy_import_run=run).order_by("kind", "position")
    return {
        (one.kind, one.mapping_id): (Weight(one.rows, one.waiting, one.frees), one.state)
        for one in weights
    }


def counted(run: LegacyImportRun) -> dict[tuple[str, int], Any]:
    """The same, counted anew from the rows and the mappings as they stand."""
    weights = weigh(run)
    return {
        (kind.name, mapping.pk): (weights.of(kind, mapping.legacy_id), mapping.state)
        for kind in KINDS
        for mapping in kind.model._default_manager.filter(connection_name=CONNECTION)
    }


def assert_as_counted(run: LegacyImportRun) -> None:
    assert stored(run) == counted(run)
    totals = MappingTotals.objects.get(legacy_import_run=run)
    assert totals.causes == weigh(run).causes
    for kind in ("course", "session"):
        order = [
            (-weight.frees, -weight.waiting, -weight.rows)
            for (of, _), (weight, _) in stored(run).items()
            if of == kind
        ]
        assert order == sorted(order)


# --- what may happen ---------------------------------------------------------------------------------


def decided(
    kind: MappingKind, decision: str, legacy_id: str, **values: Any
) -> Callable[[LegacyImportRun], None]:
    def happen(run: LegacyImportRun) -> None:
        (mapping,) = (
            one for one in kind.model._default_manager.all() if one.legacy_id == legacy_id
        )
        decide_mapping(
            kind, decision, mapping_id=mapping.pk, version=mapping.version, actor=someone(), now=NOW,
            **values,
        )  # fmt: skip

    return happen


def session_decided(session_type: str, legacy_id: str) -> Callable[[LegacyImportRun], None]:
    return decided(SESSIONS, session_type, legacy_id, note="vu au registre")


def chosen(run: LegacyImportRun) -> None:
    course = Course.objects.get(name="Infographie").pk
    decided(COURSES, "choose", "7", choice=course)(run)


def all_confirmed(kind: MappingKind) -> Callable[[LegacyImportRun], None]:
    def happen(run: LegacyImportRun) -> None:
        expected, stamp = bulk_stamp(kind, CONNECTION)
        confirm_mappings(
            kind, connection_name=CONNECTION, expected=expected, stamp=stamp, note="registre",
            actor=someone(), now=NOW,
        )  # fmt: skip

    return happen


def someone() -> Any:
    return UserFactory()


def back_again(run: LegacyImportRun) -> None:
    run_commit(run, batch=10, limit=20)
    run_rollback(run)
    run_plan(run)


DECISIONS: dict[str, Callable[[LegacyImportRun], Any]] = {
    "a suggestion confirmed": decided(COURSES, "confirm", "8"),
    "a course chosen": chosen,
    "no equivalent": decided(COURSES, "no_equivalent", "9"),
    "a suggestion set aside": decided(COURSES, "set_aside", "8"),
    "all exact suggestions": all_confirmed(COURSES),
    "a session confirmed real": session_decided("real_session", "40"),
    "a waiting list made real": session_decided("real_session", "50"),
    "a real session made a waiting list": session_decided("waiting_placeholder", "41"),
    "nobody can tell": session_decided("unknown", "40"),
    "a session taken back": decided(SESSIONS, "undo", "41"),
    "all real sessions": all_confirmed(SESSIONS),
}
EVENTS: dict[str, Callable[[LegacyImportRun], Any]] = {
    **DECISIONS,
    "nothing": lambda run: None,
    "validated": run_validate,
    "judged again": lambda run: replan(run_id=run.pk, actor="meriem", now=NOW),
    "planned again": run_plan,
    "a batch committed": lambda run: run_commit(run, batch=5, limit=5),
    "all committed": run_commit,
    "committed, rolled back, planned": back_again,
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_what_is_stored_is_what_counting_anew_says(run, event):
    run_stages(run)
    event(run)
    assert_as_counted(run)


@pytest.mark.parametrize("seed", range(4))
def test_so_it_is_after_any_sequence_of_decisions(run, seed):
    run_stages(run)
    order = list(DECISIONS)
    Random(seed).shuffle(order)
    for number, name in enumerate(order):
        try:
            DECISIONS[name](run)
        except MappingRefused:
            continue  # nothing is left to confirm or to take back
        assert_as_counted(run)
        if number % 4 == 3:
            replan(run_id=run.pk, actor="meriem", now=NOW)
            assert_as_counted(run)
    run_commit(run, batch=20)
    assert_as_counted(run)
    run_rollback(run)
    assert_as_counted(run)


def test_taking_a_course_back_and_its_rollback_are_counted(run):
    run_stages(run)
    decided(COURSES, "no_equivalent", "8")(run)
    decided(COURSES, "undo", "8")(run)
    assert_as_counted(run)


@pytest.mark.parametrize("stages", [(), (run_validate,), (run_validate, run_classify)])
def test_before_the_first_plan_rows_are_counted_and_nothing_waits(run, stages):
    for stage in stages:
        stage(run)
    first = listing(run, COURSE_SCREEN, ListQuery())
    assert [line.weight.rows for line in first.lines] == sorted(
        (line.weight.rows for line in first.lines), reverse=True
    )
    assert first.lines[0].weight.rows
    assert {line.weight.waiting for line in first.lines} == {0}
    assert not first.causes
    assert_as_counted(run)


def test_the_first_look_after_an_import_keeps_its_lists(tmp_path: Path):
    learners = [{"id": 1, "nom": "Fictif", "prenom": "Badr", "statut": "Formée", "formation_id": 7}]
    old = tables(formations=[{"id": 7, "nom": "PAO"}], stagiaires=learners)
    report = import_from(sqlite_legacy(tmp_path / "old.sqlite3", old))
    run = LegacyImportRun.objects.get(pk=report.run)
    assert not stored(run)
    current_totals(run)
    assert Weight(1, 0, 0) in [weight for weight, _ in stored(run).values()]
    assert_as_counted(run)


# --- what changes elsewhere --------------------------------------------------------------------------


def elsewhere(run: LegacyImportRun) -> None:
    """What the import of another run does: a course renamed, a session gone, one that was missing."""
    courses = LegacyCourseMapping.objects.filter(legacy_formation_id="7")
    courses.update(legacy_name="Bureautique", version=F("version") + 1)
    sessions = LegacySessionMapping.objects.filter(legacy_session_id="41")
    sessions.update(in_source=False, version=F("version") + 1)
    missing = LegacySessionMapping.objects.filter(legacy_session_id="88")
    missing.update(in_source=True, legacy_code="NEUF", session_type="real_session",
                   rule="session:real", legacy_formation_id="9", version=F("version") + 1)  # fmt: skip


@pytest.mark.parametrize("status", [RunStatus.PLANNED, RunStatus.CLOSED, RunStatus.ROLLING_BACK])
def test_what_another_run_changed_is_seen_at_the_next_look(run, status):
    run_stages(run)
    LegacyImportRun.objects.filter(pk=run.pk).update(status=status)
    run.refresh_from_db()
    elsewhere(run)
    assert stored(run) != counted(run)
    found = listing(run, COURSE_SCREEN, ListQuery(search="bureautique"))
    assert [line.mapping.legacy_name for line in found.lines] == ["Bureautique"]
    assert_as_counted(run)


def test_a_look_writes_nothing_while_nothing_changed(run):
    run_stages(run)
    with CaptureQueriesContext(connection) as asked:
        current_totals(run)
        listing(run, SESSION_SCREEN, ListQuery(state="to_confirm"))
    assert all(query["sql"].startswith("SELECT") for query in asked)
    assert not any("legacy_student_imports" in query["sql"] for query in asked)


def test_a_run_that_was_staged_before_the_lists_were_kept_is_counted_once(run):
    run_stages(run)
    MappingWeight.objects.all().delete()
    MappingTotals.objects.all().delete()
    assert listing(run, SESSION_SCREEN, ListQuery()).any_mapping
    assert_as_counted(run)


def test_an_import_that_goes_on_is_counted_at_every_look(run):
    LegacyImportRun.objects.filter(pk=run.pk).update(status=RunStatus.IMPORTING)
    run.refresh_from_db()
    current_totals(run)
    StagedLearnerFactory(run=run, legacy_id="9999", formation_id="9")
    current_totals(run)
    assert_as_counted(run)


def test_every_run_of_the_source_has_its_own_lists(run):
    run_stages(run)
    other = RunFactory()
    StagedLearnerFactory(run=other, legacy_id="1", status="Formée", formation_id="7")
    run_stages(other)
    chosen(run)
    for each in (run, other):
        assert_as_counted(each)
    assert LegacyStudentImport.objects.filter(legacy_import_run=other, to_classify=True).exists()


# --- searching ---------------------------------------------------------------------------------------

SEARCHES: dict[str, tuple[Any, ListQuery, list[str]]] = {
    "folded": (COURSE_SCREEN, ListQuery(search="INFOGRAPHIÉ 2d"), ["7"]),
    "by number": (COURSE_SCREEN, ListQuery(search="10"), ["10"]),
    "by state": (COURSE_SCREEN, ListQuery(state="gone"), ["10"]),
    "a session by its course": (SESSION_SCREEN, ListQuery(search="gestion"), ["41"]),
    "a wildcard is a letter": (SESSION_SCREEN, ListQuery(search="%"), []),
    "an underscore is a letter": (SESSION_SCREEN, ListQuery(search="_"), []),
    "search and state": (
        SESSION_SCREEN,
        ListQuery(search="pao", state="waiting_placeholder"),
        ["50", "2"],
    ),
    "a phone is no search": (
        COURSE_SCREEN,
        ListQuery(search="0559446168", state="suggested"),
        ["8"],
    ),
    "an unknown state is none": (COURSE_SCREEN, ListQuery(search="pao", state="' OR 1=1"), ["8"]),
    "a page beyond the last": (COURSE_SCREEN, ListQuery(search="pao", page="99"), ["8"]),
}


@pytest.mark.parametrize(("screen", "query", "expected"), SEARCHES.values(), ids=SEARCHES)
def test_what_a_list_finds(run, screen, query, expected):
    run_stages(run)
    page = listing(run, screen, query)
    assert {line.mapping.legacy_id for line in page.lines} == set(expected)
    assert page.any_mapping


def test_a_phone_in_an_old_name_is_neither_stored_nor_found(run):
    LegacySessionMapping.objects.filter(legacy_session_id="40").update(
        legacy_code="INF 0559446168", version=2
    )
    assert not MappingWeight.objects.filter(searched__contains="559446168").exists()
    assert not listing(run, SESSION_SCREEN, ListQuery(search="0559446168")).search
    assert not MappingWeight.objects.filter(searched__contains="559446168").exists()
