"""`manage.py` in a process that kills itself: `python -m tests.faults.mortal N COMMAND…`.

Right before its N-th statement on the app database it sends itself SIGKILL, as a power cut would: no
handler runs, nothing is tidied up. N = 0: it lives. TEST_ROLLBACK_BATCH: rows that a rollback takes
back in one transaction, for which the command has no option. TEST_PACE: seconds to rest after each
batch, so that others get their turn.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoin.settings")
    import django
    from django.core.management import execute_from_command_line
    from django.db.backends.signals import connection_created

    last = int(arguments[0])
    done = 0

    def count(
        execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any
    ) -> Any:
        nonlocal done
        done += 1
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, parameters, many, context)

    def watch(connection: Any, **kwargs: Any) -> None:
        if connection.alias == "default" and count not in connection.execute_wrappers:
            connection.execute_wrappers.append(count)

    django.setup()
    connection_created.connect(watch)
    if "TEST_ROLLBACK_BATCH" in os.environ:
        from legacy_import.stages.rollback.rollback import rollback

        (rollback.__kwdefaults__ or {})["batch"] = int(os.environ["TEST_ROLLBACK_BATCH"])
    if "TEST_PACE" in os.environ:
        _rest_after_each_batch(float(os.environ["TEST_PACE"]))
    execute_from_command_line(["manage.py", *arguments[1:]])


def _rest_after_each_batch(seconds: float) -> None:
    from legacy_import.management.terminal import TerminalProgress

    advance = TerminalProgress.advance

    def advance_and_rest(progress: TerminalProgress, rows: int) -> None:
        advance(progress, rows)
        time.sleep(seconds)

    TerminalProgress.advance = advance_and_rest  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    main(sys.argv[1:])
