"""Imported trainings, enrolments and interests as one list, for pages and panels. Reads only."""

import datetime
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.models import CourseInterest, CrmLead
from trainings.models import Course, LegacyCompletedTraining, LegacyImportedEnrollment

ImportedRecord = LegacyCompletedTraining | LegacyImportedEnrollment
MODELS: tuple[type[ImportedRecord], ...] = (LegacyCompletedTraining, LegacyImportedEnrollment)
MOST_RECORDS = 200  # of one kind on one page; a group of matching has ten rows at most
KINDS: dict[type, str | Promise] = {
    LegacyCompletedTraining: _("completed training"),
    LegacyImportedEnrollment: _("enrolment"),
    CourseInterest: _("course interest"),
}


class LearnerAsFound(NamedTuple):
    """The learner of a record as on the old platform."""

    name: str
    birth_date: datetime.date | None
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One record. Dates `raw` are as found; `date` is the day it is sorted by, with its source."""

    kind: str | Promise
    course: str
    course_as_found: str
    session_code: str
    session_starts_raw: str
    session_ends_raw: str
    date: datetime.date | None
    date_source: str
    date_raw: str
    origin: str
    learner_key: str
    learner: LearnerAsFound | None
    user: User | None
    lead: CrmLead | None


@dataclass(frozen=True, slots=True)
class History:
    """Lines in time, those without a date last; the people to whom records are attached."""

    lines: list[HistoryLine]
    users: list[User]
    leads: list[CrmLead]
    was_attached: bool = False  # any of it, by a person: there are events about it

    @property
    def learner_keys(self) -> list[str]:
        return list(dict.fromkeys(line.learner_key for line in self.lines if line.learner_key))


def history_of_learner(key: str) -> History:
    """All history of one old learner, and of the users and leads to whom some of it is attached."""
    records = list(_records(Q(learner_key=key)))
    return _history(records, {key}, users=set(), leads=set())


def history_of_person(*, user_id: int | None = None, lead: CrmLead | None = None) -> History:
    """All history of one user or lead: what is attached, and what else is the same learners'."""
    users = {user_id} if user_id else set()
    leads = {lead.pk} if lead and lead.pk else set()
    keys = {row_of(lead.origin)} if lead and lead.origin else set()
    records = list(_records(Q(user__in=users))) if users else []
    records += list(_records(Q(lead__in=leads))) if leads else []
    new_keys = keys | {record.learner_key for record in records}
    if new_keys:
        records += list(_records(Q(learner_key__in=new_keys)))
    return _history(records, new_keys, users=users, leads=leads)


def row_of(origin: str) -> str:
    """`legacy:stagiaires:5:lead` → `legacy:stagiaires:5`: what a learner key looks like."""
    return origin.rpartition(":")[0]


def _history(
    records: list[ImportedRecord], keys: Collection[str], *, users: set[int], leads: set[int]
) -> History:
    """The history that begins with these records, and follows the people they are attached to."""
    new_users = {record.user_id for record in records if record.user_id} - users
    new_leads = {record.lead_id for record in records if record.lead_id} - leads
    if new_users or new_leads:
        records += list(_records(Q(user__in=new_users) | Q(lead__in=new_leads)))
    distinct = {(type(record), record.pk): record for record in records}
    attached = {record.lead.pk: record.lead for record in distinct.values() if record.lead}
    interests = _interests({*leads, *attached}, keys)
    read_courses([*distinct.values(), *interests])
    lines = [_line(record) for record in distinct.values()]
    lines += [_interest_line(interest) for interest in interests]
    lines.sort(key=_in_time)
    of_interests = {interest.lead.pk: interest.lead for interest in interests}
    users_of_records = {record.user.pk: record.user for record in distinct.values() if record.user}
    return History(
        lines,
        list(users_of_records.values()),
        list((of_interests | attached).values()),
        any(record.version for record in distinct.values()),
    )


def _records(which: Q) -> Iterator[ImportedRecord]:
    """Unordered: for the first by id, a server may read the whole table in that order."""
    for model in MODELS:
        records: Any = model._default_manager.filter(which).select_related("user", "lead")
        yield from records[:MOST_RECORDS]


def read_courses(records: Iterable[ImportedRecord | CourseInterest]) -> None:
    """The courses of all these records in one query.

    Joined to enrolments, which always have one, a server may begin with the courses and read all
    enrolments of each.
    """
    records = list(records)
    courses = Course.objects.in_bulk({one.course_id for one in records if one.course_id})
    for record in records:
        record.course = courses.get(record.course_id or 0)


def _interests(leads: Collection[int], keys: Iterable[str]) -> list[CourseInterest]:
    """The interests of these leads, and those that were created from the learners' first rows."""
    created = [f"{key}:interest" for key in keys]
    interests = CourseInterest.objects.filter(Q(lead__in=leads) | Q(origin__in=created))
    return list(interests.select_related("lead")[:MOST_RECORDS])


def _line(record: ImportedRecord) -> HistoryLine:
    raw = record.completed_date_raw if isinstance(record, LegacyCompletedTraining) else ""
    return HistoryLine(
        kind=KINDS[type(record)],
        course=record.course.name if record.course else "",
        course_as_found=record.legacy_course_name,
        session_code=record.session_code,
        session_starts_raw=record.session_starts_raw,
        session_ends_raw=record.session_ends_raw,
        date=record.dated_on,
        date_source=record.get_dated_from_display() if record.dated_from else "",
        date_raw=raw,
        origin=record.origin,
        learner_key=record.learner_key,
        learner=LearnerAsFound(
            record.learner_name,
            record.learner_birth_date,
            record.learner_phone,
            record.learner_email,
        ),
        user=record.user,
        lead=record.lead,
    )


def _interest_line(interest: CourseInterest) -> HistoryLine:
    return HistoryLine(
        kind=KINDS[CourseInterest],
        course=interest.course.name if interest.course else "",
        course_as_found=interest.legacy_course_name,
        session_code="",
        session_starts_raw="",
        session_ends_raw="",
        date=None,
        date_source="",
        date_raw="",
        origin=interest.origin or "",
        learner_key="",
        learner=None,
        user=None,
        lead=interest.lead,
    )


def _in_time(line: HistoryLine) -> tuple[bool, datetime.date, bool, str]:
    """Without a date: trainings and enrolments, then interests."""
    return line.date is None, line.date or datetime.date.max, line.learner is None, line.origin
