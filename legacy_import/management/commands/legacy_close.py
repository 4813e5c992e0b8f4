"""legacy_close: finish a run permanently."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.legacy_close import close_result
from legacy_import.runs.close import close


class Command(LegacyCommand):
    help = "Close a run for good: nothing more is judged, committed or rolled back in it."
    name = "legacy_close"
    run_argument = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--run", type=int, metavar="RUN", required=True, help="the run's number"
        )
        super().add_arguments(parser)

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        report = close(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        return close_result(report)
