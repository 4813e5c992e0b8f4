"""Which worker is at work on which chunk, and how often a process ended while it was.

An attempt is written before the chunk's transaction, and deleted when it ends in any way that the
worker survives. So one whose session is no longer on the database server is of a process that died.
"""

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.db import Error as AnyDatabaseError
from django.db import connection
from django.utils import timezone

from ecoin.database import open_sessions, server_uptime, session_id
from legacy_import.engine.chunks import Chunk, Job, place_of
from legacy_import.errors import LegacyImportError
from legacy_import.models import ChunkAttempt

DEADLY_ATTEMPTS = 3  # processes that ended during one chunk, before it is given up

_undeleted: list[
    int
] = []  # attempts of this process that could not be deleted: the server was away


class ChunkKillsWorkers(LegacyImportError):
    """Processes of workers ended again and again while they worked this chunk."""


class Attempt(NamedTuple):
    """One attempt that has not ended by itself."""

    pk: int
    run: int
    stage: str
    table: str
    position: int
    worker: str
    session: int  # on the database server
    started_at: datetime.datetime
    alive: bool  # its session is open

    @property
    def key(self) -> tuple[str, int]:
        """The identity of its chunk among those of its job."""
        return self.table, self.position

    @property
    def sentence(self) -> str:
        """`Worker w1@host has been at work on run 3, validate, chunk 12, for 150 s (session 812).`"""
        seconds = (timezone.now() - self.started_at).total_seconds()
        table = f" of {self.table}" if self.table else ""
        return (
            f"Worker {self.worker} has been at work on run {self.run}, {self.stage}, chunk "
            f"{self.position}{table}, for {seconds:.0f} s (session {self.session})."
        )


@contextmanager
def attempt(job: Job, chunk: Chunk, worker: str) -> Iterator[None]:
    """Record that the worker works the chunk while the block runs.

    Raises ChunkKillsWorkers after DEADLY_ATTEMPTS processes that ended during it.
    """
    if _undeleted:
        ChunkAttempt.objects.filter(pk__in=_undeleted).delete()
        _undeleted.clear()
    dead = [
        one.worker for one in _attempts(**place_of(job, chunk), token=job.token) if not one.alive
    ]
    if len(dead) >= DEADLY_ATTEMPTS:
        raise ended_again_and_again(dead)
    mine = ChunkAttempt.objects.create(
        **place_of(job, chunk),
        token=job.token,
        worker=worker,
        connection_id=session_id(connection),
        started_at=timezone.now(),
    )
    try:
        yield
    finally:
        try:
            ChunkAttempt.objects.filter(pk=mine.pk).delete()
        except AnyDatabaseError:
            _undeleted.append(mine.pk)


def ended_again_and_again(workers: Sequence[str]) -> ChunkKillsWorkers:
    """The report of a chunk during which processes of these workers ended."""
    return ChunkKillsWorkers(
        f"{len(workers)} processes ended while they worked it ({_by_worker(workers)}).",
        hint="Find out on those machines what ended them (often memory: dmesg, journalctl), or work "
        "it with LEGACY_IMPORT_ENGINE=inline.",
    )


def attempts_of(job: Job) -> list[Attempt]:
    """Those of the job, oldest first."""
    return _attempts(legacy_import_run_id=job.run_id, stage=job.stage, token=job.token)


def long_attempts(seconds: int) -> list[Attempt]:
    """Of all runs, the attempts that are at work for longer than that: they may have locks."""
    since = timezone.now() - datetime.timedelta(seconds=seconds)
    return [one for one in _attempts(started_at__lt=since) if one.alive]


def delete_attempts(job: Job) -> None:
    """Delete what is known of earlier attempts of the stage, of any job."""
    ChunkAttempt.objects.filter(legacy_import_run_id=job.run_id, stage=job.stage).delete()


def _attempts(**columns: object) -> list[Attempt]:
    attempts = ChunkAttempt.objects.filter(**columns).order_by("pk")
    rows = list(
        attempts.values_list(
            "pk", "legacy_import_run_id", "stage", "source_table", "position", "worker",
            "connection_id", "started_at",
        )
    )  # fmt: skip
    if not rows:
        return []
    sessions = open_sessions(connection)
    # A server that restarted gives out the numbers of sessions again. It counts whole seconds.
    restarted_at = timezone.now() - datetime.timedelta(seconds=server_uptime(connection) + 1)
    return [
        Attempt(*row, alive=not row[6] or (row[6] in sessions and row[7] > restarted_at))
        for row in rows  # 0: a file
    ]


def _by_worker(workers: Sequence[str]) -> str:
    return ", ".join(
        worker if times == 1 else f"{times} of {worker}"
        for worker, times in Counter(workers).items()
    )
