"""legacy_reconcile: prove that nothing was lost and nothing was done twice."""

from collections.abc import Mapping
from typing import Any

from legacy_import.management.base import LegacyCommand
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.legacy_reconcile import reconcile_result
from legacy_import.permissions import VIEW
from legacy_import.stages.reconciliation.reconcile import reconcile


class Command(LegacyCommand):
    help = (
        "Prove that source rows = staged rows = outcomes = log entries = records, or name the rows"
        " where that is not so (exit 1). Changes nothing."
    )
    permission = VIEW

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        return reconcile_result(reconcile(run_id=options["run"], progress=self.progress))
