"""The mapping screens: what differs between kinds. They share views and base templates."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from rapidfuzz import fuzz

from ecoin.identity.masking import mask_text
from ecoin.identity.text import fold
from legacy_import.choices import NOT_IN_SOURCE, CourseMappingStatus
from legacy_import.mapping.conflicts import CONFLICTS
from legacy_import.mapping.courses import COURSES
from legacy_import.mapping.mapping_kind import MappingKind
from legacy_import.mapping.sessions import SESSIONS
from legacy_import.mapping.statuses import STATUSES, spellings
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStatusMapping,
    LegacyStudentImport,
    MappingWeight,
)
from legacy_import.models.mapping import TO_CONFIRM
from legacy_import.people.platform import platform_catalogue
from legacy_import.rules.sessions import PLACEHOLDER_IDS, Doubt, doubts_about
from legacy_import.screens.mapping.words import (
    CONFLICT_STATES,
    COURSE_STATES,
    DELETED,
    DOUBTS,
    EMPTY_STATUS,
    RULES,
    SESSION_STATES,
    STATUS_STATES,
)

LONGEST_SEARCH = 100
MOST_OPTIONS = 12  # courses that one search lists
MOST_SPELLINGS = 12  # of one status
MOST_EXAMPLES = 5  # rows with one status
# Rules by which a session is a waiting list, or reads like one.
WAITING_RULES = (
    "session:placeholder_id", "session:waiting_code", "session:waiting_words",
    "session:no_formation", "session:formation_not_in_source",
)  # fmt: skip
SUGGESTED = (CourseMappingStatus.SUGGESTED, CourseMappingStatus.UNMAPPED)


class CourseOption(NamedTuple):
    """A course of the platform that an old one may be."""

    pk: int
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class MappingLine:
    """A mapping as the pages show it, with its rows in the run. Templates mask its names.

    `options`: what can be chosen in the list itself; `next_line`: the next mapping with such a choice.
    """

    STATES: ClassVar[Mapping[str, tuple[Promise, str]]]  # words and colour of the pill
    name_is_code: ClassVar[bool] = False  # shown from left to right in every language

    mapping: Any
    weight: MappingWeight
    options: Sequence[CourseOption] = ()
    next_line: int | None = None

    @property
    def name(self) -> str:
        """Its name or code on the old platform."""
        return str(self.mapping.display_name)

    @property
    def state(self) -> tuple[Promise, str]:
        return self.STATES[self.mapping.state]

    @property
    def why(self) -> str:
        words = str(RULES.get(self.mapping.rule, ""))
        return f"{DELETED} · {words}" if self.mapping.waits_as_deleted else words

    @property
    def course(self) -> str:
        """The course of the platform, or that of a session in the old catalogue."""
        raise NotImplementedError

    @property
    def one_click(self) -> str:
        """The decision that the list itself offers; "": none."""
        raise NotImplementedError


class CourseLine(MappingLine):
    """A formation of the old catalogue."""

    STATES = COURSE_STATES

    @property
    def course(self) -> str:
        course = self.mapping.course
        return f"{course.name} ({course.code})" if course else ""

    @property
    def can_confirm(self) -> bool:
        """A course is suggested, and not confirmed yet."""
        return self.mapping.course_id is not None and self.mapping.status in SUGGESTED

    @property
    def is_open(self) -> bool:
        """Its course is not decided yet; what was deleted or is gone is decided on its own page."""
        clear = self.mapping.in_source and not self.mapping.waits_as_deleted
        return clear and self.mapping.status in SUGGESTED

    @property
    def can_keep_name(self) -> bool:
        return bool(self.mapping.display_name.strip())

    @property
    def one_click(self) -> str:
        return ""


class SessionLine(MappingLine):
    """A session of the old platform."""

    STATES = SESSION_STATES
    name_is_code = True

    @property
    def course(self) -> str:
        return str(self.mapping.course_name)

    @property
    def doubts(self) -> list[Promise]:
        """Why it is not ticked beforehand when sessions are confirmed as real."""
        return [DOUBTS[doubt] for doubt in self.doubt_codes]

    @property
    def doubt_codes(self) -> tuple[Doubt, ...]:
        return doubts_about(
            code=self.mapping.legacy_code,
            starts_on=self.mapping.starts_on_raw,
            ends_on=self.mapping.ends_on_raw,
            trained=self.weight.trained,
            today=timezone.localdate(),
        )

    @property
    def never_real(self) -> bool:
        return self.mapping.legacy_id in PLACEHOLDER_IDS

    @property
    def not_in_source(self) -> bool:
        """Only rows refer to it."""
        return bool(self.mapping.rule == NOT_IN_SOURCE and not self.mapping.in_source)

    @property
    def is_waiting_list(self) -> bool:
        """By its number, its code or the lack of a course."""
        return (
            self.never_real
            or self.mapping.rule in WAITING_RULES
            or (Doubt.WAITING_WORDS in self.doubt_codes)
        )

    @property
    def recommended(self) -> str:
        """The decision that the page of the session recommends."""
        if self.is_waiting_list:
            return "waiting_placeholder"
        return "unknown" if self.not_in_source else "real_session"

    @property
    def one_click(self) -> str:
        doubtful = self.is_waiting_list or self.mapping.waits_as_deleted
        return "real_session" if self.mapping.state == TO_CONFIRM and not doubtful else ""


class ConflictLine(MappingLine):
    """A formation, and a session of another one, that the same rows refer to."""

    STATES = CONFLICT_STATES
    name_is_code = True

    @property
    def why(self) -> str:
        return ""

    @property
    def course(self) -> str:
        """The course of the session in the old catalogue."""
        return str(self.mapping.session_formation_name)

    @property
    def one_click(self) -> str:
        return ""


class StatusLine(MappingLine):
    """A status of the old platform that the rules do not know."""

    STATES = STATUS_STATES

    @property
    def name(self) -> str:
        return self.mapping.display_name or str(EMPTY_STATUS)

    @property
    def why(self) -> str:
        return ""

    @property
    def course(self) -> str:
        return ""

    @property
    def one_click(self) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingScreen:
    """A kind of mapping on the screen: addresses, words, lines and templates."""

    kind: MappingKind
    line: type[MappingLine]  # its states are the filters of the list
    related: tuple[str, ...] = ("confirmed_by",)  # relations that a line reads
    list_title: Promise
    page_title: Promise
    bulk_title: Promise | str = ""  # of kinds with a bulk
    confirmed: Any = ""  # the sentence after a bulk: a lazy plural of `n`, with `count`
    page_context: Callable[[HttpRequest, LegacyImportRun, Any], dict[str, Any]] | None = None
    list_context: Callable[[HttpRequest], dict[str, Any]] | None = None

    part_of: str = ""  # the screen whose entry of the menu it belongs to

    @property
    def section(self) -> str:
        return f"{self.part_of or self.kind.name}_mapping"

    @property
    def path(self) -> str:
        """Its address below that of the import."""
        if self.part_of:
            return f"{self.part_of}-mapping/{self.kind.name}s"
        return f"{self.kind.name}-mapping"

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

    def line_of_mapping(self, mapping: Any) -> MappingLine:
        """A mapping without its rows, for sentences about it."""
        return self.line(mapping, MappingWeight())


def _course_choices(
    request: HttpRequest, run: LegacyImportRun, mapping: LegacyCourseMapping
) -> dict[str, Any]:
    """The courses to choose from, closest to the old name first: all that contain the words in the
    address. At most MOST_OPTIONS are listed.
    """
    search = request.GET.get("course_q", "")[:LONGEST_SEARCH].replace("\x00", "")
    words, old = fold(search).split(), fold(mapping.legacy_name)
    matches = sorted(
        (-fuzz.token_set_ratio(old, fold(name)), fold(name), (pk, name, code))
        for pk, name, code in platform_catalogue()
        if all(word in f"{fold(name)} {fold(code)}" for word in words)
    )
    courses = [course for *_order, course in matches[:MOST_OPTIONS]]
    new = _new_course(request)
    if new is not None:  # one just added from this page is offered with any name
        added = [course for *_order, course in matches if course[0] == new]
        courses = (added + [course for course in courses if course[0] != new])[:MOST_OPTIONS]
    return {"courses": courses, "courses_total": len(matches), "course_q": search,
            "chosen": new or mapping.course_id,
            "add_course": add_course_address(request, mapping.legacy_name)}  # fmt: skip


def _new_course(request: HttpRequest) -> int | None:
    """The number that the page to add a course returns with."""
    number = request.GET.get("new_course", "")[:18]
    return int(number) if number.isascii() and number.isdigit() else None


def add_course_address(request: HttpRequest, name: str = "") -> str:
    """The admin's page to add a course of this name, which returns to the page of this request."""
    back = f"{request.path}?{urlencode({'run': request.GET.get('run', '')[:18]})}"
    query = {"name": mask_text(name)[:255]} if name else {}
    return f"{reverse('admin:trainings_course_add')}?{urlencode({**query, 'back': back})}"


