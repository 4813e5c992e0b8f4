"""What an import may do to leads: create leads and interests, and delete its own."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from crm.models import CourseInterest, CrmLead
from ecoin import records
from ecoin.bulk import delete_ids
from ecoin.records import Created

LEAD_COLUMNS = (
    "full_name", "phone", "email", "phone_normalized", "email_normalized", "birth_date", "origin",
    "legacy_import_run_id", "created_at", "updated_at",
)  # fmt: skip
INTEREST_COLUMNS = ("lead_id", "course_id", "legacy_course_name", "origin")


class NewLead(NamedTuple):
    """A person as in the source; contacts as typed."""

    origin: str
    full_name: str
    phone: str
    email: str
    birth_date: datetime.date | None


class NewInterest(NamedTuple):
    """A course that a lead asked about; `course_id` None: the platform does not have it."""

    origin: str
    lead_id: int
    course_id: int | None
    legacy_course_name: str


def create_leads(
    leads: Sequence[NewLead], *, run_id: int, now: datetime.datetime
) -> dict[str, Created]:
    """Origin → the created lead, with normalized contacts as on save. Raises IntegrityError."""
    at = records.timestamp(now)
    rows = []
    lead = CrmLead()  # one object for all rows, used only to normalize
    for new in leads:
        lead.phone, lead.email = new.phone, new.email
        lead.normalize()
        rows.append(
            (new.full_name, new.phone, new.email, lead.phone_normalized, lead.email_normalized,
             new.birth_date, new.origin, run_id, at, at)
        )  # fmt: skip
    return records.create(CrmLead, LEAD_COLUMNS, rows, watched=LEAD_COLUMNS)


def create_interests(interests: Sequence[NewInterest]) -> dict[str, Created]:
    """Origin → the created interest. Raises IntegrityError if it exists or its lead does not."""
    rows = [(new.lead_id, new.course_id, new.legacy_course_name, new.origin) for new in interests]
    return records.create(CourseInterest, INTEREST_COLUMNS, rows, watched=INTEREST_COLUMNS)


def lead_fingerprints(ids: Collection[int], *, lock: bool) -> dict[int, str]:
    """The fingerprints of the leads that still exist."""
    return records.fingerprints(CrmLead, ids, watched=LEAD_COLUMNS, lock=lock)


def interest_fingerprints(ids: Collection[int], *, lock: bool) -> dict[int, str]:
    """The fingerprints of the interests that still exist."""
    return records.fingerprints(CourseInterest, ids, watched=INTEREST_COLUMNS, lock=lock)


def referenced_leads(ids: Collection[int], *, besides: Mapping[str, Collection[int]]) -> set[int]:
    """The leads that anything refers to, except the records in `besides` (model → ids)."""
    return records.referenced(CrmLead, ids, besides=besides)


def referenced_interests(ids: Collection[int]) -> set[int]:
    """The interests that anything refers to."""
    return records.referenced(CourseInterest, ids)


def delete_leads(ids: Sequence[int]) -> None:
    """Delete leads without their interests. Raises IntegrityError if a record refers to one."""
    delete_ids(CrmLead, ids)


def delete_interests(ids: Sequence[int]) -> None:
    """Delete interests; their leads stay."""
    delete_ids(CourseInterest, ids)
