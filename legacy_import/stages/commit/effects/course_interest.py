"""The course a lead asks about: part of the effect that creates the lead, or that adds to it."""

from collections.abc import Mapping, Sequence

from crm.services import NewInterest, create_interests
from legacy_import.choices import LogAction
from legacy_import.stages.commit.effects.effect import INTEREST, Learner, LogEntry


def add_interests(learners: Sequence[Learner], leads: Mapping[int, int]) -> list[LogEntry]:
    """One interest each; `leads`: staged row id → lead id."""
    made = create_interests(
        [
            NewInterest(
                _origin(learner), leads[learner.row], learner.course_id, learner.course_name
            )
            for learner in learners
        ]
    )
    return [
        LogEntry(
            learner.row,
            LogAction.CREATE_COURSE_INTEREST,
            learner.reason,
            INTEREST,
            made[_origin(learner)].id,
            True,
            made[_origin(learner)].fingerprint,
        )
        for learner in learners
    ]


def _origin(learner: Learner) -> str:
    return f"{learner.origin}:interest"
