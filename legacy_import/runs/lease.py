"""One writer per run: a lease in the app database, renewed and re-checked in every transaction."""

import datetime
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.db import Error as AnyDatabaseError
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from ecoin.database import share_lock, short_lock_wait
from legacy_import.errors import OutOfOrder
from legacy_import.models import LegacyImportRun
from legacy_import.runs.progress import Progress

LEASE_SECONDS = 60
UNKNOWN_START_TIME = "unknown"  # the start time of a process, where the kernel shows none
POLL_SECONDS = 2
LOCK_SECONDS = 5  # that a lock on the run's row is waited for when its lease is taken or given back


class LeaseLost(OutOfOrder):
    """Another process has taken over the run, or its lease has ended."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to one run."""

    run_id: int
    token: str

    def confirm(self) -> None:
        """Renew the lease; call this first in every chunk's transaction (it locks the run's row).

        Raises LeaseLost if another process has taken over the run.
        """
        expires = timezone.now() + datetime.timedelta(seconds=LEASE_SECONDS)
        mine = LegacyImportRun.objects.filter(pk=self.run_id, lease_token=self.token)
        if not mine.update(lease_expires_at=expires):
            raise self._lost()

    def check(self) -> None:
        """For a worker: lock the lease until the end of the transaction, without renewing it.

        The lock is shared, so workers do not wait for each other; a process that takes over the run
        waits for them. Raises LeaseLost if the lease is no longer this one.
        """
        query = "SELECT lease_token FROM legacy_import_runs WHERE id = %s"
        with connection.cursor() as cursor:
            cursor.execute(f"{query} {share_lock(connection)}", [self.run_id])
            if cursor.fetchone() != (self.token,):
                raise self._lost()

    def _lost(self) -> "LeaseLost":
        return LeaseLost(
            f"Run {self.run_id} was taken over by another process; this one stops here.",
            hint=f"See who: manage.py legacy_status --run {self.run_id}",
        )


@contextmanager
def run_lease(run: LegacyImportRun, command: str, progress: Progress) -> Iterator[Lease]:
    """Have the run's lease while the block runs. Raises OutOfOrder if another process has it.

    A lease of this host whose process has ended is taken over at once; a lease of another host
    once it has expired.
    """
    lease = Lease(run_id=run.pk, token=secrets.token_hex(16))
    deadline = time.monotonic() + LEASE_SECONDS + POLL_SECONDS
    waiting = False
    while not _take(lease, command):
        run.refresh_from_db()
        here = run.lease_host == socket.gethostname()
        if time.monotonic() > deadline or (here and _process_runs(run.lease_process)):
            raise _refusal(run)
        if not waiting:
            waiting = True
            progress.say(
                f"Run {run.pk} is locked by {run.lease_command} on {run.lease_host}; waiting up to "
                f"{LEASE_SECONDS} s for its lease to expire."
            )
        time.sleep(POLL_SECONDS)
        progress.advance(0)
    try:
        run.refresh_from_db()
        yield lease
    finally:
        _give_back(lease)


def _give_back(lease: Lease) -> None:
    """Without a long wait: a lease that stays is taken over, since its process has ended."""
    with suppress(AnyDatabaseError), short_lock_wait(connection, LOCK_SECONDS):
        LegacyImportRun.objects.filter(pk=lease.run_id, lease_token=lease.token).update(
            lease_token="", lease_command="", lease_host="", lease_process="", lease_expires_at=None
        )


def _take(lease: Lease, command: str) -> bool:
    """Take the lease if it is free, expired, or of a process of this host that has ended.

    A running process of this host keeps an expired lease: it is executing a long statement. Raises
    OperationalError 1205 if a session that outlived its command keeps the run's row locked.
    """
    now = timezone.now()
    run = LegacyImportRun.objects.get(pk=lease.run_id)
    here = run.lease_host == socket.gethostname()
    free = Q(lease_token="")
    if here and not _process_runs(run.lease_process):
        free |= Q(lease_token=run.lease_token)
    elif not here or run.lease_process.endswith(f":{UNKNOWN_START_TIME}"):
        free |= Q(lease_expires_at__lt=now)
    available = LegacyImportRun.objects.filter(free, pk=lease.run_id)
    if not available.exists():
        return False  # without an UPDATE, because workers lock the row while they work a chunk
    with short_lock_wait(connection, LOCK_SECONDS):
        updated = available.update(
            lease_token=lease.token,
            lease_command=command,
            lease_host=socket.gethostname(),
            lease_process=f"{os.getpid()}:{_start_time(os.getpid())}",
            lease_expires_at=now + datetime.timedelta(seconds=LEASE_SECONDS),
        )
    return bool(updated)


def _refusal(run: LegacyImportRun) -> OutOfOrder:
    pid = run.lease_process.partition(":")[0]
    return OutOfOrder(
        f"Run {run.pk} is locked by {run.lease_command} (process {pid} on {run.lease_host}).",
        hint="Wait until it ends, or stop it with Ctrl-C; then run this command again.",
    )


def _process_runs(process: str) -> bool:
    """Whether the process with this pid *and* start time still runs on this host."""
    pid, _, start_time = process.partition(":")
    return bool(pid) and bool(start_time) and _start_time(int(pid)) == start_time


def _start_time(pid: int) -> str:
    """The kernel's start time of a process in clock ticks; "" if there is no such process."""
    if not Path("/proc/self/stat").exists():
        return UNKNOWN_START_TIME  # the process is treated as running until its lease expires
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state_and_after = stat.rpartition(")")[2].split()
    return "" if state_and_after[0] == "Z" else state_and_after[19]
