"""Commands in processes of their own, forked from one that has loaded the program already.

A command takes half a second to load Django and the import, and a road has dozens of commands. Here a
host process loads them once for an environment and forks: each command has its own memory, its own
connections, exit code, output and signals, and ends as its own process. How a real one starts is the
matter of `tests.processes` (`start`, `manage`).
"""

import atexit
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

from tests.command import PATIENCE, Command
from tests.database_server import end_with_parent
from tests.processes import MANAGE, ROOT, Ended, finish

MOST_HOSTS = 2  # a command and the one that it is compared with
OWN = "TEST_"  # what a command reads as it runs, so that a host need not be loaded with it


class Host:
    """A process that has loaded the program with these settings, and runs commands for a test."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forked.host", str(theirs.fileno())], env=dict(env),
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()], preexec_fn=end_with_parent,
            )  # fmt: skip

    def start(self, module: str, arguments: Sequence[str], own: Mapping[str, str]) -> Command:
        pipes = [os.pipe() for _ in range(3)]
        request = json.dumps([own, module, *arguments]).encode()
        try:
            socket.send_fds(self._socket, [request], [writer for _, writer in pipes])
        finally:
            for _, writer in pipes:
                os.close(writer)
        return Command([module, *arguments], *(reader for reader, _ in pipes))

    def retire(self) -> None:
        """No more commands; it ends when the last of them has ended."""
        self._socket.close()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def close(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


_hosts: dict[frozenset[tuple[str, str]], Host] = {}  # by environment, the one used last at the end
_retired: list[Host] = []


def start_forked(*arguments: str, env: Mapping[str, str], module: str = MANAGE) -> Command:
    """Start `manage.py …`, or `python -m MODULE …`; the caller ends it."""
    own = {name: value for name, value in env.items() if name.startswith(OWN)}
    settings = frozenset(env.items() - own.items())
    host = _hosts.pop(settings, None)
    if host is None:
        _make_room()
        host = Host(dict(settings))
    _hosts[settings] = host
    return host.start(module, arguments, own)


def forked(*arguments: str, env: Mapping[str, str], module: str = MANAGE) -> Ended:
    """Run `manage.py …`, or `python -m MODULE …`, to its end."""
    return finish(start_forked(*arguments, env=env, module=module), PATIENCE)


def _make_room() -> None:
    _retired[:] = [host for host in _retired if not host.has_ended]
    while len(_hosts) >= MOST_HOSTS:
        oldest = _hosts.pop(next(iter(_hosts)))
        oldest.retire()
        _retired.append(oldest)


@atexit.register
def end_hosts() -> None:
    for host in (*_hosts.values(), *_retired):
        host.close()
    _hosts.clear()
    _retired.clear()
