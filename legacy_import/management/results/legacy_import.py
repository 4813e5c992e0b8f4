"""What legacy_import prints: the certificate of the source and what was staged."""

from collections.abc import Iterator, Mapping
from typing import Any

from legacy_import.management.printer import Block, CommandResult, Summary, Table
from legacy_import.management.results.certificate import certificate_table
from legacy_import.stages.staging.import_source import ImportReport


def import_result(report: ImportReport) -> CommandResult:
    """What was staged; after --check the certificate alone."""
    counts = report.counts or {"check": report.certificate}
    next_command = f"legacy_validate --run {report.run}" if report.run else "legacy_import"
    return CommandResult(report.run, report.source, counts, _blocks(report), next_command)


def _blocks(report: ImportReport) -> Iterator[Block]:
    yield certificate_table(report.certificate)
    if report.run is None:
        yield "Check passed. Nothing was staged."
        return
    counts: Mapping[str, Any] = report.counts
    staged = [(table, rows["source"], rows["staged"]) for table, rows in counts["tables"].items()]
    yield Table("Staged", ("table", "source rows", "staged rows"), staged)
    changes = counts["changes"].items()
    yield Table("Against the previous run of this source", ("change", "rows"), changes)
    yield Summary(f"Done. run={report.run} staged={counts['rows']:,}")
