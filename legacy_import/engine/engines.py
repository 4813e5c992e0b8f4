"""Who works the chunks of a stage: this process, or Celery workers on any number of machines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from django.db import transaction

from legacy_import.choices import Stage
from legacy_import.conf import import_conf
from legacy_import.engine.chunks import Chunk, ChunkDone, Job, OpenWork, Work, chunks_of, do_chunk
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress


class PassTotals(NamedTuple):
    """What all chunks of a pass did together: rows, and the sums of what else they counted."""

    rows: int
    found: Counter[str]


class Engine(Protocol):
    """Has chunks worked, each exactly once, in whatever order, and says what each one did."""

    distributed: bool  # the chunks are worked elsewhere, several at a time

    def each(
        self,
        job: Job,
        chunks: Iterable[Chunk],
        open_work: OpenWork,
        lease: Lease,
        progress: Progress,
    ) -> Iterator[tuple[Chunk, ChunkDone]]:
        """Every chunk once it is done and safe in the database.

        `progress` hears of nothing but what keeps the engine waiting. Raises what its work raised.
        """
        ...


@dataclass(slots=True)
class Inline:
    """One chunk after the other, in this process."""

    distributed: bool = False
    opened: tuple[Job, Work] | None = None  # of the last job: a commit asks batch by batch

    def each(
        self,
        job: Job,
        chunks: Iterable[Chunk],
        open_work: OpenWork,
        lease: Lease,
        progress: Progress,
    ) -> Iterator[tuple[Chunk, ChunkDone]]:
        if self.opened is None or self.opened[0] != job:
            self.opened = (job, open_work(job))
        _, work = self.opened
        for chunk in chunks:
            yield chunk, do_chunk(job, chunk, work, lease.confirm)


def engine_in_use() -> Engine:
    """The engine that the settings name. Pages never wait for workers: they say Inline()."""
    if import_conf().engine == "inline":
        return Inline()
    from legacy_import.engine.celery_engine import Workers  # Celery is loaded where it is used only

    return Workers()


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
    """Have every chunk of the run's rows worked.

    The receipts of an earlier pass are replaced: a repeated stage starts from its beginning and,
    nothing having changed, ends with the same columns. `engine`: another one than the settings name.
    """
    chunks = list(chunks_of(run))
    progress.begin(label, LegacyStudentImport.objects.filter(legacy_import_run=run).count())
    with transaction.atomic():
        lease.confirm()
        ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage).delete()
    job = Job(run.pk, stage, lease.token)
    engine = engine or engine_in_use()
    rows, found = 0, Counter[str]()
    for _, done in engine.each(job, chunks, open_work, lease, progress):
        rows += done.rows
        found.update(done.found)
        progress.advance(done.rows)
    return PassTotals(rows, found)
