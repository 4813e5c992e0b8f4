"""The interface of an effect: learners in, log entries out; log entries in, reversals out."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from django.conf import settings

from ecoin.records import Created
from legacy_import.choices import LogAction, PersonKind, ReversalOutcome
from legacy_import.rules.duplicates import Target

LEAD = "crm.CrmLead"
INTEREST = "crm.CourseInterest"
COMPLETED_TRAINING = "trainings.LegacyCompletedTraining"
ENROLLMENT = "trainings.LegacyImportedEnrollment"


class PossibleOwner(NamedTuple):
    """A user or lead whom validation found. `blocker`: why the record is not attached to that person."""

    kind: str
    id: int
    blocker: str


class Learner(NamedTuple):
    """One staged row as effects need it. `origin` is `<connection>:<table>:<id>`.

    `learner_key`: the origin of the first row of the same person; only for rows that become history.
    Dates are as found. `person`: the user or lead the row belongs to. `wants_course`: the row refers
    to a course that has at least a name, so its lead gets an interest. `possible_owners`: matches that
    the import did not trust; `not_same`: whom reviewers ruled out.
    """

    row: int
    origin: str
    learner_key: str
    reason: str
    name: str
    phone: str
    email: str
    birth_date: datetime.date | None
    course_id: int | None
    course_name: str
    legacy_session_id: str | None
    session_code: str
    session_starts_on: str
    session_ends_on: str
    completed_at: str
    archived_at: str
    person: Target | None
    wants_course: bool
    possible_owners: tuple[PossibleOwner, ...] = ()
    not_same: frozenset[Target] = frozenset()

    def origin_of(self, effect: str) -> str:
        """The origin of the record that this effect creates for the learner."""
        return f"{self.origin}:{effect}"


class LogEntry(NamedTuple):
    """An entry to write to the commit log, about one record at most."""

    row: int
    action: LogAction
    reason: str
    target_model: str = ""
    target_id: int | None = None
    created: bool = False
    fingerprint: str = ""


class LoggedEntry(NamedTuple):
    """An entry in the commit log that is in force."""

    id: int
    row: int
    action: str
    target_model: str
    target_id: int | None
    created: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RollbackContext:
    """What an undo needs to know besides the entries.

    `referenced`: (model, id) of records that other rows are linked to, which therefore stay. `removed`:
    model → ids that a preview treats as deleted already. A preview changes nothing.
    """

    referenced: frozenset[tuple[str, int]] = frozenset()
    removed: Mapping[str, Collection[int]] = field(default_factory=dict)
    preview: bool = False


class Effect(Protocol):
    """A module of this package. Both functions run in the caller's transaction."""

    def do(
        self, learners: Sequence[Learner], *, run_id: int, now: datetime.datetime
    ) -> list[LogEntry]:
        """Apply the effect to all learners; one main entry each. Raises any database error."""

    def undo(
        self, rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext, /
    ) -> dict[int, ReversalOutcome]:
        """Undo what may be undone: entry id → what became of it. A row is one unit."""


def created_entry(learner: Learner, action: LogAction, model: str, record: Created) -> LogEntry:
    """The log entry of a record that was created for the learner."""
    return LogEntry(learner.row, action, learner.reason, model, record.id, True, record.fingerprint)


def person_label(person: Target) -> str:
    """The model of a user or lead, as the log spells it."""
    return LEAD if person[0] == PersonKind.LEAD else settings.AUTH_USER_MODEL
