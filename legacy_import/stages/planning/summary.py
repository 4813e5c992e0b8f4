"""The counts of a plan; every distribution adds up to its total."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, Q, Subquery

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    Classification,
    DuplicateConfidence,
    ImportAction,
    PlannedAction,
    SessionType,
    SourceTable,
    ValidationStatus,
)
from legacy_import.errors import OutOfOrder
from legacy_import.models import FACETS, LegacyImportRun, LegacyStudentImport
from legacy_import.runs import counts
from legacy_import.runs.counts import Combinations

# Classification → priority bucket, the school's order: history first, then registrations, then leads.
BUCKETS = {
    Classification.COMPLETED: "completed_history",
    Classification.ARCHIVED_TRAINING: "completed_history",
    Classification.REGISTERED: "registered_pending",
    Classification.LEAD_ONLY: "lead_only",
    Classification.UNKNOWN: "other",
}


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """How a plan differs from another: rows by (before, after), and rows only one of them has."""

    other: str
    changed: Mapping[str, int]  # "action (reason) → action (reason)": rows
    unchanged: int
    only_here: int
    only_there: int


def summarize(run: LegacyImportRun) -> dict[str, Any]:
    """Count the run's plan. Numbers of rows only; keys are a contract.

    `plan` is what a commit would still do and `done` what commits did: together they are all rows.
    """
    combinations = counts.rebuild(run)

    def of(facet: str, values: Iterable[str]) -> dict[str, int]:
        return counts.spread(combinations, facet, values)

    classification = of("classification", Classification.values)
    validation = of("validation_status", ValidationStatus.values)
    session_types = of("session_type", SessionType.values)
    return {
        "source_tables": of("source_table", SourceTable.values),
        "classification": classification,
        "validation": validation,
        "duplicate_confidence": of("duplicate_confidence", DuplicateConfidence.values),
        "priority_buckets": _buckets(classification),
        "import_actions": of("import_action", ImportAction.values),
        "session_types": session_types,
        "risks": {
            "needs_review_students": validation[ValidationStatus.NEEDS_REVIEW],
            "duplicate_students": validation[ValidationStatus.DUPLICATE],
            "placeholder_sessions": session_types[SessionType.WAITING_PLACEHOLDER],
            "unmapped_courses": _rows(combinations, _history_without_course),
            "registered_to_decide": _rows(combinations, _registered_to_decide),
        },
        "plan": _actions(combinations, "planned_action", committed=False),
        "done": _actions(combinations, "outcome", committed=True),
        "review_reasons": _review_reasons(combinations),
    }


def _actions(combinations: Combinations, facet: str, *, committed: bool) -> dict[str, int]:
    """Rows per action of this facet: of the rows that were committed, or of all others."""
    outcome = FACETS.index("outcome")
    rows = {
        combination: number
        for combination, number in combinations.items()
        if (combination[outcome] in COMMITTED_OUTCOMES) is committed
    }
    return counts.spread(rows, facet, PlannedAction.values)


def _rows(combinations: Combinations, predicate: Callable[[dict[str, Any]], bool]) -> int:
    """Rows of the combinations (facet → value) for which the predicate is true."""
    return sum(
        rows
        for combination, rows in combinations.items()
        if predicate(dict(zip(FACETS, combination, strict=True)))
    )


def _history_without_course(row: dict[str, Any]) -> bool:
    return bool(row["without_course"]) and row["classification"] != Classification.LEAD_ONLY


def _registered_to_decide(row: dict[str, Any]) -> bool:
    registered = row["classification"] == Classification.REGISTERED
    return bool(registered and row["planned_action"] == PlannedAction.REVIEW)


def _buckets(classification: Mapping[str, int]) -> dict[str, int]:
    buckets = Counter(dict.fromkeys(BUCKETS.values(), 0))
    for value, count in classification.items():
        buckets[BUCKETS[Classification(value)]] += count
    return dict(buckets)


def _review_reasons(combinations: Combinations) -> dict[str, int]:
    """Reason → rows that need review, the most frequent first."""
    action, reason = FACETS.index("planned_action"), FACETS.index("planned_reason")
    reasons: Counter[str] = Counter()
    for combination, rows in combinations.items():
        if combination[action] == PlannedAction.REVIEW:
            reasons[combination[reason]] += rows
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))


def require_plan(run: LegacyImportRun) -> None:
    """Raise OutOfOrder for a run without a plan: there is nothing to compare with."""
    if run.planned_at is None:
        raise OutOfOrder(
            f"Run {run.pk} has no plan to compare with.",
            hint=f"Give it one first: manage.py {run.next_command}",
        )


def plan_difference(run: LegacyImportRun, other_id: int) -> PlanDifference:
    """Compare the run's plan with the latest plan of another run, or with its own previous one."""
    students = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by()
    if other_id == run.pk:
        before: tuple[Any, Any] = (F("previous_action"), F("previous_reason"))
        missing = Q(previous_reason="")
        only_there = 0
    else:
        same = LegacyStudentImport.objects.filter(
            legacy_import_run_id=other_id,
            source_table=OuterRef("source_table"),
            legacy_id=OuterRef("legacy_id"),
        )
        before = (
            Subquery(same.values("planned_action")),
            Subquery(same.values("planned_reason")),
        )
        # None: that run has no such row; "": it has, and never planned it.
        missing = Q(before_reason=None) | Q(before_reason="")
        here = students.filter(
            source_table=OuterRef("source_table"), legacy_id=OuterRef("legacy_id")
        )
        there = LegacyStudentImport.objects.filter(legacy_import_run_id=other_id)
        only_there = there.annotate(here=Subquery(here.values("pk")[:1])).filter(here=None).count()
    rows = students.annotate(before_action=before[0], before_reason=before[1])
    only_here = rows.filter(missing).count()
    pairs = (
        rows.exclude(missing)
        .values_list("before_action", "before_reason", "planned_action", "planned_reason")
        .annotate(rows=Count("pk"))
    )
    changes: Counter[str] = Counter()
    unchanged = 0
    for was, why_was, now, why_now, count in pairs:
        if (was, why_was) == (now, why_now):
            unchanged += count
        else:
            changes[f"{was} ({why_was}) → {now} ({why_now})"] += count
    name = "its own previous plan" if other_id == run.pk else f"run {other_id}"
    return PlanDifference(name, dict(changes.most_common()), unchanged, only_here, only_there)
