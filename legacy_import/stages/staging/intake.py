"""Staging the learner tables of an opened source, chunk by chunk, here or on workers.

A table is covered by windows of legacy ids. A window with a receipt was staged by another snapshot, an
interrupted command's or a worker's: it is read again, and staged anew where this one says otherwise.
So what is staged in the end is what this one snapshot holds, whoever wrote it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

from django.db import transaction
from django.utils import timezone

from legacy_import.choices import SourceTable, Stage
from legacy_import.conf import import_conf
from legacy_import.engine.chunks import (
    Chunk,
    ChunkResult,
    Job,
    Work,
    do_chunk,
    place_of,
    write_receipt,
)
from legacy_import.engine.engines import Engine
from legacy_import.mapping.index import load_mappings
from legacy_import.mapping.meaning import MeaningCache
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.rules.normalization import Settings
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress
from legacy_import.source.reader import LegacySource, open_source
from legacy_import.stages.staging.rows import (
    HashedRow,
    Prepared,
    Understanding,
    digest,
    hash_rows,
    prepare,
    previous_hashes,
    remove_chunk,
    write_chunk,
)
from legacy_import.stages.staging.windows import RowIds, Window, after_of, windows

PAGE_ROWS = 2_000
PAGES_AHEAD = 1  # normalized while the database writes another; more would only be memory
# In the receipts of chunks that a worker staged, from a snapshot of its own …
OWN_SNAPSHOT = "own_snapshot"
STAGED_AGAIN = "staged_again"  # … and that were staged again because it differed from ours

Item = TypeVar("Item")
Result = TypeVar("Result")


def understanding_of(run: LegacyImportRun) -> Understanding:
    """What rows are understood by besides themselves: the same for every chunk of the run."""
    conf = import_conf()
    settings = Settings(
        today=timezone.localdate(run.started_at),
        placeholder_emails=conf.placeholder_emails,
        role_mailboxes=conf.role_mailboxes,
    )
    return Understanding(run, settings, MeaningCache(load_mappings(run.connection_name)))


def open_work(job: Job) -> Work:
    """Stage chunks as a worker does: each through a connection, and so a snapshot, of its own."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    by = understanding_of(run)

    def stage(chunk: Chunk) -> ChunkResult:
        with open_source(run.connection_name, **job.options) as source:
            rows = source.between(chunk.table, after=after_of(chunk.first), until=chunk.last)
            # More rows than there are ids for: the one who asked sees fewer, and stages them anew.
            found = list(islice(rows, chunk.rows))
        before = previous_hashes(run, found)
        done = write_chunk(prepare(hash_rows(found), by, chunk.rows_from, before))
        return done._replace(details={OWN_SNAPSHOT: True})

    return stage


