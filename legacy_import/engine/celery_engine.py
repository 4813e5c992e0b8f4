"""The engine `celery`: chunks go through a broker to workers, on this machine and others."""

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from legacy_import.engine import broker
from legacy_import.engine.chunks import Chunk, ChunkDone, Job, OpenWork
from legacy_import.engine.receipts_wait import Flight
from legacy_import.errors import LegacyImportError
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

IN_FLIGHT = 64  # chunks that are sent and not finished; enough for as many workers
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # seconds between two looks at the receipts
UNTAKEN_SECONDS = 30  # after which is said that no worker takes a chunk
RESEND_SECONDS = 60  # without a finished chunk, after which what is not waiting is sent again
RESEND_ANYWAY_SECONDS = 180  # after which it is sent again whatever waits
PATIENCE_SECONDS = 900  # without a finished chunk, after which the command ends
BROKER_SECONDS = 300  # without a broker, after which the command ends
FIRST_NOTICE_SECONDS = 3  # a broker that restarts is not worth a word

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
    ) -> Generator[tuple[Chunk, ChunkDone], None, None]:
        yield from _ByBroker(job, lease, progress).each(iter(chunks))


@dataclass
class _ByBroker(Flight):
    """Chunks that the broker hands out to whichever worker asks first."""

    resent: float = field(default_factory=time.monotonic)

    @property
    def room(self) -> int:
        return IN_FLIGHT

    def send(self, chunk: Chunk) -> None:
        self._at_broker(lambda: broker.send(self.job, chunk))

    def rest(self) -> None:
        """Are there workers, do they still know? Looks are the rarer, the longer nothing comes."""
        self._look_after()
        idle = time.monotonic() - self.finished
        self._wait(min(max(idle / 2, SHORTEST_PAUSE), LONGEST_PAUSE))

    def _look_after(self) -> None:
        now = time.monotonic()
        idle = now - self.finished
        if idle > PATIENCE_SECONDS:
            raise LegacyImportError(
                f"No chunk has been finished for {PATIENCE_SECONDS / 60:.0f} minutes.",
                hint="Look at the workers (celery -A ecoin worker) and their log; then go on: "
                f"manage.py {self.again}",
            )
        if idle > UNTAKEN_SECONDS and "untaken" not in self.said and self._untaken():
            self.say(
                "untaken",
                f"No worker has taken a chunk for {UNTAKEN_SECONDS:.0f} s: start one with "
                "celery -A ecoin worker",
            )
        if idle > RESEND_SECONDS and now - self.resent > self._resend_after():
            self.say(
                "resent",
                f"No chunk has been finished for {RESEND_SECONDS:.0f} s: what may be lost is sent "
                "again. A chunk worked twice counts once.",
            )
            for chunk in self.sent.values():
                self.send(chunk)
            self.resent = time.monotonic()

    def _resend_after(self) -> float:
        return RESEND_ANYWAY_SECONDS if self._untaken() else RESEND_SECONDS

    def _untaken(self) -> bool:
        """As many chunks wait for a worker as were sent; some may be another command's."""
        return self._at_broker(broker.waiting) >= len(self.sent)

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
                    hint=f"Start it, or correct CELERY_BROKER_URL; then: manage.py {self.again}",
                )
            if away > FIRST_NOTICE_SECONDS:
                self.say(
                    "broker",
                    f"The broker at {broker.address()} does not answer; trying again for "
                    f"{BROKER_SECONDS / 60:.0f} minutes. Everything finished is kept.",
                )
            self._wait(LONGEST_PAUSE)

    def _wait(self, seconds: float) -> None:
        self.keep()
        time.sleep(seconds)
        self.keep()
