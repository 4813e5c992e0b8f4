"""The facts that rules.commit_policy decides on, from one staged row and what surrounds it."""

from typing import NamedTuple

from legacy_import.choices import (
    Classification,
    DuplicateConfidence,
    ImportAction,
    SessionType,
    ValidationStatus,
)
from legacy_import.mapping.index import Training
from legacy_import.rules import import_action
from legacy_import.rules.commit_policy import (
    COURSE_DELETED,
    SESSION_DELETED,
    SHARED_BY_MANY,
    SOURCE_ROW_GONE,
    Facts,
    Origin,
    Place,
)
from legacy_import.rules.decisions import InForce
from legacy_import.rules.validation import (
    DELETED,
    ERASED,
    issues_of,
    remaining_issues,
    status_of,
    worst_issue,
)
from legacy_import.stages.planning.effective_match import EffectiveMatch
from legacy_import.stages.planning.plan_row import PlanRow

# The effect, as an origin spells it, that would be added to what an earlier run created from a row.
EFFECT_OF = {
    Classification.COMPLETED: "training",
    Classification.ARCHIVED_TRAINING: "training",
    Classification.REGISTERED: "enrollment",
}


class Surroundings(NamedTuple):
    """What matters for a row beyond its own columns. `training`: as reviewers decided."""

    decisions: InForce
    match: EffectiveMatch
    training: Training
    origin: Origin
    group_has_history: bool
    is_gone: bool  # from the source, as a newer import knows
    made_before: frozenset[str] = frozenset()  # effects whose record an earlier run created


def facts_of(row: PlanRow, around: Surroundings) -> Facts:
    decisions, match, training = around.decisions, around.match, around.training
    classification = decisions.treat_as or Classification(row.classification)
    session_type = training.session.session_type
    action = import_action.decide(
        classification,
        session_type,
        training.course.state,
        history_released=training.history_released,
    )
    issues = remaining_issues(
        issues_of(row.issues_text),
        data_accepted=decisions.accept_data,
        linked=decisions.link_to is not None,
    )
    return Facts(
        classification=classification,
        validation_status=_status(row, issues, around),
        doubt=worst_issue(issues),
        import_action=ImportAction(action.action),
        action_reason=action.reason,
        origin=around.origin,
        deletion="" if decisions.accept_data else _deletion(issues, around),
        session_confirmed=training.session_confirmed and session_type == SessionType.REAL_SESSION,
        confidence=match.confidence,
        linkable=match.linkable,
        blocker=match.blocker,
        contact_trusted=row.contact_trusted,
        place=Place.ALONE if decisions.separate else row.place,
        group_has_history=around.group_has_history and not decisions.separate,
        group_conflict=row.group_conflict and not _conflict_settled(around),
        create_anyway=decisions.create_anyway,
        acknowledged=decisions.acknowledge,
        add_history=decisions.add_history
        and EFFECT_OF.get(classification, "") not in around.made_before,
        skipped=decisions.skip,
        postponed=decisions.later,
        erased=ERASED in issues_of(row.issues_text),
    )


def _status(row: PlanRow, issues: tuple[str, ...], around: Surroundings) -> ValidationStatus:
    """The validation status under the decisions in force."""
    decisions, match = around.decisions, around.match
    status = ValidationStatus(row.validation_status)
    confidence = match.confidence
    if decisions.create_anyway and match.blocker in SHARED_BY_MANY:
        confidence = DuplicateConfidence.NONE  # a doubt that the match hid counts again
    is_changed = decisions.accept_data or decisions.link_to is not None
    if status != ValidationStatus.PENDING and (
        is_changed or confidence != row.duplicate_confidence
    ):
        return status_of(issues, confidence)
    return status


def _conflict_settled(around: Surroundings) -> bool:
    """Whether a reviewer decided whose row it is, of those that contradict each other.

    A row that is separate from the others may not be given to their person by its match alone.
    """
    decisions = around.decisions
    return decisions.link_to is not None or (decisions.separate and not around.match.linkable)


def _deletion(issues: tuple[str, ...], around: Surroundings) -> str:
    """Why the row is treated as deleted: itself, its session or its course."""
    if around.is_gone:
        return SOURCE_ROW_GONE
    if DELETED in issues:
        return DELETED
    if around.training.session_deleted:
        return SESSION_DELETED
    return COURSE_DELETED if around.training.course.deleted else ""
