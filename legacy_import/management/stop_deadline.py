"""The end of a command that must stop and cannot: it waits inside a driver for a silent server.

Python runs a signal's handler when the driver returns, which may take minutes. A thread is told of the
signal at once. It also takes the signal in the place of the main thread: a driver that is interrupted
while it reads an encrypted answer gives the link up, and the chunk could not be finished.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

STOP_SECONDS = 7.0  # to finish a chunk in; supervisors kill after 10
REPORT_SECONDS = 2.5
EXIT_CODE = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)
_END = b"\0"


class StopDeadline:
    """After SIGTERM, or a second Ctrl-C, the process ends within 10 s in any case.

    `report` prints why; if it cannot in time, nothing is printed. The transaction in progress is
    rolled back by its server, as after a kill.
    """

    def __init__(self, report: Callable[[], None]) -> None:
        self._report = report
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self  # signals cannot be handled here
        self._signals, self._sender = os.pipe()
        os.set_blocking(self._sender, False)
        self._previous = signal.set_wakeup_fd(self._sender, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="stop-deadline", daemon=True)
        self._thread.start()
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is None:
            return
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        signal.set_wakeup_fd(self._previous)
        os.write(self._sender, _END)
        self._thread.join()
        os.close(self._sender)
        os.close(self._signals)

    def _watch(self) -> None:
        interrupts = 0
        while True:
            number = os.read(self._signals, 1)
            if number == _END:
                return
            interrupts += number == bytes([signal.SIGINT])
            if number == bytes([signal.SIGTERM]) or interrupts > 1:
                break
        if not self._ends_by_itself():
            reporter = threading.Thread(target=self._report, daemon=True)
            reporter.start()
            reporter.join(REPORT_SECONDS)
            os._exit(EXIT_CODE)

    def _ends_by_itself(self) -> bool:
        """Whether the work ends in time. Further signals change nothing."""
        deadline = time.monotonic() + STOP_SECONDS
        while (seconds := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self._signals], [], [], seconds)
            if readable and os.read(self._signals, 1) == _END:
                return True
        return False


@contextmanager
def interruptible() -> Iterator[None]:
    """Signals interrupt the main thread inside the block, as a question at the terminal wants it."""
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
