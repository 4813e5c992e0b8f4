"""How many rows wait for what: read from the stored counts, never from the rows themselves."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

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
    STATES,
    UNCOMMITTED,
    ReviewFilter,
    address_value,
    in_state,
    is_reviewed,
    queue_of,
)
from legacy_import.review.search import Matches, find_matches
from legacy_import.runs import counts

COUNTED = 1_000  # decisions
WAITING = 5_000  # rows of one reason that are looked at
CELL = ("planned_reason", "classification")  # what the queue is ordered by, before the row's number


class FacetValue(NamedTuple):
    """One value of a facet, with the rows it would leave under the other active filters."""

    value: str
    rows: int
    active: bool


class ReviewProgress(NamedTuple):
    """How far one focus is reviewed."""

    reviewed: int
    total: int

    @property
    def left(self) -> int:
        return self.total - self.reviewed


@dataclass(frozen=True)
class FilteredCounts:
    """Combinations of facet values with their rows, all of the queue of one run.

    With a search, of its `matches`; `cut`: there were more than are counted.
    """

    query: ReviewFilter
    combinations: Sequence[tuple[Mapping[str, Any], int]]
    matches: Matches | None = None

    @property
    def cut(self) -> bool:
        return self.matches is not None and self.matches.cut

    @cached_property
    def _judged(self) -> Sequence[tuple[Mapping[str, Any], int, set[str]]]:
        """Each combination with its rows, and by which parts of the filter it is left out."""
        return [(values, rows, self.query.misses(values)) for values, rows in self.combinations]

    def total(self) -> int:
        """The rows that the filter leaves."""
        return sum(rows for _values, rows, missed in self._judged if not missed)

    def cells(self) -> dict[tuple[str, str], int]:
        """(reason, classification) → rows that the filter leaves; in the order of the queue."""
        found: Counter[tuple[str, str]] = Counter()
        for values, rows, missed in self._judged:
            if rows > 0 and not missed:
                found[values[CELL[0]], values[CELL[1]]] += rows
        return dict(sorted(found.items()))

    def facet(self, name: str) -> list[FacetValue]:
        """Every value of the facet that occurs in the focus, most rows first."""
        occurs: Counter[str] = Counter()
        for values, rows, missed in self._judged:
            if rows > 0 and "focus" not in missed:
                occurs[address_value(values[name])] += rows if missed <= {name} else 0
        active = self.query.facets.get(name, "")
        if active:
            occurs[active] += 0
        ordered = sorted(occurs.items(), key=lambda item: (-item[1], item[0]))
        return [FacetValue(value, rows, value == active) for value, rows in ordered]

    def states(self) -> list[FacetValue]:
        """Every state of a row, under the other active filters."""
        left = Counter(dict.fromkeys(STATES, 0))
        for values, rows, missed in self._judged:
            if missed <= {"state"}:
                left.update({s: rows for s in STATES if in_state(s, values["decision"])})
        return [FacetValue(state, left[state], state == self.query.state) for state in STATES]

    def progress(self) -> dict[str, ReviewProgress]:
        """Focus → reviewed and total; of the whole queue, whatever else is filtered."""
        counted: Counter[tuple[str, bool]] = Counter()
        for values, rows in self.combinations:
            counted[values["classification"], is_reviewed(values["decision"])] += rows
        found = {}
        for focus in FOCUSES:
            meant = ReviewFilter(focus=focus).classifications
            mine = {key: n for key, n in counted.items() if meant is None or key[0] in meant}
            reviewed = sum(rows for (_, is_done), rows in mine.items() if is_done)
            found[focus] = ReviewProgress(reviewed, sum(mine.values()))
        return found

    def causes(self) -> list[tuple[str, int]]:
        """(reason, rows still to decide) in the focus, most rows first."""
        found: Counter[str] = Counter()
        meant = ReviewFilter(focus=self.query.focus)
        for combination, rows in self.combinations:
            if meant.has(combination):
                found[combination["planned_reason"]] += rows
        return sorted(((r, n) for r, n in found.items() if n > 0), key=lambda c: (-c[1], c[0]))


def count_queue(run: LegacyImportRun, query: ReviewFilter) -> FilteredCounts:
    """The counts of the run's queue, or of the matches of a search in it."""
    if query.search:
        matches = find_matches(run, query.sought, among=queue_of(run))
        rows = LegacyStudentImport.objects.filter(pk__in=matches.rows)
        counted = [(*values, number) for values, number in counts.count(rows).items()]
        return counts_of(query, counted, matches)
    stored = FacetCount.objects.filter(
        legacy_import_run=run, planned_action=PlannedAction.REVIEW, outcome__in=UNCOMMITTED
    )
    return counts_of(query, stored.values_list(*FACETS, "rows"))


def counts_of(
    query: ReviewFilter, counted: Iterable[tuple[Any, ...]], matches: Matches | None = None
) -> FilteredCounts:
    """Counts of combinations, each given as the values of FACETS and its rows."""
    return FilteredCounts(
        query, [(dict(zip(FACETS, values, strict=True)), n) for *values, n in counted], matches
    )


def decisions_since_plan(run: LegacyImportRun) -> int:
    """Decisions that the next dry run will read and the current plan did not; at most COUNTED."""
    if run.planned_at is None:
        return 0
    since = LegacyReviewDecision.objects.filter(
        created_at__gt=run.planned_at, student_import__legacy_import_run=run
    )
    return since[:COUNTED].count()


def rows_waiting_for(
    run: LegacyImportRun, reason: str, column: str, value: str
) -> tuple[int, bool]:
    """Rows of the queue that wait for the same course or session; True: there may be more.

    Of a reason's rows, as many as WAITING are looked at.
    """
    rows = queue_of(run).filter(planned_reason=reason).values_list(column, flat=True)
    found = list(rows[: WAITING + 1])
    return found[:WAITING].count(value), len(found) > WAITING
