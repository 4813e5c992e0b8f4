"""The two guards of a shared contact: is it the same name, can it be the same birth date?"""

from __future__ import annotations

from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from ecoin.identity.given_names import SPELLINGS
from ecoin.identity.keys import is_missing_date, swapped_date
from ecoin.identity.names import parse_name, skeleton_of_token

TOKEN_SIMILARITY: Final = 0.75
"""OSA of two tokens: one slip in four letters."""
JOINED_SIMILARITY: Final = 0.85
"""OSA of the folds written together: particles and halves of names glued or not.
Only where the two have different numbers of tokens: with as many, each must find its partner."""

_SERVANT: Final = "abd"


class Names(Enum):
    """What the name guard says; the value is the evidence item."""

    EQUAL = "name_same"
    SIMILAR = "name_similar"
    OTHER = "name_differs"
    MISSING = "name_missing"

    @property
    def is_same(self) -> bool:
        return self in (Names.EQUAL, Names.SIMILAR)


class BirthDates(Enum):
    """What the birth-date guard says; the value is the evidence item."""

    EQUAL = "birth_date_equal"
    SWAPPED = "birth_date_swapped"
    YEAR_ONLY = "birth_date_year_only"
    ONE_DIGIT_OFF = "birth_date_one_digit_off"
    MISSING = "birth_date_missing"
    CONFLICT = "birth_date_conflict"

    @property
    def is_same_day(self) -> bool:
        return self in (BirthDates.EQUAL, BirthDates.SWAPPED)


def name_guard(left_fold: str, left_skeleton: str, right_fold: str, right_skeleton: str) -> Names:
    """EQUAL and SIMILAR let a shared contact speak for one person; OTHER and MISSING do not."""
    if not left_fold or not right_fold:
        return Names.MISSING
    if left_fold == right_fold:
        return Names.EQUAL
    if left_fold > right_fold:  # one cache entry for both directions
        left_fold, right_fold = right_fold, left_fold
    same = _similar(left_fold, right_fold, left_skeleton == right_skeleton)
    return Names.SIMILAR if same else Names.OTHER


@lru_cache(maxsize=16_384)  # some 5 MB; two rows are compared both ways within a chunk or two
def _similar(left: str, right: str, same_skeleton: bool) -> bool:
    left_tokens, right_tokens = left.split(), right.split()
    if _brother_or_sister(left_tokens, right_tokens):
        return False
    if same_skeleton:
        return True
    shorter, longer = sorted((left_tokens, right_tokens), key=len)
    if len(shorter) >= 2 and _all_have_partners(shorter, longer):
        return True
    if len(shorter) == len(longer) > 1:
        return False  # a long family name must not outweigh another given name
    return (
        OSA.normalized_similarity(left.replace(" ", ""), right.replace(" ", ""))
        >= JOINED_SIMILARITY
    )


def _brother_or_sister(left: list[str], right: list[str]) -> bool:
    """Do the names differ by two given names that look alike and are two names all the same?

    Known given names (Amine, Amir), or one that is the other's feminine (Lounis, Lounisa).
    """
    ours, theirs = set(left) - set(right), set(right) - set(left)
    if any(one + "a" in theirs for one in ours) or any(one + "a" in ours for one in theirs):
        return True
    our_names = {_GIVEN_NAMES[token] for token in ours if token in _GIVEN_NAMES}
    their_names = {_GIVEN_NAMES[token] for token in theirs if token in _GIVEN_NAMES}
    return bool(our_names and their_names) and our_names.isdisjoint(their_names)


def _by_fold() -> dict[str, int]:
    """Fold → number of the given name; names that fold alike count as one."""
    number_of: dict[str, int] = {}
    same_as: dict[int, int] = {}
    for spelling, number in SPELLINGS.items():
        folded = parse_name(spelling).fold
        known = number_of.setdefault(folded, same_as.get(number, number))
        same_as.setdefault(number, known)
    return number_of


_GIVEN_NAMES: Final = _by_fold()


def _all_have_partners(shorter: list[str], longer: list[str]) -> bool:
    """Has every token of the shorter name a token of its own in the longer one?"""
    free = list(longer)
    for token in shorter:
        partner = max(free, key=lambda other: _token_similarity(token, other))
        if _token_similarity(token, partner) < TOKEN_SIMILARITY:
            return False
        free.remove(partner)
    return True


def _token_similarity(one: str, other: str) -> float:
    if one.startswith(_SERVANT) and other.startswith(_SERVANT):
        # Abdelbaki, Abdelhakim: what follows "servant of" is the name.
        one, other = one[len(_SERVANT) :], other[len(_SERVANT) :]
    if skeleton_of_token(one) == skeleton_of_token(other):
        return max(TOKEN_SIMILARITY, OSA.normalized_similarity(one, other))
    return OSA.normalized_similarity(one, other)


def birth_date_guard(left: date | None, right: date | None) -> BirthDates:
    """How two birth dates stand to each other; the first of January means "some day that year"."""
    if left is None or right is None or is_missing_date(left) or is_missing_date(right):
        return BirthDates.MISSING
    if left == right:
        return BirthDates.EQUAL
    if swapped_date(left) == right:
        return BirthDates.SWAPPED
    if _is_year_only(left) or _is_year_only(right):
        return BirthDates.YEAR_ONLY if left.year == right.year else BirthDates.CONFLICT
    digits = zip(left.isoformat(), right.isoformat(), strict=True)
    if sum(a != b for a, b in digits) == 1:
        return BirthDates.ONE_DIGIT_OFF
    return BirthDates.CONFLICT


def _is_year_only(value: date) -> bool:
    return value.month == 1 and value.day == 1
