"""legacy_close: finish a run permanently."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.legacy_close import close_result
from legacy_import.permissions import COMMIT
from legacy_import.runs.close import close


class Command(LegacyCommand):
    help = "Close a run permanently: it is never evaluated, committed or rolled back again."
    name = "legacy_close"
    permission = COMMIT
    run_required = True
    run_help = "the run's number"

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        report = close(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        return close_result(report)
