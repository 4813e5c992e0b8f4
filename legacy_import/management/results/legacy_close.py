"""What legacy_close prints: rows that were abandoned, and effects that stay."""

from collections.abc import Iterator
from dataclasses import asdict

from legacy_import.conf import import_conf
from legacy_import.management.printer import Block, CommandResult, Summary, shares
from legacy_import.runs.close import CloseReport
from legacy_import.runs.lifecycle import find_run


def close_result(report: CloseReport) -> CommandResult:
    """Rows without an effect, records and links that can no longer be rolled back."""
    counts = asdict(report)
    run = find_run(counts.pop("run"))
    return CommandResult.of_run(run, counts, _blocks(report), next_command="")


def _blocks(report: CloseReport) -> Iterator[Block]:
    yield shares("Outcomes", report.outcomes, "outcome")
    if abandoned_rows := sum(report.given_up.values()):
        outcomes = ", ".join(f"{outcome} {rows:,}" for outcome, rows in report.given_up.items())
        yield f"Given up: {abandoned_rows:,} rows left undone ({outcomes})."
    yield (
        f"Run {report.run} can no longer be rolled back: {report.created:,} records that it "
        f"made and {report.linked:,} links to people stay as they are."
    )
    yield Summary(f"Done. run={report.run} closed total={report.rows:,}")
    days = import_conf().retention_days
    yield f"Its payloads and contacts may be erased after {days:,} days: legacy_purge"
