"""The choice of a course in the list itself: the closest courses of the platform for each open line."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from rapidfuzz import fuzz, process

from ecoin.identity.text import fold
from legacy_import.people.platform import platform_catalogue
from legacy_import.screens.mapping.screens import CourseLine, CourseOption, MappingLine

MOST_CHOICES = 12  # per line; the page of the old course searches all courses


def with_choices(lines: Sequence[MappingLine]) -> list[MappingLine]:
    """The lines, each open one with its courses to choose from and the open line after it: one query."""
    open_lines = [line for line in lines if isinstance(line, CourseLine) and line.is_open]
    if not open_lines:
        return list(lines)
    catalogue = [CourseOption(*course) for course in platform_catalogue()]
    names = [fold(course.name) for course in catalogue]
    following = {one.mapping.pk: other.mapping.pk for one, other in pairwise(open_lines)}
    with_course = {
        line.mapping.pk: replace(
            line,
            options=_closest(line, catalogue, names),
            next_line=following.get(line.mapping.pk),
        )
        for line in open_lines
    }
    return [with_course.get(line.mapping.pk, line) for line in lines]


def _closest(
    line: CourseLine, catalogue: Sequence[CourseOption], names: Sequence[str]
) -> list[CourseOption]:
    """The courses with the closest names; the suggested one first in any case."""
    matches = process.extract(
        fold(line.mapping.legacy_name), names, scorer=fuzz.token_set_ratio, limit=MOST_CHOICES
    )
    closest = [catalogue[index] for _name, _score, index in matches]
    suggested = [course for course in catalogue if course.pk == line.mapping.course_id]
    return suggested + [course for course in closest if course not in suggested]
