"""Effect: a lead of the old platform is a person we have. On a pre-existing person nothing is created.

A row that is the same person as an earlier row of its run adds its course interest to that row's lead.
"""

from collections.abc import Mapping, Sequence

from legacy_import.choices import LogAction, ReversalOutcome
from legacy_import.stages.commit.effects.course_interest import add_interests
from legacy_import.stages.commit.effects.effect import (
    CommitContext,
    Learner,
    LogEntry,
    LoggedEntry,
    RollbackContext,
    person_label,
)
from legacy_import.stages.commit.effects.reversal import reverse


def do(learners: Sequence[Learner], context: CommitContext, /) -> list[LogEntry]:
    entries = link(learners, LogAction.LINK_EXISTING)
    leads = {
        learner.row: learner.person[1]
        for learner in learners
        if learner.person and learner.wants_course
    }
    return entries + add_interests([row for row in learners if row.row in leads], leads)


def link(learners: Sequence[Learner], action: LogAction) -> list[LogEntry]:
    """One entry for each learner that is given to a person."""
    return [
        LogEntry(
            learner.row, action, learner.reason, person_label(learner.person), learner.person[1]
        )
        for learner in learners
        if learner.person
    ]


def undo(
    rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext, /
) -> dict[int, ReversalOutcome]:
    return reverse(rows, context)
