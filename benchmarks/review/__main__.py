"""Rows of the review queue decided by keyboard alone: presses, milliseconds and bytes a row.

    python -m benchmarks.review               60 rows
    python -m benchmarks.review --rows 10     quick

A fictional school of its own in a temporary folder (that of `make screenshots`), a server of this
checkout, Debian's Chromium. Prints a Markdown table next to the targets (docs/review-speed.md).
"""

import argparse
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.review.page import Reviewer, open_browser
from scripts.screenshots import server, set_up

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = ((1366, 640), (1280, 900), (390, 844))  # CSS pixels
MOST_PRESSES, MOST_MS, MOST_BYTES = 2, 150, 20_000


@dataclass(slots=True)
class Figures:
    """A number per row. `in_view`: size of the window → rows with every decision in view."""

    presses: list[int] = field(default_factory=list)
    shown_ms: list[float] = field(default_factory=list)
    saved_ms: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    in_view: dict[tuple[int, int], int] = field(default_factory=lambda: dict.fromkeys(SIZES, 0))


def measure(browser: "Browser", host: str, run: int, rows: int) -> Figures:
    """Decide so many rows, each with what the page recommends, otherwise skip."""
    figures = Figures()
    reviewer = Reviewer(browser, host)
    reviewer.open_queue(run)
    for _ in range(rows):
        for size in SIZES:
            figures.in_view[size] += reviewer.all_decisions_in_view(*size)
        decided = reviewer.decide()
        figures.presses.append(decided.presses)
        figures.shown_ms.append(decided.shown_ms)
        figures.saved_ms.append(decided.saved_ms)
        figures.bytes.append(decided.bytes)
    return figures


def show(figures: Figures) -> None:
    """The table of the documentation."""
    rows = len(figures.presses)

    def line(name: str, of: list[float] | list[int], target: float | None) -> str:
        middle, worst = statistics.median(of), max(of)
        verdict = "" if target is None else f"{target:,}: " + _verdict(middle <= target)
        return f"| {name} | {middle:,.0f} | {worst:,.0f} | {verdict} |"

    print(f"{rows} rows\n")
    print("| | median | most | target |\n|---|---:|---:|---|")
    print(line("presses a row", figures.presses, MOST_PRESSES))
    print(line("`Enter` to the next row, ms", figures.shown_ms, MOST_MS))
    print(line("`Enter` to saved, ms", figures.saved_ms, None))
    print(line("bytes over the wire a row", figures.bytes, MOST_BYTES))
    print("\n| window | rows with every decision in view | target |\n|---|---:|---|")
    for (width, height), number in figures.in_view.items():
        share = f"{100 * number / rows:.0f} %"
        print(f"| {width} × {height} | {share} | 100 %: {_verdict(number == rows)} |")


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "NOT MET"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ecoin-review-") as folder:
        set_up(Path(folder))
        from scripts import screenshots_school

        screenshots_school.build()
        run = screenshots_school.choose_one_course()
        with server() as host, open_browser() as browser:
            figures = measure(browser, host, run.pk, options.rows)
    show(figures)


if __name__ == "__main__":
    main()
