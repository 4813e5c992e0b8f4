"""What an old session is."""

import datetime
from typing import Any

import pytest

from legacy_import.choices import SessionType
from legacy_import.rules.sessions import (
    PLACEHOLDER_IDS,
    SessionKind,
    classify_session,
    doubts_about,
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
        pytest.param("9", "", "7", REAL, "session:real_without_code", id="blank-code"),
        pytest.param("9", " - ", "7", REAL, "session:real_without_code", id="dash-for-a-code"),
        pytest.param("9", "néant", "7", REAL, "session:real_without_code", id="word-for-no-code"),
        pytest.param("9", "", None, WAITING, "session:no_formation", id="blank-and-no-formation"),
        pytest.param("9", "CPT", "18446744073709551615", REAL, "session:real", id="64-bit-id"),
    ],
)
def test_a_session_of_the_source_is_what_the_table_says(
    legacy_id: str, code: str, formation_id: str | None, session_type: SessionType, rule: str
) -> None:
    found = classify_session(
        legacy_id=legacy_id, code=code, formation_id=formation_id, formations=FORMATIONS
    )
    assert found == (session_type, rule)


@pytest.mark.parametrize(
    "code",
    [
        "Session Attente", "Session_Attente", "SESSION - ATTENTE", "SessionAttente",
        "session  attente", "Séssion-Atténte", "Session–Attente", "session\u00a0attente",
        "BUR_session_attente_2", "Session&#45;Attente", "Session&nbsp;Attente", "Session&#x2D;Attente",
        "--Session--Attente--", "Session\u200bAttente",
    ],
)  # fmt: skip
def test_the_waiting_list_is_known_in_any_spelling_of_its_code(code: str) -> None:
    kind = classify_session(legacy_id="9", code=code, formation_id="7", formations=FORMATIONS)
    assert kind == (WAITING, "session:waiting_code")


@pytest.mark.parametrize(
    "code",
    [
        "Session d'attente", "Session d’attente", "Liste d'attente", "LISTE D ATTENTE", "Attente BUR",
        "BUR (en attente)", "File d'attente 3", "Liste_Attente", "listedattente", "ATENTE",
        "Session ATT",
        "Waiting list", "waitlist", "قائمة الانتظار", "Liste d&#39;attente", "Session.Attente",
        "Session&amp;#45;Attente",
        "att", "ATT.", "(Att)", "Ø§Ù\x86ØªØ¸Ø§Ø±", "Ø§Ù†ØªØ¸Ø§Ø±",
    ],
)  # fmt: skip
def test_a_code_about_waiting_in_other_words_is_unknown(code: str) -> None:
    kind = classify_session(legacy_id="9", code=code, formation_id="7", formations=FORMATIONS)
    assert kind == (S.UNKNOWN, "session:waiting_words")
    kind = classify_session(legacy_id="9", code=code, formation_id=None, formations=FORMATIONS)
    assert kind == (WAITING, "session:no_formation")


@pytest.mark.parametrize(
    "code", ["PATENTE-1", "ATT-2019", "Latente", "ANG 2019/1", "Attestation 3"]
)
def test_other_words_with_these_letters_are_codes(code: str) -> None:
    kind = classify_session(legacy_id="9", code=code, formation_id="7", formations=FORMATIONS)
    assert kind == (REAL, "session:real")


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


TODAY = datetime.date(2026, 3, 1)
CLEAR = {"code": "INF-2019", "starts_on": "2019-01-06", "ends_on": "2019-03-01", "trained": 4}
DOUBTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "none": ({}, ()),
    "waiting": ({"code": "Attente INF"}, ("waiting_words",)),
    "a list": ({"code": "LISTE bureautique"}, ("waiting_words",)),
    "to be confirmed": ({"code": "INF à confirmer"}, ("waiting_words",)),
    "pre-registered": ({"code": "Pré-inscription INF"}, ("waiting_words",)),
    "blank": ({"code": " / "}, ("code_blank",)),
    "no dates": ({"starts_on": "", "ends_on": "0000-00-00"}, ("no_dates",)),
    "one date": ({"starts_on": ""}, ()),
    "an unreadable date": ({"starts_on": "rentrée", "ends_on": ""}, ()),
    "begins in the future": ({"starts_on": "2026-03-02", "ends_on": ""}, ("dates_to_come",)),
    "ends in the future": ({"ends_on": "15/09/2026"}, ("dates_to_come",)),
    "today": ({"ends_on": "2026-03-01"}, ()),
    "nobody": ({"trained": 0}, ("nobody_trained",)),
    "everything": (
        {"code": "", "starts_on": "", "ends_on": "", "trained": 0},
        ("code_blank", "no_dates", "nobody_trained"),
    ),
}


@pytest.mark.parametrize(("values", "doubts"), DOUBTS.values(), ids=DOUBTS)
def test_every_doubt_about_a_session_is_named(
    values: dict[str, Any], doubts: tuple[str, ...]
) -> None:
    given: Any = {**CLEAR, **values}
    assert doubts_about(**given, today=TODAY) == doubts
