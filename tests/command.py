"""A command that was forked, seen from the test: what tests use of `subprocess.Popen`."""

import os
import select
import selectors
import signal
import struct
import subprocess
from collections.abc import Sequence

PATIENCE = 120  # seconds, for one command
MOST_BYTES = 1 << 16
NUMBER = struct.Struct("i")  # of what a host tells: first the process id, at last the exit code


class Command:
    """Its process id, its streams, its end."""

    def __init__(self, args: Sequence[str], out: int, err: int, told: int) -> None:
        self.args = list(args)
        self.stdout = os.fdopen(out, encoding="utf-8")
        self.stderr = os.fdopen(err, encoding="utf-8")
        self.returncode: int | None = None
        self._told = os.fdopen(told, "rb", buffering=0)
        self._written = {self.stdout: b"", self.stderr: b""}
        self.pid = self._number(PATIENCE)

    def poll(self) -> int | None:
        """The exit code, or None as long as it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = self._number(timeout)
            self._told.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Everything that it prints from now on, once it has ended."""
        with selectors.DefaultSelector() as waiting:
            for stream in self._written:
                if not stream.closed:
                    waiting.register(stream, selectors.EVENT_READ, stream)
            while waiting.get_map():
                ready = waiting.select(timeout)
                if not ready:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                for stream in (key.data for key, _ in ready):
                    part = os.read(stream.fileno(), MOST_BYTES)
                    self._written[stream] += part
                    if not part:
                        waiting.unregister(stream)
                        stream.close()
        self.wait(timeout)
        out, err = (written.decode("utf-8") for written in self._written.values())
        return out, err

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _number(self, timeout: float | None) -> int:
        if not select.select([self._told], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        told = self._told.read(NUMBER.size)
        assert told, f"the host of {self.args} has ended"
        return int(NUMBER.unpack(told)[0])
