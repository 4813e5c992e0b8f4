"""The stages through Celery: a private Redis, a `celery worker` of N processes, the same commands."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import STAGES, Size, in_words
from benchmarks.processes import ROOT, CommandFailed
from benchmarks.report import Line, Report
from benchmarks.servers import Workplace
from benchmarks.stages import run_stage, starting_seconds
from tests.database_server import DatabaseServer, end_with_parent
from tests.servers import RedisServer

READY_SECONDS = 120
END_SECONDS = 30


def through_workers(
    server: DatabaseServer, legacy: str, rows: int, count: int, report: Report
) -> Size:
    """Import to dry run through `count` worker processes, in an app database of its own.

    Peak MB of a line is the waiting command's; the largest worker's is reported separately.
    """
    place = Workplace(server, legacy, f"app_workers_{count}").create(platform_of=rows)
    size = Size(rows, starting=starting_seconds(place))
    with RedisServer() as redis:
        settings = {"LEGACY_IMPORT_ENGINE": "celery", "CELERY_BROKER_URL": redis.url}
        with _worker(place.environment() | settings, count) as process:
            for stage in STAGES:
                line = run_stage(
                    place, stage, rows, starting=size.starting, settings=settings,
                    suffix=f", {in_words(count)}",
                )  # fmt: skip
                size.stages[stage] = report.add(_without_cpu(line))
            peak = max(map(_peak_mb, _pool(process.pid)), default=0.0)
    report.conditions.append((f"peak MB, largest process of {in_words(count)}", f"{peak:.0f}"))
    place.drop()
    return size


@contextmanager
def _worker(environment: Mapping[str, str], count: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is ready; ended by its process id."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "ecoin", "worker",
                 "--concurrency", str(count), "--loglevel", "INFO"],
                env=dict(environment), cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, preexec_fn=end_with_parent,
            )  # fmt: skip
        try:
            _wait_until_ready(process, log)
            yield process
        finally:
            process.terminate()  # it ends its pool
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                processes = _pool(process.pid)
                process.kill()
                process.wait()
                for pid in processes:
                    _kill(pid)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while b" ready." not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            output = log.read_text("utf-8", "replace")[-3000:]
            raise CommandFailed(f"The Celery worker did not start:\n{output}")
        time.sleep(0.1)


def _pool(pid: int) -> list[int]:
    """The processes that a worker has started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(child) for child in children.split()]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _without_cpu(line: Line) -> Line:
    """The command only waits: its processor time is not that of the work."""
    return Line(line.what, line.rows, line.seconds, None, line.peak_mb, line.starting)
