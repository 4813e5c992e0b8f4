"""The commands of stages that only evaluate rows, and what they print: the stage's distributions."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand
from legacy_import.management.printer import CommandResult, Summary, shares
from legacy_import.runs.lifecycle import StageReport, find_run

TITLES = {
    "validation": "Validation: is the row trustworthy?",
    "duplicate_confidence": "Duplicate confidence: does a user or lead match?",
    "classification": "Classification: what does the row mean?",
    "session_types": "Session types",
    "import_actions": "Proposed training actions",
}


class StageCommand(LegacyCommand):
    """Subclasses set `stage`, the service."""

    stage: Callable[..., StageReport]

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        report = self.stage(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        tables = [shares(TITLES[name], counts) for name, counts in report.counts.items()]
        summary = Summary(f"Done. run={report.run} total={report.rows:,}", rows=report.rows)
        return CommandResult.of_run(find_run(report.run), report.counts, [*tables, summary])
