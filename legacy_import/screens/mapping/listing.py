"""One page of a mapping screen's list, read from what is stored of the run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Sum
from django.utils.functional import Promise

from ecoin.identity.text import fold
from legacy_import.mapping.weights import (
    COURSE_CAUSES,
    FORMATION_CAUSES,
    SESSION_CAUSES,
    SESSION_MISSING,
)
from legacy_import.mapping.weights_kept import COURSE, SESSION, kept
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    MappingWeight,
)
from legacy_import.privacy.free_text import holds_contact
from legacy_import.screens.mapping.lines import CourseLine, SessionLine, course_lines, session_lines
from legacy_import.screens.mapping.words import COURSE_STATES, SESSION_STATES

LINES_PER_PAGE = 50
NAMED = 20  # mappings that a bulk page names


class Kind(NamedTuple):
    """What a list of courses and a list of sessions differ in."""

    name: str
    states: Mapping[str, tuple[Promise, str]]
    causes: Sequence[str]
    lines: Callable[[Iterable[MappingWeight]], Sequence[CourseLine] | Sequence[SessionLine]]


COURSES = Kind(COURSE, COURSE_STATES, (*COURSE_CAUSES, *FORMATION_CAUSES), course_lines)
SESSIONS = Kind(SESSION, SESSION_STATES, (*SESSION_CAUSES, SESSION_MISSING), session_lines)


class ListRequest(NamedTuple):
    """What an address asks of a list, as typed."""

    search: str = ""
    state: str = ""
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, and the states it can be filtered by with their counts."""

    page: Page[MappingWeight]
    lines: Sequence[CourseLine] | Sequence[SessionLine]
    any: bool  # without any filter
    search: str
    state: str
    states: Sequence[tuple[str, str, int]]
    causes: Sequence[tuple[str, int]]  # (cause, rows that wait for it), the most first

    @property
    def query(self) -> str:
        """The list as it is filtered, for the way back to it."""
        told = {"state": self.state, "q": self.search, "page": self.page.number}
        return urlencode({name: value for name, value in told.items() if value})


@dataclass(frozen=True, slots=True)
class BulkSummary:
    """What confirming several mappings at once is about."""

    lines: Sequence[CourseLine] | Sequence[SessionLine]  # the first NAMED
    more: int
    rows: int
    frees: int


def listing(run: LegacyImportRun | None, kind: Kind, asked: ListRequest) -> Listing:
    """The asked page of the run's list; each state is counted under the search that is on.

    A search that holds a phone or an e-mail is no search. Without a run, an empty page.
    """
    search = "" if holds_contact(asked.search) else asked.search
    state = asked.state if asked.state in kind.states else ""
    causes = kept(run).causes if run else {}
    everything = _stored(run, kind)
    found = everything.filter(searched__contains=fold(search)) if search else everything
    counted = dict(found.values_list("state").annotate(Count("pk")))
    listed = found.filter(state=state) if state else found
    page = Paginator(listed.order_by("position"), LINES_PER_PAGE).get_page(asked.page)
    return Listing(
        page=page,
        lines=kind.lines(page.object_list),
        any=bool(counted) or everything.exists(),
        search=search,
        state=state,
        states=[
            (value, str(words), counted.get(value, 0)) for value, (words, _) in kind.states.items()
        ],
        causes=sorted(
            ((cause, rows) for cause, rows in causes.items() if cause in kind.causes),
            key=lambda cause: -cause[1],
        ),
    )


def line_of(
    run: LegacyImportRun, kind: Kind, mapping: LegacyCourseMapping | LegacySessionMapping
) -> CourseLine | SessionLine:
    """One mapping as the run's list shows it."""
    kept(run)
    (line,) = kind.lines(_stored(run, kind).filter(mapping_id=mapping.pk))
    return line


def bulk_summary(
    run: LegacyImportRun,
    kind: Kind,
    mappings: QuerySet[LegacyCourseMapping] | QuerySet[LegacySessionMapping],
) -> BulkSummary:
    """These mappings in the run's list: the first by their names, and the rows behind all."""
    kept(run)
    found = _stored(run, kind).filter(mapping_id__in=mappings.order_by().values("pk"))
    sums = found.aggregate(mappings=Count("pk"), rows=Sum("rows"), frees=Sum("frees"))
    return BulkSummary(
        lines=kind.lines(found.order_by("position")[:NAMED]),
        more=max(0, sums["mappings"] - NAMED),
        rows=sums["rows"] or 0,
        frees=sums["frees"] or 0,
    )


def _stored(run: LegacyImportRun | None, kind: Kind) -> QuerySet[MappingWeight]:
    if run is None:
        return MappingWeight.objects.none()
    return MappingWeight.objects.filter(legacy_import_run=run, kind=kind.name)
