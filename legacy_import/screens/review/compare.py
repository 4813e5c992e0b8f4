"""A staged row beside the person it matches, line by line.

Equality is found here, on the whole values: two masks can look equal and differ.
"""

import datetime
from dataclasses import dataclass
from enum import StrEnum

from ecoin.identity.emails import parse_email
from ecoin.identity.masking import mask_email, mask_phone, mask_text
from ecoin.identity.names import parse_name
from ecoin.identity.phones import parse_phones, raw_digits
from legacy_import.models import LegacyStudentImport
from legacy_import.people.contact import Contact
from legacy_import.rules.guards import BirthDates, Names, birth_date_guard, name_guard


class Likeness(StrEnum):
    """How the two sides of a line stand to each other."""

    SAME = "same"
    SIMILAR = "similar"
    DIFFERENT = "different"
    ONE_SIDED = "one_sided"  # only one of the two has it
    ABSENT = "absent"  # neither has it

    @property
    def is_difference(self) -> bool:
        return self in (Likeness.SIMILAR, Likeness.DIFFERENT, Likeness.ONE_SIDED)


class LineKind(StrEnum):
    """What a line compares: names, dates and masked contacts are shown in different ways."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One line, masked on both sides."""

    kind: LineKind
    ours: str | datetime.date | None
    theirs: str | datetime.date | None
    likeness: Likeness


def compare_with(row: LegacyStudentImport, person: Contact) -> tuple[ComparedLine, ...]:
    """Name, birth date, phone and e-mail of the row and of the person."""
    return (
        ComparedLine(
            LineKind.NAME,
            mask_text(row.full_name),
            mask_text(person.name),
            _names(row.full_name, person.name),
        ),
        ComparedLine(
            LineKind.BIRTH_DATE,
            row.birth_date,
            person.birth_date,
            _dates(row.birth_date, person.birth_date),
        ),
        ComparedLine(
            LineKind.PHONE,
            mask_phone(row.phone_raw),
            mask_phone(person.phone),
            _phones(row.phone_raw, person.phone),
        ),
        ComparedLine(
            LineKind.EMAIL,
            mask_email(row.email_raw),
            mask_email(person.email),
            _emails(row.email_raw, person.email),
        ),
    )


def _presence(ours: object, theirs: object) -> Likeness | None:
    """What can be said where a side is empty; None where both have something."""
    if ours and theirs:
        return None
    return Likeness.ONE_SIDED if ours or theirs else Likeness.ABSENT


def _names(ours: str, theirs: str) -> Likeness:
    left, right = parse_name(ours), parse_name(theirs)
    found = _presence(left.fold, right.fold)
    if found:
        return found
    names = name_guard(
        left.fold,
        left.skeleton,
        right.fold,
        right.skeleton,
        left_script=left.script,
        right_script=right.script,
    )
    return {
        Names.EQUAL: Likeness.SAME,
        Names.SIMILAR: Likeness.SIMILAR,
        Names.OTHER_SCRIPT: Likeness.SIMILAR,
    }.get(names, Likeness.DIFFERENT)


def _dates(ours: datetime.date | None, theirs: datetime.date | None) -> Likeness:
    found = _presence(ours, theirs)
    if found:
        return found
    dates = birth_date_guard(ours, theirs)
    if dates == BirthDates.EQUAL or ours == theirs:
        return Likeness.SAME
    near = (
        BirthDates.SWAPPED,
        BirthDates.YEAR_ONLY,
        BirthDates.ONE_DIGIT_OFF,
        BirthDates.ONE_PART_OFF,
    )
    return Likeness.SIMILAR if dates in near else Likeness.DIFFERENT


def _phones(ours: str, theirs: str) -> Likeness:
    left, right = set(_numbers(ours)), set(_numbers(theirs))
    found = _presence(left, right)
    if found:
        return found
    if left == right:
        return Likeness.SAME
    return Likeness.SIMILAR if left & right else Likeness.DIFFERENT


def _numbers(typed: str) -> tuple[str, ...]:
    phones = parse_phones(typed)
    digits = raw_digits(typed)
    return phones.valid or phones.invalid_digits or ((digits,) if digits else ())


def _emails(ours: str, theirs: str) -> Likeness:
    left, right = _address(ours), _address(theirs)
    return _presence(left, right) or (Likeness.SAME if left == right else Likeness.DIFFERENT)


def _address(typed: str) -> str:
    return parse_email(typed).value or typed.strip().lower()
