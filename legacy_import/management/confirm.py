"""The question before anything is written or erased: the database's name, typed or given."""

import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.text import Text

from legacy_import.conf import database_name
from legacy_import.errors import Interrupted, LegacyImportError, SafetyRefusal
from legacy_import.management.base import STOP_SIGNALS
from legacy_import.management.terminal import Terminal, target_label


def add_confirmation_arguments(parser: ArgumentParser) -> None:
    """`--no-input` and `--confirm-database NAME`, as `confirm_database` wants them."""
    parser.add_argument(
        "--no-input", action="store_true", help="do not ask; needs --confirm-database"
    )
    parser.add_argument(
        "--confirm-database",
        metavar="NAME",
        help="the name of the app database (SQLite: the file's name, without its folder)",
    )


def confirm_database(terminal: Terminal, *, given: str | None, no_input: bool, what: str) -> None:
    """Return once the app database was confirmed by its name; `what` is a sentence for people.

    The question goes to stderr, so that stdout stays the result's. A name that was given is checked
    first and spares the question only with `no_input`. Raises SafetyRefusal for another name,
    LegacyImportError (usage) where nobody can answer, Interrupted.
    """
    name = database_name()
    if given is not None:
        _require(name, given)
    if no_input:
        if given is None:
            raise LegacyImportError(
                "--no-input asks nothing, so the database must be named. Nothing was written.",
                hint=f"Add --confirm-database {name}",
                exit_code=2,
            )
        return
    with _stopped_at_once():
        terminal.note(what)
        terminal.note(f"Target: default → {target_label()}")
        terminal.err.print(Text(f"Type the name of the database, {name}, to go on:"), end=" ")
        asked = time.monotonic()
        answer = _typed(name)
        terminal.waited += time.monotonic() - asked
    _require(name, answer)


def _require(name: str, answer: str) -> None:
    if answer.strip() != name:
        raise SafetyRefusal(
            f"The database is '{name}'; that is not what was confirmed. Nothing was written.",
            hint="Check DATABASE_URL. If it is the database you mean, "
            f"type {name} when asked, or give --no-input --confirm-database {name}",
        )


def _typed(name: str) -> str:
    """One line of stdin. Raises LegacyImportError where nobody answers."""
    try:
        answer = sys.stdin.readline() if sys.stdin else ""
    except (OSError, ValueError):  # closed, no longer ours, or no text
        answer = ""
    if not answer:
        raise LegacyImportError(
            "Nobody answered the question (no terminal). Nothing was written.",
            hint=f"Give --no-input --confirm-database {name}",
            exit_code=2,
        )
    return answer


@contextmanager
def _stopped_at_once() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the question itself: no chunk is at hand."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Interrupted("Stopped at the question. Nothing was written.")

    try:
        before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
    except ValueError:  # not in the main thread
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
