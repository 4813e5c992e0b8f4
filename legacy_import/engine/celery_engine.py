"""The engine `celery`: sends chunks to workers and waits for their receipts in the database.

Only the database is trusted: a message may be lost, duplicated or late, and a worker may be killed.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from kombu.exceptions import ChannelError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from ecoin.celery import app
from legacy_import.engine.chunks import Chunk, ChunkResult, Chunks, Job, OpenWork, Results
from legacy_import.engine.worker import settings_digest
from legacy_import.errors import LegacyImportError
from legacy_import.models import ChunkFailure, ChunkReceipt, LegacyImportRun
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

CHUNK_TASK = "legacy_import.chunk"
MAX_PENDING = 64  # chunks that are sent and not finished; enough for as many workers
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # seconds between two queries of the receipts
RENEW_SECONDS = 20  # of a lease of a minute; each running chunk may delay it
UNTAKEN_SECONDS = 30  # without a finished chunk, before the operator hears that no worker takes one
RESEND_SECONDS = 60  # the same, before chunks are sent again, unless all still wait for a worker
RESEND_ANYWAY_SECONDS = 180  # the same, before they are sent again in any case
STALLED_SECONDS = 900  # the same, before the command fails
BROKER_SECONDS = 300  # without a broker, before the command fails
FIRST_NOTICE_SECONDS = 3  # a restart of the broker is not reported
LOCK_ERRORS = (1205, 1213)

Answer = TypeVar("Answer")
Key = tuple[str, int]  # of a chunk: its table and its position


class Workers:
    """Chunks are worked by Celery workers, on this machine and others."""

    distributed = True

    def each(
        self, job: Job, chunks: Chunks, open_work: OpenWork, lease: Lease, progress: Progress
    ) -> Results:
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
    notices: set[str] = field(default_factory=set)  # codes of those shown

    def each(self, chunks: Iterator[Chunk]) -> Results:
        """Every chunk once it is done; up to MAX_PENDING are with workers at a time."""
        self._delete_failures()
        self._send_more(chunks)
        while self.pending:
            finished = self._finished()
            for key, result in finished.items():
                self.finished_at = time.monotonic()
                chunk = self.pending.pop(key)
                self._send_more(chunks)  # first, so that workers do not wait for the caller
                yield chunk, result
                self._renew()
            self._raise_failure()
            if self.pending and not finished:
                self._pause()

    def _delete_failures(self) -> None:
        with transaction.atomic():
            self.lease.confirm()
            self._failures().delete()

    def _send_more(self, chunks: Iterator[Chunk]) -> None:
        while len(self.pending) < MAX_PENDING:
            chunk = next(chunks, None)
            if chunk is None:
                return
            self._at_broker(partial(send_chunk, self.job, chunk))
            self.pending[chunk.key] = chunk

    def _finished(self) -> dict[Key, ChunkResult]:
        """The pending chunks that have a receipt by now, in order."""
        receipts = ChunkReceipt.objects.filter(
            legacy_import_run_id=self.job.run_id,
            stage=self.job.stage,
            position__in=[position for _, position in self.pending],
        )
        return {
            (receipt.source_table, receipt.position): ChunkResult(
                receipt.rows, receipt.digest, receipt.first_row, receipt.last_row, receipt.details
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
                hint=failure.hint
                or f"Fix the cause, then continue: manage.py {self._next_command}",
                exit_code=failure.exit_code,
            )

    def _pause(self) -> None:
        """Check on the workers, then wait: the longer nothing is finished, the longer the pause."""
        self._check_workers()
        idle = time.monotonic() - self.finished_at
        self._wait(min(max(idle / 2, SHORTEST_PAUSE), LONGEST_PAUSE))

    def _check_workers(self) -> None:
        now = time.monotonic()
        idle = now - self.finished_at
        if idle > STALLED_SECONDS:
            raise LegacyImportError(
                f"No chunk has been finished for {STALLED_SECONDS / 60:.0f} minutes.",
                hint="Look at the workers (celery -A ecoin worker) and their log; then continue: "
                f"manage.py {self._next_command}",
            )
        if idle > UNTAKEN_SECONDS and "untaken" not in self.notices and self._untaken():
            self._notify(
                "untaken",
                f"No worker has taken a chunk for {UNTAKEN_SECONDS:.0f} s: start one with "
                "celery -A ecoin worker",
            )
        if idle > RESEND_SECONDS and now - self.resent_at > self._resend_seconds():
            self._notify(
                "resent",
                f"No chunk has been finished for {RESEND_SECONDS:.0f} s: what may be lost is sent "
                "again. A chunk worked twice counts once.",
            )
            for chunk in self.pending.values():
                self._at_broker(partial(send_chunk, self.job, chunk))
            self.resent_at = time.monotonic()

    def _resend_seconds(self) -> float:
        return RESEND_ANYWAY_SECONDS if self._untaken() else RESEND_SECONDS

    def _untaken(self) -> bool:
        """Whether as many messages wait for a worker as chunks are pending (of any command)."""
        return self._at_broker(waiting_messages) >= len(self.pending)

    def _at_broker(self, request: Callable[[], Answer]) -> Answer:
        """Repeat the request until the broker answers. Raises LegacyImportError after BROKER_SECONDS."""
        start = time.monotonic()
        while True:
            try:
                return request()
            except (BrokerError, RedisError, OSError):
                away = time.monotonic() - start
            if away > BROKER_SECONDS:
                raise LegacyImportError(
                    f"The broker at {broker_address()} has not answered for "
                    f"{BROKER_SECONDS / 60:.0f} minutes.",
                    hint=f"Start it, or correct CELERY_BROKER_URL; then: manage.py {self._next_command}",
                )
            if away > FIRST_NOTICE_SECONDS:
                self._notify(
                    "broker",
                    f"The broker at {broker_address()} does not answer; trying again for "
                    f"{BROKER_SECONDS / 60:.0f} minutes. Everything finished is kept.",
                )
            self._wait(LONGEST_PAUSE)

    def _wait(self, seconds: float) -> None:
        self._keep_lease()
        time.sleep(seconds)
        self._keep_lease()

    def _keep_lease(self) -> None:
        """Renew the lease while waiting. Raises Interrupted if the operator stops the command."""
        self.progress.advance(0)
        self._renew()

    def _renew(self) -> None:
        """Renew the lease when it is due. Raises LeaseLost if another process has taken over the run."""
        if time.monotonic() - self.renewed_at < RENEW_SECONDS:
            return
        try:
            self.lease.confirm()
        except OperationalError as error:
            if error.args[:1] not in [(number,) for number in LOCK_ERRORS]:
                raise
            return  # running chunks lock the run's row; no other process can take it either
        self.renewed_at = time.monotonic()

    def _notify(self, code: str, sentence: str) -> None:
        """Tell the operator, once per code."""
        if code not in self.notices:
            self.notices.add(code)
            self.progress.say(sentence)

    @property
    def _next_command(self) -> str:
        """The command that continues, without `manage.py`."""
        return LegacyImportRun.objects.get(pk=self.job.run_id).next_command


def broker_address() -> str:
    """Where the broker is, without its password."""
    return str(app.connection_for_write().as_uri())


def send_chunk(job: Job, chunk: Chunk) -> None:
    """Send a chunk to the queue of the workers. Raises what the broker's client raises."""
    message = job.as_message() | {"settings_digest": settings_digest()}
    arguments = [message, chunk.as_message()]
    app.send_task(CHUNK_TASK, args=arguments, retry_policy={"max_retries": 0})


def waiting_messages() -> int:
    """The number of messages that no worker has taken yet. Raises what the broker's client raises."""
    with app.connection_for_write() as connection:
        try:
            channel = connection.channel()
            queue = channel.queue_declare(app.conf.task_default_queue, passive=True)
        except ChannelError:  # no such queue: nothing was sent yet, or all messages were taken
            return 0
        return int(queue.message_count)
