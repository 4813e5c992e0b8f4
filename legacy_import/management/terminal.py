"""The terminal: header lines, tables, progress. Results on stdout, progress and errors on stderr."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import IO, Any, Self

from django.conf import settings
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from ecoin.database import configured_on_sqlite
from legacy_import.errors import Interrupted

PIPE_WIDTH = 100  # columns, where the output is no terminal
SECONDS_BETWEEN_LINES = 10  # of progress, where stderr is no terminal


class Terminal:
    """Where a command prints. `quiet` (--json) silences stdout; verbosity 0 keeps the end only."""

    def __init__(
        self, *, out: IO[str], err: IO[str], quiet: bool, verbosity: int, color: bool
    ) -> None:
        self.waited = 0.0  # seconds, for an answer: no part of how long the work took
        self.quiet = quiet
        self.verbosity = verbosity
        self.out = _console(out, color)
        self.err = _console(err, color)
        self._headed = ""

    def header(self, source: str, *, verified: bool) -> None:
        """The first lines, once: what is read and what is written, never a password."""
        if self.quiet or self.verbosity == 0 or self._headed == source:
            return
        self._headed = source
        checked = " (read-only: verified)" if verified else ""
        self.out.print(Text(f"Source: {source}{checked}"))
        self.out.print(Text(f"Target: default → {target_label()}"))

    def line(self, text: str = "", style: str = "") -> None:
        """One line for people."""
        if not self.quiet:
            self.out.print(Text(text, style=style))

    def table(self, title: str, rows: Iterable[Sequence[str]], columns: Sequence[str]) -> None:
        """A table; columns after the first are numbers when they look like it."""
        rows = list(rows)
        if self.quiet or self.verbosity == 0 or not rows:
            return
        self.out.print(Text(f"\n{title}", style="bold"))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for position, column in enumerate(columns):
            numeric = position > 0 and all(_is_number(row[position]) for row in rows)
            table.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.out.print(table)

    def counts(self, title: str, counts: Mapping[str, int], name: str = "value") -> None:
        """A distribution with each value's share of the total."""
        total = sum(counts.values())
        rows = [(value, number(count), share(count, total)) for value, count in counts.items()]
        self.table(title, [*rows, ("total", number(total), "")], (name, "rows", "share"))

    def note(self, text: str) -> None:
        """Something said on the way, on stderr."""
        self.err.print(Text(text))

    def error(self, message: str, hint: str, *, unbroken: bool = False) -> None:
        """What went wrong, and the next step; `unbroken`: on one line, as a command is copied."""
        self.err.print(Text(f"Error: {message}", style="bold red"))
        if hint:
            self.err.print(Text(f"Next:  {hint}"), soft_wrap=unbroken)

    def next(self, command: str) -> None:
        """The next command to run, on one line."""
        if command and not self.quiet:
            self.out.print(Text(f"Next: manage.py {command}"), soft_wrap=True)


class TerminalProgress:
    """services.Progress on a terminal: a bar where there is one, a line every 10 s elsewhere."""

    def __init__(self, terminal: Terminal) -> None:
        self.stopping = False
        self._terminal = terminal
        self._shown = terminal.verbosity > 0
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._label = ""
        self._total: int | None = None
        self._done = 0
        self._started = self._told = time.monotonic()

    def __enter__(self) -> Self:
        if self._shown and self._terminal.err.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
                console=self._terminal.err, transient=True,
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
        self._label, self._total, self._done = label, total, 0
        self._started = self._told = time.monotonic()
        if self._bar:
            self._bar.start()  # not before: it would redraw over a question
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(label, total=total, rate="")

    def advance(self, rows: int) -> None:
        self._done += rows
        self._tell(rows)
        if self.stopping:
            raise Interrupted("Stopped as asked, at the end of a chunk.")

    def say(self, sentence: str) -> None:
        self._terminal.note(sentence)

    def _tell(self, rows: int) -> None:
        now = time.monotonic()
        rate = f"{self._done / max(now - self._started, 0.001):,.0f} rows/s"
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._done, rate=rate)
        elif self._shown and not self._bar and now - self._told >= SECONDS_BETWEEN_LINES:
            self._told = now
            of = f" of {number(self._total)}" if self._total is not None else ""
            self._terminal.note(f"{self._label}: {number(self._done)}{of} ({rate})")
        if self._terminal.verbosity >= 2 and not self._bar and rows:
            self._terminal.note(f"{self._label}: {number(self._done)} done")


def target_label() -> str:
    """The app database as an address without user or password."""
    default: Mapping[str, Any] = settings.DATABASES["default"]
    if configured_on_sqlite():
        return f"sqlite:///{default['NAME']}"
    host = default.get("HOST") or "localhost"
    port = f":{default['PORT']}" if default.get("PORT") else ""
    return f"mysql://{host}{port}/{default['NAME']}"


def number(value: int | None) -> str:
    """4512 → '4,512'; None → '–'."""
    return "–" if value is None else f"{value:,}"


def share(part: int, total: int) -> str:
    """'36.8 %' of the total."""
    return f"{100 * part / total:.1f} %" if total else "–"


def _is_number(cell: str) -> bool:
    return cell in ("", "–") or cell.removesuffix(" %").replace(",", "").replace(".", "").isdigit()


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
