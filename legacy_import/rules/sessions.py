"""What an old session is: a real one, a waiting list, unknown, or none (docs/rules.md)."""

from collections.abc import Container
from typing import NamedTuple

from ecoin.identity.text import fold
from legacy_import.choices import SessionType

# The old platform parked people under these three; no reviewer can make them real.
PLACEHOLDER_IDS = frozenset({"1", "2", "235"})
WAITING_CODE = "session-attente"  # anywhere in the code, any case


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
    if WAITING_CODE in fold(code):
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:waiting_code")
    if formation_id is None:
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:no_formation")
    if formation_id not in formations:
        return SessionKind(SessionType.WAITING_PLACEHOLDER, "session:formation_not_in_source")
    return SessionKind(SessionType.REAL_SESSION, "session:real")


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
