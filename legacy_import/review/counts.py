"""How many rows pass a filter, from the stored counts and never from the rows themselves."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from legacy_import.choices import PlannedAction
from legacy_import.models import (
    FACETS,
    FacetCount,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.review.filter import (
    FOCUSES,
    POSTPONED,
    STATES,
    STATUS,
    UNCOMMITTED,
    RowFilter,
    address_value,
    in_state,
    queue_of,
)
from legacy_import.review.old_status import MOST_ROWS, OldStatus, statuses_of, with_status
from legacy_import.review.search import Matches, find_matches
from legacy_import.runs import counts

MOST_DECISIONS = 1_000
MOST_WAITING = 5_000  # rows of one reason that are read
Combination = Mapping[str, Any]
Cell = tuple[int, str, str]  # order by the evidence, reason, classification


class FacetValue(NamedTuple):
    """One value of a facet, with the rows it would select under the other active filters."""

    value: str
    rows: int
    active: bool


class ReviewProgress(NamedTuple):
    """How far one focus is reviewed."""

    reviewed: int
    total: int

    @property
    def pending(self) -> int:
        return self.total - self.reviewed


@dataclass(frozen=True)
class FilteredCounts:
    """Rows per combination of facet values in the queue or the run; with a search, of its `matches`."""

    query: RowFilter
    combinations: Sequence[tuple[Combination, int]]
    matches: Matches | None = None
    # Decided rows that are no longer in the queue.
    decided_before: Sequence[tuple[Combination, int]] = ()
    queue: Sequence[tuple[Combination, int]] | None = (
        None  # all of it, where `combinations` are a part
    )

    @property
    def cut(self) -> bool:
        """Whether there are more matches than are counted."""
        return self.matches is not None and self.matches.cut

    @cached_property
    def _with_mismatches(self) -> Sequence[tuple[Combination, int, set[str]]]:
        return [(values, rows, self.query.mismatches(values)) for values, rows in self.combinations]

    def total(self) -> int:
        """The rows that pass the filter."""
        return sum(rows for _values, rows, mismatches in self._with_mismatches if not mismatches)

    def cells(self) -> dict[Cell, int]:
        """(order, reason, classification) → rows that pass; in the order of the queue."""
        cells: Counter[Cell] = Counter()
        for values, rows, mismatches in self._with_mismatches:
            if rows > 0 and not mismatches:
                reason, classification = values["planned_reason"], values["classification"]
                cells[values["review_order"], reason, classification] += rows
        return dict(sorted(cells.items()))

    def facet(self, name: str) -> list[FacetValue]:
        """Every value of the facet that occurs in the focus, most rows first."""
        totals: Counter[str] = Counter()
        for values, rows, mismatches in self._with_mismatches:
            if rows > 0 and "focus" not in mismatches:
                totals[address_value(values[name])] += rows if mismatches <= {name} else 0
        active = self.query.facets.get(name, "")
        if active:
            totals[active] += 0
        ordered = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        return [FacetValue(value, rows, value == active) for value, rows in ordered]

    def states(self) -> list[FacetValue]:
        """Every state of a row, under the other active filters."""
        totals = Counter(dict.fromkeys(STATES, 0))
        for values, rows, mismatches in self._with_mismatches:
            if mismatches <= {"state"}:
                decision, settled = values["decision"], values["settled"]
                totals.update({s: rows for s in STATES if in_state(s, decision, settled)})
        return [FacetValue(state, totals[state], state == self.query.state) for state in STATES]

    def progress(self) -> dict[str, ReviewProgress]:
        """Focus → decided rows and all rows, with no other filter.

        Decided rows that a plan took out of the queue stay counted, so that progress never goes back.
        """
        progress = {}
        for focus in FOCUSES:
            classifications = RowFilter(focus=focus).classifications
            rows: Counter[bool] = Counter()
            for values, number in self._reviewed:
                if classifications is None or values["classification"] in classifications:
                    rows[values["settled"]] += number
            progress[focus] = ReviewProgress(rows[True], rows.total())
        return progress

    @property
    def _reviewed(self) -> Sequence[tuple[Combination, int]]:
        """What the review is about: the queue, and what was decided in it before."""
        queue = self.combinations if self.queue is None else self.queue
        return [*queue, *self.decided_before]

    def decided_rows(self) -> int:
        """Rows of the focus with a decision in force, also where it is not sufficient."""
        classifications = RowFilter(focus=self.query.focus).classifications
        return sum(
            rows
            for values, rows in self._reviewed
            if classifications is None or values["classification"] in classifications
            if values["settled"] or values["decision"] not in ("", POSTPONED)
        )


def count_rows(run: LegacyImportRun, query: RowFilter) -> FilteredCounts:
    """The counts of what the filter selects from, or of the matches of its search there."""
    earlier = _decided_before(run) if query.state else []
    facet_counts = FacetCount.objects.filter(legacy_import_run=run)
    if query.state:
        facet_counts = facet_counts.filter(IN_QUEUE)
    queue = None
    if query.state and (query.search or STATUS in query.facets):
        queue = _combinations(facet_counts)
    if query.search:
        matches = find_matches(run, query.search_terms, among=query.scope(run))
        rows = _with_status(LegacyStudentImport.objects.filter(pk__in=matches.rows), query)
        combinations = _with_names(counts.count(rows).items())
        return FilteredCounts(query, combinations, matches, earlier, queue)
    if STATUS in query.facets:
        rows = _with_status(query.scope(run), query)
        return FilteredCounts(query, _with_names(counts.count(rows).items()), None, earlier, queue)
    return FilteredCounts(query, _combinations(facet_counts), decided_before=earlier)


def statuses_under(run: LegacyImportRun, filtered: FilteredCounts) -> list[OldStatus] | None:
    """The old statuses under the other active filters; None where too many rows pass them."""
    query = filtered.query.with_facet(STATUS, "")
    under = count_rows(run, query) if STATUS in filtered.query.facets else filtered
    if under.total() > MOST_ROWS:
        return None
    rows = query.faceted(run)
    return statuses_of(rows.filter(pk__in=under.matches.rows) if under.matches else rows)


def _with_status(
    rows: QuerySet[LegacyStudentImport], query: RowFilter
) -> QuerySet[LegacyStudentImport]:
    value = query.facets.get(STATUS)
    return rows.filter(with_status(value)) if value else rows


IN_QUEUE = Q(planned_action=PlannedAction.REVIEW, outcome__in=UNCOMMITTED)


def _decided_before(run: LegacyImportRun) -> list[tuple[Combination, int]]:
    """The decided rows that the latest plan took out of the queue."""
    settled = FacetCount.objects.filter(legacy_import_run=run, settled=True)
    return _combinations(settled.exclude(IN_QUEUE))


def _combinations(facet_counts: QuerySet[FacetCount]) -> list[tuple[Combination, int]]:
    columns = facet_counts.values_list(*FACETS, "rows")
    return _with_names((values, rows) for *values, rows in columns)


def _with_names(combinations: Iterable[tuple[Sequence[Any], int]]) -> list[tuple[Combination, int]]:
    return [(dict(zip(FACETS, values, strict=True)), rows) for values, rows in combinations]


def decisions_since_plan(run: LegacyImportRun) -> int:
    """Decisions that the next dry run will read and the plan did not; at most MOST_DECISIONS."""
    if run.planned_at is None:
        return 0
    since = LegacyReviewDecision.objects.filter(
        created_at__gt=run.planned_at,
        connection_name=run.connection_name,
        student_import__legacy_import_run__lte=run.pk,
    )
    return since[:MOST_DECISIONS].count()


def rows_waiting_for(
    run: LegacyImportRun, reason: str, column: str, value: str
) -> tuple[int, bool]:
    """Rows of the queue that wait for the same course or session; True: there may be more.

    Of the reason's rows, MOST_WAITING are read.
    """
    rows = queue_of(run).filter(planned_reason=reason).values_list(column, flat=True)
    values = list(rows[: MOST_WAITING + 1])
    return values[:MOST_WAITING].count(value), len(values) > MOST_WAITING
