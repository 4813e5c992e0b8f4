"""A stage in chunks, each in its own transaction with its receipt: what makes a stage resumable,
countable, and fit for workers on other machines.

Everything that a chunk is worked from is plain: numbers, codes, legacy ids. So it can be sent, worked
twice, and worked anywhere; the receipt decides which of two workers was first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.lifecycle import lock_business_writes

CHUNK_ROWS = 5_000
# Their batches wait for each other, whichever runs they belong to and whoever works them.
WRITE_PEOPLE = (Stage.COMMIT, Stage.ROLLBACK)


@dataclass(frozen=True, slots=True)
class Job:
    """One pass of a stage over one run. `options` are the stage's own: JSON, no personal data."""

    run_id: int
    stage: Stage
    token: str  # of the lease under which it is done: with another holder, its chunks are void
    options: Mapping[str, Any] = field(default_factory=dict)

    def as_message(self) -> dict[str, Any]:
        return asdict(self) | {"stage": self.stage.value}

    @classmethod
    def of_message(cls, message: Mapping[str, Any]) -> "Job":
        return cls(**{**message, "stage": Stage(message["stage"])})


class Chunk(NamedTuple):
    """What of the run is worked together: a window of ids, or exactly these `ids` of staged rows.

    `first` and `last` are staged row ids; legacy ids (after the first, up to the last) for an import.
    """

    position: int  # within stage and table
    first: str
    last: str
    table: str = ""  # import only
    ids: Sequence[int] = ()  # commit and rollback only
    rows_from: int = 0  # import only: the staged row ids that are kept for it,
    rows: int = 0  # and how many

    def as_message(self) -> dict[str, Any]:
        return self._asdict() | {"ids": list(self.ids)}

    @classmethod
    def of_message(cls, message: Mapping[str, Any]) -> "Chunk":
        return cls(**message)

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from the other chunks of its job."""
        return self.table, self.position

    @property
    def name(self) -> str:
        """For people: `stagiaires 1 to 2000`, or staged rows by their ids."""
        return f"{self.table or 'staged rows'} {self.first} to {self.last}"


class ChunkDone(NamedTuple):
    """What was done: the number of rows, a digest where one is kept, and what else was counted."""

    rows: int
    digest: str = ""
    first_row: int = 0  # import only: staged row ids
    last_row: int = 0
    found: Mapping[str, Any] = {}  # JSON, no personal data


# What a stage does with one chunk, inside a transaction that the caller opened.
Work = Callable[[Chunk], ChunkDone]
# Reads once what all chunks of a job need to know.
OpenWork = Callable[[Job], Work]


def do_chunk(job: Job, chunk: Chunk, work: Work, confirm: Callable[[], None]) -> ChunkDone:
    """Work one chunk and leave its receipt. `confirm` raises OutOfOrder if the job is void by now.

    A chunk that has its receipt already raises IntegrityError at the end, and nothing was done.
    """
    with transaction.atomic():
        if job.stage in WRITE_PEOPLE:
            lock_business_writes()
        confirm()
        done = work(chunk)
        leave_receipt(job, chunk, done)
    return done


def batch_of(position: int, ids: Sequence[int]) -> Chunk:
    """The chunk of exactly these staged rows."""
    return Chunk(position, str(min(ids)), str(max(ids)), ids=list(ids))


def place_of(job: Job, chunk: Chunk) -> dict[str, Any]:
    """The columns by which the ledger tells the chunk from all others, of all runs and stages."""
    return {
        "legacy_import_run_id": job.run_id,
        "stage": job.stage,
        "source_table": chunk.table,
        "position": chunk.position,
    }


def leave_receipt(job: Job, chunk: Chunk, done: ChunkDone) -> None:
    """Write the chunk's receipt, in the chunk's own transaction."""
    ChunkReceipt.objects.create(
        **place_of(job, chunk),
        first_id=chunk.first,
        last_id=chunk.last,
        first_row=done.first_row,
        last_row=done.last_row,
        rows=done.rows,
        digest=done.digest,
        found=done.found,
        finished_at=timezone.now(),
    )


def chunks_of(run: LegacyImportRun) -> Iterator[Chunk]:
    """The windows of ids that hold all of the run's rows."""
    for position, (first, last) in enumerate(id_ranges(run)):
        yield Chunk(position, str(first), str(last))


def id_ranges(run: LegacyImportRun, size: int = CHUNK_ROWS) -> Iterator[tuple[int, int]]:
    """(first id, last id) of windows of `size` primary keys that hold all of the run's rows.

    Windows start at a row of the run; rows of other runs that lie between do no harm.
    """
    ids = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by("pk")
    last = 0
    while first := ids.filter(pk__gt=last).values_list("pk", flat=True).first():
        last = first + size - 1
        yield first, last


def next_position(run: LegacyImportRun, stage: Stage) -> int:
    """The number of the stage's next batch: 0, 1, 2 … across all its commands."""
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage)
    last = receipts.aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1
