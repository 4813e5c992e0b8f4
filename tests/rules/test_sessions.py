"""What an old session is."""

import pytest

from legacy_import.choices import SessionType
from legacy_import.rules.sessions import (
    PLACEHOLDER_IDS,
    SessionKind,
    classify_session,
    session_of_row,
)

S = SessionType
WAITING, REAL = S.WAITING_PLACEHOLDER, S.REAL_SESSION
FORMATIONS = frozenset({"7", "18446744073709551615"})


@pytest.mark.parametrize(
    ("legacy_id", "code", "formation_id", "session_type", "rule"),
    [
        pytest.param("1", "CPT-1", "7", WAITING, "session:placeholder_id", id="id-1"),
        pytest.param("2", "CPT-2", "7", WAITING, "session:placeholder_id", id="id-2"),
        pytest.param("235", "CPT-235", "7", WAITING, "session:placeholder_id", id="id-235"),
        pytest.param("12", "CPT-12", "7", REAL, "session:real", id="12-is-not-1-or-2"),
        pytest.param("2350", "CPT", "7", REAL, "session:real", id="2350-is-not-235"),
        pytest.param("9", "Session-Attente", "7", WAITING, "session:waiting_code", id="code"),
        pytest.param("9", "SESSION-ATTENTE 3", "7", WAITING, "session:waiting_code", id="upper"),
        pytest.param(
            "9", "2019 session-attente", "7", WAITING, "session:waiting_code", id="inside"
        ),
        pytest.param("9", " sEsSiOn-aTtEnTe", "7", WAITING, "session:waiting_code", id="mixed"),
        pytest.param("9", "Session-Attentive"[:12], "7", REAL, "session:real", id="half-the-word"),
        pytest.param("9", "CPT", None, WAITING, "session:no_formation", id="formation-null"),
        pytest.param("9", "CPT", "8", WAITING, "session:formation_not_in_source", id="no-such"),
        pytest.param("9", "CPT", "7", REAL, "session:real", id="clear-formation"),
        pytest.param("9", "", "7", REAL, "session:real", id="no-code-but-a-formation"),
        pytest.param("9", "X", "18446744073709551615", REAL, "session:real", id="64-bit-id"),
    ],
)
def test_a_session_of_the_source_is_what_the_table_says(
    legacy_id: str, code: str, formation_id: str | None, session_type: SessionType, rule: str
) -> None:
    found = classify_session(
        legacy_id=legacy_id, code=code, formation_id=formation_id, formations=FORMATIONS
    )
    assert found == (session_type, rule)


def test_exactly_three_ids_are_placeholders() -> None:
    assert frozenset({"1", "2", "235"}) == PLACEHOLDER_IDS


@pytest.mark.parametrize(
    ("named", "known", "session_type", "rule"),
    [
        pytest.param(None, None, S.NONE, "session:none_named", id="names-none"),
        pytest.param("77", None, S.UNKNOWN, "session:not_in_source", id="not-in-the-source"),
        pytest.param(
            "9", SessionKind(REAL, "session:real"), REAL, "session:real", id="the-source-s-word"
        ),
        pytest.param(
            "9",
            SessionKind(WAITING, "session:waiting_code"),
            WAITING,
            "session:waiting_code",
            id="waiting",
        ),
        pytest.param(
            "235", None, WAITING, "session:placeholder_id", id="placeholder-not-in-source"
        ),
    ],
)
def test_a_row_s_session_is_looked_up(
    named: str | None, known: SessionKind | None, session_type: SessionType, rule: str
) -> None:
    assert session_of_row(named, known) == (session_type, rule)


@pytest.mark.parametrize("legacy_id", sorted(PLACEHOLDER_IDS))
def test_not_even_a_reviewer_makes_a_placeholder_real(legacy_id: str) -> None:
    confirmed = SessionKind(REAL, "session:real")
    assert session_of_row(legacy_id, confirmed, reviewed=True) == (
        WAITING,
        "session:placeholder_id",
    )


@pytest.mark.parametrize("session_type", [REAL, WAITING])
def test_a_reviewer_s_word_stands_and_the_rule_says_whose_it_is(session_type: SessionType) -> None:
    said = session_of_row("9", SessionKind(session_type, "session:waiting_code"), reviewed=True)
    assert said == (session_type, "session:confirmed_by_reviewer")
