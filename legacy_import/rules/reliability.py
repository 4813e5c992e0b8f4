"""How likely two records with this evidence are one person: the order of targets and of the queue.

Measured on labelled rows, this sum orders matches as well as a fitted model does; reason or row number
order them no better than chance. All numbers are halves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

NAME: Final = {
    "name_same": 0,
    "name_same_order_swapped": 0,
    "name_similar": 2,
    # Where phone, e-mail and birth date agree, and a word of the name: all such pairs are one person.
    "name_partly_same": 2,
    # Consonants only: another vowel may be another given name.
    "name_similar_other_script": 3,
    # Half of the name agrees, which a brother has too.
    "name_one_word": 4,
    # Nothing is known of the name: neither for nor against.
    "name_missing": 4,
    "name_unreadable": 4,
    "name_differs": 6,
}
DATE: Final = {
    "birth_date_equal": 0,
    "birth_date_swapped": 0,
    "birth_date_year_only": 2,
    "birth_date_one_digit_off": 2,
    # Two of day, month and year agree: a slip, as one digit is.
    "birth_date_one_part_off": 2,
    "birth_date_missing": 4,
    "birth_date_conflict": 6,
}
CONTACTS: Final = ("same_phone", "same_email")
CONTACT: Final = 1
"""Taken off for each contact in common."""
NAME_ALONE: Final = 2
"""Added where neither a contact nor a birth date is in common: a third of such pairs are one person."""
UNKNOWN: Final = 6
"""Of a code that the tables do not have: as doubtful as can be."""
MOST_CONTACTS: Final = 3


def name_and_date(evidence: Iterable[str]) -> tuple[int, int]:
    """How far name and birth date are from being the same."""
    codes = [item.partition(":")[0] for item in evidence]
    return (
        next((NAME[code] for code in codes if code in NAME), UNKNOWN),
        next((DATE[code] for code in codes if code in DATE), UNKNOWN),
    )


def distance(evidence: Iterable[str]) -> int:
    """Zero: surely one person. The larger, the less likely."""
    evidence = tuple(evidence)
    name, date = name_and_date(evidence)
    contacts = min(_contacts(evidence), MOST_CONTACTS)
    alone = not contacts and date == DATE["birth_date_missing"]
    return name + date + CONTACT * (MOST_CONTACTS - contacts) + (NAME_ALONE if alone else 0)


def is_likely_same(evidence: Iterable[str]) -> bool:
    """Name and birth date agree: of such pairs, 99 of 100 and more are one person."""
    name, date = name_and_date(evidence)
    return name <= NAME["name_similar"] and date == DATE["birth_date_equal"]


def is_likely_other(evidence: Iterable[str]) -> bool:
    """One contact in common, another name and another birth date: fewer than 5 of 100 are one person.

    With phone and e-mail in common it is more often the same person, married since.
    """
    evidence = tuple(evidence)
    differ = name_and_date(evidence) == (NAME["name_differs"], DATE["birth_date_conflict"])
    return differ and _contacts(evidence) == 1


def _contacts(evidence: Iterable[str]) -> int:
    return sum(item.partition(":")[0] in CONTACTS for item in evidence)
