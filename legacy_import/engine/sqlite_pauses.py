"""Pauses between batches on SQLite, where all writers share one lock and there is no queue for it.

A waiting connection tries again every tenth of a second. Batches without a pause between them would
keep the lock from everyone on the screens for as long as a commit takes.
"""

import time
from dataclasses import dataclass, field

from django.db import connection

from ecoin.database import one_writer_at_a_time

WORK_SECONDS = 1.0  # between two pauses; no batch is interrupted for one
PAUSE_SECONDS = 0.15  # longer than SQLite's longest pause between two attempts


@dataclass(slots=True)
class WriterPauses:
    """The pauses of one command that writes batch after batch."""

    since: float = field(default_factory=time.monotonic)

    def pause(self) -> None:
        """Call after each batch's transaction: pauses if other writers have waited for long."""
        if one_writer_at_a_time(connection) and time.monotonic() - self.since >= WORK_SECONDS:
            time.sleep(PAUSE_SECONDS)
            self.since = time.monotonic()
