"""Staging the learner tables of an opened source, here or on workers.

For each table, in this order:

1. The table is divided into ranges of legacy ids: those with a receipt, which an interrupted command
   staged, and the gaps between and after them (`id_ranges`).
2. A range with a receipt comes from another snapshot. It is read again, and staged again if this
   snapshot differs from it.
3. A gap is staged in chunks, by this process or by workers. Each worker reads its own snapshot,
   so step 2 follows for each of its chunks.

So the staged rows are always those of this command's snapshot, no matter which process wrote them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction

from ecoin.bulk import work_ahead
from legacy_import.choices import SourceTable, Stage
from legacy_import.engine.chunks import (
    Chunk,
    ChunkResult,
    Job,
    Work,
    place_of,
    write_receipt,
)
from legacy_import.engine.engines import Engine, work_inline
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress
from legacy_import.source.reader import LegacyRow, LegacySource, open_source
from legacy_import.stages.staging.chunk_rows import (
    PreparedChunk,
    StagingContext,
    digest,
    hash_rows,
    load_context,
    prepare_chunk,
    previous_hashes,
    remove_chunk,
    write_chunk,
)
from legacy_import.stages.staging.id_ranges import IdRange, bound_before, ranges_of_table
from legacy_import.stages.staging.row_ids import RowIds

PAGE_ROWS = 2_000
# Marks in the receipts of chunks that a worker staged from its own snapshot,
OWN_SNAPSHOT = "own_snapshot"
STAGED_AGAIN = "staged_again"  # and of those that this command staged again


def open_work(job: Job) -> Work:
    """A worker's work: each chunk is read through its own connection, and so its own snapshot."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    context = load_context(run)

    def stage(chunk: Chunk) -> ChunkResult:
        with open_source(run.connection_name, **job.options) as source:
            rows = source.between(chunk.table, after=bound_before(chunk.first), until=chunk.last)
            # Only as many rows as ids are reserved: if there are more by now, the command that sent
            # the chunk sees a difference and stages it again.
            page = list(islice(rows, chunk.rows))
        previous = previous_hashes(run, page)
        result = write_chunk(prepare_chunk(page, context, chunk.rows_from, previous))
        return result._replace(details={OWN_SNAPSHOT: True})

    return stage


@dataclass(frozen=True, slots=True)
class TableImport:
    """Stages the learner tables of one opened source for one run."""

    run: LegacyImportRun
    lease: Lease
    source: LegacySource
    engine: Engine
    allow_writable: bool
    row_ids: RowIds
    context: StagingContext
    progress: Progress

    @property
    def job(self) -> Job:
        options = {"allow_writable": self.allow_writable, "measurements": self.source.measurements}
        return Job(self.run.pk, Stage.IMPORT, self.lease.token, options)

    def stage_tables(self) -> None:
        """Stage every row of both learner tables, or the first `row_limit` of them."""
        limit = self.run.row_limit
        for table in SourceTable.values:
            total = self.source.count(table)
            self.progress.begin(f"staging {table}", total if limit is None else min(total, limit))
            for rows in self._stage_table(table, limit):
                self.progress.advance(rows)
                limit = None if limit is None else limit - rows

    def _stage_table(self, table: str, limit: int | None) -> Iterator[int]:
        """Stage one table; yields the number of rows of each chunk once it is committed."""
        total, position = 0, 0
        ranges = list(ranges_of_table(self.run, table))
        for id_range in ranges:
            if id_range.receipt:
                rows = self._compare(id_range, id_range.receipt)
                total, position = total + rows, max(position, id_range.receipt.position + 1)
                yield rows
        stage_gap = self._send_gap if self.engine.distributed else self._stage_gap
        for id_range in ranges:
            if id_range.receipt is None:
                remaining = None if limit is None else max(0, limit - total)
                for rows in stage_gap(id_range, position, remaining):
                    total, position = total + rows, position + 1
                    yield rows

    def _stage_gap(self, gap: IdRange, position: int, limit: int | None) -> Iterator[int]:
        """In this process: the next page is read and normalized while the last one is written."""
        pages = self.source.pages(
            gap.table, after=gap.after, until=gap.until, size=PAGE_ROWS, limit=limit
        )
        numbered = (
            (page, self.row_ids.take(len(page)), previous_hashes(self.run, page)) for page in pages
        )
        prepared = work_ahead(self._prepare, numbered)
        for number, page in enumerate(prepared, position):
            result = page.result
            chunk = Chunk(
                number,
                page.first,
                page.last,
                gap.table,
                rows_from=result.first_row,
                rows=result.rows,
            )
            yield work_inline(self.job, chunk, _writes(page), self.lease, self.progress).rows

    def _prepare(
        self, numbered: tuple[Sequence[LegacyRow], int, Mapping[str, str]]
    ) -> PreparedChunk:
        page, first_id, previous = numbered
        return prepare_chunk(page, self.context, first_id, previous)

    def _send_gap(self, gap: IdRange, position: int, limit: int | None) -> Iterator[int]:
        """On workers; each finished chunk is compared with this snapshot."""
        bounds = self.source.bounds(
            gap.table, after=gap.after, until=gap.until, size=PAGE_ROWS, limit=limit
        )
        chunks = (
            Chunk(number, first, last, gap.table, rows_from=self.row_ids.take(rows), rows=rows)
            for number, (first, last, rows) in enumerate(bounds, position)
        )
        for chunk, _ in self.engine.each(self.job, chunks, open_work, self.lease, self.progress):
            receipt = ChunkReceipt.objects.get(**place_of(self.job, chunk))
            id_range = IdRange(chunk.table, bound_before(chunk.first), chunk.last, receipt)
            yield self._compare(id_range, receipt, chunk.rows_from)

    def _compare(self, id_range: IdRange, receipt: ChunkReceipt, first_id: int = 0) -> int:
        """Stage a chunk of another snapshot again if this one differs; returns this one's rows.

        `first_id`: the first of the ids reserved for the chunk, if known.
        """
        rows = list(
            self.source.between(id_range.table, after=id_range.after, until=receipt.last_id)
        )
        if digest(hash_rows(rows)) != receipt.digest:
            if not first_id:
                fits = receipt.rows and len(rows) <= receipt.last_row - receipt.first_row + 1
                first_id = receipt.first_row if fits else self.row_ids.take(len(rows))
            self._stage_again(receipt, rows, first_id)
        return len(rows)

    def _stage_again(self, receipt: ChunkReceipt, rows: Sequence[LegacyRow], first_id: int) -> None:
        page = prepare_chunk(rows, self.context, first_id, previous_hashes(self.run, rows))
        last = receipt.last_id
        chunk = Chunk(
            receipt.position, page.first or last, last, receipt.source_table, rows_from=first_id
        )
        marks = {STAGED_AGAIN: True} if receipt.details else {}
        with transaction.atomic():
            self.lease.confirm()
            remove_chunk(receipt)
            result = write_chunk(page)
            write_receipt(self.job, chunk, result._replace(details=marks))


def _writes(page: PreparedChunk) -> Work:
    return lambda chunk: write_chunk(page)


def worker_chunks(run: LegacyImportRun) -> tuple[int, int]:
    """How many chunks workers staged, each from its own snapshot, and how many of them differed.

    Counted in the receipts, which include those of earlier, interrupted commands.
    """
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.IMPORT)
    marked = [marks for marks in receipts.values_list("details", flat=True) if marks]
    return len(marked), sum(STAGED_AGAIN in marks for marks in marked)
