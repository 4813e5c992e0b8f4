"""Commands in processes of their own, forked from one that has loaded the program already.

A command takes half a second to load Django and the import, and a road has dozens of commands. Here a
host process loads them once for an environment and forks: each command has its own memory, its own
connections, exit code and output, and ends as its own process. How a real one starts, and signals, are
the matter of `tests.processes` (`start`, `manage`).
"""

import atexit
import json
import os
import runpy
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO

from tests.database_server import end_with_parent
from tests.processes import ROOT, Ended

PATIENCE = 120  # seconds, for one command
MANAGE = "manage"


class Host:
    """A process that has loaded the program with these settings, and runs commands for a test."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked"], env=self.env, cwd=ROOT, text=True,
            encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=end_with_parent,
        )  # fmt: skip

    def run(self, module: str, arguments: Sequence[str]) -> Ended:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps([module, *arguments])}\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            self.close()
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


# --- In the host -------------------------------------------------------------------------------------


def main(requests: IO[str], answers: IO[str]) -> None:
    """Fork a process for every line of `requests`, and write how it ended."""
    _load()
    for line in requests:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if not child:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                _run(*json.loads(line))
                sys.exit()
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(json.dumps([code, _text(out), _text(err)]), file=answers, flush=True)


def _load() -> None:
    """What every command imports; no connection is opened."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoin.settings")
    import django
    from django.core.management import get_commands, load_command_class
    from django.db import connections

    django.setup()
    for name, app in get_commands().items():
        if app == "legacy_import":
            load_command_class(app, name)
    assert all(connection.connection is None for connection in connections.all(True))


def _run(module: str, *arguments: str) -> None:
    """In the forked process, which then ends as Python ends: exit code, traceback, threads, streams."""
    sys.argv = [str(ROOT / "manage.py"), *arguments]
    if module == MANAGE:
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(module, run_name="__main__")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8")


if __name__ == "__main__":
    asked, answering = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    main(os.fdopen(asked, encoding="utf-8"), os.fdopen(answering, "w", encoding="utf-8"))
