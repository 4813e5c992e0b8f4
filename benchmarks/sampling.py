"""Where a command spends its time, by area: a sampling profiler that hardly slows it down.

    python -m benchmarks.sampling OUT.json legacy_import --json

cProfile charges every Python call, so that short functions (normalizing) look twice as dear as they
are while the database looks cheap. Here a timer looks at the stack 200 times a second and books the
time since its last look to the innermost function of this project. The look is taken by the main
thread itself: a second thread would share frames, and finish their generators, as its own.
"""

import json
import os
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

ROOT = f"{Path(__file__).resolve().parent.parent}{os.sep}"
EVERY_SECONDS = 0.005
# Functions of the driver and of Django's backends in which Python waits for the server.
WAITING = frozenset({"_query", "query", "_get_result", "_do_get_result", "_post_get_result",
                     "next_result", "_commit", "_rollback", "ping", "autocommit"})  # fmt: skip

# First hit wins: beginning of "path:function" → area. Others are called by their own name.
AREAS = (
    ("legacy_import/source/", "reading the source"),
    ("ecoin/identity/", "normalizing"),
    ("legacy_import/rules/normalization", "normalizing"),
    ("legacy_import/stages/staging/chunk_rows.py:hash_rows", "payloads: JSON and hashes"),
    ("legacy_import/stages/staging/chunk_rows.py:digest", "payloads: JSON and hashes"),
    ("legacy_import/stages/staging/chunk_rows.py:", "preparing rows"),
    ("legacy_import/people/matching.py:find_hot_keys", "finding hot keys"),
    ("legacy_import/people/matching.py:", "finding matches"),
    ("legacy_import/rules/duplicates", "comparing people"),
    ("legacy_import/rules/guards", "comparing people"),
    ("legacy_import/people/platform.py:", "the platform's people and courses"),
    ("legacy_import/people/groups.py:", "grouping"),
    ("legacy_import/rules/person_groups", "grouping"),
    ("legacy_import/stages/planning/cases.py:", "loading cases"),
    ("legacy_import/stages/planning/effective_match.py:", "loading cases"),
    ("legacy_import/stages/planning/facts.py:", "loading cases"),
    ("legacy_import/rules/", "deciding"),
    ("legacy_import/mapping/", "courses and sessions"),
    ("legacy_import/stages/planning/summary.py:", "summary"),
    ("legacy_import/runs/lease.py:", "lease, receipts, counts"),
    ("legacy_import/runs/lifecycle.py:", "lease, receipts, counts"),
    ("legacy_import/engine/chunks.py:", "lease, receipts, counts"),
    ("legacy_import/stages/planning/dry_run.py:_fingerprint", "fingerprint of the plan"),
    ("legacy_import/stages/planning/dry_run.py:_plan_lines", "fingerprint of the plan"),
    ("legacy_import/runs/", "lease, receipts, counts"),
    ("legacy_import/stages/", "writing answers"),
    ("legacy_import/people/", "writing answers"),
    ("legacy_import/engine/", "writing answers"),
    ("legacy_import/management/", "lease, receipts, counts"),
)
STARTING = "starting Python and Django"


class Sampler:
    """Seconds by (area, waits for a database) of the main thread, between start and stop."""

    def __init__(self) -> None:
        self.seconds: defaultdict[tuple[str, bool], float] = defaultdict(float)
        self._last = 0.0

    def start(self) -> None:
        signal.signal(signal.SIGALRM, self._look)
        signal.siginterrupt(signal.SIGALRM, False)
        self._last = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, EVERY_SECONDS, EVERY_SECONDS)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _look(self, number: int, frame: FrameType | None) -> None:
        """Python takes the signal when a call into C returns: a long wait is one look."""
        now = time.monotonic()
        if frame is not None:
            waits = frame.f_code.co_name in WAITING
            self.seconds[area_of(frame), waits] += now - self._last
        self._last = now


def area_of(frame: FrameType | None) -> str:
    """The area of the innermost frame that belongs to this project."""
    while frame is not None:
        name, path = frame.f_code.co_name, frame.f_code.co_filename
        if name == "<module>":
            return STARTING
        if path.startswith(ROOT) and f"{os.sep}.venv{os.sep}" not in path:
            area = _area(path.removeprefix(ROOT), name, frame)
            if area:
                return area
        frame = frame.f_back
    return STARTING


def _area(path: str, name: str, frame: FrameType) -> str | None:
    if path.startswith("ecoin/bulk/"):
        model = frame.f_locals.get("model")
        table = model._meta.db_table if model else frame.f_locals.get("table")
        return f"writing {table}" if table else None
    if path.startswith(("benchmarks/", "manage.py")):
        return None
    place = f"{path}:{name}"
    for beginning, area in AREAS:
        if place.startswith(beginning):
            return area
    return place.removesuffix(".py").replace("/", ".")


def main() -> None:
    out, *arguments = sys.argv[1:]
    sampler = Sampler()
    sampler.start()
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(["manage.py", *arguments])
    finally:
        sampler.stop()
        samples = [[area, waits, spent] for (area, waits), spent in sampler.seconds.items()]
        Path(out).write_text(json.dumps(samples))


if __name__ == "__main__":
    main()
