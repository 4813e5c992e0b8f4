"""The only place that reads the platform's courses, users and leads: who might a row be?"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from crm.models import CourseInterest, CrmLead
from ecoin.identity.emails import is_role_mailbox, parse_email
from ecoin.identity.keys import Key, identity_keys
from ecoin.identity.names import parse_name, parse_name_as_written
from ecoin.identity.phones import parse_phones, raw_digits
from legacy_import.bulk import insert_rows
from legacy_import.choices import PersonKind
from legacy_import.conf import ImportConf
from legacy_import.models import KEY_COLUMNS, PLATFORM, IdentityKey
from legacy_import.progress import Progress
from legacy_import.rules.duplicates import Person, Target
from trainings.models import Course, LegacyCompletedTraining, LegacyImportedEnrollment

PEOPLE_PER_PAGE = 2_000
PEOPLE_SEEN = 10_000  # users and leads kept between chunks: about 6 MB


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as a table holds them: what identity is made of, before normalization."""

    name: str
    phone: str
    email: str
    birth_date: date | None
    origin: str = ""  # of a lead that an import created


@dataclass(frozen=True, slots=True)
class Known:
    """A user or lead ready to be compared."""

    person: Person
    fingerprint: str  # changes when anything identity is made of changes
    origin: str = ""


def person_of(name: str, email: str | None, born: date | None, conf: ImportConf) -> Person:
    """Whom a comparison sees: the folded name, the birth date, and whether the mailbox is shared."""
    parsed, written = parse_name_as_written(name)
    role = bool(email) and is_role_mailbox(email or "", conf.role_mailboxes)
    return Person(
        fold=parsed.fold,
        skeleton=parsed.skeleton,
        birth_date=born,
        email_is_role=role,
        written=written,
    )


def _known(contact: Contact, conf: ImportConf) -> Known:
    told = f"{contact.name}\n{contact.phone}\n{contact.email}\n{contact.birth_date}"
    return Known(
        person_of(contact.name, contact.email.strip().lower(), contact.birth_date, conf),
        hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16],
        contact.origin,
    )


def _keys(contact: Contact, conf: ImportConf) -> tuple[Key, ...]:
    """The identity keys of a contact, by the platform's own normalizers."""
    email = parse_email(
        contact.email, placeholders=conf.placeholder_emails, role_mailboxes=conf.role_mailboxes
    )
    return identity_keys(
        name=parse_name(contact.name),
        phones=parse_phones(contact.phone),
        email=email,
        birth_date=contact.birth_date,
        phone_digits=raw_digits(contact.phone),
    )


def platform_courses() -> list[tuple[int, str]]:
    """(id, name) of every course of the platform."""
    return list(Course.objects.order_by("pk").values_list("pk", "name"))


def platform_people(
    targets: Iterable[Target], conf: ImportConf, seen: dict[Target, Known] | None = None
) -> dict[Target, Known]:
    """The users and leads with these ids, ready to be compared; the ones that are gone are absent.

    `seen`: people of earlier chunks, so that the same ones are not read again; it is kept small.
    """
    asked = set(targets)
    found = {} if seen is None else {target: seen[target] for target in asked & seen.keys()}
    wanted: dict[str, list[int]] = {PersonKind.USER.value: [], PersonKind.LEAD.value: []}
    for kind, pk in asked - found.keys():
        wanted[kind].append(pk)
    for kind, ids in wanted.items():
        for pk, contact in _contacts(kind, ids):
            found[(kind, pk)] = _known(contact, conf)
    if seen is not None:
        if len(seen) > PEOPLE_SEEN:
            seen.clear()
        seen.update(found)
    return found


def refresh_platform_keys(conf: ImportConf, progress: Progress) -> int:
    """Bring the identity keys of all users and leads up to date; returns how many people there are.

    Page by page, each in a transaction of its own; where nothing changed, nothing is written.
    """
    people = 0
    for kind in (PersonKind.USER.value, PersonKind.LEAD.value):
        progress.begin(f"keys of every {kind}", None)
        last = 0
        while page := list(_contacts(kind, None, after=last)):
            with transaction.atomic():
                _refresh_keys(kind, last, page, conf)
            last, people = page[-1][0], people + len(page)
            progress.advance(len(page))
        _keys_of(kind, last, None).delete()
    return people


def _refresh_keys(
    kind: str, after: int, page: Sequence[tuple[int, Contact]], conf: ImportConf
) -> None:
    """The keys of the owners after < id <= the page's last: rewritten where they differ."""
    stored: defaultdict[int, set[Key]] = defaultdict(set)
    owners = _keys_of(kind, after, page[-1][0])
    for pk, key_kind, value in owners.values_list("owner_id", "kind", "value"):
        stored[pk].add(Key(key_kind, value))
    current = {pk: set(_keys(contact, conf)) for pk, contact in page}
    changed = [pk for pk in {*stored, *current} if stored.get(pk, set()) != current.get(pk, set())]
    owners.filter(owner_id__in=changed).delete()
    insert_rows(
        IdentityKey,
        KEY_COLUMNS,
        (
            (PLATFORM, kind, pk, key.kind, key.value)
            for pk in sorted(changed)
            for key in sorted(current.get(pk, set()))
        ),
    )


def _keys_of(kind: str, after: int, until: int | None) -> QuerySet[IdentityKey]:
    keys = IdentityKey.objects.filter(scope=PLATFORM, owner_kind=kind, owner_id__gt=after)
    return keys if until is None else keys.filter(owner_id__lte=until)


def existing_origins(origins: Sequence[str]) -> set[str]:
    """Those of the given origins that some record of the platform already carries."""
    found: set[str] = set()
    for model in (CrmLead, CourseInterest, LegacyCompletedTraining, LegacyImportedEnrollment):
        carried = model._default_manager.filter(origin__in=origins)
        found.update(origin for (origin,) in carried.values_list("origin") if origin)
    return found


def any_origin_of(connection_name: str) -> bool:
    """Whether any record of the platform came from this source (a cheap question, asked first)."""
    prefix = f"{connection_name}:"
    return any(
        model._default_manager.filter(origin__startswith=prefix).exists()
        for model in (CrmLead, CourseInterest, LegacyCompletedTraining, LegacyImportedEnrollment)
    )


def _contacts(
    kind: str, ids: Sequence[int] | None, after: int = 0
) -> Iterator[tuple[int, Contact]]:
    """(id, contact) of users or leads: those with these ids, or the next page after an id."""
    if kind == PersonKind.USER.value:
        users = get_user_model()._default_manager.order_by("pk")
        rows = users.filter(pk__in=ids) if ids is not None else users.filter(pk__gt=after)
        columns = rows.values_list(
            "pk", "first_name", "last_name", "learner_profile__phone", "email",
            "learner_profile__birth_date",
        )  # fmt: skip
        for pk, first, last, phone, email, born in _page(columns, ids):
            yield pk, Contact(f"{first} {last}".strip(), phone or "", email or "", born)
        return
    leads = CrmLead.objects.order_by("pk")
    found = leads.filter(pk__in=ids) if ids is not None else leads.filter(pk__gt=after)
    of_leads = found.values_list("pk", "full_name", "phone", "email", "birth_date", "origin")
    for pk, name, phone, email, born, origin in _page(of_leads, ids):
        yield pk, Contact(name, phone, email, born, origin or "")


def _page(rows: QuerySet[Any, Any], ids: Sequence[int] | None) -> QuerySet[Any, Any]:
    return rows if ids is not None else rows[:PEOPLE_PER_PAGE]
