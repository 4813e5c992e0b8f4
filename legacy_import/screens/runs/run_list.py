"""The list of runs, newest first."""

from collections.abc import Collection
from typing import Any

from django.db.models import Sum

from legacy_import.choices import RunStatus, Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.review.filter import ALL
from legacy_import.screens.obstacles import holder_of
from legacy_import.screens.plan_state import outdated_plans
from legacy_import.screens.runs.counts import (
    RunCounts,
    counts_of_runs,
    queue_of,
    review_progress,
)
from legacy_import.screens.runs.timeline import duration_words, timeline, total_duration

RUNS_PER_PAGE = 25


def run_list(*, status: str = "", source: str = "", before: int | None = None) -> dict[str, Any]:
    """The runs of that status and source (empty: any), older than run `before`: six queries.

    `older` starts the next page. `any_run`: a run exists, filters aside.
    """
    sources = tuple(
        LegacyImportRun.objects.order_by("connection_name")
        .values_list("connection_name", flat=True)
        .distinct()
    )
    runs = LegacyImportRun.objects.order_by("-pk")
    if status not in ("", *RunStatus.values) or source not in ("", *sources):
        runs = runs.none()  # not a known status or source: needs no query
    runs = runs.filter(status=status) if status else runs
    runs = runs.filter(connection_name=source) if source else runs
    runs = runs.filter(pk__lt=before) if before is not None else runs
    page_and_next = list(runs[: RUNS_PER_PAGE + 1])
    page = page_and_next[:RUNS_PER_PAGE]
    counts = counts_of_runs([run.pk for run in page])
    outdated = outdated_plans(page)
    staged = _rows_staged([run.pk for run in page if not counts[run.pk].rows])
    return {
        "lines": [
            _line(run, counts[run.pk], staged.get(run.pk, 0))
            | {"plan_outdated": run.pk in outdated}
            for run in page
        ],
        "older": page[-1].pk if len(page_and_next) > len(page) else None,
        "sources": sources,
        "any_run": bool(sources),
    }


def _rows_staged(run_ids: Collection[int]) -> dict[int, int]:
    """Rows staged so far, from the receipts, of runs that are still being imported."""
    if not run_ids:
        return {}
    receipts = ChunkReceipt.objects.filter(legacy_import_run__in=run_ids, stage=Stage.IMPORT)
    grouped = receipts.order_by().values_list("legacy_import_run_id").annotate(number=Sum("rows"))
    return dict(grouped)


def _line(run: LegacyImportRun, counts: RunCounts, staged: int) -> dict[str, Any]:
    """One run; its review progress and its most frequent reason for review need a plan."""
    planned = run.planned_at is not None
    reasons = queue_of(counts).spread("planned_reason") if planned else {}
    return {
        "run": run,
        "source": str(run.certificate.get("source", "")),
        "rows": counts.rows or staged,
        "review_progress": review_progress(counts)[ALL] if planned else None,
        "blocking": next(iter(reasons.items()), None),
        "duration": duration_words(total_duration(timeline(run))),
        "holder": holder_of(run),
    }
