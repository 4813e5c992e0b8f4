"""Running a command as an operator would, and what it took: seconds and memory of that process."""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class CommandFailed(RuntimeError):
    """A measured command ended with an error; there is no figure then."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Wall-clock and processor seconds from start to exit, peak resident MB, standard output."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str


def run_measured(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path = ROOT
) -> Measured:
    """Run a command in a checkout (this one) and wait for it. Raises CommandFailed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.monotonic()
        process = subprocess.Popen(
            arguments, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL,
            stdout=out, stderr=err,
        )  # fmt: skip
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise CommandFailed(
                f"{' '.join(arguments)} ended with {process.returncode}:\n{err.read()[-3000:]}"
            )
        cpu = usage.ru_utime + usage.ru_stime
        return Measured(seconds, cpu, usage.ru_maxrss / 1024, out.read())


def own_peak_mb() -> float:
    """Peak memory of this process. A child's figure can never be lower (Linux counts the fork)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
