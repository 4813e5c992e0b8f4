"""What legacy_import prints: the certificate of the source and what was staged."""

from collections.abc import Iterator, Mapping
from typing import Any

from legacy_import.management.printer import Block, CommandResult, Summary, Table
from legacy_import.management.results.certificate import certificate_table
from legacy_import.source.likely_columns import toml
from legacy_import.stages.staging.import_source import ImportReport


def import_result(report: ImportReport) -> CommandResult:
    """What was staged; after --check the certificate alone."""
    counts = report.counts or {"check": report.certificate, "text_columns": report.texts}
    next_command = f"legacy_validate --run {report.run}" if report.run else "legacy_import"
    return CommandResult(report.run, report.source, counts, _blocks(report), next_command)


def _blocks(report: ImportReport) -> Iterator[Block]:
    yield certificate_table(report.certificate)
    if report.run is None:
        yield _text_table(report)
        yield from _schema_lines(report)
        yield "Check passed. Nothing was staged."
        return
    counts: Mapping[str, Any] = report.counts
    staged = [(table, rows["source"], rows["staged"]) for table, rows in counts["tables"].items()]
    yield Table("Staged", ("table", "source rows", "staged rows"), staged)
    changes = counts["changes"].items()
    yield Table("Against the previous run of this source", ("change", "rows"), changes)
    yield Summary(f"Done. run={report.run} staged={counts['rows']:,}")


def _text_table(report: ImportReport) -> Table:
    """A row per text column: its charset, and how many values have which letters and what damage."""
    rows = [
        (f"{table}.{column}", of_column["charset"], _contents(of_column))
        for table, columns in report.texts.items()
        for column, of_column in columns.items()
    ]
    return Table("Text", ("column", "charset", "values"), rows)


def _contents(of_column: Mapping[str, Any]) -> str:
    """`3; latin 2, arabic 1, entities 1`: without counts of zero."""
    kinds = [f"{name.replace('_', ' ')} {count:,}" for name, count in of_column.items()
             if count and name not in ("charset", "values")]  # fmt: skip
    return f"{of_column['values']:,}; {', '.join(kinds)}"


def _schema_lines(report: ImportReport) -> Iterator[Block]:
    """The lines of LEGACY_SCHEMA_FILE for fields that have no column, where one is likely."""
    likely: Mapping[str, Mapping[str, str]] = report.certificate["likely_columns"]  # type: ignore[assignment]
    if not likely:
        return
    yield "Fields without a column. Where the nearest column is right, write into LEGACY_SCHEMA_FILE:"
    for table, columns in likely.items():
        yield toml(table, columns)
