"""The plan of a run, its risks, and the decisions made since."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    PLAN_WORDS,
    Classification,
    Outcome,
    PlannedAction,
    SessionType,
    ValidationStatus,
)
from legacy_import.models import LegacyImportRun, LegacyReviewDecision
from legacy_import.rules.commit_policy import DELETED, DELETIONS
from legacy_import.screens.runs.counts import RunCounts, in_force, in_queue
from legacy_import.stages.planning.summary import BUCKETS

MOST_DECISIONS = 1_000  # that are counted; the page shows larger numbers as "more than"

PRIORITIES = (
    ("completed_history", _("completed history")),
    ("registered_pending", _("pending registrations")),
    ("lead_only", _("leads only")),
    ("other", _("other")),
)
ALL_BUT_LEADS = tuple(value for value in Classification.values if value != "lead_only")

# What to check before a commit: words, facets of the rows, and the filter of the queue that shows them.
RISKS: tuple[tuple[str | Promise, dict[str, object], dict[str, str]], ...] = (
    (
        _("learners with a structural doubt"),
        {"validation_status": ValidationStatus.NEEDS_REVIEW.value},
        {"validation_status": ValidationStatus.NEEDS_REVIEW.value},
    ),
    (
        _("learners with a high-confidence match"),
        {"validation_status": ValidationStatus.DUPLICATE.value},
        {"validation_status": ValidationStatus.DUPLICATE.value},
    ),
    (
        _("trainings in a waiting or placeholder session"),
        {"session_type": SessionType.WAITING_PLACEHOLDER.value},
        {"session_type": SessionType.WAITING_PLACEHOLDER.value},
    ),
    (
        _("trainings (not of leads) without a mapped course"),
        {"without_course": (True,), "classification": ALL_BUT_LEADS},
        {"planned_reason": "course_unmapped"},
    ),
    (
        _("registrations that need review"),
        {
            "classification": Classification.REGISTERED.value,
            "planned_action": PlannedAction.REVIEW.value,
        },
        {"classification": Classification.REGISTERED.value},
    ),
    (
        _("rows deleted on the old platform, or of a deleted course or session"),
        {"planned_reason": DELETIONS},
        {"planned_reason": DELETED},
    ),
)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One planned action: rows planned, rows committed, rows pending."""

    action: str
    sign: str
    verb: str | Promise
    what: str | Promise
    rows: int
    committed: int
    pending: int


@dataclass(frozen=True, slots=True)
class Risk:
    """`rows` of the run, `queued` of them behind the queue's filter `query`."""

    words: str | Promise
    rows: int
    queued: int
    query: str


@dataclass(frozen=True, slots=True)
class Card:
    """A bucket of the priorities with its rows."""

    words: str | Promise
    rows: int
    committed: int


@dataclass(frozen=True, slots=True)
class CommittedRows:
    """Rows with effects in force. `ever`: the run has a committed batch."""

    ever: bool
    rows: int
    records: int  # of these rows, those with an effect (a skip has none)


@dataclass(frozen=True, slots=True)
class SincePlan:
    """Changes since the plan. `more`: there are more decisions than were counted."""

    decisions: int
    more: bool
    to_classify: int


def plan_lines(counts: RunCounts) -> Iterator[PlanLine]:
    for action, (sign, verb, what) in PLAN_WORDS.items():
        rows = counts.where(planned_action=action.value)
        pending = counts.where(planned_action=action.value, outcome=Outcome.PENDING.value)
        committed = counts.where(planned_action=action.value, outcome=COMMITTED_OUTCOMES)
        yield PlanLine(action.value, sign, verb, what, rows, committed, pending)


def priorities(counts: RunCounts) -> Iterator[Card]:
    for bucket, words in PRIORITIES:
        of_bucket = [value.value for value, name in BUCKETS.items() if name == bucket]
        yield Card(
            words,
            counts.where(classification=of_bucket),
            counts.where(classification=of_bucket, outcome=COMMITTED_OUTCOMES),
        )


def risks(counts: RunCounts) -> Iterator[Risk]:
    for words, values, query in RISKS:
        rows = counts.where(**values)  # type: ignore[arg-type]
        yield Risk(words, rows, in_queue(counts, **query), urlencode(query))


def committed_rows(counts: RunCounts, *, ever: bool) -> CommittedRows:
    rows = in_force(counts)
    return CommittedRows(ever, rows, rows - counts.where(outcome=Outcome.SKIP.value))


def since_plan(run: LegacyImportRun, counts: RunCounts) -> SincePlan | None:
    """None without a plan. Only the newest decisions of all runs are read, so the cost is bounded."""
    if run.planned_at is None:
        return None
    newest = LegacyReviewDecision.objects.order_by("-pk").values_list(
        "student_import__legacy_import_run_id", "created_at"
    )[:MOST_DECISIONS]
    since = [of_run for of_run, created_at in newest if created_at > run.planned_at]
    decisions = since.count(run.pk)
    return SincePlan(
        decisions, bool(decisions) and len(since) == MOST_DECISIONS,
        counts.where(to_classify=(True,)),
    )  # fmt: skip
