"""legacy_validate: is every staged row trustworthy, and who might it be?"""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand, Result
from legacy_import.management.stage_result import StageResult
from legacy_import.stages.validation.validate import validate


class Command(LegacyCommand):
    help = "Judge every staged row: structural trust, and who it might be. Safe to repeat."
    name = "legacy_validate"

    def work(self, options: Mapping[str, Any], actor: str) -> Result:
        report = validate(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        return StageResult(report)
