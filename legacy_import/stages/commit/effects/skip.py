"""Effect: nothing, on purpose: a reviewer decided so, or an earlier run imported the row."""

from collections.abc import Mapping, Sequence

from legacy_import.choices import LogAction, ReversalOutcome
from legacy_import.stages.commit.effects.effect import (
    CommitContext,
    Learner,
    LogEntry,
    LoggedEntry,
    RollbackContext,
)


def do(learners: Sequence[Learner], context: CommitContext, /) -> list[LogEntry]:
    return [LogEntry(learner.row, LogAction.SKIP, learner.reason) for learner in learners]


def undo(
    rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext, /
) -> dict[int, ReversalOutcome]:
    return {entry.id: ReversalOutcome.RELEASED for entries in rows.values() for entry in entries}
