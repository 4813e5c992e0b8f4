"""The ranges of legacy ids that cover one table of the source: the staged ones and the gaps."""

from collections.abc import Iterator
from typing import NamedTuple

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun


class IdRange(NamedTuple):
    """The rows with after < legacy id <= until (None: no bound).

    `receipt`: of the chunk that staged exactly this range; None for a gap.
    """

    table: str
    after: str | None
    until: str | None
    receipt: ChunkReceipt | None = None


def bound_before(legacy_id: str) -> str:
    """The `after` of a range that begins with this legacy id."""
    return str(int(legacy_id) - 1)


def ranges_of_table(run: LegacyImportRun, table: str) -> Iterator[IdRange]:
    """All ranges of the table, in the order of legacy ids; the last one is a gap without an end."""
    receipts = ChunkReceipt.objects.filter(
        legacy_import_run=run, stage=Stage.IMPORT, source_table=table
    )
    covered: str | None = None
    next_position = 0
    for receipt in sorted(receipts, key=lambda receipt: int(receipt.last_id)):
        if receipt.position != next_position:
            # Workers finish in any order, so chunks between two finished ones may be missing.
            gap_end = bound_before(receipt.first_id)
            yield IdRange(table, covered, gap_end)
            covered = gap_end
        yield IdRange(table, covered, receipt.last_id, receipt)
        covered, next_position = receipt.last_id, receipt.position + 1
    yield IdRange(table, covered, None)
