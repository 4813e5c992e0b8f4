"""The search among the platform's courses."""

from typing import NamedTuple

from rapidfuzz import fuzz

from ecoin.identity.text import fold
from legacy_import.people.platform import platform_catalogue

MOST_OPTIONS = 12  # courses that one search lists


class CourseOption(NamedTuple):
    pk: int
    name: str
    code: str


def courses_for(legacy_name: str, words: str = "") -> tuple[list[CourseOption], int]:
    """The courses that contain all these words, closest to the old name first, and how many.

    Without words, all of them. At most MOST_OPTIONS are returned.
    """
    search_words = fold(words).split()
    old = fold(legacy_name)
    matches = [
        (-fuzz.token_set_ratio(old, fold(name)), fold(name), CourseOption(pk, name, code))
        for pk, name, code in platform_catalogue()
        if all(word in f"{fold(name)} {fold(code)}" for word in search_words)
    ]
    return [course for *_, course in sorted(matches)[:MOST_OPTIONS]], len(matches)
