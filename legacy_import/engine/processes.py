"""The engine of `--workers N`: chunks are worked by N processes of this machine.

Each has a pipe of its own, so it is known at which chunk a process was that is gone. A queue that they
share would be locked for ever by one that is killed while it reads.
"""

import signal
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import connection, get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from django.db.models import Max, Min

from legacy_import.engine import worker_process
from legacy_import.engine.agreement import agreement
from legacy_import.engine.chunks import Chunk, ChunkDone, Job, OpenWork
from legacy_import.engine.poison_rows import name_of
from legacy_import.engine.receipts_wait import Flight, Key
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyStudentImport
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

PER_WORKER = 2  # chunks: one at work, and the next, so that it need not wait for the command
PAUSE = 1.0  # seconds of waiting, after which is asked whether to stop
TRIES = 3  # of a chunk whose worker does not survive it, or does not say what became of it
END_SECONDS = 5  # that an idle worker may take to end by itself


@dataclass
class WorkerProcess:
    """A started process, and the chunks that it was given and has not answered for, in order."""

    process: SpawnProcess
    orders: Connection
    chunks: deque[Chunk] = field(default_factory=deque)

    @classmethod
    def start(cls) -> "WorkerProcess":
        """A new one: it loads Django while its first chunk waits in the pipe.

        Raises LegacyImportError where the machine has no room for it.
        """
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=worker_process.main, args=(theirs,), daemon=True)
        try:
            with _interrupts_held_back():
                process.start()
        except OSError as error:
            raise LegacyImportError(
                f"This machine starts no further worker process ({name_of(error)}).",
                hint="Run it again with fewer --workers; what is finished is kept.",
            ) from error
        theirs.close()
        return cls(process, ours)

    def give(self, message: Mapping[str, Any], chunk: Chunk) -> None:
        self.chunks.append(chunk)
        with suppress(OSError):  # it is gone, which shows when it is listened to
            self.orders.send((message, chunk.as_message()))

    def answers(self) -> Iterator[Chunk]:
        """The chunks that it has said to be over. Raises EOFError when it is gone."""
        try:
            while self.orders.poll():
                self.orders.recv()
                yield self.chunks.popleft()
        except OSError as error:
            raise EOFError from error

    def dismiss(self, *, at_once: bool) -> None:
        """`at_once`: in the middle of a chunk, too, which the database then takes back."""
        self.orders.close()
        if at_once:
            self.process.kill()

    def wait_for_its_end(self) -> None:
        self.process.join(END_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


@dataclass
class Processes:
    """Up to `most` processes of this machine, started when there is work. Call `end` at the end."""

    most: int
    distributed: bool = True
    workers: list[WorkerProcess] = field(default_factory=list)

    def each(
        self,
        job: Job,
        chunks: Iterable[Chunk],
        open_work: OpenWork,
        lease: Lease,
        progress: Progress,
    ) -> Generator[tuple[Chunk, ChunkDone], None, None]:
        flight = _ByPipe(job, lease, progress, pool=self)
        try:
            yield from flight.each(iter(chunks))
        finally:
            if flight.sent:  # it failed, or nobody asks for the rest
                self.end(at_once=True)

    def give(self, message: Mapping[str, Any], chunk: Chunk) -> None:
        """To the one with the least to do; to a new one while all have something to do."""
        least = min(self.workers, key=lambda worker: len(worker.chunks), default=None)
        if least is None or (least.chunks and len(self.workers) < self.most):
            least = WorkerProcess.start()
            self.workers.append(least)
        least.give(message, chunk)

    def listen(self, seconds: float) -> tuple[list[Chunk], list[WorkerProcess]]:
        """The chunks that are over and the workers that are gone, as soon as there are any."""
        over: list[Chunk] = []
        gone: list[WorkerProcess] = []
        ready = connection.wait([worker.orders for worker in self.workers], seconds)
        for worker in [worker for worker in self.workers if worker.orders in ready]:
            try:
                for chunk in worker.answers():
                    over.append(chunk)
            except EOFError:
                gone.append(worker)
                self.workers.remove(worker)
        return over, gone

    def end(self, *, at_once: bool = False) -> None:
        """End all processes; another chunk would start new ones."""
        workers, self.workers = self.workers, []
        for worker in workers:
            worker.dismiss(at_once=at_once)
        for worker in workers:
            worker.wait_for_its_end()


@dataclass
class _ByPipe(Flight):
    """Chunks that were given to one process each."""

    pool: Processes = field(kw_only=True)
    # Over, or their worker is gone: were it well, their receipts would be there at the next look.
    doubtful: list[Chunk] = field(default_factory=list)
    tries: Counter[Key] = field(default_factory=Counter)  # that came to nothing

    def __post_init__(self) -> None:
        self._message = self.job.as_message() | {"agreement": agreement()}

    @property
    def room(self) -> int:
        return PER_WORKER * self.pool.most

    def send(self, chunk: Chunk) -> None:
        self.pool.give(self._message, chunk)

    def rest(self) -> None:
        """Until a chunk is over, or a worker gone; or for a moment."""
        lost = [chunk for chunk in self.doubtful if chunk.key in self.sent]
        if lost:
            self.lease.check()  # is the run somebody else's by now, and so every chunk void?
        for chunk in lost:
            if self.tries[chunk.key] >= TRIES:
                raise self._given_up(chunk)
            self.send(chunk)
        over, gone = self.pool.listen(PAUSE)
        self.keep()
        self.doubtful = over
        self.tries.update(chunk.key for chunk in over)
        for worker in gone:
            self._bury(worker)

    def _bury(self, worker: WorkerProcess) -> None:
        """Its first chunk is the one it died of, if any; the others it had not begun."""
        self.tries.update(chunk.key for chunk in list(worker.chunks)[:1])
        self.doubtful += worker.chunks
        worker.dismiss(at_once=True)
        worker.wait_for_its_end()
        self.say(
            "gone", "A worker process has ended; what it was at is worked again. A chunk worked "
            "twice counts once.",
        )  # fmt: skip

    def _given_up(self, chunk: Chunk) -> LegacyImportError:
        return LegacyImportError(
            f"{TRIES} worker processes ended at {self._name(chunk)} of run {self.job.run_id}, and "
            "none of them said why.",
            hint="Was it for want of memory? The system's log says so. Then go on in one process: "
            f"manage.py {self.again}",
        )

    def _name(self, chunk: Chunk) -> str:
        """The chunk with the legacy ids of its first and last row."""
        if chunk.table:
            return chunk.name
        rows = LegacyStudentImport.objects.filter(
            legacy_import_run_id=self.job.run_id, pk__range=(int(chunk.first), int(chunk.last))
        )
        ends = rows.aggregate(first=Min("pk"), last=Max("pk"))
        names = lifecycle.names_of_rows(ends.values())
        return f"{chunk.name} ({names[ends['first']]} to {names[ends['last']]})"


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """A process that is started meanwhile never hears Ctrl-C, not even while it loads Python."""
    resource_tracker.ensure_running()  # starting the first process starts it, and lets signals through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
