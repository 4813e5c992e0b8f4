"""What a decision is about: while that and the person are unchanged, it applies to a newer row."""

import datetime
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import NamedTuple

from ecoin.identity.text import fold
from legacy_import.rules.row_digest import row_digest, same_person

SUBJECT_BYTES = 3  # as short as a part of a digest: a phone in a status cannot be computed from it


class RowVersion(NamedTuple):
    """The columns of a staged row that determine whether earlier decisions still apply to it."""

    name_key: str
    birth_date: datetime.date | None
    phone_raw: str
    phone_normalized: str | None
    email_raw: str
    email_normalized: str | None
    raw_status: str
    legacy_formation_id: str | None
    legacy_session_id: str | None
    payload_hash: str

    @property
    def digest(self) -> str:
        """Who the row is (rules.row_digest)."""
        return row_digest(
            self.name_key,
            self.birth_date,
            self.phone_raw,
            self.phone_normalized,
            self.email_normalized,
        )


class MadeFor(NamedTuple):
    """The row at the time of a decision, as the decision stores it."""

    row_digest: str
    payload_hash: str
    subject: str


Subject = Callable[[RowVersion], tuple[str | None, ...]]


def _person(row: RowVersion) -> tuple[str | None, ...]:
    """The person alone: nothing else about the row can change the decision."""
    return ()


def _status(row: RowVersion) -> tuple[str | None, ...]:
    return (fold(row.raw_status),)


def _session(row: RowVersion) -> tuple[str | None, ...]:
    return (row.legacy_session_id,)


def _training(row: RowVersion) -> tuple[str | None, ...]:
    return row.legacy_formation_id, row.legacy_session_id


def _contact(row: RowVersion) -> tuple[str | None, ...]:
    return row.phone_raw, row.email_raw


def _payload(row: RowVersion) -> tuple[str | None, ...]:
    return (row.payload_hash,)


# Decision → what it is about, beyond the person. A decision that is missing here is about the payload.
SUBJECTS: Mapping[str, Subject] = {
    "link": _person,
    "not_same": _person,
    "accept_data": _payload,  # the doubts are about these values
    "treat_as": _status,  # it replaces what this status means
    "release_without_session": _session,  # it is about this waiting list or unknown session
    "create_anyway": _contact,  # none of these contacts is trustworthy
    "course_of_row": _training,  # it decides between these two references
    "course_of_session": _training,
    "set_course": _training,  # it replaces the course of these references
    "acknowledge": _payload,  # this payload needs no further action
    "add_history": _payload,
    "another_person": _person,
    "create_again": _person,
    "separate": _person,
    "skip": _person,  # who requested not to be recorded
    "later": _person,
    "reset": _person,
}


def subject_of(decision: str, row: RowVersion) -> str:
    """A hash of what the decision is about in this row; "" if only the person matters.

    Hashed because statuses and contacts are personal data.
    """
    values = SUBJECTS.get(decision, _payload)(row)
    if not values:
        return ""
    text = "\x00".join("" if value is None else f"={value}" for value in values)
    return blake2b(text.encode(), digest_size=SUBJECT_BYTES).hexdigest()


def still_applies(decision: str, made_for: MadeFor, row: RowVersion) -> bool:
    """Whether the decision applies to the row as it is now: the same person, the same subject."""
    if made_for.payload_hash == row.payload_hash:
        return True  # nothing at all has changed
    if not same_person(made_for.row_digest, row.digest):
        return False
    return made_for.subject == subject_of(decision, row)
