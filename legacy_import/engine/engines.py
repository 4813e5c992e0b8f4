"""The two engines: chunks are worked in this process, or by Celery workers on any number of machines."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from django.db import connection
from django.utils.module_loading import import_string

from ecoin.database import DEADLOCK, error_number, link_is_lost, may_come_back
from ecoin.retries import again, transaction_again
from legacy_import.choices import Stage
from legacy_import.conf import ENGINES, import_conf
from legacy_import.engine.chunks import (
    Chunk,
    ChunkResult,
    Chunks,
    Job,
    OpenWork,
    Results,
    Work,
    chunks_of,
    do_chunk,
    receipt_of,
)
from legacy_import.engine.poison_rows import name_of
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress


class PassTotals(NamedTuple):
    """The sums over all chunks of a pass: rows, and the numbers in their results."""

    rows: int
    counts: Counter[str]


class Engine(Protocol):
    """Works chunks, each exactly once and in any order, and reports the result of each."""

    distributed: bool  # the chunks are worked elsewhere, several at a time

    def each(
        self, job: Job, chunks: Chunks, open_work: OpenWork, lease: Lease, progress: Progress
    ) -> Results:
        """Every chunk with its result, once that is committed to the database.

        `progress` gets only what the engine waits for. Raises what the work raises.
        """
        ...


@dataclass(slots=True)
class Inline:
    """One chunk after the other, in this process."""

    distributed: bool = False
    current: tuple[Job, Work] | None = None  # of the last job: a commit calls once per batch

    def each(
        self, job: Job, chunks: Chunks, open_work: OpenWork, lease: Lease, progress: Progress
    ) -> Results:
        if self.current is None or self.current[0] != job:
            self.current = (job, open_work(job))
        _, work = self.current
        for chunk in chunks:
            yield chunk, work_inline(job, chunk, work, lease, progress)


def work_inline(
    job: Job, chunk: Chunk, work: Work, lease: Lease, progress: Progress
) -> ChunkResult:
    """Work the chunk; again if the server rolled it back for another's, or went away meanwhile."""
    if connection.in_atomic_block:
        return do_chunk(job, chunk, work, lease.confirm)
    lost: list[Exception] = []

    def once() -> ChunkResult:
        # A lost answer to COMMIT: the chunk may be done.
        receipt = receipt_of(job, chunk) if lost else None
        return receipt or do_chunk(job, chunk, work, lease.confirm)

    def note(error: Exception) -> None:
        if link_is_lost(error) and not lost:
            progress.say(
                f"The app database went away ({name_of(error)}); trying again for half a minute."
            )
        if link_is_lost(error):
            lost.append(error)

    return again(once, passing=_passes, notify=note)


def _passes(error: Exception) -> bool:
    """A lock that another session does not give back is reported at once: it was waited for."""
    if link_is_lost(error):
        return may_come_back(connection)  # not for a page
    return error_number(error) == DEADLOCK


def engine_in_use() -> Engine:
    """The engine in the settings. Pages never wait for workers: they use Inline()."""
    engine: Engine = import_string(ENGINES[import_conf().engine])()
    return engine


def work_in_chunks(
    run: LegacyImportRun,
    stage: Stage,
    open_work: OpenWork,
    *,
    lease: Lease,
    progress: Progress,
    label: str,
    engine: Engine | None = None,
) -> PassTotals:
    """Work every chunk of the run's rows, with `engine` instead of the one in the settings if given.

    The receipts of an earlier pass are replaced: a repeated stage starts from the beginning and, if
    nothing changed, ends with the same columns.
    """
    chunks = list(chunks_of(run))
    progress.begin(label, LegacyStudentImport.objects.filter(legacy_import_run=run).count())

    def delete_receipts() -> None:
        lease.confirm()
        ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage).delete()

    transaction_again(delete_receipts)
    job = Job(run.pk, stage, lease.token)
    engine = engine or engine_in_use()
    rows, counts = 0, Counter[str]()
    for _, result in engine.each(job, chunks, open_work, lease, progress):
        rows += result.rows
        counts.update(result.details)
        progress.advance(result.rows)
    return PassTotals(rows, counts)
