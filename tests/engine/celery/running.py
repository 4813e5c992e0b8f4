"""Real workers, a real broker and real commands, all of them in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis

from tests.database_server import end_with_parent
from tests.processes import ROOT, AppDatabase, Ended, environment, finish
from tests.servers import RedisServer

PATIENCE = 60  # seconds
STAGES = ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run")
RUN = "SELECT status, plan_fingerprint, row_ids_until, rules_version FROM legacy_import_runs"
# Of each table, what is not compared: ids that the database gives out, and times.
WITHOUT: dict[str, set[str]] = {
    "legacy_student_imports": set(),
    "legacy_training_imports": {"id"},
    "legacy_identity_keys": set(),
    "legacy_person_edges": {"id"},
    "legacy_hot_keys": {"id"},
    "legacy_facet_counts": {"id"},
    "legacy_course_mappings": {"id"},
    "legacy_session_mappings": {"id"},
    "legacy_status_mappings": {"id"},
    "legacy_course_conflicts": {"id"},
    "legacy_chunk_receipts": {"id", "finished_at", "details"},  # details: a worker staged it
    "legacy_chunk_failures": set(),
}
Dump = dict[str, list[tuple[Any, ...]]]


def eventually(holds: Callable[[], object], what: str) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@dataclass
class Worker:
    """A started `celery -A ecoin worker` with a pool of one process."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_until_ready(self) -> None:
        eventually(lambda: b" ready." in self.log.read_bytes(), "the worker is not ready")

    @property
    def links(self) -> int:
        """How often it has connected to its broker."""
        return self.log.read_bytes().count(b"Connected to redis://")

    @property
    def pool(self) -> list[int]:
        """The processes in which the chunks are worked."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def kill(self) -> None:
        """`kill -9` of the worker and of its pool."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Cluster:
    """One app database, one broker, and as many workers as a test starts."""

    app: AppDatabase
    redis: RedisServer
    folder: Path
    source: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, Any] = field(default_factory=dict)
    workers: list[Worker] = field(default_factory=list)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self, engine: str = "celery", **sizes: Any) -> dict[str, str]:
        return environment(
            self.app, LEGACY_IMPORT_ENGINE=engine, CELERY_BROKER_URL=self.redis.url,
            TEST_SIZES=json.dumps({**self.sizes, **sizes}), **self.source,
        )  # fmt: skip

    def worker(self, *, folder: Path = ROOT, app: str = "ecoin", **values: str) -> Worker:
        """Start a worker; `values` replace any of its environment, `folder` its checkout."""
        log = self.folder / f"worker{len(self.workers)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", app, "worker", "--concurrency", "1",
                 "--loglevel", "INFO", "--hostname", f"w{len(self.workers)}@%h",
                 "--without-gossip", "--without-mingle"],
                env={**self.environment(), **values}, cwd=folder, stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, start_new_session=True, preexec_fn=end_with_parent,
            )  # fmt: skip
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    def two_workers(self) -> list[Worker]:
        both = [self.worker(), self.worker()]
        for one in both:
            one.wait_until_ready()
        return both

    def start(self, *arguments: str, engine: str = "celery", **sizes: Any) -> Any:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.celery.smaller", *arguments],
            env=self.environment(engine, **sizes), cwd=ROOT, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.started.append(process)
        return process

    def manage(self, *arguments: str, **options: Any) -> Ended:
        """Run a command, which must succeed."""
        ended = finish(self.start(*arguments, **options))
        assert ended.code == 0, (ended.err, self.logs())
        return ended

    def stages(self, **options: Any) -> Ended:
        """Import, validate, classify and plan, one after the other."""
        return self.manage(*" + ".join(STAGES).split(), **options)

    def receipts(self, stage: str) -> int:
        return int(
            self.app.one(f"SELECT COUNT(*) FROM legacy_chunk_receipts WHERE stage = '{stage}'")
        )

    def dump(self) -> Dump:
        """Every row of what stages write, in an order of its own values."""
        found = {"run": self.app.rows(RUN)}
        for table, without in WITHOUT.items():
            names = [row[0] for row in self.app.rows(f"SHOW COLUMNS FROM {table}")]
            columns = ", ".join(f"`{name}`" for name in names if name not in without)
            found[table] = sorted(self.app.rows(f"SELECT {columns} FROM {table}"), key=repr)
        return found

    def logs(self) -> str:
        return "\n".join(one.log.read_text("utf-8", "replace") for one in self.workers)

    def end_all(self) -> None:
        for one in self.workers:
            one.kill()
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    @property
    def waiting(self) -> int:
        """How many transactions on this database wait for a lock; other tests have others."""
        time.sleep(0.2)  # the server shows what it knew when it was last asked within 0.1 s
        return int(
            self.app.one(
                "SELECT COUNT(*) FROM information_schema.innodb_trx JOIN information_schema.processlist"
                f" ON id = trx_mysql_thread_id WHERE trx_state = 'LOCK WAIT' AND db = '{self.app.name}'"
            )
        )

    @contextmanager
    def held(self, statement: str) -> Iterator[Callable[[], bool]]:
        """What the statement locks stays locked; yields whether somebody waits for it."""
        server = self.app.server
        assert server is not None
        with closing(server.admin(self.app.name)) as connection:
            connection.autocommit(False)
            cursor = connection.cursor()
            cursor.execute("SET foreign_key_checks = 0")
            cursor.execute(statement)
            yield self._somebody_waits
            connection.rollback()

    def _somebody_waits(self) -> bool:
        return bool(self.waiting)

    @contextmanager
    def overheard(self) -> Iterator[list[str]]:
        """Everything that the broker is told while the block runs."""
        heard: list[str] = []
        # Without a timeout: on a busy machine the broker hears nothing for seconds.
        with Redis.from_url(self.redis.url, socket_timeout=None).monitor() as monitor:
            thread = threading.Thread(target=_listen, args=(monitor, heard), daemon=True)
            thread.start()
            yield heard
            self.redis.client().echo("the end")
            thread.join(PATIENCE)


def _listen(monitor: Any, heard: list[str]) -> None:
    for told in monitor.listen():
        heard.append(told["command"])
        if told["command"].endswith("the end"):
            return
