"""The mapping screens: what differs between kinds. They share views and base templates."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from legacy_import.mapping.courses import COURSES
from legacy_import.mapping.mapping_kind import MappingKind
from legacy_import.mapping.sessions import SESSIONS
from legacy_import.models import LegacyCourseMapping, MappingWeight
from legacy_import.screens.mapping.course_search import courses_for
from legacy_import.screens.mapping.lines import CourseLine, MappingLine, SessionLine
from legacy_import.screens.mapping.words import COURSE_STATES, SESSION_STATES
from legacy_import.screens.text import thousands

LONGEST_SEARCH = 100


def _no_context(request: HttpRequest, mapping: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingScreen:
    """A kind of mapping on the screen: addresses, words, lines and templates."""

    kind: MappingKind
    states: Mapping[str, tuple[Promise, str]]  # the filters of the list
    line: Callable[[Any, MappingWeight], MappingLine]
    related: tuple[str, ...] = ("confirmed_by",)  # relations that a line reads
    list_title: Promise
    page_title: Promise
    bulk_title: Promise
    confirmed: Callable[[int], str]  # the sentence after a bulk
    page_context: Callable[[HttpRequest, Any], dict[str, Any]] = _no_context

    @property
    def section(self) -> str:
        return f"{self.kind.name}_mapping"

    @property
    def address(self) -> str:
        """The URL name of the list; those of the other pages begin with it."""
        return f"legacy_imports:{self.kind.name}-mapping"

    def template(self, page: str) -> str:
        return f"admin/legacy_imports/mapping/{self.kind.name}_{page}.html"

    def lines(self, weights: Iterable[MappingWeight]) -> list[MappingLine]:
        """The lines of a stored list, in its order."""
        weight_of = {weight.mapping_id: weight for weight in weights}
        mappings = self.kind.mappings().select_related(*self.related).in_bulk(weight_of)
        return [self.line(mappings[pk], weight_of[pk]) for pk in weight_of if pk in mappings]


def _courses_confirmed(count: int) -> str:
    words = ngettext("%(count)s suggestion confirmed.", "%(count)s suggestions confirmed.", count)
    return words % {"count": thousands(count)}


def _sessions_confirmed(count: int) -> str:
    words = ngettext(
        "%(count)s session confirmed real.", "%(count)s sessions confirmed real.", count
    )
    return words % {"count": thousands(count)}


def _course_choices(request: HttpRequest, mapping: LegacyCourseMapping) -> dict[str, Any]:
    """The courses to choose from, by the search in the address."""
    search = request.GET.get("course_q", "")[:LONGEST_SEARCH].replace("\x00", "")
    courses, total = courses_for(mapping.legacy_name, search)
    return {"courses": courses, "courses_total": total, "course_q": search}


COURSE_SCREEN = MappingScreen(
    kind=COURSES,
    states=COURSE_STATES,
    line=CourseLine.of,
    related=("course", "confirmed_by"),
    list_title=_("Old courses"),
    page_title=_("Which course is it?"),
    bulk_title=_("Confirm all exact suggestions"),
    confirmed=_courses_confirmed,
    page_context=_course_choices,
)
SESSION_SCREEN = MappingScreen(
    kind=SESSIONS,
    states=SESSION_STATES,
    line=SessionLine.of,
    list_title=_("Old sessions"),
    page_title=_("What is this session?"),
    bulk_title=_("Confirm all sessions that the rules call real"),
    confirmed=_sessions_confirmed,
)
SCREENS = (COURSE_SCREEN, SESSION_SCREEN)
