"""The figures of one run as tables, on the terminal and between the markers of a page of docs/."""

import os
import platform
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
PERFORMANCE = DOCS / "performance.md"
SMALL_SHARE = 0.01  # an area below this share of a command is counted among the rest
REST = "the rest"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was measured.

    `cpu_seconds` and `peak_mb` are those of its process, None where the server did the work.
    `starting`: seconds that a process takes before its work begins; the cost of a row leaves them out.
    """

    what: str
    rows: int
    seconds: float
    cpu_seconds: float | None = None
    peak_mb: float | None = None
    starting: float = 0.0

    @property
    def rate(self) -> float:
        return self.rows / self.seconds

    @property
    def micros(self) -> float:
        """Microseconds a row, starting apart."""
        return max(0.0, self.seconds - self.starting) / self.rows * 1e6 if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class Target:
    """A bound, and the value measured. `is_promise`: not only for comparison."""

    what: str
    bound: str
    value: str
    is_met: bool
    is_promise: bool = True


@dataclass(slots=True)
class Report:
    """All results of one run, in the order of measurement."""

    conditions: list[tuple[str, str]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    floor_lines: list[Line] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    profiles: dict[str, Mapping[tuple[str, bool], float]] = field(default_factory=dict)
    sections: list[tuple[str, str]] = field(default_factory=list)  # further (title, Markdown)

    def add(self, line: Line) -> Line:
        """Keep a line, and show it."""
        self.lines.append(line)
        return show(line)

    def render(self) -> str:
        """All tables, as Markdown that reads well on a terminal too."""
        parts = [table(("condition", "value"), self.conditions), "Commands and rivals:"]
        parts.append(_lines(self.lines))
        if self.floor_lines:
            parts.append("The floor, table by table:")
            parts.append(_lines(self.floor_lines))
        if self.targets:
            parts.append("Targets:")
            parts.append(
                table(
                    ("target", "required", "measured", "result"), map(_target_cells, self.targets)
                )
            )
        for title, text in self.sections:
            parts += [title, text]
        for command, spent in self.profiles.items():
            parts.append(f"Where `{command}` spends its time:")
            parts.append(_profile(spent))
        return "\n\n".join(parts)


def show(line: Line) -> Line:
    """Print a line at once: a benchmark takes minutes."""
    peak = f", {line.peak_mb:,.0f} MB" if line.peak_mb else ""
    print(
        f"  {line.what}: {line.rows:,} rows in {line.seconds:,.1f} s"
        f" = {line.rate:,.0f} rows/s, {line.micros:,.0f} µs a row{peak}",
        flush=True,
    )
    return line


def _lines(lines: Iterable[Line]) -> str:
    return table(
        ("what", "rows", "seconds", "CPU s", "rows/s", "µs/row", "peak MB"),
        [
            (
                line.what, f"{line.rows:,}" if line.rows else "–", f"{line.seconds:,.2f}",
                _figure(line.cpu_seconds, ".1f"), *_speed(line), _figure(line.peak_mb, ",.0f"),
            )
            for line in lines
        ],
    )  # fmt: skip


def _speed(line: Line) -> tuple[str, str]:
    """Rows a second and microseconds a row; of what has no rows, neither."""
    return (f"{line.rate:,.0f}", f"{line.micros:,.0f}") if line.rows else ("–", "–")


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"


def _target_cells(target: Target) -> tuple[str, str, str, str]:
    result = "met" if target.is_met else "NOT MET"
    return (target.what, target.bound, target.value, result if target.is_promise else f"({result})")


def _profile(spent: Mapping[tuple[str, bool], float]) -> str:
    """Share of each area, and how much of that was waiting for a database."""
    total = sum(spent.values())
    areas: defaultdict[str, float] = defaultdict(float)
    waiting: defaultdict[str, float] = defaultdict(float)
    for (area, waits), seconds in spent.items():
        areas[area] += seconds
        waiting[area] += seconds if waits else 0
    for area, seconds in list(areas.items()):
        if seconds < total * SMALL_SHARE:
            areas[REST] += areas.pop(area)
            waiting[REST] += waiting.pop(area)
    rows = [
        (area, f"{seconds / total:.0%}", f"{waiting[area] / total:.0%}")
        for area, seconds in sorted(areas.items(), key=itemgetter(1), reverse=True)
    ]
    rows.append(("all", "100%", f"{sum(waiting.values()) / total:.0%}"))
    return table(("area", "share of the time", "waiting for a database"), rows)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with aligned columns: the first to the left, figures to the right."""
    body = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    figures = [position > 0 and header != ("condition", "value") for position in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, figures, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = "|".join(
        f" {'-' * (width - 1)}: " if right else f" {'-' * width} "
        for width, right in zip(widths, figures, strict=True)
    )
    return "\n".join([line(header), f"|{rule}|", *map(line, body)])


def machine() -> list[tuple[str, str]]:
    """Where and when: what the figures depend on apart from the code."""
    return [
        ("measured", time.strftime("%Y-%m-%d %H:%M")),
        ("processors", f"{os.cpu_count()} × {_processor()}"),
        ("load before", f"{os.getloadavg()[0]:.1f}"),
        ("Python", platform.python_version()),
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def around_block(page: Path, name: str) -> tuple[str, str]:
    """The text before and after a page's block `name`, markers included. Raises ValueError."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found_begin, rest = page.read_text("utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise ValueError(f"{page} lacks the markers {begin} and {end}")
    return f"{before}{begin}", f"{end}{after}"


def write_block(page: Path, name: str, text: str) -> None:
    """Replace a page's block. Raises ValueError without its markers."""
    before, after = around_block(page, name)
    page.write_text(f"{before}\n\n{text}\n\n{after}", "utf-8")
