"""`manage.py` with small chunks and short waits: `python -m tests.engine.celery.smaller COMMAND…`.

TEST_SIZES: a JSON object of the constants to replace; `page` and `chunk` are rows, `line` is
seconds, `twice` sends every message two times, `without` leaves a field of the chunk out. Workers need
none of it: the command decides what a chunk is. A `+` between commands runs one after the other in
one process.
"""

import json
import os
import sys
from typing import Any


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoin.settings")
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    replace(json.loads(os.environ.get("TEST_SIZES", "{}")))
    for command in " ".join(arguments).split(" + "):
        execute_from_command_line(["manage.py", *command.split()])


def replace(sizes: dict[str, Any]) -> None:
    from legacy_import.engine import celery_engine, chunks
    from legacy_import.management import terminal
    from legacy_import.stages.staging import table_import

    table_import.PAGE_ROWS = sizes.pop("page", 60)
    chunks.id_ranges.__defaults__ = (sizes.pop("chunk", 80),)
    terminal.SECONDS_BETWEEN_LINES = sizes.pop("line", terminal.SECONDS_BETWEEN_LINES)
    if sizes.pop("twice", False):
        once = celery_engine.send_chunk

        def send(*what: Any) -> None:
            once(*what)
            once(*what)

        celery_engine.send_chunk = send
    if lacking := sizes.pop("without", ""):
        whole = celery_engine.message_of

        def message_of(*what: Any) -> Any:
            job, chunk = whole(*what)
            return job, {name: value for name, value in chunk.items() if name != lacking}

        celery_engine.message_of = message_of
    for name, value in sizes.items():
        assert hasattr(celery_engine, name)
        setattr(celery_engine, name, value)


if __name__ == "__main__":
    main(sys.argv[1:])
