"""legacy_status: all runs, or one, and what to do next."""

from collections.abc import Mapping
from typing import Any

from legacy_import.management.base import LegacyCommand
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.legacy_status import status_result
from legacy_import.permissions import VIEW
from legacy_import.runs.overview import run_overviews


class Command(LegacyCommand):
    help = "Show all runs (or one with --run): the status of each and what comes next."
    permission = VIEW
    run_help = "one run in full, by its number; default: all runs"

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        return status_result(run_overviews(options["run"]), options["run"])
