"""legacy_classify: what does every staged row mean in business terms?"""

from legacy_import.management.stage_command import StageCommand
from legacy_import.stages.classification.classify import classify


class Command(StageCommand):
    help = "Give every staged row its business meaning. Safe to repeat."
    stage = staticmethod(classify)
