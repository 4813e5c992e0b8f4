"""Blocking by birth date: pairs of people who were born on one day and have similar names.

Two spellings of a name often differ in their skeleton (Sofiane, Sofkane), and a married name has a
word more. They share a word, though: who was born on the same day (or on its day/month twin) and has
the skeleton of one word in common is compared.

Keys D begin with the date, so the index has everyone in the order of their birth dates: the run and
the platform are read once each, page by page, and no query is sent per row or per day.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, product
from typing import NamedTuple

from django.db import connection, transaction

from ecoin.bulk import insert_rows
from ecoin.identity.names import skeleton_of_token, skeletons_of_token
from legacy_import.choices import PersonKind
from legacy_import.models import PAIR_COLUMNS, PLATFORM, CandidatePair, LegacyImportRun
from legacy_import.people.shared_keys import CROWD, KEYS, join_by_value
from legacy_import.rules.duplicates import Target
from legacy_import.rules.guards import name_guard
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

KEYS_PER_PAGE = 20_000  # a day that more people have is skipped: a default of some form
PAIRS_AT_ONCE = 5_000  # of a transaction
DATE_LENGTH = len("1999-02-03")
FIRST_OF_JANUARY = "-01-01"
STAGED = PersonKind.STAGED.value
People = Mapping[str, Sequence[Target]]  # fold of the name → who has it
NamesByWord = Mapping[str, Sequence[str]]
PairRow = tuple[int, int, str, int, str, str]  # in the order of PAIR_COLUMNS


class Day(NamedTuple):
    """Everyone of one scope with one birth date."""

    date: str
    people: People


def find_pairs_of_days(run: LegacyImportRun, lease: Lease, progress: Progress, kind: str) -> None:
    """Write the pairs of similar names and the same day, with the platform and inside the run.

    They have the key `kind` and the date as its value. Equal names are not among them: those have
    their key D in common.
    """
    pairs: list[PairRow] = []
    platform = _days(PLATFORM)
    their_day = next(platform, None)
    for day in _days(run.pk):
        while their_day and their_day.date < day.date:
            their_day = next(platform, None)
        people = their_day.people if their_day and their_day.date == day.date else {}
        if len(day.people) + len(people) < 2:
            continue
        names = _names_by_word(day.people)
        matches = _pairs_with(day.people, names, people) if people else set()
        if not day.date.endswith(FIRST_OF_JANUARY):  # half a village has that birthday
            matches |= _pairs_among(day.people, names)
        pairs += ((run.pk, row, *person, kind, day.date) for row, person in sorted(matches))
        if len(pairs) >= PAIRS_AT_ONCE:
            _write(pairs, lease, progress)
            pairs = []
    _write(pairs, lease, progress)


def _write(pairs: Sequence[PairRow], lease: Lease, progress: Progress) -> None:
    if pairs:
        with transaction.atomic():
            lease.confirm()
            insert_rows(CandidatePair, PAIR_COLUMNS, pairs)
        progress.advance(len(pairs))


def _days(scope: int) -> Iterator[Day]:
    """The birth dates of one scope in order, without those that fill a page by themselves."""
    beyond = ""
    while True:
        page = _page_of_keys(scope, beyond)
        days: dict[str, defaultdict[str, list[Target]]] = {}
        for value, kind, owner in page:
            date = value[:DATE_LENGTH]
            if date not in days:
                days[date] = defaultdict(list)
            days[date][value[DATE_LENGTH + 1 :]].append((kind, owner))
        if len(page) == KEYS_PER_PAGE:
            beyond, _ = days.popitem()  # the page may have cut its last day
            beyond += "" if days else "~"
        for date, people in days.items():
            yield Day(date, people)
        if len(page) < KEYS_PER_PAGE:
            return


def _page_of_keys(scope: int, beyond: str) -> list[tuple[str, str, int]]:
    """(value, owner kind, owner id) of the next keys D from this value on."""
    _, by_value = join_by_value()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT value, owner_kind, owner_id FROM {KEYS} {by_value} "
            f"WHERE scope = %s AND kind = 'D' AND value >= %s ORDER BY value LIMIT {KEYS_PER_PAGE}",
            [scope, beyond],
        )
        return list(cursor.fetchall())


def _pairs_with(rows: People, names: NamesByWord, people: People) -> set[tuple[int, Target]]:
    """(row, user or lead) with similar names."""
    their_names = _names_by_word(people)
    return {
        (row, person)
        for word, folds in names.items()
        for fold, other in product(folds, their_names.get(word, ()))
        if fold != other and _are_similar(fold, other)
        for (_, row), person in product(rows[fold], people[other])
    }


def _pairs_among(rows: People, names: NamesByWord) -> set[tuple[int, Target]]:
    """(row, other row) with similar names, both ways."""
    return {
        (one, (STAGED, other))
        for folds in names.values()
        for pair in combinations(folds, 2)
        if _are_similar(*pair)
        for (_, row), (_, partner) in product(rows[pair[0]], rows[pair[1]])
        for one, other in ((row, partner), (partner, row))
    }


def _names_by_word(people: People) -> NamesByWord:
    """Skeleton of a word → the names that contain it; without what too many of that day have."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for fold, owners in people.items():
        if len(owners) > CROWD:
            continue
        for token in fold.split():
            for word in _skeletons(token):
                if fold not in names[word][-1:]:  # a name may have a word twice
                    names[word].append(fold)
    return {word: folds for word, folds in names.items() if len(folds) <= CROWD}


_skeletons = lru_cache(maxsize=16_384)(skeletons_of_token)


@lru_cache(maxsize=16_384)
def _are_similar(one: str, other: str) -> bool:
    return name_guard(one, _skeleton(one), other, _skeleton(other)).is_same


def _skeleton(fold: str) -> str:
    return " ".join(sorted(map(skeleton_of_token, fold.split())))
