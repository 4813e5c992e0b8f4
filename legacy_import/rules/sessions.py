"""What an old session is: a real one, a waiting list, unknown, or none (docs/rules.md)."""

import datetime
import re
from collections.abc import Container
from enum import StrEnum
from typing import NamedTuple

from ecoin.identity.blanks import compact, is_blank, is_blank_or_test, is_zero_date
from ecoin.identity.dates import parse_event_date
from ecoin.identity.text import fold, readings
from legacy_import.choices import NOT_IN_SOURCE, SessionType

# The old platform parked people under these three; no reviewer can make them real.
PLACEHOLDER_IDS = frozenset({"1", "2", "235"})
WAITING_CODE = "sessionattente"  # anywhere in the code, without case, accents, blanks, _ and dashes
_IGNORED = str.maketrans("", "", " _-")
# Words that are about waiting without being the code: attente, also misspelled; waiting list; انتظار.
_WAITING_WORDS = re.compile(
    r"attente|attend|\b(?:d')?at{1,2}[ae]n?te?s?\b|waiting|wait ?list|stand ?by"
    r"|\b(?:session|liste|file|en) att\b|" + compact("انتظار")
)


_SIGNS = re.compile(r"[^a-z0-9']+")


class SessionKind(NamedTuple):
    """What a session is, and the rule behind it."""

    session_type: SessionType
    rule: str


def classify_session(
    *, legacy_id: str, code: str, formation_id: str | None, formations: Container[str]
) -> SessionKind:
    """What one row of session_ecoins is. `formations`: the ids that the old catalogue has."""
    if legacy_id in PLACEHOLDER_IDS:
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:placeholder_id")
    folded = [fold(reading) for reading, _ in readings(code)]
    if any(WAITING_CODE in reading.translate(_IGNORED) for reading in folded):
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:waiting_code")
    if formation_id is None:
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:no_formation")
    if formation_id not in formations:
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:formation_not_in_source")
    if any(_is_about_waiting(_SIGNS.sub(" ", reading).strip()) for reading in folded):
        return SessionKind(SessionType.UNKNOWN, "session:waiting_words")
    rule = "session:real_without_code" if is_blank(code) else "session:real"
    return SessionKind(SessionType.REAL_SESSION, rule)


def _is_about_waiting(words: str) -> bool:
    return words == "att" or _WAITING_WORDS.search(words) is not None


# Words of a code that is hardly that of a cohort that met.
_DOUBTFUL_WORDS = re.compile(
    r"\b(?:liste|reserv\w*|provisoire\w*|previsionn\w*|a confirmer|a definir|a venir|pre ?inscri\w*|"
    r"inscri\w*|report\w*|annul\w*|relance\w*|rappel\w*)\b"
)
FUTURE = datetime.timedelta(days=10 * 366)  # a date further ahead than this is a typing error


class Doubt(StrEnum):
    """Why a session that the rules call real may be none: it is not ticked beforehand."""

    WAITING_WORDS = "waiting_words"
    CODE_BLANK = "code_blank"
    NO_DATES = "no_dates"
    DATES_TO_COME = "dates_to_come"
    NOBODY_TRAINED = "nobody_trained"


def doubts_about(
    *, code: str, starts_on: str, ends_on: str, trained: int, today: datetime.date
) -> tuple[Doubt, ...]:
    """Every doubt about a session. Dates are as found; `trained`: its learners who were trained."""
    doubts = []
    folded = [_SIGNS.sub(" ", fold(reading)).strip() for reading, _ in readings(code)]
    if any(_is_about_waiting(words) or _DOUBTFUL_WORDS.search(words) for words in folded):
        doubts.append(Doubt.WAITING_WORDS)
    if is_blank_or_test(code):
        doubts.append(Doubt.CODE_BLANK)
    dates = [
        text for text in (starts_on, ends_on) if not (is_blank_or_test(text) or is_zero_date(text))
    ]
    days = [parse_event_date(text, latest=today + FUTURE) for text in dates]
    if not dates:
        doubts.append(Doubt.NO_DATES)
    elif any(day and day > today for day in days):
        doubts.append(Doubt.DATES_TO_COME)
    if not trained:
        doubts.append(Doubt.NOBODY_TRAINED)
    return tuple(doubts)


def session_of_row(
    legacy_session_id: str | None, session: SessionKind | None, *, reviewed: bool = False
) -> SessionKind:
    """What the session that a learner row names is.

    `session` is what session_ecoins (or a reviewer, then `reviewed`) has for that id; None: the
    table does not have it.
    """
    if legacy_session_id is None:
        return SessionKind(SessionType.NONE, "session:none_named")
    if legacy_session_id in PLACEHOLDER_IDS:
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:placeholder_id")
    if session is None:
        return SessionKind(SessionType.UNKNOWN, NOT_IN_SOURCE)
    if reviewed:
        return SessionKind(session.session_type, "session:confirmed_by_reviewer")
    return session
