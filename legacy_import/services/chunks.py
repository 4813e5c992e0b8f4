"""Stages 4 to 6 in chunks of staged rows, each in its own transaction with its receipt."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.progress import Progress
from legacy_import.services.lease import Lease

CHUNK_ROWS = 5_000


class ChunkDone(NamedTuple):
    """What a chunk function did: how many rows, and a digest of its answers where one is kept."""

    rows: int
    digest: str = ""


# A chunk function works on the rows of one run with first <= id <= last.
ChunkWork = Callable[[int, int], ChunkDone]


def work_in_chunks(
    run: LegacyImportRun,
    stage: Stage,
    work: ChunkWork,
    *,
    lease: Lease,
    progress: Progress,
    label: str,
) -> int:
    """Call `work(first, last)` for every chunk of the run's rows; returns how many rows there were.

    The receipts of an earlier pass are replaced: a repeated stage starts from its beginning and,
    nothing having changed, ends with the same columns.
    """
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    progress.begin(label, rows.count())
    with transaction.atomic():
        lease.confirm()
        ChunkReceipt.objects.filter(legacy_import_run=run, stage=stage).delete()
    total = 0
    for position, (first, last) in enumerate(id_ranges(run)):
        with transaction.atomic():
            lease.confirm()
            done = work(first, last)
            ChunkReceipt.objects.create(
                legacy_import_run=run,
                stage=stage,
                position=position,
                first_id=str(first),
                last_id=str(last),
                rows=done.rows,
                digest=done.digest,
                finished_at=timezone.now(),
            )
        total += done.rows
        progress.advance(done.rows)
    return total


def id_ranges(run: LegacyImportRun, size: int = CHUNK_ROWS) -> Iterator[tuple[int, int]]:
    """(first id, last id) of windows of `size` primary keys that hold all of the run's rows.

    Windows start at a row of the run; rows of other runs that lie between do no harm.
    """
    ids = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by("pk")
    last = 0
    while first := ids.filter(pk__gt=last).values_list("pk", flat=True).first():
        last = first + size - 1
        yield first, last