def _all_courses(
    request: HttpRequest, run: LegacyImportRun, mapping: LegacySessionMapping
) -> dict[str, Any]:
    """The courses of the platform: one may be chosen for released history that has none."""
    return {"courses": platform_catalogue()}


def _examples(
    request: HttpRequest, run: LegacyImportRun, mapping: LegacyStatusMapping
) -> dict[str, Any]:
    """The spellings of the status in the run, and its first rows."""
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, status_key=mapping.status_key
    ).order_by("pk")
    columns = rows.values("pk", "source_table", "legacy_id", "full_name")
    return {
        "spellings": spellings(run, mapping.status_key, MOST_SPELLINGS),
        "examples": columns[:MOST_EXAMPLES],
    }


COURSE_SCREEN = MappingScreen(
    kind=COURSES,
    line=CourseLine,
    related=("course", "confirmed_by"),
    list_title=_("Old courses"),
    page_title=_("Which course is it?"),
    bulk_title=_("Confirm all exact suggestions"),
    confirmed=ngettext_lazy(
        "%(count)s suggestion confirmed.", "%(count)s suggestions confirmed.", "n"
    ),
    page_context=_course_choices,
    list_context=lambda request: {"add_course": add_course_address(request)},
)
SESSION_SCREEN = MappingScreen(
    kind=SESSIONS,
    page_context=_all_courses,
    line=SessionLine,
    list_title=_("Old sessions"),
    page_title=_("What is this session?"),
    bulk_title=_("Confirm real sessions"),
    confirmed=ngettext_lazy(
        "%(count)s session confirmed real.", "%(count)s sessions confirmed real.", "n"
    ),
)
STATUS_SCREEN = MappingScreen(
    kind=STATUSES,
    line=StatusLine,
    list_title=_("Old statuses"),
    page_title=_("What does this status mean?"),
    page_context=_examples,
)
CONFLICT_SCREEN = MappingScreen(
    kind=CONFLICTS,
    line=ConflictLine,
    part_of=COURSES.name,
    list_title=_("Course of the row or of its session"),
    page_title=_("Whose course is it?"),
)
SCREENS = (COURSE_SCREEN, SESSION_SCREEN, STATUS_SCREEN, CONFLICT_SCREEN)
