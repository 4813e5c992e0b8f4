"""The windows of legacy ids that cover a source table: those that are staged, and those between."""

from collections.abc import Iterator
from typing import NamedTuple

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun


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
