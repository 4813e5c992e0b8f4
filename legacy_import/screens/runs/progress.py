"""Which command locks a run and its progress; cheap enough to poll every two seconds."""

import datetime
from dataclasses import dataclass

from django.db.models import Count, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from legacy_import.choices import RunStatus, Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.screens.runs.counts import counts_of, in_force, pending_counts

STAGE_OF = {
    "legacy_import": Stage.IMPORT,
    "legacy_validate": Stage.VALIDATE,
    "legacy_classify": Stage.CLASSIFY,
    "legacy_dry_run": Stage.PLAN,
    "legacy_commit": Stage.COMMIT,
    "legacy_rollback": Stage.ROLLBACK,
}


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """The command that has the lease and its host. A browser's commit is a legacy_commit."""

    command: str
    host: str


@dataclass(frozen=True, slots=True)
class StageRows:
    """The finished chunks of one stage, over all its passes."""

    stage: str
    chunks: int
    rows: int
    finished_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """`rows_done` of `rows_total` of the current stage; None if no stage runs or it is unknown."""

    status: str
    holder: LeaseHolder | None
    stages: tuple[StageRows, ...]
    rows_done: int | None
    rows_total: int | None


def holder_of(run: LegacyImportRun) -> LeaseHolder | None:
    """The holder of the run's lease; None if there is no lease or it has expired."""
    if not run.lease_token or run.lease_expires_at is None:
        return None
    if run.lease_expires_at < timezone.now():
        return None
    return LeaseHolder(run.lease_command, run.lease_host)


def run_progress(run: LegacyImportRun) -> RunProgress:
    """The progress of the run, from its receipts."""
    grouped = ChunkReceipt.objects.filter(legacy_import_run=run).order_by().values_list("stage")
    per_stage = grouped.annotate(chunks=Count("pk"), rows=Sum("rows"), last=Max("finished_at"))
    order = Stage.values
    stages = tuple(
        StageRows(*one) for one in sorted(per_stage, key=lambda one: order.index(one[0]))
    )
    holder = holder_of(run)
    stage = STAGE_OF.get(holder.command) if holder else None
    rows_done, rows_total = _under_way(run, stage, stages) if stage else (None, None)
    return RunProgress(RunStatus(run.status).value, holder, stages, rows_done, rows_total)


def _under_way(
    run: LegacyImportRun, stage: Stage, stages: tuple[StageRows, ...]
) -> tuple[int, int | None]:
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
    rows_done = sum(one.rows for one in stages if one.stage == stage)
    return rows_done, rows_expected(run) if stage == Stage.IMPORT else rows_staged(stages)


def rows_expected(run: LegacyImportRun) -> int | None:
    """The rows that an import has to stage; None before the source was counted."""
    row_counts = run.certificate.get("row_counts", {})
    tables = [int(row_counts[table]) for table in ("stagiaires", "archives") if table in row_counts]
    if not tables:
        return None
    return sum(tables) if run.row_limit is None else min(sum(tables), run.row_limit)


def rows_staged(stages: tuple[StageRows, ...]) -> int:
    return sum(one.rows for one in stages if one.stage == Stage.IMPORT)


def progress_words(progress: RunProgress) -> str:
    """The progress as a sentence, in the reader's language."""
    if progress.holder is None:
        status = RunStatus(progress.status).label
        return _("No command is working on this run; it is: %(status)s.") % {"status": status}
    values = {"command": progress.holder.command, "host": progress.holder.host}
    if progress.rows_done is None:
        return _("%(command)s is at work on %(host)s.") % values
    if progress.rows_total is None:
        return _("%(command)s is at work on %(host)s: %(done)d rows done.") % {
            **values, "done": progress.rows_done,
        }  # fmt: skip
    return _("%(command)s is at work on %(host)s: %(done)d of %(total)d rows done.") % {
        **values, "done": progress.rows_done, "total": progress.rows_total,
    }  # fmt: skip


def stamp_of(run_id: int) -> str:
    """Changes with every new plan and every batch that is committed or rolled back."""
    (plan,) = LegacyImportRun.objects.filter(pk=run_id).values_list("plan_fingerprint", flat=True)
    receipts = ChunkReceipt.objects.filter(
        legacy_import_run=run_id, stage__in=(Stage.COMMIT, Stage.ROLLBACK)
    )
    last = dict(receipts.order_by().values_list("stage").annotate(last=Max("position")))
    return f"{plan} {last.get(Stage.COMMIT.value)} {last.get(Stage.ROLLBACK.value)}"
