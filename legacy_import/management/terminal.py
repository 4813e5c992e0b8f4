"""The terminal: header, notes, errors and progress. Results go to stdout, all else to stderr."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import IO, Any, Self

from django.conf import settings
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ecoin.database import configured_on_sqlite
from legacy_import.conf import MANAGE
from legacy_import.errors import Interrupted

PIPE_WIDTH = 100  # columns, when the output is not a terminal
SECONDS_BETWEEN_LINES = 10  # of progress, when stderr is not a terminal
BARE_COMMAND = re.compile(r"(?<![\w/]\s)(?<![\w/.])manage\.py (?=[a-z])")


class Terminal:
    """Where a command prints. `quiet` (--json) silences stdout; verbosity 0 hides header and tables."""

    def __init__(
        self, *, out: IO[str], err: IO[str], quiet: bool, verbosity: int, color: bool
    ) -> None:
        self.waited = 0.0  # seconds spent on questions, which are not part of the duration
        self.quiet = quiet
        self.verbosity = verbosity
        self.out = _console(out, color)
        self.err = _console(err, color)
        self._header_source = ""

    def header(self, source: str, *, verified: bool) -> None:
        """The first lines, once: source and target, never a password."""
        if self.quiet or self.verbosity == 0 or self._header_source == source:
            return
        self._header_source = source
        suffix = " (read-only: verified)" if verified else ""
        self.out.print(Text(f"Source: {source}{suffix}"))
        self.out.print(Text(f"Target: default → {target_label()}"))

    def note(self, text: str) -> None:
        """A line on stderr during the work."""
        self.err.print(Text(runnable(text)))

    def notes(self, texts: Iterable[str]) -> None:
        """One line for each text."""
        for text in texts:
            self.note(text)

    def error(self, message: str, hint: str, *, unbroken: bool = False) -> None:
        """An error and its next step; `unbroken`: the step on one line, so that it can be copied."""
        self.err.print(Text(f"Error: {message}", style="bold red"))
        if hint:
            self.err.print(Text(f"Next:  {runnable(hint)}"), soft_wrap=unbroken)


class TerminalProgress:
    """Progress as a bar on a terminal, and as a line every 10 s elsewhere."""

    def __init__(self, terminal: Terminal) -> None:
        self.stopping = False
        self._terminal = terminal
        self._visible = terminal.verbosity > 0
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._label = ""
        self._total: int | None = None
        self._rows_done = 0
        self._workers = ""
        self._start_time = self._line_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._visible and self._terminal.err.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
                TextColumn("{task.fields[workers]}"), console=self._terminal.err, transient=True,
            )  # fmt: skip
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def opened(self, source: str, *, verified: bool = False) -> None:
        self._terminal.header(source, verified=verified)

    def begin(self, label: str, total: int | None) -> None:
        self._label, self._total, self._rows_done, self._workers = label, total, 0, ""
        self._start_time = self._line_at = time.monotonic()
        if self._bar:
            self._bar.start()  # not earlier: it would redraw over a question
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(label, total=total, rate="", workers="")

    def advance(self, rows: int) -> None:
        self._rows_done += rows
        self._show(rows)
        if self.stopping:
            raise Interrupted("Stopped as requested, at the end of a chunk.")

    def say(self, sentence: str) -> None:
        self._terminal.note(sentence)

    def at_work(self, workers: str) -> None:
        self._workers = workers
        self._show(0)

    def _show(self, rows: int) -> None:
        now = time.monotonic()
        rate = f"{self._rows_done / max(now - self._start_time, 0.001):,.0f} rows/s"
        if self._bar and self._task is not None:
            self._bar.update(
                self._task, completed=self._rows_done, rate=rate, workers=self._workers
            )
        elif self._visible and not self._bar and now - self._line_at >= SECONDS_BETWEEN_LINES:
            self._line_at = now
            of = f" of {number(self._total)}" if self._total is not None else ""
            workers = f" [{self._workers}]" if self._workers else ""
            self._terminal.note(f"{self._label}: {number(self._rows_done)}{of} ({rate}){workers}")
        if self._terminal.verbosity >= 2 and not self._bar and rows:
            self._terminal.note(f"{self._label}: {number(self._rows_done)} done")


@contextmanager
def stop_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle Ctrl-C and SIGTERM with `handler` inside the block."""
    try:
        previous = {
            number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)
        }
    except ValueError:  # not in the main thread, where signals cannot be handled
        previous = {}
    try:
        yield
    finally:
        for number, previous_handler in previous.items():
            signal.signal(number, previous_handler)


def target_label() -> str:
    """The app database as an address without user or password."""
    default: Mapping[str, Any] = settings.DATABASES["default"]
    if configured_on_sqlite():
        return f"sqlite:///{default['NAME']}"
    host = default.get("HOST") or "localhost"
    port = f":{default['PORT']}" if default.get("PORT") else ""
    return f"mysql://{host}{port}/{default['NAME']}"


def runnable(text: str) -> str:
    """The text with every `manage.py COMMAND` as it can be copied into a terminal."""
    return BARE_COMMAND.sub(f"{MANAGE} ", text)


def number(value: int | None) -> str:
    """4512 → '4,512'; None → '–'."""
    return "–" if value is None else f"{value:,}"


def _console(stream: IO[str], color: bool) -> Console:
    plain = not color or bool(os.environ.get("NO_COLOR"))
    is_terminal = bool(getattr(stream, "isatty", lambda: False)())
    return Console(
        file=stream,
        no_color=plain,
        highlight=False,
        soft_wrap=False,
        width=None if is_terminal else PIPE_WIDTH,
    )
