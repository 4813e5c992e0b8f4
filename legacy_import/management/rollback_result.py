"""How a rollback is printed: what is gone, what stays, and why it stays."""

from collections import defaultdict
from dataclasses import asdict

from legacy_import.choices import ReversalOutcome
from legacy_import.management.base import Result
from legacy_import.management.commit_result import kind_in_words, show_named, words
from legacy_import.management.terminal import Terminal, number
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.rollback.batch_work import KEPT
from legacy_import.stages.rollback.rollback import MAX_NAMED, RollbackReport

NO_RECORD = "none"  # what skipped rows have


class RollbackResult(Result):
    """What a rollback did with each kind of record, or would do."""

    def __init__(self, report: RollbackReport) -> None:
        self.undone = find_run(report.run)
        records: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (model, outcome), found in sorted(report.records.items()):
            records[model or NO_RECORD][outcome] = found
        counts = {
            "records": records,
            "rows": report.rows,
            "kept_rows": report.kept_rows,
            "kept": [asdict(one) for one in report.kept[:MAX_NAMED]],
            "preview": report.preview,
            "status": report.status,
        }
        super().__init__(report.run, self.undone.source_label, counts)
        self.report = report

    def show(self, terminal: Terminal, seconds: float) -> None:
        report = self.report
        if report.rows or report.kept_rows:
            self._show_tables(terminal)
            terminal.line(self._summary(seconds))
        else:
            terminal.line("Nothing left to roll back.")
        if report.kept_rows and not report.preview and terminal.verbosity:
            terminal.line("What was kept can be rolled back later, once nothing holds it.")
        if report.preview:
            terminal.line("Nothing was changed.", style="bold")
            if report.rows:
                terminal.next(f"legacy_rollback --run {report.run}")
        else:
            terminal.next(self.undone.next_command)

    def _show_tables(self, terminal: Terminal) -> None:
        report = self.report
        order = ReversalOutcome.values
        found = sorted(report.records.items(), key=lambda one: (one[0][0], order.index(one[0][1])))
        terminal.table(
            "What a rollback would do" if report.preview else "What became of the run's records",
            [
                (kind_in_words(model), words(ReversalOutcome(outcome)), number(records))
                for (model, outcome), records in found
            ],
            ("kind", "preview" if report.preview else "outcome", "number"),
        )
        show_named(
            terminal,
            "Kept" if not report.preview else "Would be kept",
            [(one.row, f"{one.target_model}:{one.target_id}", words(ReversalOutcome(one.why)))
             for one in report.kept[:MAX_NAMED]],
            ("row", "record", "why"),
            self._records(*KEPT),
        )  # fmt: skip

    def _summary(self, seconds: float) -> str:
        report = self.report
        return (
            f"{'Preview' if report.preview else 'Done'}. rows: undone={report.rows:,} "
            f"kept={report.kept_rows:,} total={report.rows + report.kept_rows:,}; records: "
            f"deleted={self._records(ReversalOutcome.DELETED):,} "
            f"kept={self._records(*KEPT):,} in {seconds:.1f} s"
        )

    def _records(self, *outcomes: ReversalOutcome) -> int:
        """Records, links among them, with one of these outcomes."""
        return sum(
            found for (_, outcome), found in self.report.records.items() if outcome in outcomes
        )
