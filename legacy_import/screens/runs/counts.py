"""Numbers of rows, summed from the stored facet counts, so that no page counts staged rows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    FocusMode,
    Outcome,
    PlannedAction,
)
from legacy_import.models import FACETS, FacetCount
from legacy_import.review.counts import FilteredCounts, ReviewProgress
from legacy_import.review.filter import UNCOMMITTED, VOCABULARIES, RowFilter
from legacy_import.stages.commit.waves import WAVES, WITHOUT_EFFECT

Facets = Mapping[str, Any]
FacetValues = Collection[Any] | str


@dataclass(frozen=True, slots=True)
class RunCounts:
    """The rows of one run: (facet values, number) of every combination that occurs."""

    combinations: tuple[tuple[Facets, int], ...]

    @property
    def rows(self) -> int:
        return sum(rows for _, rows in self.combinations)

    def where(self, **values: FacetValues) -> int:
        """Rows whose facets have these values; a collection means any of them."""
        return sum(rows for facets, rows in self.combinations if _matches(facets, values))

    def spread(self, facet: str, **values: FacetValues) -> dict[str, int]:
        """Value → rows of one facet, among the rows that fit, the most frequent first."""
        rows_by_value: dict[str, int] = {}
        for facets, rows in self.combinations:
            if rows and _matches(facets, values):
                rows_by_value[facets[facet]] = rows_by_value.get(facets[facet], 0) + rows
        return dict(sorted(rows_by_value.items(), key=lambda one: (-one[1], one[0])))


def counts_of(run_id: int) -> RunCounts:
    """The stored counts of a run: one query, a few hundred lines."""
    facet_counts = FacetCount.objects.filter(legacy_import_run=run_id).values_list(*FACETS, "rows")
    return RunCounts(
        tuple((dict(zip(FACETS, values, strict=True)), rows) for *values, rows in facet_counts)
    )


def counts_of_runs(run_ids: Collection[int]) -> dict[int, RunCounts]:
    """The same for several runs in one query, by the facets that the review progress needs."""
    facets = (
        "planned_action",
        "planned_reason",
        "outcome",
        "decision",
        "settled",
        "classification",
    )
    facet_counts = FacetCount.objects.filter(legacy_import_run__in=run_ids).order_by()
    grouped = facet_counts.values_list(F("legacy_import_run_id"), *facets).annotate(
        number=Sum("rows")
    )
    combinations: dict[int, list[tuple[Facets, int]]] = {run: [] for run in run_ids}
    for run, *values, rows in grouped:
        combinations[run].append((dict(zip(facets, values, strict=True)), rows))
    return {run: RunCounts(tuple(of_run)) for run, of_run in combinations.items()}


def _matches(facets: Facets, values: Mapping[str, FacetValues]) -> bool:
    return all(
        facets[name] == allowed if isinstance(allowed, str) else facets[name] in allowed
        for name, allowed in values.items()
    )


# --- The review queue --------------------------------------------------------------------------------


def queue_of(counts: RunCounts) -> RunCounts:
    """Planned rows that need review and that no commit has processed."""
    return RunCounts(
        tuple(
            (facets, rows)
            for facets, rows in counts.combinations
            if facets["planned_action"] == PlannedAction.REVIEW
            and facets["planned_reason"]
            and facets["outcome"] in UNCOMMITTED
        )
    )


def review_progress(counts: RunCounts) -> dict[str, ReviewProgress]:
    """Focus → how many of its rows are decided, those that left the queue since included."""
    return reviewed(counts).progress()


def reviewed(counts: RunCounts) -> FilteredCounts:
    """The rows of the queue, and those that were decided in it and left it since."""
    queue = queue_of(counts).combinations
    decided_before = [
        pair for pair in counts.combinations if pair[0]["settled"] and pair not in queue
    ]
    return FilteredCounts(RowFilter(), queue, decided_before=decided_before)


# --- Rows that a commit would process ------------------------------------------------------------------


def pending_counts(counts: RunCounts, focus: FocusMode | None) -> dict[PlannedAction, int]:
    """Action → pending rows of the wave (None: of the run), as `waves.planned_counts` counts them."""
    rows_by_value = dict.fromkeys(PlannedAction, 0)
    for facets, rows in counts.combinations:
        if facets["outcome"] == Outcome.PENDING and _in_wave(facets, focus):
            rows_by_value[PlannedAction(facets["planned_action"])] += rows
    return rows_by_value


def _in_wave(facets: Facets, focus: FocusMode | None) -> bool:
    if focus is None:
        return True
    effects, classifications = WAVES[focus]
    return facets["planned_action"] in effects or (
        facets["planned_action"] in WITHOUT_EFFECT and facets["classification"] in classifications
    )


def in_force(counts: RunCounts) -> int:
    """Rows whose effects a rollback would undo."""
    return counts.where(outcome=COMMITTED_OUTCOMES)


ACTIONS = (
    PlannedAction.CREATE_COMPLETED_TRAINING,
    PlannedAction.CREATE_ENROLLMENT,
    PlannedAction.CREATE_CRM_LEAD,
    PlannedAction.LINK_EXISTING,
    PlannedAction.SKIP,
)


def wave_lines(counts: RunCounts) -> list[dict[str, Any]]:
    """The pending rows of each wave, in their order, then of all ("" as focus), also of no wave.

    `actions` are numbers in the order of ACTIONS; a commit only logs the `review` rows.
    """
    lines = []
    for focus in (*FocusMode, None):
        pending = pending_counts(counts, focus)
        actions = [pending[action] for action in ACTIONS]
        review = pending[PlannedAction.REVIEW]
        line = {"focus": focus.value if focus else "", "actions": actions, "rows": sum(actions)}
        lines.append({**line, "review": review})
    return lines


# --- Distributions -----------------------------------------------------------------------------------

DISTRIBUTIONS = {
    "source_table": _("Source table"),
    "classification": _("What the rows mean"),
    "validation_status": _("Can the rows be trusted?"),
    "duplicate_confidence": _("Match with known people"),
    "import_action": _("Proposed training record"),
    "session_type": _("Session"),
}


def distributions(counts: RunCounts) -> Iterator[dict[str, Any]]:
    """Every facet that the run page shows: rows per value, which add up to the rows of the run.

    `vocabulary` is the name of its class in legacy_import.choices.
    """
    for facet, title in DISTRIBUTIONS.items():
        vocabulary, rows_by_value = VOCABULARIES[facet], counts.spread(facet)
        if vocabulary is not None:
            yield {
                "facet": facet,
                "title": title,
                "vocabulary": vocabulary.__name__,
                "lines": [(value, rows_by_value.get(value, 0)) for value in vocabulary.values],
                "total": counts.rows,
            }
