"""The list of runs, newest first."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Sum

from legacy_import.choices import RunStatus, Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.screens.runs.counts import (
    Reviewed,
    RunCounts,
    counts_of_runs,
    queue_reasons,
    reviewed,
)
from legacy_import.screens.runs.live import LeaseHolder, holder_of
from legacy_import.screens.runs.timeline import duration_words, time_worked, timeline

RUNS_PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run. `reviewed` and `blocking` (the biggest reason for review) only once it has a plan."""

    number: int
    status: str
    connection: str
    source: str
    rows: int
    reviewed: Reviewed | None
    blocking: tuple[str, int] | None
    reasons: int
    started_at: datetime.datetime
    worked: str
    actor: str
    row_limit: int | None
    holder: LeaseHolder | None


@dataclass(frozen=True, slots=True)
class RunList:
    """One page of runs; `older` is the number to go on from. `any`: there is a run at all."""

    lines: tuple[RunLine, ...]
    older: int | None
    sources: tuple[str, ...]
    any: bool


def run_list(*, status: str = "", source: str = "", before: int | None = None) -> RunList:
    """The runs of that status and source (empty: any), older than run `before`: four queries."""
    sources = tuple(
        LegacyImportRun.objects.order_by("connection_name")
        .values_list("connection_name", flat=True)
        .distinct()
    )
    runs = LegacyImportRun.objects.order_by("-pk")
    if status not in ("", *RunStatus.values) or source not in ("", *sources):
        runs = runs.none()  # nothing is called that, and no database is asked for it
    runs = runs.filter(status=status) if status else runs
    runs = runs.filter(connection_name=source) if source else runs
    runs = runs.filter(pk__lt=before) if before is not None else runs
    found = list(runs[: RUNS_PER_PAGE + 1])
    page = found[:RUNS_PER_PAGE]
    counts = counts_of_runs([run.pk for run in page])
    staged = _rows_staged([run.pk for run in page if not counts[run.pk].rows])
    lines = tuple(_line(run, counts[run.pk], staged.get(run.pk, 0)) for run in page)
    return RunList(lines, page[-1].pk if len(found) > len(page) else None, sources, bool(sources))


def _rows_staged(run_ids: Collection[int]) -> dict[int, int]:
    """Of runs that are still being imported: what their receipts add up to."""
    if not run_ids:
        return {}
    receipts = ChunkReceipt.objects.filter(legacy_import_run__in=run_ids, stage=Stage.IMPORT)
    grouped = receipts.order_by().values_list("legacy_import_run_id").annotate(number=Sum("rows"))
    return dict(grouped)


def _line(run: LegacyImportRun, counts: RunCounts, staged: int) -> RunLine:
    planned = run.planned_at is not None
    reasons = queue_reasons(counts) if planned else {}
    return RunLine(
        number=run.pk,
        status=run.status,
        connection=run.connection_name,
        source=str(run.certificate.get("source", "")),
        rows=counts.rows or staged,
        reviewed=reviewed(counts) if planned else None,
        blocking=next(iter(reasons.items()), None),
        reasons=len(reasons),
        started_at=run.started_at,
        worked=duration_words(time_worked(timeline(run))),
        actor=run.created_by,
        row_limit=run.row_limit,
        holder=holder_of(run),
    )
