"""A staged row and the person it matches, line by line.

Equality is decided here, on the whole values: two masks can look equal and differ.
"""

import datetime
from dataclasses import dataclass
from enum import StrEnum

from ecoin.identity.likeness import (
    Likeness,
    likeness_of_emails,
    likeness_of_phones,
    presence,
)
from ecoin.identity.masking import mask_email, mask_phone, mask_text
from ecoin.identity.names import parse_name
from ecoin.identity.text import unescaped
from legacy_import.models import LegacyStudentImport
from legacy_import.people.contact import Contact
from legacy_import.rules.guards import BirthDates, Names, birth_date_guard, name_guard


class LineKind(StrEnum):
    """What a line compares: names, dates and masked contacts have different formats."""

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
    line = ComparedLine
    return (
        line(LineKind.NAME, mask_text(row.full_name), mask_text(person.name),
             _names(row.full_name, person.name)),
        line(LineKind.BIRTH_DATE, row.birth_date, person.birth_date,
             _dates(row.birth_date, person.birth_date)),
        line(LineKind.PHONE, mask_phone(row.phone_raw), mask_phone(person.phone),
             likeness_of_phones(unescaped(row.phone_raw), person.phone)),
        line(LineKind.EMAIL, mask_email(row.email_raw), mask_email(person.email),
             likeness_of_emails(unescaped(row.email_raw), person.email)),
    )  # fmt: skip


def _names(ours: str, theirs: str) -> Likeness:
    first, second = parse_name(ours), parse_name(theirs)
    likeness = presence(first.fold, second.fold)
    if likeness:
        return likeness
    names = name_guard(
        first.fold,
        first.skeleton,
        second.fold,
        second.skeleton,
        left_script=first.script,
        right_script=second.script,
    )
    return {
        Names.EQUAL: Likeness.SAME,
        Names.SIMILAR: Likeness.SIMILAR,
        Names.OTHER_SCRIPT: Likeness.SIMILAR,
        Names.ONE_WORD: Likeness.SIMILAR,
    }.get(names, Likeness.DIFFERENT)


def _dates(ours: datetime.date | None, theirs: datetime.date | None) -> Likeness:
    likeness = presence(ours, theirs)
    if likeness:
        return likeness
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
