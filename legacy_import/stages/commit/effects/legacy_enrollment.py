"""Effect: a registration of the old platform, stored apart from real enrolments.

It is attached to the person where the match is certain; it keeps a copy of the learner as found anyway.
"""

import datetime
from collections.abc import Sequence

from legacy_import.choices import LogAction
from legacy_import.stages.commit.effects.effect import ENROLLMENT, Learner, LogEntry
from legacy_import.stages.commit.effects.history import log_history, new_history
from legacy_import.stages.commit.effects.reversal import reverse
from trainings.services import create_enrollments

EFFECT = "enrollment"  # the last part of its origin


def do(learners: Sequence[Learner], *, run_id: int, now: datetime.datetime) -> list[LogEntry]:
    new = [new_history(learner, EFFECT) for learner in learners]
    records = create_enrollments(new, run_id=run_id, now=now)
    return log_history(learners, records, EFFECT, LogAction.CREATE_ENROLLMENT, ENROLLMENT)


undo = reverse
