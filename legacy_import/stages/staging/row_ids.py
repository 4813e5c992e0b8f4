"""The ids of staged rows, reserved before the rows are written.

Any machine may write the chunks of an import, in any order: every row still gets the same id, in the
order of the source (docs/decisions/0054-row-ids-are-given-out-beforehand.md).
"""

from django.db import transaction
from django.db.models import Max

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.lifecycle import lock_business_writes


class RowIds:
    """The ids reserved for one run. Reserves `expected` of them at once, and more on demand."""

    def __init__(self, run: LegacyImportRun, expected: int) -> None:
        self._run = run
        receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.IMPORT)
        last_used = receipts.aggregate(last=Max("last_row"))["last"]
        self._next = int(last_used or run.row_ids_until) + 1
        self._reserve_at_least(expected)

    def take(self, rows: int) -> int:
        """The first of `rows` consecutive ids, which no other chunk gets."""
        self._reserve_at_least(rows)
        first = self._next
        self._next += rows
        return first

    def _reserve_at_least(self, rows: int) -> None:
        if self._run.row_ids_until - self._next + 1 < rows:
            self._next = reserve_ids(self._run, rows)


def reserve_ids(run: LegacyImportRun, rows: int) -> int:
    """Reserve `rows` ids for this run that no other run and no row has; returns the first of them."""
    with transaction.atomic():
        lock_business_writes()
        last_reserved = LegacyImportRun.objects.aggregate(last=Max("row_ids_until"))["last"]
        last_row = LegacyStudentImport.objects.aggregate(last=Max("pk"))["last"]
        first = max(int(last_reserved or 0), int(last_row or 0)) + 1
        run.row_ids_until = first + rows - 1
        run.save(update_fields=["row_ids_until"])
    return first
