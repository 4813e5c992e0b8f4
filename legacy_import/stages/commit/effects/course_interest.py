"""The course that interests a lead: part of the effect that creates the lead, or that adds to it."""

from collections.abc import Mapping, Sequence

from crm.services import NewInterest, create_interests
from legacy_import.choices import LogAction
from legacy_import.stages.commit.effects.effect import INTEREST, Learner, LogEntry, created_entry

EFFECT = "interest"  # the last part of its origin


def add_interests(learners: Sequence[Learner], leads: Mapping[int, int]) -> list[LogEntry]:
    """One interest each; `leads`: staged row id → lead id."""
    new = [
        NewInterest(one.origin_of(EFFECT), leads[one.row], one.course_id, one.course_name)
        for one in learners
    ]
    records = create_interests(new)
    return [
        created_entry(
            one, LogAction.CREATE_COURSE_INTEREST, INTEREST, records[one.origin_of(EFFECT)]
        )
        for one in learners
    ]
