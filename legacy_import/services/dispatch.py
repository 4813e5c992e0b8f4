"""The engine `celery`: chunks are sent to workers, and their receipts in the database are waited for.

Nothing is believed that is not in the database: a message may be lost, doubled or late.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import OperationalError, transaction

from legacy_import.errors import LegacyImportError
from legacy_import.models import ChunkFailure, ChunkReceipt, LegacyImportRun
from legacy_import.progress import Progress
from legacy_import.services import broker
from legacy_import.services.chunks import Chunk, ChunkDone, Job, OpenWork
from legacy_import.services.lease import Lease

IN_FLIGHT = 64  # chunks that are sent and not finished; enough for as many workers
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # seconds between two looks at the receipts
RENEW_SECONDS = 20  # of a lease of a minute; every chunk at work delays it
UNTAKEN_SECONDS = 30  # after which is said that no worker takes a chunk
RESEND_SECONDS = 60  # without a finished chunk, after which what is not waiting is sent again
PATIENCE_SECONDS = 900  # without a finished chunk, after which the command ends
BROKER_SECONDS = 300  # without a broker, after which the command ends
FIRST_NOTICE_SECONDS = 3  # a broker that restarts is not worth a word
LOCKED = (1205, 1213)

Answer = TypeVar("Answer")


class Workers:
    """Chunks are worked by Celery workers, on this machine and others."""

    distributed = True

    def each(
        self,
        job: Job,
        chunks: Iterable[Chunk],
        open_work: OpenWork,
        lease: Lease,
        progress: Progress,
    ) -> Iterator[tuple[Chunk, ChunkDone]]:
        with transaction.atomic():
            lease.confirm()
            ChunkFailure.objects.filter(legacy_import_run_id=job.run_id, stage=job.stage).delete()
        yield from _Flight(job, lease, progress).each(iter(chunks))


@dataclass
class _Flight:
    """The chunks of one job that are on their way. Times are monotonic seconds."""

    job: Job
    lease: Lease
    progress: Progress
    sent: dict[tuple[str, int], Chunk] = field(default_factory=dict)
    pause: float = SHORTEST_PAUSE
    renewed: float = field(default_factory=time.monotonic)
    finished: float = field(default_factory=time.monotonic)  # the last chunk
    resent: float = field(default_factory=time.monotonic)
    said: set[str] = field(default_factory=set)

    def each(self, coming: Iterator[Chunk]) -> Iterator[tuple[Chunk, ChunkDone]]:
        more = True
        while True:
            while more and len(self.sent) < IN_FLIGHT:
                chunk = next(coming, None)
                more = chunk is not None
                if chunk is not None:
                    self._send(chunk)
            if not self.sent:
                return
            done = self._landed()
            if done:
                self.pause, self.finished = SHORTEST_PAUSE, time.monotonic()
            for key, what in done.items():
                yield self.sent.pop(key), what
                self._renew()
            self._raise_failure()
            if not done:
                self._look_after()
                self._wait(self.pause)
                self.pause = min(self.pause * 1.5, LONGEST_PAUSE)

    def _landed(self) -> dict[tuple[str, int], ChunkDone]:
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

    def _raise_failure(self) -> None:
        failures = ChunkFailure.objects.filter(
            legacy_import_run_id=self.job.run_id, stage=self.job.stage
        )
        for failure in failures:
            chunk = self.sent.get((failure.source_table, failure.position))
            if chunk is None:
                continue  # done meanwhile by another worker
            raise LegacyImportError(
                f"A worker could not {self.job.stage.value} {chunk.name} of run "
                f"{self.job.run_id}: {failure.message or failure.error}",
                hint=failure.hint or f"Mend the cause, then go on: manage.py {self._again()}",
                exit_code=failure.exit_code,
            )

    def _again(self) -> str:
        return LegacyImportRun.objects.get(pk=self.job.run_id).next_command

    def _look_after(self) -> None:
        """Nothing has finished: are there workers, and do they still know of what was sent?"""
        now = time.monotonic()
        idle = now - self.finished
        if idle > PATIENCE_SECONDS:
            raise LegacyImportError(
                f"No chunk has been finished for {PATIENCE_SECONDS / 60:.0f} minutes.",
                hint="Look at the workers (celery -A ecoin worker) and their log; then go on: "
                f"manage.py {self._again()}",
            )
        if idle > UNTAKEN_SECONDS and "untaken" not in self.said and self._untaken():
            self._say(
                "untaken",
                f"No worker has taken a chunk for {UNTAKEN_SECONDS:.0f} s: start one with "
                "celery -A ecoin worker",
            )
        if idle > RESEND_SECONDS and now - self.resent > RESEND_SECONDS and not self._untaken():
            self._say(
                "resent",
                f"No chunk has been finished for {RESEND_SECONDS:.0f} s: what may be lost is sent "
                "again. A chunk worked twice counts once.",
            )
            for chunk in self.sent.values():
                self._send(chunk)
            self.resent = time.monotonic()

    def _untaken(self) -> bool:
        """Every chunk that was sent still waits for a worker."""
        return self._at_broker(broker.waiting) >= len(self.sent)

    def _send(self, chunk: Chunk) -> None:
        self._at_broker(lambda: broker.send(self.job, chunk))
        self.sent[chunk.key] = chunk

    def _at_broker(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until the broker answers. Raises LegacyImportError when it does not for too long."""
        began = time.monotonic()
        while True:
            try:
                return ask()
            except broker.BrokerAway:
                away = time.monotonic() - began
            if away > BROKER_SECONDS:
                raise LegacyImportError(
                    f"The broker at {broker.address()} has not answered for "
                    f"{BROKER_SECONDS / 60:.0f} minutes.",
                    hint=f"Start it, or correct CELERY_BROKER_URL; then: manage.py {self._again()}",
                )
            if away > FIRST_NOTICE_SECONDS:
                self._say(
                    "broker",
                    f"The broker at {broker.address()} does not answer; trying again for "
                    f"{BROKER_SECONDS / 60:.0f} minutes. Everything finished is kept.",
                )
            self._wait(LONGEST_PAUSE)

    def _wait(self, seconds: float) -> None:
        """Rest; the lease is kept meanwhile. Raises Interrupted if asked to stop."""
        self.progress.advance(0)
        time.sleep(seconds)
        self._renew()

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

    def _say(self, what: str, sentence: str) -> None:
        if what not in self.said:
            self.said.add(what)
            self.progress.say(sentence)
