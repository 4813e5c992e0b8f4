"""legacy_dry_run: store and show exactly what a commit would do, and why."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.legacy_dry_run import plan_result
from legacy_import.stages.planning.dry_run import dry_run


class Command(LegacyCommand):
    help = "Plan every row: exactly what legacy_commit would do, and why. Writes no business table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--diff", type=int, metavar="RUN",
            help="compare with that run's latest plan; this run: with its own previous plan",
        )  # fmt: skip

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        report = dry_run(
            run_id=options["run"],
            actor=actor,
            now=timezone.now(),
            progress=self.progress,
            compare_with=options["diff"],
        )
        return plan_result(report)
