"""Chunks on their way to whoever works them, and the wait for their receipts in the database.

Nothing is believed that is not in the database: a message may be lost, doubled or late, and whoever
has it may be killed. Where messages go is the engine's: `dispatch` (Celery), `processes` (this machine).
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from django.db import OperationalError, transaction
from django.db.models import QuerySet

from legacy_import.engine.chunks import Chunk, ChunkDone, Job
from legacy_import.errors import LegacyImportError
from legacy_import.models import ChunkFailure, ChunkReceipt, LegacyImportRun
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

RENEW_SECONDS = 20  # of a lease of a minute; every chunk at work delays it
LOCKED = (1205, 1213)

Key = tuple[str, int]  # of a chunk: its table and its position


@dataclass
class Flight(ABC):
    """The chunks of one job that are on their way. Times are monotonic seconds."""

    job: Job
    lease: Lease
    progress: Progress
    sent: dict[Key, Chunk] = field(default_factory=dict)
    renewed: float = field(default_factory=time.monotonic)
    finished: float = field(default_factory=time.monotonic)  # the last chunk
    said: set[str] = field(default_factory=set)

    @property
    @abstractmethod
    def room(self) -> int:
        """How many chunks may be on their way."""

    @abstractmethod
    def send(self, chunk: Chunk) -> None:
        """Hand the chunk over, once more if it was lost. Returns at once."""

    @abstractmethod
    def rest(self) -> None:
        """Nothing has landed: look after what was sent, and wait until something may have."""

    def each(self, coming: Iterator[Chunk]) -> Generator[tuple[Chunk, ChunkDone], None, None]:
        """Every chunk once it is done; as many as there is room for are on their way meanwhile."""
        self._forget_failures()
        self._fill(coming)
        while self.sent:
            landed = self._landed()
            for key, done in landed.items():
                self.finished = time.monotonic()
                chunk = self.sent.pop(key)
                self._fill(coming)  # before the caller looks at this one: nobody waits for that
                yield chunk, done
                self._renew()
            self._raise_failure()
            if self.sent and not landed:
                self.rest()

    def keep(self) -> None:
        """Keep the lease while nothing happens. Raises Interrupted if asked to stop."""
        self.progress.advance(0)
        self._renew()

    def say(self, what: str, sentence: str) -> None:
        """Tell the operator, once."""
        if what not in self.said:
            self.said.add(what)
            self.progress.say(sentence)

    @property
    def again(self) -> str:
        """The command that goes on, without `manage.py`."""
        return LegacyImportRun.objects.get(pk=self.job.run_id).next_command

    def _forget_failures(self) -> None:
        with transaction.atomic():
            self.lease.confirm()
            self._failures().delete()

    def _fill(self, coming: Iterator[Chunk]) -> None:
        while len(self.sent) < self.room:
            chunk = next(coming, None)
            if chunk is None:
                return
            self.send(chunk)
            self.sent[chunk.key] = chunk

    def _landed(self) -> dict[Key, ChunkDone]:
        """Which of the chunks on their way have their receipt by now, in order."""
        receipts = ChunkReceipt.objects.filter(
            legacy_import_run_id=self.job.run_id,
            stage=self.job.stage,
            position__in=[position for _, position in self.sent],
        )
        return {
            (receipt.source_table, receipt.position): ChunkDone(
                receipt.rows, receipt.digest, receipt.first_row, receipt.last_row, receipt.found
            )
            for receipt in receipts.order_by("position")
            if (receipt.source_table, receipt.position) in self.sent
        }

    def _failures(self) -> QuerySet[ChunkFailure]:
        return ChunkFailure.objects.filter(
            legacy_import_run_id=self.job.run_id, stage=self.job.stage
        )

    def _raise_failure(self) -> None:
        for failure in self._failures():
            chunk = self.sent.get((failure.source_table, failure.position))
            if chunk is None:
                continue  # done meanwhile by another worker
            raise LegacyImportError(
                f"A worker could not {self.job.stage.value} {chunk.name} of run "
                f"{self.job.run_id}: {failure.message or failure.error}",
                hint=failure.hint or f"Mend the cause, then go on: manage.py {self.again}",
                exit_code=failure.exit_code,
            )

    def _renew(self) -> None:
        """Keep the lease. Raises LeaseLost when somebody else has taken the run over."""
        if time.monotonic() - self.renewed < RENEW_SECONDS:
            return
        try:
            self.lease.confirm()
        except OperationalError as error:
            if error.args[:1] not in [(number,) for number in LOCKED]:
                raise
            return  # chunks at work hold the run's row; nobody else can take it either
        self.renewed = time.monotonic()
