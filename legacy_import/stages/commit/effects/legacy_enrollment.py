"""Effect: a registration of the old platform, kept apart from real enrolments.

Attached to its person where that is known beyond doubt; otherwise the learner stands in it as found.
"""

from collections.abc import Mapping, Sequence

from legacy_import.choices import LogAction, ReversalOutcome
from legacy_import.stages.commit.effects.effect import (
    ENROLLMENT,
    CommitContext,
    Learner,
    LogEntry,
    LoggedEntry,
    RollbackContext,
)
from legacy_import.stages.commit.effects.history import log_history, new_history
from legacy_import.stages.commit.effects.reversal import reverse
from trainings.services import create_enrollments

EFFECT = "enrollment"  # the last part of its origin


def do(learners: Sequence[Learner], context: CommitContext, /) -> list[LogEntry]:
    new = [new_history(learner, EFFECT) for learner in learners]
    made = create_enrollments(new, run_id=context.run_id, now=context.now)
    return log_history(learners, made, EFFECT, LogAction.CREATE_ENROLLMENT, ENROLLMENT)


def undo(
    rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext, /
) -> dict[int, ReversalOutcome]:
    return reverse(rows, context)
