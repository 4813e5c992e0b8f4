"""What every effect takes and gives: learners in, log entries out; entries in, reversals out."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from django.conf import settings

from legacy_import.choices import LogAction, PersonKind, ReversalOutcome
from legacy_import.rules.duplicates import Target

LEAD = "crm.CrmLead"
INTEREST = "crm.CourseInterest"
COMPLETED_TRAINING = "trainings.LegacyCompletedTraining"
ENROLLMENT = "trainings.LegacyImportedEnrollment"


class Learner(NamedTuple):
    """One staged row as effects need it. `origin` is `<connection>:<table>:<id>`.

    `person`: the user or lead whom the row is given to. `wants_course`: the row asks about a course
    that has at least a name, and its lead takes an interest.
    """

    row: int
    origin: str
    reason: str
    name: str
    phone: str
    email: str
    birth_date: datetime.date | None
    course_id: int | None
    course_name: str
    legacy_session_id: str | None
    session_code: str
    completed_on: str
    person: Target | None
    wants_course: bool


class LogEntry(NamedTuple):
    """What goes into the commit log about one record."""

    row: int
    action: LogAction
    reason: str
    target_model: str = ""
    target_id: int | None = None
    created: bool = False
    fingerprint: str = ""


class LoggedEntry(NamedTuple):
    """An entry of the commit log that is in force."""

    id: int
    row: int
    action: str
    target_model: str
    target_id: int | None
    created: bool
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RollbackContext:
    """What an undo has to know beside the entries.

    `held`: (model, id) of records that other rows are linked to, which therefore stay. `removed`:
    model → ids that a preview takes for deleted already. A preview changes nothing.
    """

    held: frozenset[tuple[str, int]] = frozenset()
    removed: Mapping[str, Collection[int]] = field(default_factory=dict)
    preview: bool = False


@dataclass(frozen=True, slots=True)
class CommitContext:
    """What a do has to know beside the learners."""

    run_id: int
    now: datetime.datetime = field(kw_only=True)


class Effect(Protocol):
    """A module of this package. Both functions work in the caller's transaction."""

    def do(self, learners: Sequence[Learner], context: CommitContext, /) -> list[LogEntry]:
        """Make the effect for all learners; one main entry each. Raises what the database raises."""

    def undo(
        self, rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext, /
    ) -> dict[int, ReversalOutcome]:
        """Take back what may be taken back: entry id → what became of it. A row is one unit."""


def person_label(person: Target) -> str:
    """The model of a user or lead, as the log names it."""
    return LEAD if person[0] == PersonKind.LEAD else settings.AUTH_USER_MODEL
