"""legacy_classify: what does every staged row mean in business terms?"""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from legacy_import.management.base import LegacyCommand, Result
from legacy_import.management.stage_result import StageResult
from legacy_import.stages.classification.classify import classify


class Command(LegacyCommand):
    help = "Give every staged row its business meaning. Safe to repeat."
    name = "legacy_classify"

    def work(self, options: Mapping[str, Any], actor: str) -> Result:
        report = classify(
            run_id=options["run"], actor=actor, now=timezone.now(), progress=self.progress
        )
        return StageResult(report)
