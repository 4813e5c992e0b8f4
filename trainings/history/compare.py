"""A former learner and a person of the platform, line by line.

Equality is decided here, on the whole values: two masks can look equal and differ.
"""

import datetime
from dataclasses import dataclass
from typing import NamedTuple

from ecoin.identity.keys import canonical_date
from ecoin.identity.likeness import (
    Likeness,
    likeness_of_emails,
    likeness_of_phones,
    presence,
)
from ecoin.identity.masking import mask_email, mask_phone
from ecoin.identity.names import Name, parse_name


class Side(NamedTuple):
    """What is compared of a learner or a person."""

    name: str
    birth_date: datetime.date | None
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One line: `kind` is name, birth_date, phone or email. Contacts are masked on both sides."""

    kind: str
    ours: str | datetime.date | None
    theirs: str | datetime.date | None
    likeness: Likeness


def compare(learner: Side, person: Side) -> tuple[ComparedLine, ...]:
    """Name, birth date, phone and e-mail of both."""
    return (
        ComparedLine("name", learner.name, person.name, _names(learner.name, person.name)),
        ComparedLine(
            "birth_date", learner.birth_date, person.birth_date,
            _dates(learner.birth_date, person.birth_date),
        ),
        ComparedLine(
            "phone", mask_phone(learner.phone), mask_phone(person.phone),
            likeness_of_phones(learner.phone, person.phone),
        ),
        ComparedLine(
            "email", mask_email(learner.email), mask_email(person.email),
            likeness_of_emails(learner.email, person.email),
        ),
    )  # fmt: skip


def _names(ours: str, theirs: str) -> Likeness:
    first, second = parse_name(ours), parse_name(theirs)
    if first.fold == second.fold:
        return presence(first.fold, second.fold) or Likeness.SAME
    if _skeletons(first) & _skeletons(second):
        return Likeness.SIMILAR
    return presence(first.fold, second.fold) or Likeness.DIFFERENT


def _skeletons(name: Name) -> set[str]:
    return {name.skeleton, *name.more_skeletons} - {""}


def _dates(ours: datetime.date | None, theirs: datetime.date | None) -> Likeness:
    likeness = presence(ours, theirs)
    if likeness or ours == theirs:
        return likeness or Likeness.SAME
    swapped = canonical_date(ours) is not None and canonical_date(ours) == canonical_date(theirs)
    return Likeness.SIMILAR if swapped else Likeness.DIFFERENT
