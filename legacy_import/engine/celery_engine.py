"""The engine `celery`: chunks are sent to workers, and their receipts in the database are waited for.

Nothing is believed that is not in the database: a message may be lost, doubled or late, and whoever
has it may be killed.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from kombu.exceptions import ChannelError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from ecoin.celery import app
from legacy_import.engine.chunks import Chunk, ChunkDone, Job, OpenWork
from legacy_import.engine.worker import settings_digest
from legacy_import.errors import LegacyImportError
from legacy_import.models import ChunkFailure, ChunkReceipt, LegacyImportRun
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

CHUNK_TASK = "legacy_import.chunk"
IN_FLIGHT = 64  # chunks that are sent and not finished; enough for as many workers
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # seconds between two looks at the receipts
RENEW_SECONDS = 20  # of a lease of a minute; every chunk at work delays it
UNTAKEN_SECONDS = 30  # after which is said that no worker takes a chunk
RESEND_SECONDS = 60  # without a finished chunk, after which what is not waiting is sent again
RESEND_ANYWAY_SECONDS = 180  # after which it is sent again whatever waits
PATIENCE_SECONDS = 900  # without a finished chunk, after which the command ends
BROKER_SECONDS = 300  # without a broker, after which the command ends
FIRST_NOTICE_SECONDS = 3  # a broker that restarts is not worth a word
LOCKED = (1205, 1213)

Answer = TypeVar("Answer")
Key = tuple[str, int]  # of a chunk: its table and its position


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
        yield from _PendingChunks(job, lease, progress).each(iter(chunks))


@dataclass
class _PendingChunks:
    """The chunks of one job that are with workers. Times are monotonic seconds."""

    job: Job
    lease: Lease
    progress: Progress
    pending: dict[Key, Chunk] = field(default_factory=dict)
    renewed_at: float = field(default_factory=time.monotonic)
    finished_at: float = field(default_factory=time.monotonic)  # the last chunk
    resent_at: float = field(default_factory=time.monotonic)
    notices: set[str] = field(default_factory=set)  # that were shown

    def each(self, coming: Iterator[Chunk]) -> Iterator[tuple[Chunk, ChunkDone]]:
        """Every chunk once it is done; up to IN_FLIGHT are with workers meanwhile."""
        self._forget_failures()
        self._fill(coming)
        while self.pending:
            landed = self._landed()
            for key, done in landed.items():
                self.finished_at = time.monotonic()
                chunk = self.pending.pop(key)
                self._fill(coming)  # before the caller looks at this one: nobody waits for that
                yield chunk, done
                self._renew()
            self._raise_failure()
            if self.pending and not landed:
                self._rest()

    def _forget_failures(self) -> None:
        with transaction.atomic():
            self.lease.confirm()
            self._failures().delete()

    def _fill(self, coming: Iterator[Chunk]) -> None:
        while len(self.pending) < IN_FLIGHT:
            chunk = next(coming, None)
            if chunk is None:
                return
            self._send(chunk)
            self.pending[chunk.key] = chunk

    def _landed(self) -> dict[Key, ChunkDone]:
        """Which of the chunks with workers have their receipt by now, in order."""
        receipts = ChunkReceipt.objects.filter(
            legacy_import_run_id=self.job.run_id,
            stage=self.job.stage,
            position__in=[position for _, position in self.pending],
        )
        return {
            (receipt.source_table, receipt.position): ChunkDone(
                receipt.rows, receipt.digest, receipt.first_row, receipt.last_row, receipt.found
            )
            for receipt in receipts.order_by("position")
            if (receipt.source_table, receipt.position) in self.pending
        }

    def _failures(self) -> QuerySet[ChunkFailure]:
        return ChunkFailure.objects.filter(
            legacy_import_run_id=self.job.run_id, stage=self.job.stage
        )

    def _raise_failure(self) -> None:
        for failure in self._failures():
            chunk = self.pending.get((failure.source_table, failure.position))
            if chunk is None:
                continue  # done meanwhile by another worker
            raise LegacyImportError(
                f"A worker could not {self.job.stage.value} {chunk.name} of run "
                f"{self.job.run_id}: {failure.message or failure.error}",
                hint=failure.hint or f"Mend the cause, then go on: manage.py {self._again}",
                exit_code=failure.exit_code,
            )

    def _send(self, chunk: Chunk) -> None:
        self._at_broker(lambda: send_chunk(self.job, chunk))

    def _rest(self) -> None:
        """Are there workers, do they still know? Looks are the rarer, the longer nothing comes."""
        self._look_after()
        idle = time.monotonic() - self.finished_at
        self._wait(min(max(idle / 2, SHORTEST_PAUSE), LONGEST_PAUSE))

    def _look_after(self) -> None:
        now = time.monotonic()
        idle = now - self.finished_at
        if idle > PATIENCE_SECONDS:
            raise LegacyImportError(
                f"No chunk has been finished for {PATIENCE_SECONDS / 60:.0f} minutes.",
                hint="Look at the workers (celery -A ecoin worker) and their log; then go on: "
                f"manage.py {self._again}",
            )
        if idle > UNTAKEN_SECONDS and "untaken" not in self.notices and self._untaken():
            self._say(
                "untaken",
                f"No worker has taken a chunk for {UNTAKEN_SECONDS:.0f} s: start one with "
                "celery -A ecoin worker",
            )
        if idle > RESEND_SECONDS and now - self.resent_at > self._resend_after():
            self._say(
                "resent",
                f"No chunk has been finished for {RESEND_SECONDS:.0f} s: what may be lost is sent "
                "again. A chunk worked twice counts once.",
            )
            for chunk in self.pending.values():
                self._send(chunk)
            self.resent_at = time.monotonic()

    def _resend_after(self) -> float:
        return RESEND_ANYWAY_SECONDS if self._untaken() else RESEND_SECONDS

    def _untaken(self) -> bool:
        """As many chunks wait for a worker as were sent; some may be another command's."""
        return self._at_broker(waiting_messages) >= len(self.pending)

    def _at_broker(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until the broker answers. Raises LegacyImportError when it does not for too long."""
        began = time.monotonic()
        while True:
            try:
                return ask()
            except BrokerAway:
                away = time.monotonic() - began
            if away > BROKER_SECONDS:
                raise LegacyImportError(
                    f"The broker at {broker_address()} has not answered for "
                    f"{BROKER_SECONDS / 60:.0f} minutes.",
                    hint=f"Start it, or correct CELERY_BROKER_URL; then: manage.py {self._again}",
                )
            if away > FIRST_NOTICE_SECONDS:
                self._say(
                    "broker",
                    f"The broker at {broker_address()} does not answer; trying again for "
                    f"{BROKER_SECONDS / 60:.0f} minutes. Everything finished is kept.",
                )
            self._wait(LONGEST_PAUSE)

    def _wait(self, seconds: float) -> None:
        self._keep()
        time.sleep(seconds)
        self._keep()

    def _keep(self) -> None:
        """Keep the lease while nothing happens. Raises Interrupted if asked to stop."""
        self.progress.advance(0)
        self._renew()

    def _renew(self) -> None:
        """Keep the lease. Raises LeaseLost when somebody else has taken the run over."""
        if time.monotonic() - self.renewed_at < RENEW_SECONDS:
            return
        try:
            self.lease.confirm()
        except OperationalError as error:
            if error.args[:1] not in [(number,) for number in LOCKED]:
                raise
            return  # chunks at work hold the run's row; nobody else can take it either
        self.renewed_at = time.monotonic()

    def _say(self, what: str, sentence: str) -> None:
        """Tell the operator, once."""
        if what not in self.notices:
            self.notices.add(what)
            self.progress.say(sentence)

    @property
    def _again(self) -> str:
        """The command that goes on, without `manage.py`."""
        return LegacyImportRun.objects.get(pk=self.job.run_id).next_command


class BrokerAway(Exception):
    """The broker does not answer, or not yet again."""


def broker_address() -> str:
    """Where the broker is, without its password."""
    return str(app.connection_for_write().as_uri())


def send_chunk(job: Job, chunk: Chunk) -> None:
    """Hand a chunk to whichever worker takes it. Raises BrokerAway."""
    message = job.as_message() | {"settings_digest": settings_digest()}
    arguments = [message, chunk.as_message()]
    _ask_broker(lambda: app.send_task(CHUNK_TASK, args=arguments, retry_policy={"max_retries": 0}))


def waiting_messages() -> int:
    """How many messages no worker has taken yet. Raises BrokerAway."""
    return _ask_broker(_count_messages)


def _count_messages() -> int:
    with app.connection_for_write() as connection:
        try:
            channel = connection.channel()
            queue = channel.queue_declare(app.conf.task_default_queue, passive=True)
        except ChannelError:  # nothing was ever sent, or everything was taken
            return 0
        return int(queue.message_count)


def _ask_broker(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except (BrokerError, RedisError, OSError) as error:
        raise BrokerAway from error
