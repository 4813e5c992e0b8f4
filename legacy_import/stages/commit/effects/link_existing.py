"""Effect: a lead of the old platform is a person we have. It creates nothing on a pre-existing person.

A row that is the same person as an earlier row of its run adds its course interest to that row's lead.
"""

import datetime
from collections.abc import Sequence

from legacy_import.choices import LogAction
from legacy_import.stages.commit.effects.course_interest import add_interests
from legacy_import.stages.commit.effects.effect import (
    Learner,
    LogEntry,
    person_label,
)
from legacy_import.stages.commit.effects.reversal import reverse


def do(learners: Sequence[Learner], *, run_id: int, now: datetime.datetime) -> list[LogEntry]:
    entries = link(learners, LogAction.LINK_EXISTING)
    leads = {one.row: one.person[1] for one in learners if one.person and one.wants_course}
    return entries + add_interests([one for one in learners if one.row in leads], leads)


def link(learners: Sequence[Learner], action: LogAction) -> list[LogEntry]:
    """One entry for each learner that has a person."""
    return [
        LogEntry(one.row, action, one.reason, person_label(one.person), one.person[1])
        for one in learners
        if one.person
    ]


undo = reverse
