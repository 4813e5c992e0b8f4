"""How a reconciliation is printed: what was counted, what was checked, and which rows do not fit."""

from collections.abc import Iterator

from legacy_import.choices import Outcome, RunStatus
from legacy_import.management.base import Result
from legacy_import.management.terminal import Terminal, number
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.reconciliation.report import Check, ReconcileReport, ReportLine

DOES_NOT_BALANCE = 1


# Outcomes that a person may still turn into something.
UNSETTLED = (Outcome.PENDING, Outcome.REVIEW, Outcome.DRIFTED, Outcome.FAILED)


class ReconcileResult(Result):
    """The proof, or where it fails."""

    def __init__(self, report: ReconcileReport) -> None:
        self.proved = find_run(report.run)
        super().__init__(report.run, self.proved.source_label, report.as_dict())
        self.exit_code = 0 if report.balanced else DOES_NOT_BALANCE
        self.report = report

    def show(self, terminal: Terminal, seconds: float) -> None:
        report = self.report
        terminal.table(
            "Source and staging",
            [
                (name, number(of.snapshot), number(of.expected), number(of.staged), number(of.now))
                for name, of in report.tables.items()
            ],
            ("table", "rows in the snapshot", "to be staged", "staged", "rows in the source now"),
        )
        terminal.table(
            "Outcomes, entries of the commit log in force, and records that exist",
            [shown for line in report.table for shown in _outcomes(line)],
            ("table", "classification", "outcome or part", "rows", "entries", "records"),
        )
        terminal.table(
            "Checks",
            [
                (check.name, number(check.expected), number(check.found), _word(check))
                for check in report.checks
                if not _says_nothing(check)
            ],
            ("check", "expected", "found", "result"),
        )
        failed = [check for check in report.checks if not check.ok]
        terminal.table(
            "What does not balance",
            [(check.name, check.meaning, _rows(check)) for check in failed],
            ("check", "what should hold", "rows"),
        )
        for note in report.notes:
            terminal.line(f"Note: {note}")
        terminal.line(_summary(report, failed), style="bold" if failed else "")
        terminal.next(self._next())

    def _next(self) -> str:
        """Closing is final: it is offered only when nobody waits for a person any more."""
        if self.report.balanced and self.proved.status == RunStatus.COMMITTED:
            waiting = sum(self.report.outcomes.get(outcome, 0) for outcome in UNSETTLED)
            return "" if waiting else f"legacy_close --run {self.proved.pk}"
        return self.proved.next_command


def _outcomes(line: ReportLine) -> Iterator[tuple[str, ...]]:
    """What occurs in this table and classification: outcomes first, then parts of effects."""
    for what in dict.fromkeys((*Outcome.values, *line.entries)):
        rows = line.outcomes.get(what)
        entries, records = line.entries.get(what), line.records.get(what)
        if rows or entries or records:
            cells = (number(rows), number(entries), number(records))
            yield (line.source_table, line.classification, what, *cells)


def _says_nothing(check: Check) -> bool:
    """Entries or records of an outcome that does not occur."""
    counted = check.name.startswith(("entries:", "records:"))
    return counted and check.ok and not check.expected


def _word(check: Check) -> str:
    return "ok" if check.ok else "FAILS"


def _rows(check: Check) -> str:
    named = ", ".join(check.rows)
    return f"{named} … and {check.more:,} more" if check.more else named or "–"


def _summary(report: ReconcileReport, failed: list[Check]) -> str:
    if failed:
        names = ", ".join(check.name for check in failed)
        checks = "1 check" if len(failed) == 1 else f"{len(failed)} checks"
        return f"Does not balance: {checks} failed ({names})."
    source = sum(table.expected or 0 for table in report.tables.values())
    staged = sum(table.staged for table in report.tables.values())
    entries = sum(sum(line.entries.values()) for line in report.table)
    records = sum(sum(line.records.values()) for line in report.table)
    limit = "" if report.row_limit is None else f" up to --limit {report.row_limit:,}"
    return (
        f"Balanced{limit}: {source:,} source rows = {staged:,} staged = "
        f"{sum(report.outcomes.values()):,} outcomes; {entries:,} log entries, {records:,} records."
    )
