"""How many rows wait for what: read from the stored counts, never from the rows themselves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from legacy_import.choices import PlannedAction
from legacy_import.models import FACETS, FacetCount, LegacyImportRun, LegacyReviewDecision
from legacy_import.services.facets import PATHS
from legacy_import.services.review_filter import (
    FOCUSES,
    STATES,
    UNCOMMITTED,
    ReviewFilter,
    as_asked,
    is_reviewed,
    queue_of,
)

SEARCHED = 1_000  # matches of a search that are counted
WAITING = 5_000  # rows of one reason that are looked at
CELL = ("planned_reason", "classification")  # what the queue is ordered by, before the row's number


class Value(NamedTuple):
    """One value of a facet, with the rows it would leave under the other active filters."""

    value: str
    rows: int
    active: bool


class Progress(NamedTuple):
    """How far one focus is reviewed."""

    reviewed: int
    total: int

    @property
    def left(self) -> int:
        return self.total - self.reviewed


@dataclass(frozen=True, slots=True)
class Counts:
    """Combinations of facet values with their rows, all of the queue of one run.

    With a search, of its matches; `cut`: there were more than are counted.
    """

    query: ReviewFilter
    combinations: Sequence[tuple[Mapping[str, Any], int]]
    cut: bool = False

    def total(self) -> int:
        """The rows that the filter leaves."""
        return sum(rows for combination, rows in self.combinations if self.query.has(combination))

    def cells(self) -> dict[tuple[str, str], int]:
        """(reason, classification) → rows that the filter leaves; in the order of the queue."""
        found: Counter[tuple[str, str]] = Counter()
        for combination, rows in self.combinations:
            if rows > 0 and self.query.has(combination):
                found[combination[CELL[0]], combination[CELL[1]]] += rows
        return dict(sorted(found.items()))

    def facet(self, name: str) -> list[Value]:
        """Every value of the facet that occurs in the focus, most rows first."""
        occurs: Counter[str] = Counter()
        meant = ReviewFilter(focus=self.query.focus, state="all")
        for combination, rows in self.combinations:
            if rows > 0 and meant.has(combination):
                left = rows if self.query.has(combination, besides=name) else 0
                occurs[as_asked(combination[name])] += left
        active = self.query.facets.get(name, "")
        if active:
            occurs[active] += 0
        ordered = sorted(occurs.items(), key=lambda item: (-item[1], item[0]))
        return [Value(value, rows, value == active) for value, rows in ordered]

    def states(self) -> list[Value]:
        """Every state of a row, under the other active filters."""
        return [
            Value(state, self._left(self.query, state), state == self.query.state)
            for state in STATES
        ]

    def progress(self) -> dict[str, Progress]:
        """Focus → reviewed and total; of the whole queue, whatever else is filtered."""
        found = {}
        for focus in FOCUSES:
            meant = ReviewFilter(focus=focus, state="all")
            mine = [(c, rows) for c, rows in self.combinations if meant.has(c)]
            reviewed = sum(rows for c, rows in mine if is_reviewed(c["decision"]))
            found[focus] = Progress(reviewed, sum(rows for _, rows in mine))
        return found

    def causes(self) -> list[tuple[str, int]]:
        """(reason, rows still to decide) in the focus, most rows first."""
        found: Counter[str] = Counter()
        meant = ReviewFilter(focus=self.query.focus)
        for combination, rows in self.combinations:
            if meant.has(combination):
                found[combination["planned_reason"]] += rows
        return sorted(((r, n) for r, n in found.items() if n > 0), key=lambda c: (-c[1], c[0]))

    def _left(self, query: ReviewFilter, state: str) -> int:
        other = ReviewFilter(query.focus, state, query.facets)
        return sum(rows for combination, rows in self.combinations if other.has(combination))


def count_queue(run: LegacyImportRun, query: ReviewFilter) -> Counts:
    """The counts of the run's queue, or of a search in it: one query each."""
    if query.search:
        return _count_matches(run, query)
    stored = FacetCount.objects.filter(
        legacy_import_run=run, planned_action=PlannedAction.REVIEW, outcome__in=UNCOMMITTED
    )
    return Counts(query, [(dict(zip(FACETS, v, strict=True)), n)
                          for *v, n in stored.values_list(*FACETS, "rows")])  # fmt: skip


def decisions_since_plan(run: LegacyImportRun) -> int:
    """Decisions that the next dry run will read and the current plan did not; at most SEARCHED."""
    if run.planned_at is None:
        return 0
    since = LegacyReviewDecision.objects.filter(
        created_at__gt=run.planned_at, student_import__legacy_import_run=run
    )
    return since[:SEARCHED].count()


def rows_waiting_for(
    run: LegacyImportRun, reason: str, column: str, value: str
) -> tuple[int, bool]:
    """Rows of the queue that wait for the same course or session; True: there may be more.

    Of a reason's rows, as many as WAITING are looked at.
    """
    rows = queue_of(run).filter(planned_reason=reason).values_list(column, flat=True)
    found = list(rows[: WAITING + 1])
    return found[:WAITING].count(value), len(found) > WAITING


def _count_matches(run: LegacyImportRun, query: ReviewFilter) -> Counts:
    """The counts of a search: of its matches, as many as are counted."""
    everything = ReviewFilter(state="all", search=query.search)
    paths = [PATHS.get(name, name) for name in FACETS if name != "without_course"]
    found = everything.rows(run).values_list(*paths, "training__course_id")[: SEARCHED + 1]
    names = [name for name in FACETS if name != "without_course"]
    counted: Counter[tuple[Any, ...]] = Counter()
    for *values, course in found:
        counted[(*values, course is None)] += 1
    return Counts(
        query,
        [(dict(zip([*names, "without_course"], v, strict=True)), n) for v, n in counted.items()],
        cut=sum(counted.values()) > SEARCHED,
    )
