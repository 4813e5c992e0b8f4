"""What frees most rows after a plan, and which step comes next."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from django.db.models import Sum

from legacy_import.choices import COMMITTED_OUTCOMES, Outcome, PlannedAction
from legacy_import.mapping.settle import SUBJECTS, UNDECIDED
from legacy_import.models import FacetCount, LegacyImportRun, MappingTotals, MappingWeight

MOST_CAUSES = 5
# Reason that one decision about a mapping removes from many rows → the mappings that wait for it.
MAPPED: dict[str, str] = {
    "session_not_confirmed": "sessions",
    "session_waiting": "sessions",
    "session_unknown": "sessions",
    "session_deleted_at_source": "sessions",
    "course_unmapped": "courses",
    "course_no_equivalent": "courses",
    "course_kept_by_name": "courses",
    "course_deleted_at_source": "courses",
    "formation_session_conflict": "courses",
    "status_unknown": "statuses",
}
COMMIT, REVIEW = "commit", "review"


class Cause(NamedTuple):
    """Rows that need review for one reason. `mappings`: how many of `kind` they wait for ("": none)."""

    reason: str
    rows: int
    kind: str = ""
    mappings: int = 0


class PlanStep(NamedTuple):
    """A step: COMMIT, a kind of mappings, or REVIEW; and the rows that wait for it."""

    name: str
    rows: int


def freeable(run: LegacyImportRun) -> dict[str, int]:
    """Kind of mappings → rows that would be freed by deciding those that no person has decided.

    As stored by the plan, and by each decision on a mapping since.
    """
    weights = MappingWeight.objects.filter(legacy_import_run=run).order_by()
    sums = weights.values_list("kind", "state").annotate(rows=Sum("frees"))
    frees = {(kind, state): rows for kind, state, rows in sums}
    return {
        subject: sum(
            frees.get((kind.name, state), 0) for kind in kinds for state in UNDECIDED[kind.name]
        )
        for subject, kinds in SUBJECTS.items()
    }


def causes_of(
    run: LegacyImportRun, reasons: Mapping[str, int], *, most: int | None = MOST_CAUSES
) -> list[Cause]:
    """The causes of most rows, most rows first. `reasons`: review reason → rows; `most`: of causes."""
    largest = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:most]
    to_free = freeable(run)
    totals = MappingTotals.objects.filter(legacy_import_run=run).first()
    mappings = totals.mappings_by_cause if totals else {}
    causes = []
    for reason, rows in largest:
        # Where every mapping is decided, the other rows are decided one by one.
        kind = MAPPED.get(reason, "")
        kind = kind if to_free.get(kind) else ""
        causes.append(Cause(reason, rows, kind, mappings.get(reason, 0) if kind else 0))
    return causes


def next_step(
    plan: Mapping[str, int], reasons: Mapping[str, int], to_free: Mapping[str, int]
) -> PlanStep | None:
    """The step that most rows wait for; None if none waits.

    `plan`: planned action → rows that are not committed; `reasons`: review reason → rows; `to_free`: the
    `freeable` rows. Rows that no mapping frees any more are decided one by one.
    """
    waiting = {COMMIT: sum(plan.values()) - plan[PlannedAction.REVIEW], REVIEW: 0}
    by_kind: Counter[str] = Counter()
    for reason, rows in reasons.items():
        by_kind[MAPPED.get(reason, REVIEW)] += rows
    for kind, rows in by_kind.items():
        freed = min(rows, to_free.get(kind, 0))
        waiting[kind] = waiting.get(kind, 0) + freed
        waiting[REVIEW] += rows - freed
    step = max(waiting, key=lambda one: waiting[one])
    return PlanStep(step, waiting[step]) if waiting[step] else None


def step_now(run: LegacyImportRun) -> PlanStep | None:
    """The same from the stored counts of a planned run, in which some rows are committed by now."""
    counts = FacetCount.objects.filter(legacy_import_run=run).order_by()
    facets = counts.values_list("planned_action", "planned_reason", "outcome", "settled")
    plan, reasons = dict.fromkeys(PlannedAction.values, 0), Counter[str]()
    for action, reason, outcome, settled, rows in facets.annotate(n=Sum("rows")):
        if outcome == Outcome.PENDING:
            plan[action] += rows
        queued = action == PlannedAction.REVIEW and outcome not in COMMITTED_OUTCOMES
        if queued and reason and not settled:
            reasons[reason] += rows
    return next_step(plan, reasons, freeable(run))
