"""legacy_validate: is every staged row trustworthy, and which person may it match?"""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand
from legacy_import.management.printer import CommandResult
from legacy_import.management.results.stage import stage_result
from legacy_import.stages.validation.validate import validate


class Command(LegacyCommand):
    help = "Evaluate every staged row: structural trust, and likely matches. Safe to repeat."
    name = "legacy_validate"

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        report = validate(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        return stage_result(report)
