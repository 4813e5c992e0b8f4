"""What a training row requests (docs/rules.md): a ladder, first hit wins, the last rung is review."""

from typing import NamedTuple

from legacy_import.choices import Classification, ImportAction, SessionType
from legacy_import.rules.courses import CourseState

HISTORY = frozenset({Classification.COMPLETED, Classification.ARCHIVED_TRAINING})


class TrainingAction(NamedTuple):
    """What is requested, and why."""

    action: ImportAction
    reason: str


def decide(
    classification: Classification,
    session_type: SessionType,
    course: CourseState,
    *,
    history_released: bool = False,
) -> TrainingAction:
    """The action of one training row. `history_released`: history of its session needs no session."""
    review = ImportAction.NEEDS_REVIEW
    if classification == Classification.UNKNOWN:
        return TrainingAction(review, "status_unknown")
    if classification == Classification.LEAD_ONLY:
        # A lead joins no cohort, so a waiting session does not block it (decision 9).
        return TrainingAction(ImportAction.CREATE_COURSE_INTEREST, "lead")
    if history_released and classification in HISTORY:
        session_type = SessionType.NONE
    if session_type == SessionType.WAITING_PLACEHOLDER:
        return TrainingAction(review, "session_waiting")  # history of any kind (decision 4)
    if session_type == SessionType.UNKNOWN:
        return TrainingAction(review, "session_unknown")
    if course == CourseState.KEPT_BY_NAME and classification not in HISTORY:
        return TrainingAction(review, course.value)  # only history needs no course of ours
    if course not in (CourseState.MAPPED, CourseState.KEPT_BY_NAME):
        return TrainingAction(review, course.value)
    if classification in HISTORY:
        return TrainingAction(ImportAction.CREATE_LEGACY_COMPLETED_TRAINING, "history")
    if session_type == SessionType.REAL_SESSION:
        return TrainingAction(ImportAction.CREATE_LEGACY_ENROLLMENT, "registration")
    return TrainingAction(review, "session_missing")