@dataclass(frozen=True, slots=True)
class Intake:
    """Stages what one opened source holds for one run."""

    run: LegacyImportRun
    lease: Lease
    source: LegacySource
    engine: Engine
    allow_writable: bool
    ids: RowIds
    by: Understanding
    progress: Progress

    @property
    def job(self) -> Job:
        options = {"allow_writable": self.allow_writable, "known": self.source.known}
        return Job(self.run.pk, Stage.IMPORT, self.lease.token, options)

    def stage_tables(self) -> None:
        """Stage every row of both learner tables, or the first `row_limit` of them."""
        left, progress = self.run.row_limit, self.progress
        for table in SourceTable.values:
            total = self.source.count(table)
            progress.begin(f"staging {table}", total if left is None else min(total, left))
            for staged in self._stage_table(table, left):
                progress.advance(staged)
                left = left if left is None else left - staged

    def _stage_table(self, table: str, limit: int | None) -> Iterator[int]:
        """Stage one table; yields the number of rows of each chunk that is safe."""
        staged, position = 0, 0
        covered = windows(self.run, table)
        for window in covered:
            if window.receipt:
                rows = self._check(window, window.receipt)
                staged, position = staged + rows, max(position, window.receipt.position + 1)
                yield rows
        fill = self._send if self.engine.distributed else self._stage
        for window in covered:
            if window.receipt is None:
                left = None if limit is None else max(0, limit - staged)
                for rows in fill(window, position, left):
                    staged, position = staged + rows, position + 1
                    yield rows

    def _stage(self, window: Window, position: int, limit: int | None) -> Iterator[int]:
        """Here: the next page is read and normalized while the database writes the last one."""
        table, job = window.table, self.job
        pages = self.source.pages(
            table, after=window.after, until=window.until, size=PAGE_ROWS, limit=limit
        )
        numbered = (
            (page, self.ids.take(len(page)), previous_hashes(self.run, page)) for page in pages
        )
        prepared = ahead(lambda one: prepare(hash_rows(one[0]), self.by, *one[1:]), numbered)
        for number, page in enumerate(prepared, position):
            rows, _, rows_from, *_ = page.done
            chunk = Chunk(number, page.first, page.last, table, rows_from=rows_from, rows=rows)
            yield do_chunk(job, chunk, _writing(page), self.lease.confirm).rows

    def _send(self, window: Window, position: int, limit: int | None) -> Iterator[int]:
        """On workers: each reads a snapshot of its own, so every chunk is then compared with ours."""
        bounds = self.source.bounds(
            window.table, after=window.after, until=window.until, size=PAGE_ROWS, limit=limit
        )
        chunks = (
            Chunk(number, first, last, window.table, rows_from=self.ids.take(rows), rows=rows)
            for number, (first, last, rows) in enumerate(bounds, position)
        )
        for chunk, _ in self.engine.each(self.job, chunks, open_work, self.lease, self.progress):
            receipt = ChunkReceipt.objects.get(**place_of(self.job, chunk))
            sent = Window(chunk.table, after_of(chunk.first), chunk.last, receipt)
            yield self._check(sent, receipt, chunk.rows_from)

    def _check(self, window: Window, receipt: ChunkReceipt, rows_from: int = 0) -> int:
        """A chunk of another snapshot: kept if this one says the same, else staged anew.

        `rows_from`: the first of the ids kept for these rows, where that is known.
        """
        rows = hash_rows(
            self.source.between(window.table, after=window.after, until=receipt.last_id)
        )
        if digest(rows) != receipt.digest:
            if not rows_from:
                fits = receipt.rows and len(rows) <= receipt.last_row - receipt.first_row + 1
                rows_from = receipt.first_row if fits else self.ids.take(len(rows))
            self._stage_again(receipt, rows, rows_from)
        return len(rows)

    def _stage_again(self, receipt: ChunkReceipt, rows: list[HashedRow], rows_from: int) -> None:
        table, last = receipt.source_table, receipt.last_id
        before = previous_hashes(self.run, [hashed.row for hashed in rows])
        page = prepare(rows, self.by, rows_from, before)
        chunk = Chunk(receipt.position, page.first or last, last, table, rows_from=rows_from)
        found = {STAGED_AGAIN: True} if receipt.details else {}
        with transaction.atomic():
            self.lease.confirm()
            remove_chunk(receipt)
            done = write_chunk(page)
            write_receipt(self.job, chunk, done._replace(details=found))


def _writing(page: Prepared) -> Work:
    return lambda chunk: write_chunk(page)


class OfWorkers(NamedTuple):
    """How many chunks workers read, each in a snapshot of its own, and how many of them differed."""

    chunks: int
    staged_again: int


def of_workers(run: LegacyImportRun) -> OfWorkers:
    """Counted in the receipts, so that a killed command's are among them."""
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.IMPORT)
    found = [marks for marks in receipts.values_list("details", flat=True) if marks]
    return OfWorkers(len(found), sum(STAGED_AGAIN in marks for marks in found))


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` of each item, in order; the next ones are worked in a thread while the last one is used.

    Only where `work` touches no database: a connection belongs to one thread.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming: deque[Future[Result]] = deque()
        for item in items:
            coming.append(thread.submit(work, item))
            if len(coming) > PAGES_AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
