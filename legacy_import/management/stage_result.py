"""How a stage's distributions are printed."""

from legacy_import.management.base import Result
from legacy_import.management.terminal import Terminal
from legacy_import.runs.lifecycle import StageReport, find_run

TITLES = {
    "validation": "Validation: is the row trustworthy?",
    "duplicate_confidence": "Duplicate confidence: does a user or lead match?",
    "classification": "Classification: what does the row mean?",
    "session_types": "Session types",
    "import_actions": "Proposed training actions",
}


class StageResult(Result):
    """The distributions that a stage found, each adding up to the rows of the run."""

    def __init__(self, report: StageReport) -> None:
        self.staged = find_run(report.run)
        super().__init__(report.run, self.staged.source_label, report.counts)
        self.report = report

    def show(self, terminal: Terminal, seconds: float) -> None:
        for name, counts in self.report.counts.items():
            terminal.counts(TITLES.get(name, name), counts)
        rows = self.report.rows
        rate = f" ({rows / seconds:,.0f} rows/s)" if seconds > 0 else ""
        terminal.line(f"Done. run={self.report.run} total={rows:,} in {seconds:.1f} s{rate}")
        terminal.next(self.staged.next_command)
