"""Effect: a new lead with its course interest."""

import datetime
from collections.abc import Sequence

from crm.services import NewLead, create_leads
from legacy_import.choices import LogAction
from legacy_import.stages.commit.effects.course_interest import add_interests
from legacy_import.stages.commit.effects.effect import (
    LEAD,
    Learner,
    LogEntry,
    created_entry,
)
from legacy_import.stages.commit.effects.reversal import reverse
from trainings.services import propose_leads

EFFECT = "lead"  # the last part of its origin


def do(learners: Sequence[Learner], *, run_id: int, now: datetime.datetime) -> list[LogEntry]:
    new = [
        NewLead(one.origin_of(EFFECT), one.name, one.phone, one.email, one.birth_date)
        for one in learners
    ]
    records = create_leads(new, run_id=run_id, now=now)
    leads = {one.row: records[one.origin_of(EFFECT)] for one in learners}
    entries = [
        created_entry(one, LogAction.CREATE_CRM_LEAD, LEAD, leads[one.row]) for one in learners
    ]
    propose_leads([lead.id for lead in leads.values()])
    with_course = [one for one in learners if one.wants_course]
    return entries + add_interests(with_course, {row: lead.id for row, lead in leads.items()})


undo = reverse
