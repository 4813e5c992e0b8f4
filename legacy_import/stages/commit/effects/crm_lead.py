"""Effect: a new lead with its course interest."""

from collections.abc import Mapping, Sequence

from crm.services import NewLead, create_leads
from legacy_import.choices import LogAction, ReversalOutcome
from legacy_import.stages.commit.effects.course_interest import add_interests
from legacy_import.stages.commit.effects.effect import (
    LEAD,
    CommitContext,
    Learner,
    LogEntry,
    LoggedEntry,
    RollbackContext,
)
from legacy_import.stages.commit.effects.reversal import reverse


def do(learners: Sequence[Learner], context: CommitContext, /) -> list[LogEntry]:
    new = [
        NewLead(_origin(one), one.name, one.phone, one.email, one.birth_date) for one in learners
    ]
    made = create_leads(new, run_id=context.run_id, now=context.now)
    leads = {learner.row: made[_origin(learner)] for learner in learners}
    entries = [
        LogEntry(
            learner.row,
            LogAction.CREATE_CRM_LEAD,
            learner.reason,
            LEAD,
            leads[learner.row].id,
            True,
            leads[learner.row].fingerprint,
        )
        for learner in learners
    ]
    asking = [learner for learner in learners if learner.wants_course]
    return entries + add_interests(asking, {row: lead.id for row, lead in leads.items()})


def undo(
    rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext, /
) -> dict[int, ReversalOutcome]:
    return reverse(rows, context)


def _origin(learner: Learner) -> str:
    return f"{learner.origin}:lead"
