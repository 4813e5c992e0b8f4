"""What the old courses and sessions are: refreshed from the source, a person's word kept."""

from pathlib import Path
from typing import Any

import pytest

from legacy_import.choices import CourseMappingStatus, SessionType
from legacy_import.mapping.catalogue import refresh_mappings, suggest_courses
from legacy_import.mapping.index import load_mappings
from legacy_import.models import LegacyCourseMapping, LegacySessionMapping
from legacy_import.rules.courses import CourseState
from legacy_import.source.reader import open_source
from tests.factories import (
    NOW,
    CourseFactory,
    CourseMappingFactory,
    SessionMappingFactory,
    UserFactory,
)
from tests.legacy_database import as_legacy, sqlite_legacy, tables
from tests.stages.stages import content_hash

pytestmark = pytest.mark.django_db

COMPTA = {"id": 7, "nom": "Comptabilité"}
REAL = {"id": 40, "code": "CPT-2019-01", "formation_id": "7"}


@pytest.fixture
def refresh(tmp_path: Path) -> Any:
    """refresh(formations, sessions): read such a catalogue into the mappings."""

    def read(formations: list[dict[str, Any]], sessions: list[dict[str, Any]]) -> None:
        content = tables(formations=formations, session_ecoins=sessions)
        database = sqlite_legacy(tmp_path / "old.sqlite3", content)
        with as_legacy(database), open_source("legacy", allow_writable=False) as source:
            refresh_mappings(source, "legacy")

    return read


def course(formation: str) -> LegacyCourseMapping:
    return LegacyCourseMapping.objects.get(legacy_formation_id=formation)


def session(legacy_id: int) -> LegacySessionMapping:
    return LegacySessionMapping.objects.get(legacy_session_id=str(legacy_id))


def everything() -> str:
    return content_hash([LegacyCourseMapping, LegacySessionMapping])


# --- courses -------------------------------------------------------------------------------------


def test_exact_names_are_suggested_and_no_course_is_created(refresh: Any) -> None:
    known = CourseFactory(name="COMPTABILITE")
    CourseFactory(name="Anglais")
    CourseFactory(name="ANGLAIS")
    refresh([COMPTA, {"id": 8, "nom": "anglais"}, {"id": 9, "nom": "Cuisine"}], [])
    assert (course("7").status, course("7").course_id, course("7").rule) == (
        "suggested", known.pk, "course:exact_name"
    )  # fmt: skip
    assert (course("8").status, course("8").rule) == ("unmapped", "course:several_equal_names")
    assert (course("9").status, course("9").rule) == ("unmapped", "course:no_exact_name")
    assert known._meta.model.objects.count() == 3


def test_a_second_reading_changes_nothing(refresh: Any) -> None:
    CourseFactory(name="Comptabilité")
    sessions = [REAL, {"id": 41, "code": "Session-Attente", "formation_id": None}]
    refresh([COMPTA], sessions)
    before = everything()
    refresh([COMPTA], sessions)
    suggest_courses("legacy")
    assert everything() == before


@pytest.mark.parametrize("status", ["confirmed", "no_equivalent"])
def test_a_person_s_word_stands_as_long_as_the_name_does(refresh: Any, status: str) -> None:
    CourseFactory(name="Comptabilité")
    other = CourseFactory(name="Gestion") if status == "confirmed" else None
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Comptabilité", course=other,
                         status=status, confirmed_by=UserFactory(), confirmed_at=NOW)  # fmt: skip
    before = everything()
    refresh([COMPTA], [])
    assert everything() == before


def test_a_renamed_formation_asks_again_and_counts_as_unmapped_until_then(refresh: Any) -> None:
    mapped = CourseMappingFactory(legacy_formation_id="7", legacy_name="Comptabilité",
                                  confirmed_by=UserFactory(), confirmed_at=NOW)  # fmt: skip
    refresh([{"id": 7, "nom": "Cuisine"}], [])
    asked = course("7")
    assert (asked.legacy_name, asked.status) == ("Cuisine", "unmapped")
    assert asked.course_id == mapped.course_id, "what was said stays as the best guess"
    assert (asked.confirmed_by, asked.confirmed_at) == (None, None)
    assert asked.version > mapped.version
    assert load_mappings("legacy").training("7", None).course.state == CourseState.UNMAPPED
    CourseFactory(name="Cuisine")
    suggest_courses("legacy")
    assert course("7").status == "unmapped", "only a person answers a question put to a person"


