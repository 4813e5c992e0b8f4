"""legacy_import: read the old database inside one snapshot and stage every row."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from legacy_import.errors import Interrupted, LegacyImportError
from legacy_import.management.base import LegacyCommand, positive
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.legacy_import import import_result
from legacy_import.runs import lifecycle
from legacy_import.source.engine import SourceLost
from legacy_import.stages.staging.import_source import import_source, preflight


class Command(LegacyCommand):
    help = "Read the old database, which is never written, and stage every row of it."
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
