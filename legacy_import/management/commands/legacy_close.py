"""legacy_close: finish a run permanently."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand
from legacy_import.management.confirm import add_confirmation_arguments, confirm_database
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.legacy_close import close_result, close_warning
from legacy_import.runs.close import close, closing


class Command(LegacyCommand):
    help = "Close a run permanently: it is never evaluated, committed or rolled back again."
    run_required = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add_confirmation_arguments(parser)

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        confirm_database(self.terminal, options, close_warning(closing(options["run"])))
        report = close(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        return close_result(report)
