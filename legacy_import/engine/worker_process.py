"""A worker process of this machine, from its first line to its last.

The engine (`processes`) starts it and sends it chunks through a pipe. This module is loaded before
Django is, so it imports nothing of it.
"""

import logging
import os
import signal
import threading
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.connection import Connection

NOT_STARTED = 1  # exit code


def main(orders: Connection) -> None:
    """Work chunks until the pipe is closed; each answer says no more than that one is over."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all: the command decides
    threading.Thread(target=_end_with_the_command, daemon=True).start()
    try:
        import django

        django.setup()
        from legacy_import.engine.worker import work_chunk

        stages = import_module("legacy_import.stages").STAGES
    except Exception as error:
        # Without its words: they may be settings.
        logging.getLogger("legacy_import").error(
            "A worker process could not start (%s).", type(error).__qualname__
        )
        os._exit(NOT_STARTED)
    while True:
        try:
            job, chunk = orders.recv()
            work_chunk(job, chunk, stages)
            orders.send(None)
        except (EOFError, OSError):
            return


def _end_with_the_command() -> None:
    """However the command ends, `kill -9` included; what is not committed rolls back."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
