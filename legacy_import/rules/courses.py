"""Which course of the platform a row's training is (docs/rules.md). A course is never created."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from ecoin.identity.text import fold, readings
from legacy_import.choices import CourseMappingStatus, SessionType


class CourseState(StrEnum):
    """What is known of the course of one row."""

    MAPPED = "mapped"  # a suggestion is treated as mapped
    UNMAPPED = "course_unmapped"
    NO_EQUIVALENT = "course_no_equivalent"  # a reviewer decided that the platform does not have it
    KEPT_BY_NAME = "course_kept_by_name"  # its history is recorded under the old name
    NOT_IN_SOURCE = "formation_not_in_source"
    NONE_NAMED = "formation_missing"
    CONFLICT = "formation_session_conflict"


class Suggestion(NamedTuple):
    """A proposed mapping of one formation."""

    status: CourseMappingStatus
    course_id: int | None
    rule: str


class NamedFormation(NamedTuple):
    """The formation a row names, and how it came by it."""

    formation_id: str | None
    rule: str


def index_by_name(courses: Iterable[tuple[int, str]]) -> dict[str, list[int]]:
    """Folded name → ids of the courses that carry it, for `suggest`."""
    index: dict[str, list[int]] = {}
    for course_id, name in courses:
        index.setdefault(fold(name), []).append(course_id)
    return index


def suggest(legacy_name: str, index: Mapping[str, list[int]]) -> Suggestion:
    """The course whose name is the same after folding; two that match equally are none."""
    for reading, repair in readings(legacy_name):
        matches = index.get(fold(reading), []) if fold(reading) else []
        if len(matches) == 1:
            return Suggestion(
                CourseMappingStatus.SUGGESTED, matches[0], f"course:exact_name{repair}"
            )
        if matches:
            return Suggestion(CourseMappingStatus.UNMAPPED, None, "course:several_equal_names")
    return Suggestion(CourseMappingStatus.UNMAPPED, None, "course:no_exact_name")


def formation_of_row(
    own: str | None, session_type: SessionType, session_formation: str | None
) -> NamedFormation:
    """The row's own formation; if that is blank, its real session's; if both differ, neither."""
    of_session = session_formation if session_type == SessionType.REAL_SESSION else None
    if own and of_session and own != of_session:
        return NamedFormation(own, CourseState.CONFLICT)
    if own:
        return NamedFormation(own, "course:own_formation")
    if of_session:
        return NamedFormation(of_session, "course:session_formation")
    return NamedFormation(None, CourseState.NONE_NAMED)
