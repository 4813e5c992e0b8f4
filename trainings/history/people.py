"""Users and leads to whom history may be attached: looked up by id, searched by name or contact."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from crm.models import CrmLead
from ecoin.identity.emails import parse_email
from ecoin.identity.phones import parse_phones
from trainings.history.compare import Side
from trainings.models import LearnerProfile, PersonKind
from trainings.owners import Person

MOST_FOUND = 20
MOST_WORDS = 6
LONGEST_NUMBER = 18  # digits of an id


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A user or lead as a page shows them; the contact is masked where it is rendered."""

    kind: str
    id: int
    side: Side
    is_active: bool = True

    @property
    def person(self) -> Person:
        return self.kind, self.id


def known_people(people: Iterable[Person]) -> dict[Person, KnownPerson]:
    """These users and leads; the ones that are gone are absent."""
    ids: dict[str, list[int]] = {PersonKind.USER.value: [], PersonKind.LEAD.value: []}
    for kind, pk in people:
        ids[kind].append(pk)
    matches = [
        *_users(Q(pk__in=ids[PersonKind.USER.value])),
        *_leads(Q(pk__in=ids[PersonKind.LEAD.value])),
    ]
    return {one.person: one for one in matches}


def find_people(text: str) -> list[KnownPerson]:
    """Users and leads with this full phone, e-mail, number, or with all these words in their name."""
    text = " ".join(text.replace("\x00", "").split())
    phones, email = parse_phones(text).valid, parse_email(text).value
    if phones or email:
        profiles = LearnerProfile.objects.filter(phone_normalized__in=phones)
        users = Q(pk__in=list(profiles.values_list("user_id", flat=True)[:MOST_FOUND]))
        leads = Q(phone_normalized__in=phones)
        if email:
            users |= Q(email__iexact=email)
            leads |= Q(email_normalized=email)
        return _both(users, leads)
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER:
        return _both(Q(pk=int(text)), Q(pk=int(text)))
    words = [word for word in text.split() if "@" not in word][:MOST_WORDS]
    if not words or any(char.isdecimal() for char in text):
        return []
    users = reduce(and_, (Q(first_name__icontains=w) | Q(last_name__icontains=w) for w in words))
    leads = reduce(and_, (Q(full_name__icontains=word) for word in words))
    return _both(users, leads)


def _both(users: Q, leads: Q) -> list[KnownPerson]:
    return [*_users(users, MOST_FOUND), *_leads(leads, MOST_FOUND)][:MOST_FOUND]


def _users(which: Q, most: int | None = None) -> Collection[KnownPerson]:
    users: Any = get_user_model()._default_manager.filter(which).order_by("-pk")
    rows = users.values_list(
        "pk", "first_name", "last_name", "email", "is_active", "learner_profile__phone",
        "learner_profile__birth_date",
    )[:most]  # fmt: skip
    return [
        KnownPerson(
            PersonKind.USER.value,
            pk,
            Side(f"{first} {last}".strip(), born, phone or "", email or ""),
            active,
        )
        for pk, first, last, email, active, phone, born in rows
    ]


def _leads(which: Q, most: int | None = None) -> Collection[KnownPerson]:
    rows = (
        CrmLead.objects.filter(which)
        .order_by("-pk")
        .values_list("pk", "full_name", "birth_date", "phone", "email")[:most]
    )
    return [
        KnownPerson(PersonKind.LEAD.value, pk, Side(name, born, phone, email))
        for pk, name, born, phone, email in rows
    ]
