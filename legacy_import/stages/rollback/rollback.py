"""8 rollback: only records that the run created, and only those that no one changed since.

A part of a run is rolled back in the same way; the run keeps its status and its plan
(docs/decisions/0072).
"""

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from ecoin.bulk import Ids
from legacy_import.choices import Outcome, RunStatus, Stage
from legacy_import.engine.chunks import Job, batch_of, next_position
from legacy_import.engine.engines import Engine, engine_in_use
from legacy_import.engine.sqlite_pauses import WriterPauses
from legacy_import.errors import OutOfOrder
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import Lease, run_lease
from legacy_import.runs.progress import Progress
from legacy_import.stages.commit.waves import id_batches
from legacy_import.stages.rollback.batch_work import BatchRollback, open_work
from legacy_import.stages.rollback.order import committed_rows, require_newest
from legacy_import.stages.rollback.part import RunPart, SelectedRows, select_rows

BATCH_ROWS = 1_000
MAX_ROWS_LISTED = 1_000  # of kept rows in a report; the commit log has all of them


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record that stays, and why."""

    row: str  # source_table:legacy_id
    target_model: str
    target_id: int | None
    why: str  # a ReversalOutcome


@dataclass(slots=True)
class RollbackReport:
    """What a rollback did, or with `preview` would do. `records`: (model, ReversalOutcome) → number.

    `followers`: rows in force, when it began, that went with the rows of the part.
    """

    run: int
    preview: bool
    part: RunPart | None = None
    followers: int = 0
    status: str = ""
    rows: int = 0  # undone
    kept_rows: int = 0
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept_records: list[KeptRecord] = field(default_factory=list)


def rollback(
    *,
    run_id: int,
    actor: str,
    now: datetime.datetime,
    progress: Progress,
    preview: bool = False,
    part: RunPart | None = None,
    batch: int = BATCH_ROWS,
    engine: Engine | None = None,
) -> RollbackReport:
    """Undo the run's commits (or a `part` of them), `batch` rows per transaction; called again, it
    continues.

    `preview` reports the same and changes nothing; `engine`: instead of the one in the settings.
    Raises UnknownRun, LegacyImportError (the run has no such part), OutOfOrder (nothing was committed,
    a newer run depends on this one, locked by another process), Interrupted (between batches).
    """
    run = lifecycle.find_run(run_id)
    selected = _select(run, part)
    progress.opened(run.source_label)
    report = RollbackReport(run.pk, preview, part)
    if preview:
        report.followers = len(selected.followers) if selected else 0
        _preview(run, _rows(run, selected), progress, report, actor, batch)
        report.status = run.status
        return report
    with run_lease(run, "legacy_rollback", progress) as lease:
        selected = _select(run, part)
        report.followers = len(selected.followers) if selected else 0
        rows = _rows(run, selected)
        if rows.exists():
            if not part:
                # From now on the run has no current plan, and only a rollback can continue.
                lifecycle.begin_stage(run, lease, RunStatus.ROLLING_BACK)
            _undo_all(run, rows, lease, progress, report, actor, batch, engine or engine_in_use())
        if part and run.status == RunStatus.COMMITTED and not committed_rows(run).exists():
            lifecycle.begin_stage(run, lease, RunStatus.ROLLING_BACK)  # it was all that was left
        if run.status == RunStatus.ROLLING_BACK:
            results = {"rollback": {"rows": report.rows, "kept": report.kept_rows}}
            lifecycle.finish_stage(
                run, lease, RunStatus.ROLLED_BACK, actor=actor, started_at=now, results=results
            )
        report.status = run.status
    return report


def rows_to_undo(run: LegacyImportRun, part: RunPart | None) -> tuple[int, int]:
    """(rows in force that a rollback would work, those of them that only follow others). Raises what
    `rollback` raises before it begins.
    """
    selected = _select(run, part)
    followers = len(selected.followers) if selected else 0
    return _rows(run, selected).count(), followers


def _select(run: LegacyImportRun, part: RunPart | None) -> SelectedRows | None:
    """The rows of the part; None: the whole run. Raises what `rollback` raises."""
    _require_committed(run)
    if part is None:
        require_newest(run)
        return None
    if run.status == RunStatus.ROLLING_BACK:
        raise OutOfOrder(
            f"Run {run.pk} is being rolled back as a whole, which has to be finished first.",
            hint=f"manage.py {run.next_command}",
        )
    selected = select_rows(run, part)
    require_newest(run, selected.ids)
    return selected


def _rows(run: LegacyImportRun, selected: SelectedRows | None) -> QuerySet[LegacyStudentImport]:
    """The rows in force, of the whole run or of the part."""
    rows = committed_rows(run)
    return rows if selected is None else rows.filter(pk__among=Ids(selected.ids))


def _require_committed(run: LegacyImportRun) -> None:
    run.require(RunStatus.ROLLING_BACK)
    if not LegacyImportCommitLog.objects.filter(legacy_import_run=run).exists():
        raise OutOfOrder(
            f"Run {run.pk} has committed nothing, so there is nothing to roll back.",
            hint=f"manage.py {run.next_command}",
        )


def _undo_all(
    run: LegacyImportRun, rows: QuerySet[LegacyStudentImport], lease: Lease, progress: Progress,
    report: RollbackReport, actor: str, size: int, engine: Engine,
) -> None:  # fmt: skip
    job = Job(run.pk, Stage.ROLLBACK, lease.token, {"actor": actor})
    pauses = WriterPauses()
    progress.begin("rolling back", rows.count())
    first = next_position(run, Stage.ROLLBACK)
    for position, ids in enumerate(_batches(rows, size), start=first):
        chunk = batch_of(position, ids)
        for _, result in engine.each(job, [chunk], open_work, lease, progress):
            _count(report, result.details)
        pauses.pause()
        progress.advance(len(ids))


def _preview(
    run: LegacyImportRun, rows: QuerySet[LegacyStudentImport], progress: Progress,
    report: RollbackReport, actor: str, size: int,
) -> None:  # fmt: skip
    progress.begin("previewing", rows.count())
    batches = BatchRollback(run, actor, preview=True)
    for ids in _batches(rows, size):
        actions = dict(rows.filter(pk__among=Ids(ids)).values_list("pk", "outcome"))
        _count(report, batches.undo(actions))
        progress.advance(len(ids))


def _batches(rows: QuerySet[LegacyStudentImport], size: int) -> Iterator[list[int]]:
    """Links and history first, then the leads that they may refer to."""
    leads = Outcome.CREATE_CRM_LEAD
    for part in (rows.exclude(outcome=leads), rows.filter(outcome=leads)):
        yield from id_batches(part, size)


def _count(report: RollbackReport, details: Mapping[str, Any]) -> None:
    report.rows += details["rows"]
    report.kept_rows += details["kept_rows"]
    for model, outcome, records in details["records"]:
        report.records[model, outcome] += records
    if len(report.kept_records) < MAX_ROWS_LISTED:
        report.kept_records += [KeptRecord(*record) for record in details["kept"]]
