"""The process that has loaded the program and forks one for every command.

Argument: its socket, on which a message is [environment, module, arguments…] as JSON, with the pipes of
stdout, of stderr, and of what is told about the process.
"""

import atexit
import gc
import json
import os
import runpy
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from typing import NoReturn

from tests.command import MOST_BYTES, NUMBER
from tests.database_server import end_with_parent
from tests.processes import MANAGE, ROOT


def main(asked: socket.socket) -> None:
    """Fork a process for every message, until the test hangs up and the last of them has ended."""
    _load()
    gc.freeze()
    while True:
        request, pipes, _, _ = socket.recv_fds(asked, MOST_BYTES, 3)
        if not request:
            break
        if not os.fork():
            _mind(request, *pipes)
        for pipe in pipes:
            os.close(pipe)
        _take_leave(os.WNOHANG)
    _take_leave()


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


def _mind(request: bytes, out: int, err: int, told: int) -> None:
    """In a process between the host and the command: tell the command's id, and how it ended."""
    end_with_parent()
    command = os.fork()
    if not command:
        end_with_parent()
        os.dup2(out, 1)
        os.dup2(err, 2)
        for pipe in (out, err, told):
            os.close(pipe)
        _end(_run(*json.loads(request)))
    os.close(out)
    os.close(err)
    os.write(told, NUMBER.pack(command))
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    with suppress(BrokenPipeError):  # nobody wants to know
        os.write(told, NUMBER.pack(code))
    os._exit(0)


def _run(own: Mapping[str, str], module: str, *arguments: str) -> int:
    """In the command's process: the exit code that Python would give it."""
    os.environ.update(own)
    sys.argv = [str(ROOT / "manage.py"), *arguments]
    try:
        if module == MANAGE:
            runpy.run_path(sys.argv[0], run_name="__main__")
        else:
            runpy.run_module(module, run_name="__main__")
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        print(left.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """As multiprocessing ends a process: threads, streams, and no tidying up of the whole program.

    That would take six times as long as a short command.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _take_leave(options: int = 0) -> None:
    """Of the processes between that have ended; without WNOHANG, of all."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
