"""Rows of one run that are one person: union-find that refuses what cannot be true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Final

from ecoin.identity.names import NO_NAME_AT_ALL, Name
from legacy_import.rules.duplicates import Target
from legacy_import.rules.guards import BirthDates, Names, birth_date_guard, name_guard

MAX_ROWS: Final = 10
"""No one takes more than ten courses under ten spellings; a larger group is a chain."""

TWO_EXISTING_PEOPLE: Final = "two_existing_people"
BIRTH_DATE_CONFLICT: Final = "birth_date_conflict"
GROUP_TOO_LARGE: Final = "group_too_large"
OTHER_NAME: Final = "other_name"


@dataclass(frozen=True, slots=True)
class Member:
    """A row: its place (deleted, table rank, legacy id), birth date, the person it links to, name."""

    order: tuple[int, ...]
    birth_date: date | None
    target: Target | None
    name: Name = NO_NAME_AT_ALL


@dataclass(frozen=True, slots=True)
class Groups:
    """`first_of`: each row of a group of two or more → the group's first row.
    `refused`: (row, row, reason) of every edge that was not followed."""

    first_of: dict[int, int]
    refused: tuple[tuple[int, int, str], ...]


@dataclass(slots=True)
class _Group:
    rows: list[int]
    dates: set[date]
    target: Target | None


def group_people(
    edges: Iterable[tuple[int, int]], members: Mapping[int, Member], max_rows: int = MAX_ROWS
) -> Groups:
    """Groups over the edges between `members`; the same in any order of the edges."""

    def place(row: int) -> tuple[tuple[int, ...], int]:
        return members[row].order, row

    groups: dict[int, _Group] = {}
    refused: list[tuple[int, int, str]] = []
    ordered = {(a, b) if place(a) <= place(b) else (b, a) for a, b in edges if a != b}
    for first, second in sorted(ordered, key=lambda edge: (place(edge[0]), place(edge[1]))):
        one = groups.get(first) or _alone(first, members[first])
        other = groups.get(second) or _alone(second, members[second])
        if one is other:
            continue
        reason = _why_not(one, other, max_rows)
        if not reason and _has_two_names(one, other, ordered, members):
            reason = OTHER_NAME
        if reason:
            refused.append((first, second, reason))
            continue
        if len(one.rows) < len(other.rows):
            one, other = other, one
        one.rows += other.rows
        one.dates |= other.dates
        one.target = one.target or other.target
        for row in one.rows:
            groups[row] = one
    first_of = {row: min(group.rows, key=place) for row, group in groups.items()}
    return Groups(dict(sorted(first_of.items(), key=lambda item: place(item[0]))), tuple(refused))


def _alone(row: int, member: Member) -> _Group:
    dates = {member.birth_date} if member.birth_date else set()
    return _Group([row], dates, member.target)


def _why_not(one: _Group, other: _Group, max_rows: int) -> str:
    """The reason for which two groups cannot be one person; '' when they can."""
    if one.target and other.target and one.target != other.target:
        return TWO_EXISTING_PEOPLE
    for first in one.dates:
        for second in other.dates:
            if birth_date_guard(first, second) is BirthDates.CONFLICT:
                return BIRTH_DATE_CONFLICT
    return GROUP_TOO_LARGE if len(one.rows) + len(other.rows) > max_rows else ""


def _has_two_names(
    one: _Group,
    other: _Group,
    edges: Set[tuple[int, int]],
    members: Mapping[int, Member],
) -> bool:
    """Do two rows have different names, who are one person by a third row only?

    "Mohamed" may be Mohamed Amine or Mohamed Islam; these two are brothers.
    """
    return any(
        _differ(members[first].name, members[second].name)
        for first in one.rows
        for second in other.rows
        if (first, second) not in edges and (second, first) not in edges
    )


def _differ(one: Name, other: Name) -> bool:
    names = name_guard(
        one.fold, one.skeleton, other.fold, other.skeleton,
        left_script=one.script, right_script=other.script,
    )  # fmt: skip
    return names is Names.OTHER
