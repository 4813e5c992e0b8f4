"""Which course of the platform a row's training is."""

import pytest

from legacy_import.choices import CourseMappingStatus, SessionType
from legacy_import.rules.courses import CourseState, formation_of_row, index_by_name, suggest

SUGGESTED, UNMAPPED = CourseMappingStatus.SUGGESTED, CourseMappingStatus.UNMAPPED
COURSES = [
    (1, "Comptabilité"),
    (2, "Anglais (niveau 1)"),
    (3, "Secrétariat médical"),
    (4, "Secretariat  MEDICAL"),
    (5, "Éducatrice"),
    (6, "   "),
    (7, "Bureautique&Internet"),
]


@pytest.mark.parametrize(
    ("legacy_name", "status", "course_id", "rule"),
    [
        pytest.param("Comptabilité", SUGGESTED, 1, "course:exact_name", id="equal"),
        pytest.param(" COMPTABILITE ", SUGGESTED, 1, "course:exact_name", id="folded"),
        pytest.param("anglais  (NIVEAU 1)", SUGGESTED, 2, "course:exact_name", id="spaces"),
        pytest.param(
            "ComptabilitÃ©",
            SUGGESTED,
            1,
            "course:exact_name:repaired_encoding",
            id="double-encoded",
        ),
        pytest.param(
            "Comptabilit&eacute;",
            SUGGESTED,
            1,
            "course:exact_name:decoded_entities",
            id="entities",
        ),
        pytest.param(
            "Comptabilit&amp;eacute;", UNMAPPED, None, "course:no_exact_name", id="never-twice"
        ),
        pytest.param(
            "Bureautique&amp;Internet",
            SUGGESTED,
            7,
            "course:exact_name:decoded_entities",
            id="ampersand",
        ),
        pytest.param(
            "Bureautique&Internet", SUGGESTED, 7, "course:exact_name", id="plain-ampersand"
        ),
        pytest.param(
            "secrétariat médical", UNMAPPED, None, "course:several_equal_names", id="two-match"
        ),
        pytest.param("Comptabilité 2", UNMAPPED, None, "course:no_exact_name", id="only-similar"),
        pytest.param("Comptabilit?", UNMAPPED, None, "course:no_exact_name", id="damaged"),
        pytest.param("", UNMAPPED, None, "course:no_exact_name", id="blank-matches-no-blank"),
    ],
)
def test_only_one_exact_name_is_suggested(
    legacy_name: str, status: CourseMappingStatus, course_id: int | None, rule: str
) -> None:
    assert suggest(legacy_name, index_by_name(COURSES)) == (status, course_id, rule)


def test_nothing_is_suggested_where_the_platform_has_no_course() -> None:
    assert suggest("Comptabilité", {}).status == UNMAPPED


REAL, WAITING = SessionType.REAL_SESSION, SessionType.WAITING_PLACEHOLDER


@pytest.mark.parametrize(
    ("own", "session_type", "of_session", "formation", "rule"),
    [
        pytest.param("7", REAL, "7", "7", "course:own_formation", id="both-agree"),
        pytest.param("7", REAL, None, "7", "course:own_formation", id="only-its-own"),
        pytest.param(None, REAL, "7", "7", "course:session_formation", id="only-its-session-s"),
        pytest.param(None, REAL, None, None, "formation_missing", id="neither"),
        pytest.param("7", REAL, "8", "7", "formation_session_conflict", id="they-differ"),
        pytest.param(
            "7", WAITING, "8", "7", "course:own_formation", id="a-waiting-session-is-mute"
        ),
        pytest.param(
            None, WAITING, "8", None, "formation_missing", id="nothing-from-a-waiting-list"
        ),
        pytest.param(
            None, SessionType.UNKNOWN, None, None, "formation_missing", id="unknown-session"
        ),
        pytest.param("7", SessionType.NONE, None, "7", "course:own_formation", id="no-session"),
    ],
)
def test_the_row_s_own_formation_first_then_its_real_session_s(
    own: str | None,
    session_type: SessionType,
    of_session: str | None,
    formation: str | None,
    rule: str,
) -> None:
    assert formation_of_row(own, session_type, of_session) == (formation, rule)


def test_a_conflict_is_a_state_that_is_not_mapped() -> None:
    assert formation_of_row("7", REAL, "8").rule == CourseState.CONFLICT != CourseState.MAPPED
