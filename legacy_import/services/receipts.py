"""Receipts of batches: stages that go on where they stopped number them on and on."""

from collections.abc import Sequence

from django.db.models import Max
from django.utils import timezone

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun


def next_position(run: LegacyImportRun, stage: Stage) -> int:
    """The number of the stage's next batch: 0, 1, 2 … across all its commands."""
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage)
    last = receipts.aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1


def leave_receipt(run: LegacyImportRun, stage: Stage, position: int, ids: Sequence[int]) -> None:
    """Write the receipt of a batch of staged rows, in the batch's transaction."""
    ChunkReceipt.objects.create(
        legacy_import_run=run,
        stage=stage,
        position=position,
        first_id=str(min(ids)),
        last_id=str(max(ids)),
        rows=len(ids),
        finished_at=timezone.now(),
    )
