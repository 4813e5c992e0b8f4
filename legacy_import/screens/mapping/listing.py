"""One page of a mapping list, read from the stored weights of the run."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Sum

from ecoin.identity.text import fold
from legacy_import.mapping.decisions import bulk_of
from legacy_import.mapping.mapping_kind import MappingKind
from legacy_import.mapping.weights import current_totals
from legacy_import.models import LegacyImportRun, MappingWeight
from legacy_import.privacy.free_text import contains_contact
from legacy_import.rules.courses import CourseState
from legacy_import.screens.mapping.screens import MappingLine, MappingScreen
from legacy_import.screens.mapping.words import DECISIONS

LINES_PER_PAGE = 50
BULK_LINES = 20  # mappings that the page of a bulk lists
MOST_BOXES = 500  # on one page: a form has 1,000 fields at most
LISTED_DECISIONS = 20  # past decisions that the page of a mapping lists


class ListQuery(NamedTuple):
    """The query of a list, as in the address."""

    search: str = ""
    state: str = ""
    page: str | None = None


@dataclass(frozen=True, slots=True)
class MappingListing:
    """One page of a list, and the states it can be filtered by with their counts."""

    page: Page[MappingWeight]
    lines: Sequence[MappingLine]
    any_mapping: bool  # ignoring the filters
    search: str
    state: str
    states: Sequence[tuple[str, str, int]]
    causes: Sequence[tuple[str, int]]  # (cause, rows that wait for it), most rows first
    conflicts: int  # rows that wait because their course is not that of their session

    @property
    def query(self) -> str:
        """The query of this page, for links back to it."""
        fields = {"state": self.state, "q": self.search, "page": self.page.number}
        return urlencode({name: value for name, value in fields.items() if value})


def listing(
    run: LegacyImportRun | None, screen: MappingScreen, request: ListQuery
) -> MappingListing:
    """One page of the run's list; each state is counted under the current search.

    A search with a phone or an e-mail in it is ignored. Without a run, an empty page.
    """
    search = "" if contains_contact(request.search) else request.search
    states = screen.line.STATES
    state = request.state if request.state in states else ""
    causes = current_totals(run).causes if run else {}
    weights = _weights(run, screen.kind)
    matching = weights.filter(searched__contains=fold(search)) if search else weights
    counts = dict(matching.values_list("state").annotate(Count("pk")))
    in_state = matching.filter(state=state) if state else matching
    page = Paginator(in_state.order_by("position"), LINES_PER_PAGE).get_page(request.page)
    own_causes = (*screen.kind.causes, *screen.kind.other_causes)
    return MappingListing(
        page=page,
        lines=screen.lines(page.object_list),
        any_mapping=bool(counts) or weights.exists(),
        search=search,
        state=state,
        states=[(value, str(words), counts.get(value, 0)) for value, (words, _) in states.items()],
        causes=sorted(
            ((cause, rows) for cause, rows in causes.items() if cause in own_causes),
            key=lambda cause: -cause[1],
        ),
        conflicts=causes.get(CourseState.CONFLICT.value, 0),
    )


def line_of(run: LegacyImportRun, screen: MappingScreen, pk: int) -> MappingLine:
    """One mapping as the run's list shows it."""
    current_totals(run)
    (line,) = screen.lines(_weights(run, screen.kind).filter(mapping_id=pk))
    return line


def bulk_summary(
    run: LegacyImportRun,
    screen: MappingScreen,
    page: str | None = None,
    ids: Collection[int] | None = None,
) -> dict[str, Any]:
    """What a bulk would confirm, in the order of the run's list, and the rows behind all of it.

    If each has a box: one page of them, the doubtful first. `ids`: those ticked before a refusal.
    """
    current_totals(run)
    if screen.kind.offered:
        return _boxes(run, screen, page, ids)
    mappings = bulk_of(screen.kind, run.connection_name)
    weights = _weights(run, screen.kind).filter(mapping_id__in=mappings.order_by().values("pk"))
    sums = weights.aggregate(mappings=Count("pk"), rows=Sum("rows"), frees=Sum("frees"))
    return {
        "lines": screen.lines(weights.order_by("position")[:BULK_LINES]),
        "more": max(0, sums["mappings"] - BULK_LINES),
        "rows": sums["rows"] or 0,
        "frees": sums["frees"] or 0,
    }


def _boxes(
    run: LegacyImportRun, screen: MappingScreen, page: str | None, ids: Collection[int] | None
) -> dict[str, Any]:
    mappings = bulk_of(screen.kind, run.connection_name).order_by().values("pk")
    weights = _weights(run, screen.kind).filter(mapping_id__in=mappings).order_by("position")
    lines: list[Any] = screen.lines(weights)
    doubtful = [line for line in lines if line.doubt_codes]
    clear = [line for line in lines if not line.doubt_codes]
    boxes = Paginator(doubtful + clear, MOST_BOXES).get_page(page)
    ticked = {line.mapping.pk for line in clear} if ids is None else set(ids)
    selection = [line for line in boxes if line.mapping.pk in ticked]
    return {
        "page": boxes,
        "lines": list(boxes),
        "ticked": ticked,
        "count": len(selection),
        "doubtful": len(doubtful),
        "rows": sum(line.weight.rows for line in selection),
        "frees": sum(line.weight.frees for line in selection),
    }


def past_decisions(kind: MappingKind, pk: int) -> list[dict[str, Any]]:
    """The last decisions about one mapping in the log, the newest first."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(kind.model), object_id=str(pk)
    ).order_by("-pk")
    columns = entries.values_list("change_message", "user__username", "action_time")
    decisions = []
    for message, user, at in columns[:LISTED_DECISIONS]:
        decision, _colon, note = message.partition(": ")
        words = DECISIONS.get(decision, "")
        decisions.append({"words": words, "note": note, "by": user, "at": at})
    return decisions


def _weights(run: LegacyImportRun | None, kind: MappingKind) -> QuerySet[MappingWeight]:
    if run is None:
        return MappingWeight.objects.none()
    return MappingWeight.objects.filter(legacy_import_run=run, kind=kind.name)
