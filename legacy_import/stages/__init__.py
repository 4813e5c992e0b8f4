"""The stages: one package each, named as its command, its tests and its heading in docs/architecture.md.

This is the table of those that work in chunks. Workers look a stage up in it; a command loads its own
stage only, so that starting one does not cost the loading of all.
"""

from collections.abc import Mapping
from importlib import import_module

from legacy_import.choices import Stage
from legacy_import.engine.chunks import Job, Work

# Stage → the module, below this package, whose `open_work` works its chunks.
MODULES: Mapping[Stage, str] = {
    Stage.IMPORT: "staging.table_import",
    Stage.VALIDATE: "validation.validate",
    Stage.CLASSIFY: "classification.classify",
    Stage.PLAN: "planning.dry_run",
    Stage.COMMIT: "commit.batch_work",
    Stage.ROLLBACK: "rollback.batch_work",
}


def open_work(job: Job) -> Work:
    """The work of the job's stage, which has read what all chunks of the job need to know."""
    work: Work = import_module(f"{__name__}.{MODULES[job.stage]}").open_work(job)
    return work
