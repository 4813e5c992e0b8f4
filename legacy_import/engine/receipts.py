"""Receipts of batches: stages that go on where they stopped number them on and on."""

from django.db.models import Max

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun


def next_position(run: LegacyImportRun, stage: Stage) -> int:
    """The number of the stage's next batch: 0, 1, 2 … across all its commands."""
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage)
    last = receipts.aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1
