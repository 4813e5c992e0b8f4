"""Chunks of a stage, each in its own transaction with its receipt, so that a stage can be resumed,
counted and distributed to workers on other machines.

A chunk contains only numbers, codes and legacy ids. So it can be sent, worked twice, and worked
anywhere; the receipt decides which of two workers was first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.lifecycle import lock_business_writes

CHUNK_ROWS = 5_000
# Their batches wait for each other, also across runs and workers.
WRITE_PEOPLE = (Stage.COMMIT, Stage.ROLLBACK)


@dataclass(frozen=True, slots=True)
class Job:
    """One pass of a stage over one run. `options` belong to the stage: JSON, no personal data."""

    run_id: int
    stage: Stage
    token: str  # of the lease; chunks are void once another process has taken the lease
    options: Mapping[str, Any] = field(default_factory=dict)

    def as_message(self) -> dict[str, Any]:
        return asdict(self) | {"stage": self.stage.value}

    @classmethod
    def of_message(cls, message: Mapping[str, Any]) -> "Job":
        return cls(**{**message, "stage": Stage(message["stage"])})


class Chunk(NamedTuple):
    """Rows of the run that are worked together: a range of ids, or exactly these `ids` of staged rows.

    `first` and `last` are staged row ids; legacy ids (after the first, up to the last) for an import.
    """

    position: int  # within stage and table
    first: str
    last: str
    table: str = ""  # import only
    ids: Sequence[int] = ()  # commit and rollback only
    rows_from: int = 0  # import only: the first of the staged row ids reserved for it,
    rows: int = 0  # and their number

    def as_message(self) -> dict[str, Any]:
        return self._asdict() | {"ids": list(self.ids)}

    @classmethod
    def of_message(cls, message: Mapping[str, Any]) -> "Chunk":
        return cls(**message)

    @property
    def key(self) -> tuple[str, int]:
        """Its identity among the chunks of its job."""
        return self.table, self.position

    @property
    def name(self) -> str:
        """For people: `stagiaires 1 to 2000`, or staged rows by their ids."""
        return f"{self.table or 'staged rows'} {self.first} to {self.last}"


class ChunkResult(NamedTuple):
    """The result of a chunk, under the names of its receipt's columns."""

    rows: int
    digest: str = ""  # if the stage has one
    first_row: int = 0  # import only: staged row ids
    last_row: int = 0
    details: Mapping[str, Any] = {}  # counts or marks by name: JSON, no personal data


Chunks = Iterable[Chunk]
Results = Iterator[tuple[Chunk, ChunkResult]]
# The work of a stage on one chunk, in a transaction that the caller opened.
Work = Callable[[Chunk], ChunkResult]
# Loads once what all chunks of a job need, and returns their work.
OpenWork = Callable[[Job], Work]


def do_chunk(job: Job, chunk: Chunk, work: Work, confirm: Callable[[], None]) -> ChunkResult:
    """Work one chunk and write its receipt. `confirm` raises OutOfOrder if the job is void by now.

    Raises IntegrityError, with nothing changed, if the chunk already has a receipt.
    """
    with transaction.atomic():
        if job.stage in WRITE_PEOPLE:
            lock_business_writes()
        confirm()
        result = work(chunk)
        write_receipt(job, chunk, result)
    return result


def legacy_name(chunk: Chunk) -> str:
    """For people: the table and the legacy ids of the chunk's first and last row."""
    if chunk.table:
        return f"{chunk.name} (ids of the old database)"
    rows = LegacyStudentImport.objects.filter(
        pk__range=(int(chunk.first or 0), int(chunk.last or 0))
    )
    names = [
        f"{table}:{legacy_id}"
        for order in ("pk", "-pk")
        for table, legacy_id in rows.order_by(order).values_list("source_table", "legacy_id")[:1]
    ]
    return " to ".join(names) or chunk.name


def batch_of(position: int, ids: Sequence[int]) -> Chunk:
    """The chunk of exactly these staged rows."""
    return Chunk(position, str(min(ids)), str(max(ids)), ids=list(ids))


def place_of(job: Job, chunk: Chunk) -> dict[str, Any]:
    """The columns that identify the chunk in the ledger, among those of all runs and stages."""
    return {
        "legacy_import_run_id": job.run_id,
        "stage": job.stage,
        "source_table": chunk.table,
        "position": chunk.position,
    }


def write_receipt(job: Job, chunk: Chunk, result: ChunkResult) -> None:
    """Write the chunk's receipt, in the chunk's own transaction."""
    ChunkReceipt.objects.create(
        **place_of(job, chunk),
        first_id=chunk.first,
        last_id=chunk.last,
        **result._asdict(),
        finished_at=timezone.now(),
    )


def receipt_of(job: Job, chunk: Chunk) -> ChunkResult | None:
    """The result of the chunk, if it is done."""
    values = ChunkReceipt.objects.filter(**place_of(job, chunk)).values_list(*ChunkResult._fields)
    result = values.first()
    return ChunkResult(*result) if result else None


def chunks_of(run: LegacyImportRun) -> Iterator[Chunk]:
    """The ranges of ids that contain all of the run's rows."""
    for position, (first, last) in enumerate(id_ranges(run)):
        yield Chunk(position, str(first), str(last))


def id_ranges(run: LegacyImportRun, size: int = CHUNK_ROWS) -> Iterator[tuple[int, int]]:
    """(first id, last id) of ranges of `size` primary keys that contain all of the run's rows.

    A range starts at a row of the run; rows of other runs may lie in between.
    """
    ids = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by("pk")
    last = 0
    while first := ids.filter(pk__gt=last).values_list("pk", flat=True).first():
        last = first + size - 1
        yield first, last


def next_position(run: LegacyImportRun, stage: Stage) -> int:
    """The position of the stage's next batch: 0, 1, 2 … across all its commands."""
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage)
    last = receipts.aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1
