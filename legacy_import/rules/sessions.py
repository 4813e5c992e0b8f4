"""What an old session is: a real one, a waiting list, unknown, or none (docs/rules.md)."""

import re
from collections.abc import Container
from typing import NamedTuple

from ecoin.identity.blanks import compact, is_blank
from ecoin.identity.text import fold, readings
from legacy_import.choices import SessionType

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
    """What a session is, and the rule that says so."""

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


def session_of_row(
    legacy_session_id: str | None, known: SessionKind | None, *, reviewed: bool = False
) -> SessionKind:
    """What the session that a learner row names is.

    `known` is what session_ecoins (or a reviewer, then `reviewed`) says of that id; None: the
    table does not have it.
    """
    if legacy_session_id is None:
        return SessionKind(SessionType.NONE, "session:none_named")
    if legacy_session_id in PLACEHOLDER_IDS:
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:placeholder_id")
    if known is None:
        return SessionKind(SessionType.UNKNOWN, "session:not_in_source")
    if reviewed:
        return SessionKind(known.session_type, "session:confirmed_by_reviewer")
    return known
