"""The five effects that a commit can have, each with its undo."""

from legacy_import.choices import PlannedAction
from legacy_import.stages.commit.effects import (
    completed_training,
    crm_lead,
    legacy_enrollment,
    link_existing,
    skip,
)
from legacy_import.stages.commit.effects.effect import Effect

EFFECTS: dict[PlannedAction, Effect] = {
    PlannedAction.CREATE_CRM_LEAD: crm_lead,
    PlannedAction.CREATE_COMPLETED_TRAINING: completed_training,
    PlannedAction.CREATE_ENROLLMENT: legacy_enrollment,
    PlannedAction.LINK_EXISTING: link_existing,
    PlannedAction.SKIP: skip,
}
