"""legacy_dry_run: store and show exactly what a commit would do, and why."""

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand, Result
from legacy_import.management.plan_result import PlanResult
from legacy_import.stages.planning.dry_run import dry_run


class Command(LegacyCommand):
    help = "Plan every row: exactly what legacy_commit would do, and why. Writes no business table."
    name = "legacy_dry_run"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--diff", type=int, metavar="RUN",
            help="compare with that run's latest plan; this run: with its own previous plan",
        )  # fmt: skip

    def work(self, options: Mapping[str, Any], actor: str) -> Result:
        report = dry_run(
            run_id=options["run"],
            actor=actor,
            now=timezone.now(),
            progress=self.progress,
            compare_with=options["diff"],
        )
        counts = dict(report.counts)
        if report.difference:
            counts["diff"] = asdict(report.difference)
        return PlanResult(report, counts)
