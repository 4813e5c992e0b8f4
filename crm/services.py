"""What an import may do to leads: create leads and interests, and delete its own."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from crm.models import CourseInterest, CrmLead
from ecoin.records import Created, ImportedRecords, timestamp

LEAD_COLUMNS = (
    "full_name", "phone", "email", "phone_normalized", "email_normalized", "birth_date",
    "name_date_key", "origin", "legacy_import_run_id", "created_at", "updated_at",
)  # fmt: skip
INTEREST_COLUMNS = ("lead_id", "course_id", "legacy_course_name", "origin")
LEADS = ImportedRecords(CrmLead, LEAD_COLUMNS)
INTERESTS = ImportedRecords(CourseInterest, INTEREST_COLUMNS)


class NewLead(NamedTuple):
    """A person as in the source; contacts as typed."""

    origin: str
    full_name: str
    phone: str
    email: str
    birth_date: datetime.date | None


class NewInterest(NamedTuple):
    """A course that a lead inquired about; `course_id` None: the platform does not have it."""

    origin: str
    lead_id: int
    course_id: int | None
    legacy_course_name: str


def create_leads(
    leads: Sequence[NewLead], *, run_id: int, now: datetime.datetime
) -> dict[str, Created]:
    """Origin → the created lead, with normalized contacts as on save. Raises IntegrityError."""
    at = timestamp(now)
    rows = []
    lead = CrmLead()  # one object for all rows, used only to normalize
    for new in leads:
        lead.full_name, lead.birth_date = new.full_name, new.birth_date
        lead.phone, lead.email = new.phone, new.email
        lead.normalize()
        rows.append(
            (new.full_name, new.phone, new.email, lead.phone_normalized, lead.email_normalized,
             new.birth_date, lead.name_date_key, new.origin, run_id, at, at)
        )  # fmt: skip
    return LEADS.create(rows)


def create_interests(interests: Sequence[NewInterest]) -> dict[str, Created]:
    """Origin → the created interest. Raises IntegrityError if it exists or its lead does not."""
    rows = [(new.lead_id, new.course_id, new.legacy_course_name, new.origin) for new in interests]
    return INTERESTS.create(rows)
