"""The process that has loaded the program and forks one for every command.

A line of stdin is [module, arguments…] as JSON, a line of stdout [exit code, stdout, stderr].
"""

import json
import os
import runpy
import sys
import tempfile
from typing import IO

from tests.database_server import end_with_parent
from tests.processes import ROOT


def main(requests: IO[str], answers: IO[str]) -> None:
    """Fork a process for every line of `requests`, and write how it ended."""
    _load()
    for line in requests:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if not child:
                end_with_parent()
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
    if module == "manage":
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