def test_a_deleted_course_or_session_must_be_decided_again(tmp_path: Path) -> None:
    database = sqlite_legacy(tmp_path / "old.sqlite3", tables([], [], [COMPTA], [REAL]))
    for table in ("formations", "session_ecoins"):
        database.execute(f"ALTER TABLE {table} ADD COLUMN deleted_at TEXT")

    def read() -> None:
        with as_legacy(database), open_source("legacy", allow_writable=False) as source:
            refresh_mappings(source, "legacy")

    decided = {"confirmed_by": UserFactory(), "confirmed_at": NOW}
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Comptabilité", **decided)
    SessionMappingFactory(legacy_session_id="40", legacy_code="CPT-2019-01",
                          legacy_formation_id="7", **decided)  # fmt: skip
    read()
    assert (course("7").status, session(40).confirmed_at) == ("confirmed", NOW)
    for table in ("formations", "session_ecoins"):
        database.execute(f"UPDATE {table} SET deleted_at = '2021-03-04'")
    read()
    assert (course("7").status, course("7").rule) == ("unmapped", "course:deleted_since")
    assert course("7").course_id is not None, "the decision stays as the best guess"
    assert (course("7").confirmed_at, session(40).confirmed_at) == (None, None)
    training = load_mappings("legacy").training("7", "40")
    assert (training.course.deleted, training.session_deleted) == (True, True)
    LegacyCourseMapping.objects.update(status="confirmed", **decided)
    LegacySessionMapping.objects.update(**decided)
    training = load_mappings("legacy").training("7", "40")
    assert (training.course.deleted, training.session_deleted) == (False, False)
    versions = course("7").version, session(40).version
    read()
    assert (course("7").version, session(40).version) == versions, "it was decided as deleted"
    for table in ("formations", "session_ecoins"):
        database.execute(f"UPDATE {table} SET deleted_at = NULL")
    read()
    assert (course("7").status, session(40).confirmed_at) == ("confirmed", NOW)
    assert [course("7").deleted_at_source, session(40).deleted_at_source] == [False, False]


def test_a_suggestion_follows_a_rename(refresh: Any) -> None:
    CourseFactory(name="Comptabilité")
    cooking = CourseFactory(name="Cuisine")
    refresh([COMPTA], [])
    refresh([{"id": 7, "nom": "Cuisine"}], [])
    assert (course("7").status, course("7").course_id) == ("suggested", cooking.pk)


def test_a_suggestion_that_became_ambiguous_is_withdrawn(refresh: Any) -> None:
    CourseFactory(name="Comptabilité")
    refresh([COMPTA], [])
    before = course("7")
    CourseFactory(name="comptabilite")
    suggest_courses("legacy")
    assert (course("7").status, course("7").course_id) == ("unmapped", None)
    assert course("7").version > before.version


def test_mappings_belong_to_their_source(refresh: Any) -> None:
    CourseMappingFactory(connection_name="other", legacy_formation_id="7", legacy_name="Autre")
    refresh([COMPTA], [])
    assert LegacyCourseMapping.objects.filter(legacy_formation_id="7").count() == 2
    assert LegacyCourseMapping.objects.get(connection_name="other").legacy_name == "Autre"


# --- sessions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "session_type", "rule"),
    [
        pytest.param(REAL, "real_session", "session:real", id="real"),
        pytest.param({"id": 235, "code": "X", "formation_id": "7"}, "waiting_placeholder",
                     "session:placeholder_id", id="235"),
        pytest.param({"id": 41, "code": "SESSION-attente 2", "formation_id": "7"},
                     "waiting_placeholder", "session:waiting_code", id="waiting-code"),
        pytest.param({"id": 41, "code": "X", "formation_id": None}, "waiting_placeholder",
                     "session:no_formation", id="formation-null"),
        pytest.param({"id": 41, "code": "X", "formation_id": "0"}, "waiting_placeholder",
                     "session:no_formation", id="formation-0"),
        pytest.param({"id": 41, "code": "X", "formation_id": "abc"}, "waiting_placeholder",
                     "session:no_formation", id="formation-no-number"),
        pytest.param({"id": 41, "code": "X", "formation_id": "99"}, "waiting_placeholder",
                     "session:formation_not_in_source", id="formation-unknown"),
    ],
)  # fmt: skip
def test_a_session_gets_its_type_and_rule(
    refresh: Any, found: dict[str, Any], session_type: str, rule: str
) -> None:
    refresh([COMPTA], [found])
    mapping = session(found["id"])
    assert (mapping.session_type, mapping.rule, mapping.confirmed_at) == (session_type, rule, None)


def test_a_session_keeps_its_dates_as_found(refresh: Any) -> None:
    refresh([COMPTA], [{**REAL, "date_debut": "2019-01-06", "date_fin": "0000-00-00"}])
    assert (session(40).starts_on_raw, session(40).ends_on_raw) == ("2019-01-06", "0000-00-00")


def test_a_person_s_word_on_a_session_stands(refresh: Any) -> None:
    SessionMappingFactory(legacy_session_id="41", legacy_code="Session-Attente",
                          legacy_formation_id="7", confirmed=True)  # fmt: skip
    before = everything()
    refresh([], [{"id": 41, "code": "Session-Attente", "formation_id": "7"}])
    assert everything() == before


