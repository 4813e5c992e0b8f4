"""legacy_reconcile: prove that nothing was lost and nothing was done twice."""

from collections.abc import Iterator, Mapping
from typing import Any

from legacy_import.choices import Outcome, RunStatus
from legacy_import.management.base import LegacyCommand
from legacy_import.management.guide import next_of_committed
from legacy_import.management.printer import Block, CommandResult, Table, TextLine
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import VIEW
from legacy_import.runs.lifecycle import find_run
from legacy_import.stages.reconciliation.reconcile import reconcile
from legacy_import.stages.reconciliation.report import Check, ReconcileReport, ReportLine


class Command(LegacyCommand):
    help = (
        "Prove that source rows = staged rows = outcomes = log entries = records, or list the rows"
        " where it is not so (exit 1). Changes nothing."
    )
    permission = VIEW

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        return reconcile_result(
            reconcile(run_id=options["run"], progress=self.progress, actor=actor)
        )


# --- What it prints ---------------------------------------------------------------------------------

DOES_NOT_BALANCE = 1
DOES_NOT_BALANCE_PAGE = "docs/legacy_production_migration_runbook.md, It does not balance"
NEED_A_PLAN = (Outcome.PENDING, Outcome.DRIFTED, Outcome.FAILED)


def reconcile_result(report: ReconcileReport) -> CommandResult:
    """The result of every check."""
    run = find_run(report.run)
    return CommandResult.of_run(
        run, report.as_dict(), _blocks(report),
        **_next(report, run),
        exit_code=0 if report.balanced else DOES_NOT_BALANCE,
    )  # fmt: skip


def _blocks(report: ReconcileReport) -> Iterator[Block]:
    failed = [check for check in report.checks if not check.ok]
    yield Table(
        "Source and staging",
        ("table", "rows in the snapshot", "to be staged", "staged", "rows in the source now"),
        [(t, n.snapshot, n.expected, n.staged, n.now) for t, n in report.tables.items()],
    )
    yield Table(
        "Outcomes, entries of the commit log in force, and records that exist",
        ("table", "classification", "outcome or part", "rows", "entries", "records"),
        [row for line in report.table for row in _outcome_rows(line)],
    )
    checks = [
        (check.name, check.expected, check.found, "ok" if check.ok else "FAILS")
        for check in report.checks
        if not _is_trivial(check)
    ]
    yield Table("Checks", ("check", "expected", "found", "result"), checks)
    yield Table(
        "What does not balance",
        ("check", "condition", "rows"),
        [(check.name, check.meaning, _named_rows(check)) for check in failed],
    )
    deleted = report.deleted
    yield Table(
        "Deleted on the platform since",
        ("row and record",),
        [(record,) for record in deleted.records],
        deleted.total,
        len(deleted.records),
    )
    if deleted.total:
        yield (
            f"Deleted since: {deleted.total:,}, decided: {deleted.decided_rows:,}. Rows that are "
            "not decided are in the review queue of the next import (imported_deleted): create "
            "again, or skip. Without another import: legacy_rollback --rows, then plan this run again."
        )
    for note in report.notes:
        yield f"Note: {note}"
    yield TextLine(_summary(report, failed), bold=bool(failed))


def _next(report: ReconcileReport, run: LegacyImportRun) -> dict[str, str]:
    """Closing is final, so it is suggested only when no row waits for a decision or a new plan."""
    if not report.balanced:
        return {"next_page": f"look the failed checks up: {DOES_NOT_BALANCE_PAGE}"}
    if run.status != RunStatus.COMMITTED:
        return {"next_command": run.next_command}
    if any(report.outcomes.get(outcome) for outcome in NEED_A_PLAN):
        return {"next_command": f"legacy_dry_run --run {run.pk}"}
    if report.outcomes.get(Outcome.REVIEW):
        return next_of_committed(run)
    return {"next_command": f"legacy_close --run {run.pk}"}


def _outcome_rows(line: ReportLine) -> Iterator[tuple[str | int | None, ...]]:
    """Rows for this table and classification: outcomes first, then parts of effects."""
    for name in dict.fromkeys((*Outcome.values, *line.entries)):
        numbers = (line.outcomes.get(name), line.entries.get(name), line.records.get(name))
        if any(numbers):
            yield (line.source_table, line.classification, name, *numbers)


def _is_trivial(check: Check) -> bool:
    """Entries or records of an outcome that does not occur."""
    per_outcome = check.name.startswith(("entries:", "records:"))
    return per_outcome and check.ok and not check.expected


def _named_rows(check: Check) -> str:
    rows = ", ".join(check.rows)
    return f"{rows} … and {check.more:,} more" if check.more else rows or "–"


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
