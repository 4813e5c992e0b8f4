"""The facts that rules.commit_policy decides on, from one staged row and what surrounds it."""

from typing import NamedTuple

from legacy_import.choices import Classification, ImportAction, SessionType, ValidationStatus
from legacy_import.mapping.index import Training
from legacy_import.rules import import_action
from legacy_import.rules.commit_policy import (
    COURSE_DELETED,
    DELETED,
    SESSION_DELETED,
    SOURCE_ROW_GONE,
    Facts,
    Origin,
)
from legacy_import.rules.decisions import InForce
from legacy_import.rules.validation import ERASED, issues_of, status_of, worst_issue
from legacy_import.stages.planning.effective_match import EffectiveMatch
from legacy_import.stages.planning.plan_row import PlanRow


class Surroundings(NamedTuple):
    """What matters for a row beyond its own columns."""

    decisions: InForce
    match: EffectiveMatch
    training: Training
    origin: Origin
    group_has_history: bool
    gone: bool  # from the source, as a newer import knows


def facts_of(row: PlanRow, around: Surroundings) -> Facts:
    decisions, match, training = around.decisions, around.match, around.training
    classification = decisions.treat_as or Classification(row.classification)
    session_type = training.session.session_type
    if decisions.release_without_session:
        session_type = SessionType.NONE
    action = import_action.decide(
        classification,
        session_type,
        training.course.state,
        history_released=training.history_released,
    )
    issues = issues_of(row.issues_text)
    status = ValidationStatus(row.validation_status)
    if match.confidence != row.duplicate_confidence:
        status = status_of(issues, match.confidence)
    if decisions.accept_data and status == ValidationStatus.NEEDS_REVIEW:
        status = ValidationStatus.VALID
    return Facts(
        classification=classification,
        validation_status=status,
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
        place=row.place,
        group_has_history=around.group_has_history,
        group_conflict=row.group_conflict and decisions.link_to is None,
        skipped=decisions.skip,
        postponed=decisions.later,
        erased=ERASED in issues,
    )


def _deletion(issues: tuple[str, ...], around: Surroundings) -> str:
    """Why the row is treated as deleted: itself, its session or its course."""
    if around.gone:
        return SOURCE_ROW_GONE
    if DELETED in issues:
        return DELETED
    if around.training.session_deleted and not around.decisions.release_without_session:
        return SESSION_DELETED
    return COURSE_DELETED if around.training.course.deleted else ""
