"""legacy_import: read the old database inside one snapshot and stage every row."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from legacy_import.errors import Interrupted, LegacyImportError
from legacy_import.management.base import LegacyCommand, Result
from legacy_import.management.certificate import show_certificate
from legacy_import.management.terminal import Terminal, number
from legacy_import.runs import lifecycle
from legacy_import.source.engine import SourceLost
from legacy_import.stages.staging.import_source import ImportReport, import_source, preflight


class Command(LegacyCommand):
    help = "Read the old database, which is never written, and stage every row of it."
    name = "legacy_import"
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
        parser.add_argument("--allow-writable-source", action="store_true",
                            help="read with an account that could write (not advised)")  # fmt: skip

    def work(self, options: Mapping[str, Any], actor: str) -> Result:
        alias, writable = options["connection"], options["allow_writable_source"]
        if options["resume"] and (options["new"] or options["limit"]):
            raise LegacyImportError(
                "--resume goes on with a run as it was started; --new and --limit start one.",
                hint="Give --resume alone, or leave it out.",
                exit_code=2,
            )
        try:
            if options["check"]:
                return ImportResult(
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
            )
        except LegacyImportError as error:
            raise with_resume_line(error, alias, options["resume"]) from error
        return ImportResult(report)


class ImportResult(Result):
    """What was staged, or, after --check, what the source is."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__(report.run, report.source, report.counts or {"check": report.certificate})
        self.report = report

    def show(self, terminal: Terminal, seconds: float) -> None:
        report = self.report
        show_certificate(terminal, report.certificate)
        if report.run is None:
            terminal.line("Check passed. Nothing was staged.")
            terminal.next("legacy_import")
            return
        tables: Mapping[str, Mapping[str, int]] = report.counts["tables"]  # type: ignore[assignment]
        terminal.table(
            "Staged",
            [
                (name, number(rows["source"]), number(rows["staged"]))
                for name, rows in tables.items()
            ],
            ("table", "source rows", "staged rows"),
        )
        changes: Mapping[str, int | None] = report.counts["changes"]  # type: ignore[assignment]
        terminal.table(
            "Against the previous run of this source",
            [(change, number(rows)) for change, rows in changes.items()],
            ("change", "rows"),
        )
        rows = report.counts["rows"]
        terminal.line(f"Done. run={report.run} staged={rows:,} in {seconds:.1f} s")
        terminal.next(f"legacy_validate --run {report.run}")


def with_resume_line(
    error: LegacyImportError, alias: str, resumed: int | None
) -> LegacyImportError:
    """Name the run to resume where the import was interrupted or the link was lost."""
    if isinstance(error, Interrupted | SourceLost) or not error.hint:
        latest = lifecycle.unfinished_run(alias)
        run = resumed or (latest.pk if latest else None)
        if run:
            error.hint = f"Everything staged is kept. Go on: manage.py legacy_import --resume {run}"
        elif isinstance(error, SourceLost):
            error.hint = "Nothing was staged. Check the link, then run the command again."
    return error


def positive(value: str) -> int:
    """A whole number from one to what a 64-bit column holds, for argparse."""
    if not value.isdigit() or not 1 <= int(value) < 2**63:
        raise ArgumentTypeError("must be a whole number, 1 or more")
    return int(value)
