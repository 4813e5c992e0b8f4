"""The windows of legacy ids that cover a source table, and the ids that the staged rows get.

Staged row ids are given out before the rows are written: any machine may write the chunks, in any order,
and every row gets the same number, in the order of the source.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.lifecycle import lock_business_writes


class Window(NamedTuple):
    """The rows with after < legacy id <= until (None: no bound); `receipt`: they were staged."""

    table: str
    after: str | None
    until: str | None
    receipt: ChunkReceipt | None = None


def after_of(first_id: str) -> str:
    """The bound after which the row with this legacy id is the first."""
    return str(int(first_id) - 1)


def windows(run: LegacyImportRun, table: str) -> list[Window]:
    """All windows of one table, in the order of legacy ids; the last one has no end."""
    return list(_windows(run, table))


def _windows(run: LegacyImportRun, table: str) -> Iterator[Window]:
    receipts = ChunkReceipt.objects.filter(
        legacy_import_run=run, stage=Stage.IMPORT, source_table=table
    )
    covered: str | None = None
    following = 0
    for receipt in sorted(receipts, key=lambda receipt: int(receipt.last_id)):
        if receipt.position != following:
            # Workers finish in any order: what lies between two finished chunks may be missing.
            gap_ends = after_of(receipt.first_id)
            yield Window(table, covered, gap_ends)
            covered = gap_ends
        yield Window(table, covered, receipt.last_id, receipt)
        covered, following = receipt.last_id, receipt.position + 1
    yield Window(table, covered, None)


class RowIds:
    """The ids that are kept for one run."""

    def __init__(self, run: LegacyImportRun, expected: int) -> None:
        """`expected`: the rows that are to come; as many ids are kept, more on demand."""
        self._run = run
        receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.IMPORT)
        used = receipts.aggregate(last=Max("last_row"))["last"]
        self._next = int(used or run.row_ids_until) + 1
        if self._left < expected:
            self._keep(expected)

    def take(self, rows: int) -> int:
        """The first of `rows` ids in a row."""
        if self._left < rows:
            self._keep(rows)
        first = self._next
        self._next += rows
        return first

    @property
    def _left(self) -> int:
        return self._run.row_ids_until - self._next + 1

    def _keep(self, rows: int) -> None:
        self._next = keep_ids(self._run, rows)


def keep_ids(run: LegacyImportRun, rows: int) -> int:
    """Keep `rows` ids for this run that no other run and no row has; returns the first of them."""
    with transaction.atomic():
        lock_business_writes()
        kept = LegacyImportRun.objects.aggregate(last=Max("row_ids_until"))["last"]
        staged = LegacyStudentImport.objects.aggregate(last=Max("pk"))["last"]
        first = max(int(kept or 0), int(staged or 0)) + 1
        run.row_ids_until = first + rows - 1
        run.save(update_fields=["row_ids_until"])
    return first
