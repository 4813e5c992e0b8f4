"""Numbers of rows, added up from the stored facet counts: no screen counts staged rows."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    Classification,
    DuplicateConfidence,
    FocusMode,
    ImportAction,
    Outcome,
    PlannedAction,
    ReviewDecision,
    SessionType,
    SourceTable,
    ValidationStatus,
)
from legacy_import.models import FACETS, FacetCount
from legacy_import.stages.commit.waves import WAVES, WITHOUT_EFFECT

Facets = Mapping[str, Any]
OTHER = "other"  # rows of no focus mode


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How far the reviewers are with the rows of one focus mode, or of all ("")."""

    focus: str
    rows: int
    done: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """Rows per value of one facet. `vocabulary` names its class in legacy_import.choices."""

    facet: str
    title: str | Promise
    vocabulary: str
    lines: tuple[tuple[str, int], ...]
    total: int


@dataclass(frozen=True, slots=True)
class RunCounts:
    """The rows of one run: (facet values, number) of every combination that occurs."""

    combinations: tuple[tuple[Facets, int], ...]

    @property
    def rows(self) -> int:
        return sum(rows for _, rows in self.combinations)

    def where(self, **wanted: Collection[Any] | str) -> int:
        """Rows whose facets have these values; a collection means any of them."""
        return sum(rows for facets, rows in self.combinations if _fits(facets, wanted))

    def spread(self, facet: str, **wanted: Collection[Any] | str) -> dict[str, int]:
        """Value → rows of one facet, among the rows that fit, the most frequent first."""
        found: dict[str, int] = {}
        for facets, rows in self.combinations:
            if rows and _fits(facets, wanted):
                found[facets[facet]] = found.get(facets[facet], 0) + rows
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def counts_of(run_id: int) -> RunCounts:
    """The stored counts of a run: one query, some hundred lines."""
    stored = FacetCount.objects.filter(legacy_import_run=run_id).values_list(*FACETS, "rows")
    return RunCounts(
        tuple((dict(zip(FACETS, values, strict=True)), rows) for *values, rows in stored)
    )


def counts_of_runs(run_ids: Collection[int]) -> dict[int, RunCounts]:
    """The same for several runs in one query, by the facets that the review progress needs."""
    facets = ("planned_action", "planned_reason", "outcome", "decision")
    stored = FacetCount.objects.filter(legacy_import_run__in=run_ids).order_by()
    grouped = stored.values_list(F("legacy_import_run_id"), *facets).annotate(number=Sum("rows"))
    found: dict[int, list[tuple[Facets, int]]] = {run: [] for run in run_ids}
    for run, *values, rows in grouped:
        found[run].append((dict(zip(facets, values, strict=True)), rows))
    return {run: RunCounts(tuple(combinations)) for run, combinations in found.items()}


def _fits(facets: Facets, wanted: Mapping[str, Collection[Any] | str]) -> bool:
    return all(
        facets[name] == values if isinstance(values, str) else facets[name] in values
        for name, values in wanted.items()
    )


# --- The review queue --------------------------------------------------------------------------------

UNCOMMITTED = tuple(value for value in Outcome.values if value not in COMMITTED_OUTCOMES)
UNDECIDED = ("", ReviewDecision.LATER.value)


def in_queue(counts: RunCounts, **wanted: Collection[Any] | str) -> int:
    """Planned rows that a person has to decide and that no commit has dealt with for good."""
    return sum(
        rows
        for facets, rows in counts.combinations
        if facets["planned_action"] == PlannedAction.REVIEW
        and facets["planned_reason"]
        and facets["outcome"] in UNCOMMITTED
        and _fits(facets, wanted)
    )


def queue_reasons(counts: RunCounts) -> dict[str, int]:
    """Reason → rows of the queue, the most frequent first."""
    found = counts.spread(
        "planned_reason", planned_action=PlannedAction.REVIEW.value, outcome=UNCOMMITTED
    )
    return {reason: rows for reason, rows in found.items() if reason}


def reviewed(counts: RunCounts, focus: str = "", **wanted: Collection[Any] | str) -> Reviewed:
    """A row is reviewed once somebody decided it; "later" is no decision."""
    rows = in_queue(counts, **wanted)
    return Reviewed(focus, rows, rows - in_queue(counts, decision=UNDECIDED, **wanted))


def reviewed_by_focus(counts: RunCounts) -> tuple[Reviewed, ...]:
    """One line per focus mode, then the rows of none."""
    lines = [
        reviewed(counts, focus.value, classification=classifications)
        for focus, (_, classifications) in WAVES.items()
    ]
    return (*lines, reviewed(counts, OTHER, classification=Classification.UNKNOWN.value))


# --- What a commit would take up ---------------------------------------------------------------------


def waiting(counts: RunCounts, focus: FocusMode | None) -> dict[PlannedAction, int]:
    """Action → rows of the wave (None: of the run) that wait; `waves.planned_counts`, added up."""
    found = dict.fromkeys(PlannedAction, 0)
    for facets, rows in counts.combinations:
        if facets["outcome"] == Outcome.PENDING and _in_wave(facets, focus):
            found[PlannedAction(facets["planned_action"])] += rows
    return found


def _in_wave(facets: Facets, focus: FocusMode | None) -> bool:
    if focus is None:
        return True
    effects, classifications = WAVES[focus]
    return facets["planned_action"] in effects or (
        facets["planned_action"] in WITHOUT_EFFECT and facets["classification"] in classifications
    )


def in_force(counts: RunCounts) -> int:
    """Rows whose effects a rollback would take back."""
    return counts.where(outcome=COMMITTED_OUTCOMES)


# --- Distributions -----------------------------------------------------------------------------------

SHOWN: tuple[tuple[str, str | Promise, Any], ...] = (
    ("source_table", _("Source table"), SourceTable),
    ("classification", _("What the rows mean"), Classification),
    ("validation_status", _("Can the rows be trusted?"), ValidationStatus),
    ("duplicate_confidence", _("Match with known people"), DuplicateConfidence),
    ("import_action", _("Proposed training record"), ImportAction),
    ("session_type", _("Session"), SessionType),
)


def distributions(counts: RunCounts) -> Iterator[Distribution]:
    """Every facet that the run page shows, each adding up to the rows of the run."""
    total = counts.rows
    for facet, title, vocabulary in SHOWN:
        found = counts.spread(facet)
        lines = tuple((value, found.get(value, 0)) for value in vocabulary.values)
        yield Distribution(facet, title, vocabulary.__name__, lines, total)
