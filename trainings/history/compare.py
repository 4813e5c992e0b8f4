"""A former learner and a person of the platform, line by line.

Equality is decided here, on the whole values: two masks can look equal and differ.
"""

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ecoin.identity.emails import parse_email
from ecoin.identity.keys import canonical_date
from ecoin.identity.masking import mask_email, mask_phone
from ecoin.identity.names import Name, parse_name
from ecoin.identity.phones import parse_phones, raw_digits


class Side(NamedTuple):
    """What is compared of a learner or a person."""

    name: str
    birth_date: datetime.date | None
    phone: str
    email: str


class Likeness(StrEnum):
    """How similar the two sides of a line are."""

    SAME = "same"
    SIMILAR = "similar"
    DIFFERENT = "different"
    ONE_SIDED = "one_sided"  # only one of the two has it
    ABSENT = "absent"  # neither has it

    @property
    def is_difference(self) -> bool:
        return self in (Likeness.SIMILAR, Likeness.DIFFERENT, Likeness.ONE_SIDED)


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
            _phones(learner.phone, person.phone),
        ),
        ComparedLine(
            "email", mask_email(learner.email), mask_email(person.email),
            _emails(learner.email, person.email),
        ),
    )  # fmt: skip


def _presence(ours: object, theirs: object) -> Likeness | None:
    """The likeness where a side is empty; None where both have a value."""
    if ours and theirs:
        return None
    return Likeness.ONE_SIDED if ours or theirs else Likeness.ABSENT


def _names(ours: str, theirs: str) -> Likeness:
    first, second = parse_name(ours), parse_name(theirs)
    if first.fold == second.fold:
        return _presence(first.fold, second.fold) or Likeness.SAME
    if _skeletons(first) & _skeletons(second):
        return Likeness.SIMILAR
    return _presence(first.fold, second.fold) or Likeness.DIFFERENT


def _skeletons(name: Name) -> set[str]:
    return {name.skeleton, *name.more_skeletons} - {""}


def _dates(ours: datetime.date | None, theirs: datetime.date | None) -> Likeness:
    likeness = _presence(ours, theirs)
    if likeness or ours == theirs:
        return likeness or Likeness.SAME
    swapped = canonical_date(ours) is not None and canonical_date(ours) == canonical_date(theirs)
    return Likeness.SIMILAR if swapped else Likeness.DIFFERENT


def _phones(ours: str, theirs: str) -> Likeness:
    first, second = set(_numbers(ours)), set(_numbers(theirs))
    likeness = _presence(first, second)
    if likeness or first == second:
        return likeness or Likeness.SAME
    return Likeness.SIMILAR if first & second else Likeness.DIFFERENT


def _numbers(text: str) -> tuple[str, ...]:
    phones = parse_phones(text)
    digits = raw_digits(text)
    return phones.valid or phones.invalid_digits or ((digits,) if digits else ())


def _emails(ours: str, theirs: str) -> Likeness:
    first, second = _address(ours), _address(theirs)
    return _presence(first, second) or (Likeness.SAME if first == second else Likeness.DIFFERENT)


def _address(text: str) -> str:
    return parse_email(text).value or text.strip().lower()
