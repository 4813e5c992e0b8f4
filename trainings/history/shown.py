"""History as pages show it to one reader: masked, with the links that the reader may follow."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib import admin
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import models
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from crm.models import CrmLead
from ecoin.display import NOTHING, shown_name
from ecoin.identity.masking import mask_code, mask_date, mask_email, mask_phone, mask_text
from ecoin.lineage import PERMISSION as LINEAGE_PERMISSION
from ecoin.lineage import lineage_link
from trainings.history.records import History, HistoryLine
from trainings.history.search import FoundLearner

VIEW = "trainings.view_legacycompletedtraining"
ADDRESS = "trainings:history-learner"

Reader = AbstractBaseUser | AnonymousUser


class ShownPerson(NamedTuple):
    """A user or lead of the platform. `address` is "" for readers who may not open it."""

    label: str
    address: str


class ShownContact(NamedTuple):
    """One way in which the old platform wrote the learner down."""

    name: str
    birth_date: datetime.date | None
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One record. `as_found`: the date where it is not the day itself; `lineage`: a link, or ""."""

    kind: str | Promise
    course: str
    course_as_found: str
    session_code: str
    session_dates: str
    date: datetime.date | None
    date_source: str
    as_found: str
    origin: str
    lineage: SafeString | str
    people: list[ShownPerson]


@dataclass(frozen=True, slots=True)
class ShownLearner:
    """A learner in a list."""

    address: str
    name: str
    birth_date: datetime.date | None
    phone: str
    email: str
    courses: list[str]
    records: int
    is_attached: bool


def shown_lines(history: History, reader: Reader) -> list[ShownLine]:
    may_trace = _may(reader, LINEAGE_PERMISSION)
    return [_line(line, reader, may_trace) for line in history.lines]


def shown_contacts(history: History) -> list[ShownContact]:
    """The distinct names, birth dates and contacts of the records, masked."""
    contacts = [
        ShownContact(
            shown_name(line.learner.name),
            line.learner.birth_date,
            mask_phone(line.learner.phone) or NOTHING,
            mask_email(line.learner.email) or NOTHING,
        )
        for line in history.lines
        if line.learner
    ]
    return list(dict.fromkeys(contacts))


def shown_people(history: History, reader: Reader) -> list[ShownPerson]:
    """The users and leads to whom any of it is attached."""
    people: list[User | CrmLead] = [*history.users, *history.leads]
    return [_person(one, reader) for one in people]


def shown_learners(learners: Iterable[FoundLearner]) -> list[ShownLearner]:
    return [
        ShownLearner(
            learner_address(one.learner_key),
            shown_name(one.newest.learner_name),
            one.newest.learner_birth_date,
            mask_phone(one.newest.learner_phone) or NOTHING,
            mask_email(one.newest.learner_email) or NOTHING,
            list(dict.fromkeys(filter(None, map(_course_of, one.records)))),
            len(one.records),
            any(record.user_id or record.lead_id for record in one.records),
        )
        for one in learners
    ]


def search_address(reader: Reader) -> str:
    """The page on which former learners are found; "" for users who may not read history."""
    return reverse("trainings:history") if _may(reader, VIEW) else ""


def learner_address(key: str, page: str = ADDRESS) -> str:
    """The address of a page about one learner. A learner key is the number of a row, not a contact."""
    return reverse(page, query={"key": key})


def _line(line: HistoryLine, reader: Reader, may_trace: bool) -> ShownLine:
    dates = [mask_date(raw) for raw in (line.session_starts_raw, line.session_ends_raw) if raw]
    is_day = line.date is not None and line.date_raw[:10] == line.date.isoformat()
    people = [one for one in (line.user, line.lead) if one is not None]
    same_name = line.course_as_found.casefold() == line.course.casefold()
    return ShownLine(
        kind=line.kind,
        course=mask_text(line.course or line.course_as_found) or NOTHING,
        course_as_found="" if same_name or not line.course else mask_text(line.course_as_found),
        session_code=mask_code(line.session_code),
        session_dates=" – ".join(dates),
        date=line.date,
        date_source=line.date_source,
        as_found="" if is_day else mask_date(line.date_raw),
        origin=line.origin,
        lineage=lineage_link(line.origin) if may_trace and line.origin else "",
        people=[_person(one, reader) for one in people],
    )


def _course_of(record: Any) -> str:
    return mask_text(record.course.name if record.course else record.legacy_course_name)


def person_label(person: User | CrmLead) -> str:
    """A user or lead in words: what, number, name."""
    if isinstance(person, CrmLead):
        name, kind = person.full_name, gettext("lead")
    else:
        name, kind = person.get_full_name() or person.get_username(), gettext("user")
    return f"{kind} {person.pk} – {shown_name(name)}"


def _person(person: User | CrmLead, reader: Reader) -> ShownPerson:
    return ShownPerson(person_label(person), _page_of(person, reader))


def _page_of(record: models.Model, reader: Reader) -> str:
    """The record's page in the admin; "" for readers who may not open it."""
    options = record._meta
    names = [f"{options.app_label}.{action}_{options.model_name}" for action in ("view", "change")]
    is_staff = getattr(reader, "is_staff", False)
    if not (
        is_staff and admin.site.is_registered(type(record)) and any(_may(reader, n) for n in names)
    ):
        return ""
    return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[record.pk])


def _may(reader: Reader, permission: str) -> bool:
    return bool(reader.has_perm(permission))  # type: ignore[union-attr]
