"""The result of a command as data, and how it is rendered: as text or as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from legacy_import.management.pages import RUNS_PAGE
from legacy_import.management.terminal import Terminal, number, runnable
from legacy_import.models import LegacyImportRun

SCHEMA_VERSION = 1  # of --json
LOOK_AROUND = "legacy_status"  # where no step follows from the result itself
SHORT_LIST = 20  # rows printed of a table with `total`; --verbosity 2 prints all it has

Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table, hidden by verbosity 0 and when it has no rows.

    `total`: the number of all rows, of which `rows` are the first `limit`; below verbosity 2 only
    SHORT_LIST of them are printed.
    """

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    total: int | None = None
    limit: int = 0


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line that is bold, or a detail, which verbosity 0 hides."""

    text: str = ""
    bold: bool = False
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """The line that ends with the duration; with `rows` also with their rate."""

    text: str
    rows: int | None = None


Block = str | TextLine | Summary | Table


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command: `counts` for --json, `blocks` and `next_command` for people.

    `blocks` may be a generator: with --json it is never run. `problem`: message and hint of an error
    that affected only a part of the work.
    """

    run: int | None
    source: str
    counts: Mapping[str, Any]
    blocks: Iterable[Block] = ()
    next_command: str = ""
    next_page: str = ""  # instead of a command: what to do, with its address or command
    problem: tuple[str, str] | None = None
    exit_code: int = 0

    @classmethod
    def of_run(
        cls, run: LegacyImportRun, counts: Mapping[str, Any], blocks: Iterable[Block], **fields: Any
    ) -> Self:
        """For a run as it is now: its source, and its next command unless another is given."""
        fields = {"next_command": run.next_command, **fields}
        return cls(run.pk, run.source_label, counts, blocks, **fields)


def shares(title: str, counts: Mapping[str, int], name: str = "value") -> Table:
    """Rows per value, each with its share, and their total."""
    total = sum(counts.values())
    rows = [(value, rows, _share(rows, total)) for value, rows in counts.items()]
    return Table(title, (name, "rows", "share"), [*rows, ("total", total, "")])


def print_result(terminal: Terminal, result: CommandResult, seconds: float) -> None:
    """Print the result for people; `seconds` is how long the work took."""
    print_blocks(terminal, result.blocks, seconds)
    if terminal.quiet or result.problem:  # a problem is printed with its own next step
        return
    if terminal.verbosity:
        run = "" if result.run is None else f"/{result.run}"
        terminal.out.print(Text(f"On the screens: {RUNS_PAGE}{run}"))
    terminal.out.print(Text(f"Next: {runnable(next_step(result))}"), soft_wrap=True)


def next_step(result: CommandResult) -> str:
    """What to do after a command that ended without an error; never empty."""
    return result.next_page or f"manage.py {result.next_command or LOOK_AROUND}"


def print_blocks(terminal: Terminal, blocks: Iterable[Block], seconds: float = 0.0) -> None:
    """Print the blocks that the verbosity allows; nothing with --json."""
    if terminal.quiet:
        return
    for block in blocks:
        match block:
            case str():
                terminal.out.print(Text(runnable(block)))
            case TextLine() if terminal.verbosity or not block.detail:
                style = "bold" if block.bold else ""
                terminal.out.print(Text(runnable(block.text), style=style))
            case Summary():
                terminal.out.print(Text(_timed(block, seconds)))
            case Table() if terminal.verbosity:
                _print_table(terminal, block)


def json_text(
    command: str, result: CommandResult, seconds: float, encoding: str | None = None
) -> str:
    """The one object that --json prints; its keys are a contract.

    In another encoding than UTF-8, all but ASCII is escaped, so that nothing is replaced.
    """
    problems = [result.problem] if result.problem else []
    document = {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "run": result.run,
        "source": result.source,
        "counts": result.counts,
        "errors": [{"message": message, "hint": runnable(hint)} for message, hint in problems],
        "duration_s": round(seconds, 3),
    }
    is_utf8 = (encoding or "utf-8").lower().replace("_", "-") in ("utf-8", "utf8")
    return json.dumps(document, ensure_ascii=not is_utf8, indent=2)


def _print_table(terminal: Terminal, table: Table) -> None:
    rows = [[cell if isinstance(cell, str) else number(cell) for cell in row] for row in table.rows]
    if table.total is not None:
        rows = _shortened(table, rows, terminal.verbosity)
    if not rows:
        return
    terminal.out.print(Text(f"\n{table.title}", style="bold"))
    rich_table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(table.columns):
        numeric = position > 0 and all(_is_number(row[position]) for row in rows)
        rich_table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        rich_table.add_row(*map(Text, row))
    terminal.out.print(rich_table)


def _shortened(table: Table, rows: list[list[str]], verbosity: int) -> list[list[str]]:
    printed = rows if verbosity >= 2 else rows[:SHORT_LIST]
    more = (table.total or 0) - len(printed)
    if more <= 0:
        return printed
    hint = f"--verbosity 2 lists up to {table.limit:,}" if len(printed) < len(rows) else ""
    return [*printed, [f"… and {more:,} more", hint, *[""] * (len(table.columns) - 2)]]


def _timed(summary: Summary, seconds: float) -> str:
    text = f"{summary.text} in {seconds:.1f} s"
    if summary.rows is None or seconds <= 0:
        return text
    return f"{text} ({summary.rows / seconds:,.0f} rows/s)"


def _share(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %" if total else "–"


def _is_number(cell: str) -> bool:
    return cell in ("", "–") or cell.removesuffix(" %").replace(",", "").replace(".", "").isdigit()
