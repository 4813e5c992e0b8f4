"""legacy_status: all runs, or one, and what to do next."""

from collections.abc import Mapping
from typing import Any

from legacy_import.management.base import LegacyCommand, Result
from legacy_import.management.certificate import show_certificate
from legacy_import.management.terminal import Terminal, number
from legacy_import.rules.reasons import REASONS
from legacy_import.runs.overview import RunOverview, rows_left_out, run_overviews


class Command(LegacyCommand):
    help = "Show all runs (or one with --run): where each stands and what comes next."
    name = "legacy_status"
    run_help = "one run in full, by its number; default: all runs"

    def work(self, options: Mapping[str, Any], actor: str) -> Result:
        return StatusResult(run_overviews(options["run"]), options["run"])


class StatusResult(Result):
    """One line per run, oldest first; one run in full."""

    def __init__(self, overviews: list[RunOverview], only: int | None) -> None:
        super().__init__(only, "", {"runs": [overview.as_dict() for overview in overviews]})
        self.overviews = overviews

    def show(self, terminal: Terminal, seconds: float) -> None:
        if not self.overviews:
            terminal.line("There is no run yet.")
            terminal.next("legacy_import")
            return
        terminal.table(
            "Runs",
            [
                (str(o.run), o.status, o.connection, number(o.rows), o.started_at, o.held_by or "–")
                for o in self.overviews
            ],
            ("run", "status", "connection", "rows", "started", "held by"),
        )
        last = self.overviews[-1]
        if self.run is not None:
            terminal.line(f"Source: {last.source}")
            if last.certificate:
                show_certificate(terminal, last.certificate)
            terminal.counts("Outcomes", last.outcomes, "outcome")
            terminal.table(
                "Why rows were left out",
                [
                    (outcome, why, number(rows), REASONS.get(why, ""))
                    for (outcome, why), rows in rows_left_out(last.run).items()
                ],
                ("outcome", "why", "rows", "meaning"),
            )
        terminal.line(f"{len(self.overviews):,} run(s). Run {last.run} is '{last.status}'.")
        terminal.next(last.next_command)
