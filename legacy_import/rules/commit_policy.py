"""The one decision that plan and commit share: what a commit does with a row (docs/rules.md).

`legacy_dry_run` and `legacy_commit` both call `decide`: a dry run cannot promise what a commit would
refuse. The ladder is read from the top; the first rung that answers wins; the last one is review.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from legacy_import.choices import (
    Classification,
    DuplicateConfidence,
    ImportAction,
    PlannedAction,
    ValidationStatus,
)
from legacy_import.rules.import_action import HISTORY
from legacy_import.rules.validation import DELETED


class Origin(StrEnum):
    """What earlier runs created from this very row, and whether staff left it on the platform."""

    NEW = "new"  # nothing, or a reviewer decided that it is made again
    IMPORTED = "imported"  # a record or a link, from the same payload
    CHANGED = "changed"  # the same, from another payload
    DELETED = "deleted"  # a record, or the person it was linked to, is no longer there
    INTEREST_AGAIN = "interest_again"  # a reviewer decided that only its interest is made again
    ANOTHER_PERSON = "another_person"  # the row has the number of a person who was imported


class Place(StrEnum):
    """A row's place in its group of the same person."""

    ALONE = "alone"
    FIRST = "first"
    FOLLOWER = "follower"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the decision depends on, decisions of reviewers already applied."""

    classification: Classification
    validation_status: ValidationStatus
    doubt: str  # the worst issue's code, for the reason
    import_action: ImportAction
    action_reason: str
    origin: Origin = Origin.NEW
    deletion: str = ""  # the reason why the row is treated as deleted on the old platform
    session_confirmed: bool = False  # a person confirmed that the session is real
    confidence: DuplicateConfidence = DuplicateConfidence.NONE
    linkable: bool = False  # an unblocked HIGH match, or a reviewer's link
    blocker: str = ""  # why a HIGH match may not link
    contact_trusted: bool = False
    place: Place = Place.ALONE
    group_has_history: bool = False
    group_conflict: bool = False  # and no reviewer decided whose row it is
    first_gets_person: bool = False  # the group's first row is planned to have a lead or a link
    create_anyway: bool = False  # a reviewer wants a lead although no contact is trustworthy
    acknowledged: bool = False  # a reviewer saw how the source row changed after its import
    add_history: bool = False  # its training is added to the record that the row became
    skipped: bool = False
    postponed: bool = False
    erased: bool = False  # the person requested erasure


class Decision(NamedTuple):
    """What to do with the row, and why (a code; see docs/rules.md)."""

    action: PlannedAction
    reason: str


REVIEW = PlannedAction.REVIEW

# Why a row is treated as deleted: the issue of the row itself, what it refers to, or a newer import.
COURSE_DELETED = "course_deleted_at_source"
SESSION_DELETED = "session_deleted_at_source"
SOURCE_ROW_GONE = "source_row_gone"
DELETIONS = (DELETED, COURSE_DELETED, SESSION_DELETED, SOURCE_ROW_GONE)

# A lead that is not the first of its group: linked to the first row's lead, or waiting for it.
FOLLOWS = Decision(PlannedAction.LINK_EXISTING, "same_person_in_run")
WAITS = Decision(REVIEW, "first_of_group_waits")

# The lead that was imported gets its course interest again, which staff had deleted.
INTEREST_AGAIN = Decision(PlannedAction.LINK_EXISTING, "interest_again")

# What a first row is planned as when its followers have a person to be linked to; a first row that
# was imported before counts if a lead was created from it.
GETS_PERSON = frozenset(
    {
        Decision(PlannedAction.CREATE_CRM_LEAD, "new_lead"),
        Decision(PlannedAction.CREATE_CRM_LEAD, "new_lead_anyway"),
        Decision(PlannedAction.LINK_EXISTING, "known_person"),
        INTEREST_AGAIN,
    }
)
IMPORTED_BEFORE = Decision(PlannedAction.SKIP, "already_imported")
ACKNOWLEDGED = Decision(PlannedAction.SKIP, "change_acknowledged")

OF_ORIGIN = {
    Origin.IMPORTED: IMPORTED_BEFORE,
    Origin.DELETED: Decision(REVIEW, "imported_deleted"),
    Origin.ANOTHER_PERSON: Decision(REVIEW, "row_is_another_person"),
}
WITH_HISTORY = HISTORY | {Classification.REGISTERED}
# Matches of contacts that many people have: they neither link nor create by themselves.
SHARED_BY_MANY = frozenset({"hot_key", "role_mailbox"})


def decide(facts: Facts) -> Decision:
    """The planned action of one row. Total: every row gets exactly one."""
    for rung in LADDER:
        decision = rung(facts)
        if decision:
            return decision
    raise AssertionError("the last rung answers always")


def _reviewer_put_aside(facts: Facts) -> Decision | None:
    if facts.skipped:
        return Decision(PlannedAction.SKIP, "reviewer_skip")
    return Decision(REVIEW, "reviewer_later") if facts.postponed else None


def _erased_on_request(facts: Facts) -> Decision | None:
    """Nothing more is done with the row, even if it changed or its record was deleted since."""
    if facts.erased and facts.origin != Origin.IMPORTED:
        return Decision(PlannedAction.SKIP, "erased_on_request")
    return None


def _already_imported(facts: Facts) -> Decision | None:
    if facts.origin == Origin.INTEREST_AGAIN:
        # By now it is something else than the lead that was imported: no link takes its place.
        is_lead = facts.classification == Classification.LEAD_ONLY
        return None if is_lead else OF_ORIGIN[Origin.DELETED]
    if facts.origin != Origin.CHANGED:
        return OF_ORIGIN.get(facts.origin)
    if facts.acknowledged:
        return ACKNOWLEDGED
    # Only its own training or registration is added, by the rungs below.
    adds = facts.add_history and facts.classification in WITH_HISTORY
    return None if adds else Decision(REVIEW, "already_imported_changed")


def _deleted_at_source(facts: Facts) -> Decision | None:
    """Nothing deleted comes back by itself, not even as a link to a known person."""
    return Decision(REVIEW, facts.deletion) if facts.deletion else None


def _not_trustworthy(facts: Facts) -> Decision | None:
    if facts.classification == Classification.UNKNOWN:
        return Decision(REVIEW, "status_unknown")
    if facts.validation_status == ValidationStatus.PENDING:
        return Decision(REVIEW, "not_validated")
    if facts.validation_status in (ValidationStatus.FAILED, ValidationStatus.NEEDS_REVIEW):
        return Decision(REVIEW, facts.doubt)
    return None


def _history(facts: Facts) -> Decision | None:
    """History that cannot be made is never consumed by a link: it goes to review."""
    effect = PlannedAction.CREATE_COMPLETED_TRAINING
    if facts.classification not in HISTORY:
        return None
    if facts.import_action != ImportAction.CREATE_LEGACY_COMPLETED_TRAINING:
        return Decision(REVIEW, facts.action_reason)
    return _unless_blocked(facts, effect, "history")


def _registration(facts: Facts) -> Decision | None:
    effect = PlannedAction.CREATE_ENROLLMENT
    if facts.classification != Classification.REGISTERED:
        return None
    if facts.import_action != ImportAction.CREATE_LEGACY_ENROLLMENT:
        return Decision(REVIEW, facts.action_reason)
    if not facts.session_confirmed:
        return Decision(REVIEW, "session_not_confirmed")
    return _unless_blocked(facts, effect, "registration")


def _unless_blocked(facts: Facts, effect: PlannedAction, reason: str) -> Decision:
    """A blocked HIGH match goes to review first; an unblocked one attaches the record.

    Unless another row that contradicts this one is linked to the same person.
    """
    if facts.origin == Origin.CHANGED and (
        facts.linkable or facts.confidence != DuplicateConfidence.HIGH
    ):
        return Decision(effect, f"{reason}_added")
    if facts.linkable and facts.group_conflict:
        return Decision(REVIEW, "group_conflict")
    if facts.linkable:
        return Decision(effect, f"{reason}_of_known_person")
    if facts.confidence == DuplicateConfidence.HIGH:
        return Decision(REVIEW, facts.blocker)
    return Decision(effect, reason)


def _interest_again(facts: Facts) -> Decision | None:
    """A reviewer decided that the lead, which is still there, gets its interest again."""
    return INTEREST_AGAIN if facts.origin == Origin.INTEREST_AGAIN else None


def _lead_of_known_person(facts: Facts) -> Decision | None:
    return Decision(PlannedAction.LINK_EXISTING, "known_person") if facts.linkable else None


def _lead_with_history(facts: Facts) -> Decision | None:
    """No trained person becomes a mere lead."""
    return Decision(REVIEW, "person_has_history") if facts.group_has_history else None


def _lead_in_doubtful_group(facts: Facts) -> Decision | None:
    """A refused edge (two known people, contradicting dates, too many rows) or a pair in doubt."""
    if not facts.group_conflict:
        return None
    return _lead_with_history(facts) or Decision(REVIEW, "group_conflict")


def _lead_again(facts: Facts) -> Decision | None:
    if facts.place != Place.FOLLOWER:
        return None
    if facts.confidence == DuplicateConfidence.HIGH:
        # Who a blocked match is must be known before anything follows it (docs/decisions/0010).
        return Decision(REVIEW, facts.blocker)
    return FOLLOWS if facts.first_gets_person else WAITS


def _new_lead(facts: Facts) -> Decision | None:
    matches_nobody = facts.confidence == DuplicateConfidence.NONE
    if facts.create_anyway and (matches_nobody or facts.blocker in SHARED_BY_MANY):
        return Decision(PlannedAction.CREATE_CRM_LEAD, "new_lead_anyway")
    if (
        facts.validation_status == ValidationStatus.VALID
        and facts.contact_trusted
        and matches_nobody
    ):
        return Decision(PlannedAction.CREATE_CRM_LEAD, "new_lead")
    return None


def _otherwise(facts: Facts) -> Decision:
    if facts.confidence == DuplicateConfidence.HIGH:
        return Decision(REVIEW, facts.blocker)
    if facts.confidence != DuplicateConfidence.NONE:
        return Decision(REVIEW, f"{facts.confidence.value}_match")
    return Decision(REVIEW, "contact_not_trustworthy")


LADDER: tuple[Callable[[Facts], Decision | None], ...] = (
    _erased_on_request,
    _reviewer_put_aside,
    _already_imported,
    _deleted_at_source,
    _not_trustworthy,
    _history,
    _registration,
    # From here on every row is lead_only.
    _interest_again,
    _lead_in_doubtful_group,
    _lead_of_known_person,
    _lead_with_history,
    _lead_again,
    _new_lead,
    _otherwise,
)
