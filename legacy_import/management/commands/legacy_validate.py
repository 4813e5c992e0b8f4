"""legacy_validate: is every staged row trustworthy, and which person may it match?"""

from legacy_import.management.stage_command import StageCommand
from legacy_import.stages.validation.validate import validate


class Command(StageCommand):
    help = "Evaluate every staged row: structural trust, and likely matches. Safe to repeat."
    stage = staticmethod(validate)
