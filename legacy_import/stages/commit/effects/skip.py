"""Effect: nothing, on purpose: a reviewer decided so, or an earlier run imported the row."""

import datetime
from collections.abc import Mapping, Sequence

from legacy_import.choices import LogAction, ReversalOutcome
from legacy_import.stages.commit.effects.effect import (
    Learner,
    LogEntry,
    LoggedEntry,
    RollbackContext,
)


def do(learners: Sequence[Learner], *, run_id: int, now: datetime.datetime) -> list[LogEntry]:
    return [LogEntry(learner.row, LogAction.SKIP, learner.reason) for learner in learners]


def undo(
    rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext, /
) -> dict[int, ReversalOutcome]:
    return {entry.id: ReversalOutcome.RELEASED for entries in rows.values() for entry in entries}
