"""The confirmation before anything is written or erased: the database's name, typed or as an option."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from types import FrameType
from typing import Any

from rich.text import Text

from legacy_import.conf import database_name
from legacy_import.errors import Interrupted, LegacyImportError, SafetyRefusal
from legacy_import.management.stop_deadline import interruptible
from legacy_import.management.terminal import Terminal, stop_signals, target_label


def add_confirmation_arguments(parser: ArgumentParser) -> None:
    """`--no-input` and `--confirm-database NAME`, for `confirm_database`."""
    parser.add_argument(
        "--no-input", action="store_true", help="do not prompt; needs --confirm-database"
    )
    parser.add_argument(
        "--confirm-database",
        metavar="NAME",
        help="the name of the app database (SQLite: the file's name, without its folder)",
    )


def confirm_database(terminal: Terminal, options: Mapping[str, Any], warning: str) -> None:
    """Return once the app database is confirmed by its name; `warning` is shown with the question.

    The question goes to stderr: stdout is for the result. The name of --confirm-database is checked
    first; it replaces the question only with --no-input. Raises SafetyRefusal for another name,
    LegacyImportError (usage) if no one can answer, Interrupted.
    """
    name, confirmed_name = database_name(), options["confirm_database"]
    if confirmed_name is not None:
        _require(name, confirmed_name)
    if options["no_input"]:
        if confirmed_name is None:
            raise LegacyImportError(
                "--no-input does not prompt, so the database must be stated. Nothing was written.",
                hint=f"Add --confirm-database {name}",
                exit_code=2,
            )
        return
    with stop_signals(_stop), interruptible():
        terminal.note(warning)
        terminal.note(f"Target: default → {target_label()}")
        terminal.err.print(Text(f"Type the name of the database, {name}, to continue:"), end=" ")
        question_start = time.monotonic()
        answer = _typed(name)
        terminal.waited += time.monotonic() - question_start
    _require(name, answer)


def _require(name: str, answer: str) -> None:
    if answer.strip() != name:
        raise SafetyRefusal(
            f"The database is '{name}'; that is not what was confirmed. Nothing was written.",
            hint="Check DATABASE_URL. If it is the database you mean, "
            f"type {name} at the prompt, or give --no-input --confirm-database {name}",
        )


def _typed(name: str) -> str:
    """One line of stdin. Raises LegacyImportError if there is none."""
    try:
        answer = sys.stdin.readline() if sys.stdin else ""
    except (OSError, ValueError):  # closed, in the background, or not text
        answer = ""
    if not answer:
        raise LegacyImportError(
            "No one answered the question (no terminal). Nothing was written.",
            hint=f"Give --no-input --confirm-database {name}",
            exit_code=2,
        )
    return answer


def _stop(number: int, frame: FrameType | None) -> None:
    """Ctrl-C and SIGTERM end the question itself: no chunk is in progress."""
    raise Interrupted("Stopped at the question. Nothing was written.")
