"""Which command locks a run and its progress; cheap enough to poll every two seconds."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, Max, Sum
from django.utils.translation import gettext as _

from legacy_import.choices import RunStatus, Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.screens.obstacles import holder_of
from legacy_import.screens.runs.counts import counts_of, in_force, pending_counts

Stages = Iterable[Mapping[str, Any]]
STAGE_OF = {
    "legacy_import": Stage.IMPORT,
    "legacy_validate": Stage.VALIDATE,
    "legacy_classify": Stage.CLASSIFY,
    "legacy_dry_run": Stage.PLAN,
    "legacy_commit": Stage.COMMIT,
    "legacy_rollback": Stage.ROLLBACK,
}


def run_progress(run: LegacyImportRun) -> dict[str, Any]:
    """The progress of the run, from its receipts, as pages and scripts read it.

    `stages`: the finished chunks of each stage, over all its passes. `done` of `total` rows of the
    current stage; None if no stage runs or it is unknown.
    """
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run).order_by()
    per_stage = receipts.values("stage").annotate(chunks=Count("pk"), rows=Sum("rows"))
    stages = sorted(per_stage, key=lambda one: Stage.values.index(one["stage"]))
    holder = holder_of(run)
    stage = STAGE_OF.get(holder["command"]) if holder else None
    rows_done, rows_total = _under_way(run, stage, stages) if stage else (None, None)
    progress = {"status": run.status, "held_by": holder, "stages": stages, "done": rows_done,
                "total": rows_total}  # fmt: skip
    return {**progress, "words": _in_words(progress)}


def _under_way(run: LegacyImportRun, stage: Stage, stages: Stages) -> tuple[int, int | None]:
    """(rows done, rows to do) of the stage. A commit or rollback may follow earlier ones: only what it
    did since the run's last stage ended counts, compared with what was pending then."""
    if stage in (Stage.COMMIT, Stage.ROLLBACK):
        receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage)
        if run.finished_at:
            receipts = receipts.filter(finished_at__gt=run.finished_at)
        rows_done = receipts.aggregate(rows=Sum("rows"))["rows"] or 0
        counts = counts_of(run.pk)
        pending = (
            in_force(counts)
            if stage == Stage.ROLLBACK
            else sum(pending_counts(counts, None).values())
        )
        return rows_done, max(rows_done, pending)
    rows_done = sum(one["rows"] for one in stages if one["stage"] == stage)
    return rows_done, rows_expected(run) if stage == Stage.IMPORT else rows_staged(stages)


def rows_expected(run: LegacyImportRun) -> int | None:
    """The rows that an import has to stage; None before the source was counted."""
    row_counts = run.certificate.get("row_counts", {})
    tables = [int(row_counts[table]) for table in ("stagiaires", "archives") if table in row_counts]
    if not tables:
        return None
    return sum(tables) if run.row_limit is None else min(sum(tables), run.row_limit)


def rows_staged(stages: Stages) -> int:
    return sum(one["rows"] for one in stages if one["stage"] == Stage.IMPORT)


def _in_words(progress: Mapping[str, Any]) -> str:
    """The progress as a sentence, in the reader's language."""
    if progress["held_by"] is None:
        status = RunStatus(progress["status"]).label
        return _("No command is working on this run; it is: %(status)s.") % {"status": status}
    values = {**progress["held_by"], "done": progress["done"], "total": progress["total"]}
    if progress["done"] is None:
        return _("%(command)s is at work on %(host)s.") % values
    if progress["total"] is None:
        return _("%(command)s is at work on %(host)s: %(done)d rows done.") % values
    return _("%(command)s is at work on %(host)s: %(done)d of %(total)d rows done.") % values


def stamp_of(run_id: int) -> str:
    """Changes with every new plan and every batch that is committed or rolled back."""
    (plan,) = LegacyImportRun.objects.filter(pk=run_id).values_list("plan_fingerprint", flat=True)
    receipts = ChunkReceipt.objects.filter(
        legacy_import_run=run_id, stage__in=(Stage.COMMIT, Stage.ROLLBACK)
    )
    last = dict(receipts.order_by().values_list("stage").annotate(last=Max("position")))
    return f"{plan} {last.get(Stage.COMMIT.value)} {last.get(Stage.ROLLBACK.value)}"
