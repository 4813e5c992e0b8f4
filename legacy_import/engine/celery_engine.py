"""The engine `celery`: sends chunks to workers and waits for their receipts in the database.

Only the database is trusted: a message may be lost, duplicated or late, and a worker may be killed.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from kombu.exceptions import ChannelError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from ecoin.celery import app
from ecoin.database import DEADLOCK, LOCK_WAIT_TIMEOUT, error_number, short_lock_wait
from legacy_import.engine.attempts import (
    DEADLY_ATTEMPTS,
    Attempt,
    attempts_of,
    delete_attempts,
    ended_again_and_again,
)
from legacy_import.engine.chunks import (
    Chunk,
    ChunkResult,
    Chunks,
    Job,
    OpenWork,
    Results,
    legacy_name,
)
from legacy_import.engine.worker import message_of
from legacy_import.engine.worker_check import FirstLook, ask_workers, described
from legacy_import.errors import LegacyImportError
from legacy_import.models import ChunkFailure, ChunkReceipt, LegacyImportRun
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

CHUNK_TASK = "legacy_import.chunk"
MAX_PENDING = 64  # chunks that are sent and not finished; enough for as many workers
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # seconds between two queries of the receipts
RENEW_SECONDS = 20  # of a lease of a minute; each running chunk may delay it
LOCK_SECONDS = 3  # that the lease waits for a worker's lock, before it is renewed another time
# Without a finished chunk for so many seconds, …
LOOK_SECONDS = 3  # it is looked who is at work; and again after as many
UNTAKEN_SECONDS = 30  # the operator hears that no worker takes a chunk
RESEND_SECONDS = 20  # chunks are sent again at which no one is at work; and again after as many
RESEND_ANYWAY_SECONDS = (
    180  # the same, though as many messages wait, which may be another command's
)
STALLED_SECONDS = 900  # the command fails
RESENDS = 3  # of one chunk; then the command fails
BROKER_SECONDS = 300  # without a broker, before the command fails
BROKER_ANSWER_SECONDS = 5  # for one answer of it: a signal is heard in between
FIRST_NOTICE_SECONDS = 3  # a restart of the broker is not reported
MOST_AT_WORK_SHOWN = 4

Answer = TypeVar("Answer")
Key = tuple[str, int]  # of a chunk: its table and its position


@dataclass
class Workers:
    """Chunks are worked by Celery workers, on this machine and others."""

    distributed: bool = True
    first_looks: dict[str, FirstLook] = field(default_factory=dict)  # by the token of the lease

    def each(
        self, job: Job, chunks: Chunks, open_work: OpenWork, lease: Lease, progress: Progress
    ) -> Results:
        app.conf.broker_transport_options["socket_timeout"] = BROKER_ANSWER_SECONDS
        if job.token not in self.first_looks:  # a commit comes here once per batch
            self.first_looks[job.token] = FirstLook(job.token)
        first_look = self.first_looks[job.token]
        yield from _PendingChunks(job, lease, progress, first_look).each(iter(chunks))


@dataclass
class _PendingChunks:
    """The chunks of one job that are with workers. Times are monotonic seconds."""

    job: Job
    lease: Lease
    progress: Progress
    first_look: FirstLook
    pending: dict[Key, Chunk] = field(default_factory=dict)
    renewed_at: float = field(default_factory=time.monotonic)
    finished_at: float = field(default_factory=time.monotonic)  # the last chunk
    resent_at: float = field(default_factory=time.monotonic)
    looked_at: float = field(default_factory=time.monotonic)
    attempts: list[Attempt] = field(default_factory=list)  # at the last look
    sent_again: set[Key] = field(default_factory=set)
    drops: Counter[Key] = field(default_factory=Counter)  # times that its message was gone
    notices: set[object] = field(default_factory=set)  # codes of those shown

    def each(self, chunks: Iterator[Chunk]) -> Results:
        """Every chunk once it is done; up to MAX_PENDING are with workers at a time."""
        self._delete_records()
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
        self.progress.at_work("")
        if self.sent_again:
            count = len(self.sent_again)
            self.progress.say(f"Sent again: {count} chunk(s) that no worker had finished.")

    def _delete_records(self) -> None:
        """Of earlier attempts and failures of the stage."""
        with transaction.atomic():
            self.lease.confirm()
            self._failures().delete()
            delete_attempts(self.job)

    def _send_more(self, chunks: Iterator[Chunk]) -> None:
        while len(self.pending) < MAX_PENDING:
            chunk = next(chunks, None)
            if chunk is None:
                return
            self._send(chunk)
            self.pending[chunk.key] = chunk

    def _send(self, chunk: Chunk) -> None:
        self._at_broker(partial(send_chunk, self.job, chunk))

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
            why = failure.message or failure.error
            raise self._failed(
                chunk, LegacyImportError(why, hint=failure.hint, exit_code=failure.exit_code)
            )

    def _failed(self, chunk: Chunk, why: LegacyImportError) -> LegacyImportError:
        return LegacyImportError(
            f"A worker could not {self.job.stage.value} {legacy_name(chunk)} of run "
            f"{self.job.run_id}: {why.message}",
            hint=why.hint or f"Fix the cause, then continue: manage.py {self._next_command}",
            exit_code=why.exit_code,
        )

    def _pause(self) -> None:
        """Check on the workers, then wait: the longer nothing is finished, the longer the pause."""
        for warning in self.first_look.warnings():
            self.progress.say(warning)
        if time.monotonic() - self.looked_at > LOOK_SECONDS:
            self._look_at_attempts()
            self.looked_at = time.monotonic()
        idle = time.monotonic() - self.finished_at
        if idle > LOOK_SECONDS:
            self._check_workers(idle)
        self._wait(min(max(idle / 2, SHORTEST_PAUSE), LONGEST_PAUSE))

    def _check_workers(self, idle: float) -> None:
        now = time.monotonic()
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
        if idle > RESEND_SECONDS and now - self.resent_at > RESEND_SECONDS:
            self._resend()

    def _look_at_attempts(self) -> None:
        """Show who is at work on what, and report once per process that it ended."""
        self.attempts = [one for one in attempts_of(self.job) if one.key in self.pending]
        at_work = [one for one in self.attempts if one.alive]
        words = [f"{one.worker}: {self.pending[one.key].name}" for one in at_work]
        more = (
            [f"and {len(words) - MOST_AT_WORK_SHOWN} more"]
            if len(words) > MOST_AT_WORK_SHOWN
            else []
        )
        self.progress.at_work("; ".join(words[:MOST_AT_WORK_SHOWN] + more))
        for one in self.attempts:
            if not one.alive:
                self._notify(
                    one.pk,
                    f"A process of worker {one.worker} ended, or lost its session, while it worked "
                    f"{self.pending[one.key].name}.",
                )
        deaths = Counter(one.key for one in self.attempts if not one.alive)
        for key, times in deaths.items():
            if times >= DEADLY_ATTEMPTS:
                dead = [one.worker for one in self.attempts if one.key == key and not one.alive]
                raise self._failed(self.pending[key], ended_again_and_again(dead))

    def _resend(self) -> None:
        """Send again what may be lost. Raises LegacyImportError once that has not helped."""
        at_work = {one.key for one in self.attempts if one.alive}
        lost = {key: chunk for key, chunk in self.pending.items() if key not in at_work}
        if not lost:
            return
        untaken = self._untaken(len(lost))  # no worker runs, or all are busy with other commands
        waited = time.monotonic() - max(self.finished_at, self.resent_at)
        if untaken and waited < RESEND_ANYWAY_SECONDS:
            return
        if not untaken and not at_work and max(self.drops[key] for key in lost) >= RESENDS:
            self._fail_unfinished(lost)
        self._notify(
            "resent",
            f"No chunk has been finished for {RESEND_SECONDS:.0f} s: what may be lost is sent "
            "again. A chunk worked twice counts once.",
        )
        for key, chunk in lost.items():
            self._send(chunk)
            self.sent_again.add(key)
            self.drops[key] += not untaken
        self.resent_at = time.monotonic()

    def _fail_unfinished(self, lost: dict[Key, Chunk]) -> None:
        key = max(lost, key=lambda key: self.drops[key])
        workers = self._at_broker(partial(ask_workers, self.job.token))
        raise LegacyImportError(
            f"The chunk {legacy_name(lost[key])} of run {self.job.run_id} was sent "
            f"{self.drops[key] + 1} times to {self.job.stage.value} it, and no worker finished it "
            f"({described(workers)}).",
            hint="Give every worker the command's code, settings and DATABASE_URL and restart it "
            f"(its log shows what it dropped); then continue: manage.py {self._next_command}",
        )

    def _untaken(self, chunks: int | None = None) -> bool:
        """Whether as many messages wait for a worker as chunks are pending (of any command)."""
        return self._at_broker(waiting_messages) >= (chunks or len(self.pending))

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
            with short_lock_wait(connection, LOCK_SECONDS):
                self.lease.confirm()
        except OperationalError as error:
            if error_number(error) not in (LOCK_WAIT_TIMEOUT, DEADLOCK):
                raise
            return  # running chunks lock the run's row; no other process can take it either
        self.renewed_at = time.monotonic()

    def _notify(self, code: object, sentence: str) -> None:
        """Inform the operator, once per code."""
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
    send(*message_of(job, chunk))


def send(*arguments: dict[str, Any]) -> None:
    """Send the two parts of a message."""
    app.send_task(CHUNK_TASK, args=arguments, retry_policy={"max_retries": 0})


def leave_queue(worker: str) -> None:
    """Have this worker take nothing more from the queue until it is restarted."""
    app.control.cancel_consumer(app.conf.task_default_queue, destination=[worker])


def waiting_messages() -> int:
    """The number of messages that no worker has taken yet. Raises what the broker's client raises."""
    with app.connection_for_write() as connection:
        try:
            channel = connection.channel()
            queue = channel.queue_declare(app.conf.task_default_queue, passive=True)
        except ChannelError:  # no such queue: nothing was sent yet, or all messages were taken
            return 0
        return int(queue.message_count)
