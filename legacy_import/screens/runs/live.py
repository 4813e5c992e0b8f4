"""Who holds a run right now and how far it is: cheap enough to be asked every two seconds."""

import datetime
from dataclasses import dataclass

from django.db.models import Count, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from legacy_import.choices import RunStatus, Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.screens.runs.counts import counts_of, in_force, waiting

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
    """Who has the lease: the command's name and its host. A browser's commit is a legacy_commit."""

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
class Live:
    """`done` of `total` rows of what is under way; None where nothing is, or nobody can tell."""

    status: str
    holder: LeaseHolder | None
    stages: tuple[StageRows, ...]
    done: int | None
    total: int | None


def holder_of(run: LegacyImportRun) -> LeaseHolder | None:
    """Who holds the run, as far as the lease says; an expired lease is nobody's."""
    if not run.lease_token or run.lease_expires_at is None:
        return None
    if run.lease_expires_at < timezone.now():
        return None
    return LeaseHolder(run.lease_command, run.lease_host)


def live(run: LegacyImportRun) -> Live:
    """How far the run is, from its receipts."""
    grouped = ChunkReceipt.objects.filter(legacy_import_run=run).order_by().values_list("stage")
    found = grouped.annotate(chunks=Count("pk"), rows=Sum("rows"), last=Max("finished_at"))
    order = Stage.values
    stages = tuple(StageRows(*one) for one in sorted(found, key=lambda one: order.index(one[0])))
    holder = holder_of(run)
    stage = STAGE_OF.get(holder.command) if holder else None
    done, total = _under_way(run, stage, stages) if stage else (None, None)
    return Live(RunStatus(run.status).value, holder, stages, done, total)


def _under_way(
    run: LegacyImportRun, stage: Stage, stages: tuple[StageRows, ...]
) -> tuple[int, int | None]:
    """(rows done, rows to do) of the stage. Commits and rollbacks go on and on: what counts is what
    they did since the run's last stage ended, against what was open then."""
    if stage in (Stage.COMMIT, Stage.ROLLBACK):
        receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage)
        if run.finished_at:
            receipts = receipts.filter(finished_at__gt=run.finished_at)
        done = receipts.aggregate(rows=Sum("rows"))["rows"] or 0
        counts = counts_of(run.pk)
        open_then = (
            in_force(counts) if stage == Stage.ROLLBACK else sum(waiting(counts, None).values())
        )
        return done, max(done, open_then)
    done = sum(one.rows for one in stages if one.stage == stage)
    return done, rows_expected(run) if stage == Stage.IMPORT else rows_staged(stages)


def rows_expected(run: LegacyImportRun) -> int | None:
    """The rows that an import has to stage; None before the source was counted."""
    counted = run.certificate.get("row_counts", {})
    tables = [int(counted[table]) for table in ("stagiaires", "archives") if table in counted]
    if not tables:
        return None
    return sum(tables) if run.row_limit is None else min(sum(tables), run.row_limit)


def rows_staged(stages: tuple[StageRows, ...]) -> int:
    return sum(one.rows for one in stages if one.stage == Stage.IMPORT)


def live_words(now: Live) -> str:
    """The same in a sentence, in the reader's language."""
    if now.holder is None:
        status = RunStatus(now.status).label
        return _("Nobody is working on this run; it is: %(status)s.") % {"status": status}
    told = {"command": now.holder.command, "host": now.holder.host}
    if now.done is None:
        return _("%(command)s is at work on %(host)s.") % told
    if now.total is None:
        return _("%(command)s is at work on %(host)s: %(done)d rows done.") % {
            **told, "done": now.done,
        }  # fmt: skip
    return _("%(command)s is at work on %(host)s: %(done)d of %(total)d rows done.") % {
        **told, "done": now.done, "total": now.total,
    }  # fmt: skip


def stamp_of(run_id: int) -> str:
    """Changes with every new plan and every batch that is committed or taken back."""
    (plan,) = LegacyImportRun.objects.filter(pk=run_id).values_list("plan_fingerprint", flat=True)
    receipts = ChunkReceipt.objects.filter(
        legacy_import_run=run_id, stage__in=(Stage.COMMIT, Stage.ROLLBACK)
    )
    last = dict(receipts.order_by().values_list("stage").annotate(last=Max("position")))
    return f"{plan} {last.get(Stage.COMMIT.value)} {last.get(Stage.ROLLBACK.value)}"
