"""One mail when a command ends or stops, to the addresses of LEGACY_IMPORT_NOTIFY.

It contains numbers, codes and the next step: nothing that a text of the data could be in. It is sent
after everything was printed, by a thread that is waited for a few seconds at most, and never changes how
the command ends.
"""

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from legacy_import.management.pages import RUNS_PAGE
from legacy_import.management.printer import CommandResult, next_step
from legacy_import.management.terminal import runnable

SECONDS = 15.0  # that a command waits for its mail
SECONDS_WHEN_STOPPED = 1.5  # supervisors kill 10 s after their signal to stop, of which work has 7
MOST_LINES = 80  # of counts
NAME = re.compile(r"[A-Za-z][A-Za-z_.]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a command ended. `error`: a sentence without personal data; `next_step`: what to run or do."""

    command: str
    run: int | None
    exit_code: int
    seconds: float
    counts: Mapping[str, Any]
    error: str = ""
    next_step: str = ""

    @property
    def word(self) -> str:
        """For the subject."""
        if self.exit_code == 0:
            return "done"
        if self.exit_code == 130:
            return "stopped"
        if self.exit_code in (3, 5):
            return "refused"
        return "done, with errors" if self.exit_code == 4 else "failed"


def end_of(
    command: str, result: CommandResult, seconds: float, *, exit_code: int | None = None
) -> CommandEnd:
    """The end of a command with this result."""
    message, hint = result.problem or ("", "")
    step = runnable(hint if result.problem else next_step(result))
    return CommandEnd(
        command, result.run, result.exit_code if exit_code is None else exit_code, seconds,
        result.counts, message, step,
    )  # fmt: skip


def notify(end: CommandEnd) -> str:
    """Send the mail, if anyone is to be called. Returns why it could not be sent; "" if it was."""
    if not settings.LEGACY_IMPORT_NOTIFY:
        return ""
    outcome: list[str] = []
    sender = threading.Thread(target=lambda: outcome.append(_send(end)), daemon=True)
    sender.start()
    sender.join(SECONDS_WHEN_STOPPED if end.exit_code == 130 else SECONDS)
    if not outcome:
        return "The notification was not sent in time; the mail server did not answer."
    return outcome[0]


def _send(end: CommandEnd) -> str:
    from django.core.mail import (
        EmailMessage,
    )  # only where a mail is sent: every command starts sooner

    try:
        EmailMessage(
            subject=subject(end), body=body(end), to=list(settings.LEGACY_IMPORT_NOTIFY)
        ).send()
    except Exception as error:  # any: the command has ended as it did, with or without mail
        # Its class only: an answer of a mail server may repeat addresses.
        return f"The notification could not be sent ({type(error).__name__})."
    return ""


def subject(end: CommandEnd) -> str:
    """`[ECOIN] legacy_commit, run 3: done`."""
    of_run = f", run {end.run}" if end.run is not None else ""
    return f"[ECOIN] {end.command}{of_run}: {end.word}"


def body(end: CommandEnd) -> str:
    """Plain text, for people."""
    lines = [
        f"{end.command} on {socket.gethostname()}: {end.word} after {end.seconds:,.0f} s "
        f"(exit code {end.exit_code}).",
    ]
    if end.error:
        lines += ["", f"Error: {end.error}"]
    counts = list(_numbers(end.counts))
    if counts:
        lines += ["", *(f"{name}: {number:,}" for name, number in counts[:MOST_LINES])]
        more = len(counts) - MOST_LINES
        lines += [f"… and {more:,} more"] if more > 0 else []
    if end.next_step:
        lines += ["", f"Next: {end.next_step}"]
    if end.run is not None:
        lines += ["", f"The run: {RUNS_PAGE}/{end.run}"]
    return "\n".join(lines) + "\n"


def _numbers(counts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    """The numbers above zero, by name. Texts, lists, and names that are not codes of ours are dropped:
    they may come from rows.
    """
    for name, value in counts.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{name}.")
        elif (
            isinstance(value, int)
            and not isinstance(value, bool)
            and value
            and NAME.fullmatch(name)
        ):
            yield f"{prefix}{name}", value
