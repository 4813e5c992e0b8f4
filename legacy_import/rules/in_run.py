"""Two rows of one run: one person, two people, or a pair in doubt that goes to review.

The same evidence that blocks a link to a person of the platform must not become two new leads:
measured, 96 to 100 of 100 such pairs are one person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from ecoin.identity.keys import Key, canonical_date, is_first_of_january
from legacy_import.rules.duplicates import BIRTH_DATE_CONFLICT, Match
from legacy_import.rules.guards import BirthDates, Names
from legacy_import.rules.person_groups import Member


class Relation(StrEnum):
    """How two rows of one run are related; two people without a contact in common are not."""

    ONE_PERSON = "one_person"  # an edge of the union-find
    OTHER_DATE = "other_date"  # contact and name agree, the birth dates contradict each other
    OTHER_NAME = "other_name"  # contact and birth date agree, the names differ
    SIMILAR_NAME = "similar_name"  # contact and name agree, but not well enough for a link
    SAME_DAY = "same_day"  # a similar name and the same birth date, no contact in common
    OTHER_PERSON = (
        "other_person"  # two people of one contact, who must not link to one known person
    )


# The pairs in which one row has the name and the contact of the other.
NAMESAKES: Final = (Relation.ONE_PERSON, Relation.OTHER_DATE, Relation.SIMILAR_NAME)
# The pairs that contradict each other no matter who they are linked to.
CONTRADICTIONS: Final = frozenset({Relation.OTHER_DATE, Relation.OTHER_NAME, Relation.OTHER_PERSON})

_DIFFERENT: Final = Names.OTHER.value
_ONE_WORD: Final = Names.ONE_WORD.value
_UNKNOWN: Final = frozenset({Names.MISSING.value, Names.UNREADABLE.value})
_NOT_THE_SAME: Final = _UNKNOWN | {_DIFFERENT}


def relation_of(
    match: Match, *, shared: frozenset[Key], births: tuple[date | None, date | None]
) -> Relation | None:
    """The relation of two rows that match on these keys, with their birth dates.

    The first of January alone relates no one: it may mean any day of a year.
    """
    kinds = {key.kind for key in shared}
    born, other_born = map(canonical_date, births)
    same_day = born is not None and born == other_born
    if match.auto_link_allowed or ("D" in kinds and not is_first_of_january(born)):
        return Relation.ONE_PERSON
    evidence = frozenset(match.evidence)
    if match.has_own_contact:
        if not _UNKNOWN.isdisjoint(evidence):
            return None  # such a row goes to review by itself
        if _DIFFERENT in evidence:
            return Relation.OTHER_NAME if same_day else Relation.OTHER_PERSON
        if BIRTH_DATE_CONFLICT not in match.blockers:
            return Relation.SIMILAR_NAME
        # The family's name alone, and another date: a brother.
        return None if _ONE_WORD in evidence else Relation.OTHER_DATE
    if not _NOT_THE_SAME.isdisjoint(evidence):
        return None
    if not kinds.isdisjoint("RQ"):
        in_conflict = BirthDates.CONFLICT.value in evidence
        return Relation.OTHER_DATE if in_conflict else Relation.SIMILAR_NAME
    return Relation.SAME_DAY if "S" in kinds and not is_first_of_january(born) else None


def rows_in_doubt(
    pairs: Iterable[tuple[int, int, Relation]],
    first_of: Mapping[int, int],
    members: Mapping[int, Member],
) -> set[int]:
    """The rows of the pairs in doubt that must not become leads before a reviewer saw them.

    `first_of`: as in `Groups`. A row that links to a known person becomes no lead; but two rows that
    contradict each other do not both link to one person.
    """
    in_doubt: set[int] = set()
    group_targets = {
        first: members[row].target for row, first in first_of.items() if members[row].target
    }
    for first, second, relation in pairs:
        if relation == Relation.ONE_PERSON or first_of.get(first, first) == first_of.get(
            second, second
        ):
            continue
        one, other = members[first].target, members[second].target
        if relation == Relation.OTHER_PERSON:
            one = one or group_targets.get(first_of.get(first, first))
            other = other or group_targets.get(first_of.get(second, second))
        if one is not None and one == other:
            in_doubt.update((first, second) if relation in CONTRADICTIONS else ())
        elif relation != Relation.OTHER_PERSON:
            in_doubt.update(row for row in (first, second) if members[row].target is None)
    return in_doubt
