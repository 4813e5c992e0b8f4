"""legacy_import: read the old database inside one snapshot and stage every row."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from legacy_import.errors import Interrupted, LegacyImportError
from legacy_import.management.base import LegacyCommand, positive
from legacy_import.management.certificate import certificate_table
from legacy_import.management.printer import Block, CommandResult, Summary, Table
from legacy_import.permissions import COMMIT
from legacy_import.runs import lifecycle
from legacy_import.source.errors import SourceLost
from legacy_import.source.likely_columns import toml
from legacy_import.stages.staging.import_source import (
    MAX_ROWS_NAMED,
    ImportReport,
    import_source,
    preflight,
)


class Command(LegacyCommand):
    help = "Read the old database, which is never written, and stage every row of it."
    permission = COMMIT
    run_argument = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--connection",
            default=settings.LEGACY_IMPORT_CONNECTION,
            metavar="ALIAS",
            help="the legacy alias (default: %(default)s)",
        )
        parser.add_argument("--resume", type=int, metavar="RUN", help="finish a killed import")
        parser.add_argument(
            "--new", action="store_true", help="start another run although an unfinished one exists"
        )
        parser.add_argument(
            "--limit",
            type=positive,
            metavar="N",
            help="stage the first N rows only; the run is then partial",
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="preflight only: is the source readable, and safely so?",
        )
        parser.add_argument(
            "--another-source",
            action="store_true",
            help="accept another database than earlier runs of the alias read",
        )
        parser.add_argument("--allow-writable-source", action="store_true",
                            help="read with an account that could write (not advised)")  # fmt: skip

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        alias, writable = options["connection"], options["allow_writable_source"]
        if options["resume"] and (options["new"] or options["limit"] or options["another_source"]):
            raise LegacyImportError(
                "--resume continues a run as it was started, from the same source; --new, --limit and "
                "--another-source start one.",
                hint="Give --resume alone, or leave it out.",
                exit_code=2,
            )
        try:
            if options["check"]:
                return import_result(
                    preflight(alias=alias, progress=self.progress, allow_writable=writable)
                )
            report = import_source(
                alias=alias,
                actor=actor,
                now=timezone.now(),
                progress=self.progress,
                resume=options["resume"],
                limit=options["limit"],
                new=options["new"],
                allow_writable=writable,
                allow_another=options["another_source"],
            )
        except LegacyImportError as error:
            raise with_resume_line(error, alias, options["resume"]) from error
        return import_result(report)


def with_resume_line(error: LegacyImportError, alias: str, resume: int | None) -> LegacyImportError:
    """Add the command that resumes the run if the import was interrupted or its connection lost."""
    if isinstance(error, Interrupted | SourceLost) or not error.hint:
        latest = lifecycle.unfinished_run(alias)
        run = resume or (latest.pk if latest else None)
        if run:
            error.hint = (
                f"Everything staged is kept. Continue: manage.py legacy_import --resume {run}"
            )
        elif isinstance(error, SourceLost):
            error.hint = "Nothing was staged. Check the link, then run the command again."
    return error


# --- What it prints ---------------------------------------------------------------------------------


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
    names = [name.split(":") for name in counts["vanished_rows"]]
    total = counts["changes"]["vanished"] or 0
    columns = ("table", "legacy id")
    yield Table("No longer in the source", columns, names, total=total, limit=MAX_ROWS_NAMED)
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
