"""Commands in processes of their own, forked from one that has loaded the program already.

A command takes half a second to load Django and the import, and a road has dozens of commands. Here a
host process loads them once for an environment and forks: each command has its own memory, its own
connections, exit code and output, and ends as its own process. How a real one starts, and signals, are
the matter of `tests.processes` (`start`, `manage`).
"""

import atexit
import json
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence

from tests.database_server import end_with_parent
from tests.processes import ROOT, Ended

PATIENCE = 120  # seconds, for one command
MANAGE = "manage"


class Host:
    """A process that has loaded the program with these settings, and runs commands for a test."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked.host"], env=self.env, cwd=ROOT, text=True,
            encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=end_with_parent,
        )  # fmt: skip

    def run(self, module: str, arguments: Sequence[str]) -> Ended:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps([module, *arguments])}\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            end_host()
            raise subprocess.TimeoutExpired([module, *arguments], PATIENCE)
        answer = self._process.stdout.readline()
        assert answer, f"the host of {module} has ended"
        return Ended(*json.loads(answer))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


_host: Host | None = None  # of the environment that was used last


def forked(*arguments: str, env: Mapping[str, str], module: str = MANAGE) -> Ended:
    """Run `manage.py …`, or `python -m MODULE …`, to its end."""
    global _host
    if _host is None or _host.env != env:
        end_host()
        _host = Host(env)
    return _host.run(module, arguments)


@atexit.register
def end_host() -> None:
    global _host
    if _host is not None:
        _host.close()
    _host = None
