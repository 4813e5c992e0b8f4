"""The entries of the commit log about one source row, in every run that staged it."""

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from legacy_import.choices import LogAction, ReversalOutcome, Stage
from legacy_import.models import ChunkReceipt, LegacyImportCommitLog, LegacyStudentImport
from legacy_import.rules.reasons import REASONS
from legacy_import.stages.commit.log import SECONDARY_ACTIONS

# A row that was not committed may be planned again: a later entry then supersedes this one.
NOT_COMMITTED = frozenset({LogAction.REVIEW, LogAction.DRIFTED, LogAction.FAILED})


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of the commit log, with its batch."""

    number: int
    run: int
    staged_row: int
    batch: int
    batch_finished_at: datetime.datetime | None
    action: LogAction
    target_model: str  # "" if the row was not committed or skipped
    target_id: int | None
    created: bool
    reason: str
    actor: str
    created_at: datetime.datetime
    reversed_at: datetime.datetime | None
    reversal_outcome: ReversalOutcome | None
    superseded: bool  # the row was not committed here; a later entry replaces this one

    @property
    def in_force(self) -> bool:
        return self.reversed_at is None and not self.superseded

    @property
    def reason_words(self) -> str:
        return REASONS.get(self.reason, "")


def history(connection: str, table: str, legacy_id: str) -> tuple[HistoryEntry, ...]:
    """The entries of every run of the source about this row, oldest first."""
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run__connection_name=connection, source_table=table, legacy_id=legacy_id
    )
    entries = LegacyImportCommitLog.objects.filter(student_import__in=rows.order_by().values("pk"))
    log = list(entries.order_by("pk"))
    finish_times = _batch_finish_times(log)
    superseded = _superseded(log)
    return tuple(
        HistoryEntry(
            number=entry.pk,
            run=entry.legacy_import_run_id,
            staged_row=entry.student_import_id,
            batch=entry.batch,
            batch_finished_at=finish_times.get((entry.legacy_import_run_id, entry.batch)),
            action=LogAction(entry.action),
            target_model=entry.target_model,
            target_id=entry.target_id,
            created=entry.created_target,
            reason=entry.reason,
            actor=entry.actor,
            created_at=entry.created_at,
            reversed_at=entry.reversed_at,
            reversal_outcome=ReversalOutcome(entry.reversal_outcome)
            if entry.reversal_outcome
            else None,
            superseded=entry.pk in superseded,
        )
        for entry in log
    )


def _batch_finish_times(
    log: Iterable[LegacyImportCommitLog],
) -> dict[tuple[int, int], datetime.datetime]:
    """(run, batch) → when that batch was finished."""
    batches = {(entry.legacy_import_run_id, entry.batch) for entry in log}
    receipts = ChunkReceipt.objects.filter(
        stage=Stage.COMMIT,
        legacy_import_run__in={run for run, _ in batches},
        position__in={batch for _, batch in batches},
    )
    return {
        (run, position): finished_at
        for run, position, finished_at in receipts.values_list(
            "legacy_import_run_id", "position", "finished_at"
        )
    }


def _superseded(log: Collection[LegacyImportCommitLog]) -> set[int]:
    """The entries (of a log in order) after which the row was processed again."""
    last = {e.student_import_id: e.pk for e in log if e.action not in SECONDARY_ACTIONS}
    return {e.pk for e in log if e.action in NOT_COMMITTED and e.pk != last[e.student_import_id]}
