"""Summaries of runs, for commands and screens."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, OuterRef, Subquery, Sum

from legacy_import.choices import COMMITTED_OUTCOMES, Outcome, PlannedAction, ReviewDecision
from legacy_import.models import (
    FacetCount,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.runs.lifecycle import find_run
from legacy_import.runs.settings_digests import next_command


@dataclass(frozen=True, slots=True)
class RunOverview:
    """The state of one run. `rows` and `outcomes` are numbers of staged learners."""

    run: int
    status: str
    connection: str
    source: str
    rows: int
    outcomes: dict[str, int]
    started_at: str
    next_command: str
    lease_holder: str = ""
    certificate: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The keys of `legacy_status --json`, which scripts read."""
        return {
            "run": self.run,
            "status": self.status,
            "source": self.source,
            "rows": self.rows,
            "outcomes": self.outcomes,
            "started_at": self.started_at,
        }


@dataclass(frozen=True, slots=True)
class ReviewState:
    """Numbers of rows: decided, postponed, and to be decided.

    `insufficient`: of those to be decided, rows whose decisions left something missing.
    """

    decided_rows: int
    postponed: int
    to_decide: int
    insufficient: int


def review_state(run_id: int) -> ReviewState:
    """How far the run is reviewed, from the stored counts; decided rows stay decided."""
    counts = FacetCount.objects.filter(legacy_import_run=run_id)
    queue = counts.filter(planned_action=PlannedAction.REVIEW).exclude(planned_reason="")
    queue = queue.exclude(outcome__in=COMMITTED_OUTCOMES)
    to_decide = queue.filter(settled=False).exclude(decision=ReviewDecision.LATER)
    rows = Sum("rows", default=0)
    return ReviewState(
        decided_rows=counts.filter(settled=True).aggregate(n=rows)["n"],
        postponed=queue.filter(decision=ReviewDecision.LATER).aggregate(n=rows)["n"],
        to_decide=to_decide.aggregate(n=rows)["n"],
        insufficient=to_decide.exclude(decision="").aggregate(n=rows)["n"],
    )


def rows_left_out(run_id: int) -> dict[tuple[str, str], int]:
    """(outcome, reason of the newest log entry) → rows that this run did not commit."""
    newest = (
        LegacyImportCommitLog.objects.filter(student_import=OuterRef("pk"))
        .order_by("-pk")
        .values("reason")[:1]
    )
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run_id, outcome__in=(Outcome.DRIFTED, Outcome.FAILED)
    )
    by_reason = rows.annotate(why=Subquery(newest)).order_by().values_list("outcome", "why")
    return {(outcome, why): n for outcome, why, n in by_reason.annotate(n=Count("pk"))}


def run_overviews(run_id: int | None = None) -> list[RunOverview]:
    """Every run, oldest first, or the one with that number. Raises UnknownRun."""
    runs = LegacyImportRun.objects.order_by("pk")
    if run_id is not None:
        runs = runs.filter(pk=find_run(run_id).pk)
    outcomes: defaultdict[int, dict[str, int]] = defaultdict(dict)
    staged = LegacyStudentImport.objects.filter(legacy_import_run__in=runs).order_by()
    for run, outcome, rows in staged.values_list("legacy_import_run", "outcome").annotate(
        rows=Count("pk")
    ):
        outcomes[run][outcome] = rows
    return [
        RunOverview(
            run=run.pk,
            status=run.status,
            connection=run.connection_name,
            source=run.source_label,
            rows=sum(outcomes[run.pk].values()),
            outcomes=outcomes[run.pk],
            started_at=run.started_at.isoformat(timespec="seconds"),
            next_command=next_command(run),
            lease_holder=f"{run.lease_command} on {run.lease_host}" if run.lease_token else "",
            certificate=run.certificate,
        )
        for run in runs
    ]
