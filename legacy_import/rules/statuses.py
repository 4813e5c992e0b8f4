"""Status → classification: what a hand-typed status of the old platform means (docs/rules.md)."""

import hashlib
import re
from typing import NamedTuple

from ecoin.identity.blanks import is_blank
from ecoin.identity.masking import DOT, mask_text
from ecoin.identity.text import fold, readings
from legacy_import.choices import Classification, SessionType


class Meaning(NamedTuple):
    """What a row means, and the rule behind it."""

    classification: Classification
    rule: str


# Folded status (trimmed, no accents, no case) → classification.
STATUSES: dict[str, Classification] = {
    "formee": Classification.COMPLETED,  # Formée: the training was followed to its end
    "archive": Classification.ARCHIVED_TRAINING,  # Archivé, archivé, Archivè: one word, three hands
    "informer": Classification.LEAD_ONLY,  # requested information, nothing more
    "ne repond pas": Classification.LEAD_ONLY,  # was called and did not answer
    "confirmer": Classification.REGISTERED,  # confirmed a place
    "nouveau": Classification.LEAD_ONLY,  # no one has called yet
}

# `Reporter` (postponed) decides nothing by itself: learners with a place in a real session have
# registered, all others have only inquired (decision 3).
POSTPONED = "reporter"

DEFINED = "status:defined_by_reviewer"  # the rule of a status that people defined for the source
LONGEST_KEY = 190
_MASKED_CONTACT = re.compile(rf"\S*{DOT}\S*(?:\s+(?:{DOT}\S*|\d{{2,3}}(?!\d)))*")


def classify(raw_status: str, session_type: SessionType) -> Meaning:
    """What the status means for a row whose session is of that type. Anything else is unknown."""
    for reading, repair in readings(raw_status):
        meaning = _look_up(fold(reading), session_type)
        if meaning:
            return Meaning(meaning.classification, f"{meaning.rule}{repair}")
    rule = "status:empty" if is_blank(raw_status) else "status:other"
    return Meaning(Classification.UNKNOWN, rule)


def key_of(raw_status: str) -> str | None:
    """The key under which people define this status; None for a status that the rules know.

    Spellings that fold to the same text have one key, and "" is that of all empty ones. A key contains
    no contact: "rappeler 0661…" is one status for any number.
    """
    reading = raw_status
    for reading, _ in readings(raw_status):
        if _look_up(fold(reading), SessionType.NONE):
            return None
    if is_blank(raw_status):
        return ""
    masked = mask_text(reading)
    if masked != reading:
        masked = _MASKED_CONTACT.sub("(contact)", masked)
    key = fold(masked)
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{key[: LONGEST_KEY - len(digest) - 1]}#{digest}"


def _look_up(folded: str, session_type: SessionType) -> Meaning | None:
    if folded == POSTPONED:
        if session_type == SessionType.REAL_SESSION:
            return Meaning(Classification.REGISTERED, "status:reporter:real_session")
        return Meaning(Classification.LEAD_ONLY, "status:reporter:no_real_session")
    if folded in STATUSES:
        return Meaning(STATUSES[folded], f"status:{folded.replace(' ', '_')}")
    return None
