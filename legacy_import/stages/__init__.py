"""The stages: one package each, named as its command, its tests and its heading in docs/architecture.md.

Here is which of them work in chunks, and with what: the table that workers look stages up in.
"""

from collections.abc import Mapping

from legacy_import.choices import Stage
from legacy_import.engine.chunks import OpenWork
from legacy_import.stages.classification import classify
from legacy_import.stages.commit import batch_work as commit_work
from legacy_import.stages.planning import dry_run
from legacy_import.stages.rollback import batch_work as rollback_work
from legacy_import.stages.staging import intake
from legacy_import.stages.validation import validate

STAGES: Mapping[Stage, OpenWork] = {
    Stage.IMPORT: intake.open_work,
    Stage.VALIDATE: validate.open_work,
    Stage.CLASSIFY: classify.open_work,
    Stage.PLAN: dry_run.open_work,
    Stage.COMMIT: commit_work.open_work,
    Stage.ROLLBACK: rollback_work.open_work,
}
