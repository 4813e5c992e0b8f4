"""What the two kinds of history share: the learner as found, and the person it is attached to."""

from collections.abc import Mapping, Sequence

from ecoin.records import Created
from legacy_import.choices import LogAction, PersonKind
from legacy_import.stages.commit.effects.effect import Learner, LogEntry, created_entry
from legacy_import.stages.commit.effects.link_existing import link
from trainings.services import NewHistory
from trainings.services import PossibleOwner as Owner


def new_history(learner: Learner, effect: str) -> NewHistory:
    """The record to create. Raises ValueError for a learner without course and course name."""
    if learner.course_id is None and not learner.course_name:
        raise ValueError("history without a course is never planned")
    kind, person = learner.person or ("", None)
    return NewHistory(
        origin=learner.origin_of(effect),
        learner_key=learner.learner_key,
        course_id=learner.course_id,
        legacy_course_name=learner.course_name,
        user_id=person if kind == PersonKind.USER else None,
        lead_id=person if kind == PersonKind.LEAD else None,
        learner_name=learner.name,
        learner_birth_date=learner.birth_date,
        learner_phone=learner.phone,
        learner_email=learner.email,
        legacy_session_id=learner.legacy_session_id,
        session_code=learner.session_code,
        session_starts_on=learner.session_starts_on,
        session_ends_on=learner.session_ends_on,
        completed_at=learner.completed_at,
        archived_at=learner.archived_at,
        possible_owners=tuple(Owner(*one) for one in learner.possible_owners),
        not_same=learner.not_same,
    )


def log_history(
    learners: Sequence[Learner],
    records: Mapping[str, Created],
    effect: str,
    action: LogAction,
    model: str,
) -> list[LogEntry]:
    """An entry for every record, and one for every person it is attached to."""
    entries = [
        created_entry(learner, action, model, records[learner.origin_of(effect)])
        for learner in learners
    ]
    return entries + link(learners, LogAction.ATTACH_PERSON)
