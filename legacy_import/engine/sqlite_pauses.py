"""Taking turns on SQLite, where one lock serves all writers and nobody queues for it.

Whoever waits asks again every tenth of a second; batches that follow each other at once would keep
the lock from everybody on the screens, for as long as a commit takes.
"""

import time
from dataclasses import dataclass, field

from django.db import connection

from ecoin.database import one_writer_at_a_time

WORK_SECONDS = 1.0  # between two rests; a batch is not cut short
PAUSE_SECONDS = 0.15  # longer than SQLite's longest pause between two attempts


@dataclass(slots=True)
class WriterPauses:
    """One call's batches, one after the other."""

    since: float = field(default_factory=time.monotonic)

    def pause(self) -> None:
        """After a batch's transaction: rest a moment if others had no turn for long."""
        if one_writer_at_a_time(connection) and time.monotonic() - self.since >= WORK_SECONDS:
            time.sleep(PAUSE_SECONDS)
            self.since = time.monotonic()
