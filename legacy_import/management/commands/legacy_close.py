"""legacy_close: finish a run for good."""

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from legacy_import.conf import import_conf
from legacy_import.management.base import LegacyCommand, Result
from legacy_import.management.terminal import Terminal, number
from legacy_import.runs.close import CloseReport, close
from legacy_import.runs.lifecycle import find_run


class Command(LegacyCommand):
    help = "Close a run for good: nothing more is judged, committed or rolled back in it."
    name = "legacy_close"
    run_argument = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--run", type=int, metavar="RUN", required=True, help="the run's number"
        )
        super().add_arguments(parser)

    def work(self, options: Mapping[str, Any], actor: str) -> Result:
        report = close(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        return CloseResult(report)


class CloseResult(Result):
    """What closing gave up, and what stays."""

    def __init__(self, report: CloseReport) -> None:
        counts = {key: value for key, value in asdict(report).items() if key != "run"}
        super().__init__(report.run, find_run(report.run).source_label, counts)
        self.report = report

    def show(self, terminal: Terminal, seconds: float) -> None:
        report = self.report
        terminal.counts("Outcomes", report.outcomes, "outcome")
        given_up = sum(report.given_up.values())
        if given_up:
            told = ", ".join(f"{value} {number(rows)}" for value, rows in report.given_up.items())
            terminal.line(f"Given up: {given_up:,} rows left undone ({told}).")
        terminal.line(
            f"Run {report.run} can no longer be rolled back: {report.created:,} records that it "
            f"made and {report.linked:,} links to people stay as they are."
        )
        days = import_conf().retention_days
        terminal.line(f"Done. run={report.run} closed total={report.rows:,} in {seconds:.1f} s")
        terminal.line(f"Its payloads and contacts may be erased after {days:,} days: legacy_purge")