@pytest.mark.parametrize(
    "changed", [{"code": "Session-Attente"}, {"formation_id": None}], ids=["code", "formation"]
)
def test_a_session_that_changed_asks_again(refresh: Any, changed: dict[str, Any]) -> None:
    before = SessionMappingFactory(legacy_session_id="40", legacy_code="CPT-2019-01",
                                   legacy_formation_id="7", confirmed=True)  # fmt: skip
    refresh([COMPTA], [{**REAL, **changed}])
    asked = session(40)
    assert asked.session_type == SessionType.WAITING_PLACEHOLDER
    assert (asked.confirmed_by, asked.confirmed_at) == (None, None)
    assert asked.version > before.version


# --- the index -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", CourseMappingStatus)
def test_suggested_and_confirmed_count_as_mapped(status: CourseMappingStatus) -> None:
    course = CourseFactory()
    mapping = CourseMappingFactory(
        legacy_formation_id="7", legacy_name=course.name, course=course, status=status
    )
    answer = load_mappings("legacy").training("7", None).course
    expected = {
        CourseMappingStatus.SUGGESTED: (CourseState.MAPPED, mapping.course_id),
        CourseMappingStatus.CONFIRMED: (CourseState.MAPPED, mapping.course_id),
        CourseMappingStatus.UNMAPPED: (CourseState.UNMAPPED, None),
        CourseMappingStatus.NO_EQUIVALENT: (CourseState.NO_EQUIVALENT, None),
        CourseMappingStatus.KEPT_BY_NAME: (CourseState.KEPT_BY_NAME, None),
    }
    assert (answer.state, answer.course_id) == expected[status]


@pytest.mark.parametrize("legacy_id", ["1", "2", "235"])
def test_a_confirmed_placeholder_is_neither_real_nor_confirmed(legacy_id: str) -> None:
    SessionMappingFactory(legacy_session_id=legacy_id, legacy_formation_id="7", confirmed=True)
    training = load_mappings("legacy").training(None, legacy_id)
    assert training.session.session_type == SessionType.WAITING_PLACEHOLDER
    assert training.session_confirmed is False
    assert training.course.state == CourseState.NONE_NAMED, "nor does it name a course"


def test_a_session_confirmed_as_waiting_is_not_confirmed_as_real() -> None:
    SessionMappingFactory(legacy_session_id="40", confirmed=True,
                          session_type=SessionType.WAITING_PLACEHOLDER)  # fmt: skip
    assert load_mappings("legacy").training("7", "40").session_confirmed is False


def test_what_vanished_from_the_catalogue_counts_as_unknown_until_it_is_back(refresh: Any) -> None:
    CourseFactory(name="Comptabilité")
    refresh([COMPTA], [REAL])
    assert load_mappings("legacy").training("7", "40").course.state == CourseState.MAPPED
    refresh([], [])
    gone = load_mappings("legacy").training("7", "40")
    assert gone.session.session_type == SessionType.UNKNOWN
    assert gone.course.state == CourseState.NOT_IN_SOURCE
    assert LegacySessionMapping.objects.count() == 1
    refresh([COMPTA], [REAL])
    back = load_mappings("legacy").training("7", "40")
    assert (back.session.session_type, back.course.state) == (
        SessionType.REAL_SESSION, CourseState.MAPPED,
    )  # fmt: skip


# --- session tables without codes ----------------------------------------------------------------


@pytest.fixture
def refresh_without_codes(tmp_path: Path) -> Any:
    """refresh(sessions): read them from a table that has no column for a code."""

    def read(sessions: list[dict[str, Any]]) -> None:
        content = tables(formations=[COMPTA], session_ecoins=sessions)
        database = sqlite_legacy(tmp_path / "old.sqlite3", content)
        database.execute("ALTER TABLE session_ecoins DROP COLUMN code")
        with as_legacy(database), open_source("legacy", allow_writable=False) as source:
            refresh_mappings(source, "legacy")

    return read


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        (("2019-03-01", "2019-04-15"), "Comptabilité 2019-03-01 – 2019-04-15"),
        (("2019-03-01", None), "Comptabilité 2019-03-01"),
        (("2019-03-01", "0000-00-00"), "Comptabilité 2019-03-01"),
        ((None, None), ""),
        (("0000-00-00", ""), ""),
    ],
)
def test_dates_and_course_are_the_code_where_the_table_has_none(
    dates: tuple[str | None, str | None], code: str, refresh_without_codes: Any
) -> None:
    start, end = dates
    refresh_without_codes([{"id": 40, "formation_id": "7", "date_debut": start, "date_fin": end}])
    assert session(40).legacy_code == code
    assert session(40).legacy_formation_id == "7"


def test_a_blank_code_in_a_table_with_codes_stays_blank(refresh: Any) -> None:
    refresh([COMPTA], [{**REAL, "code": "", "date_debut": "2019-03-01"}])
    assert session(40).legacy_code == ""
