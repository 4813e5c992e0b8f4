"""The stages: one package each, with the name of its command, tests and heading in docs/architecture.md.

This is the table of the stages that work in chunks. Workers find a stage in it and import it when it is
needed, so that no command imports all of them.
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
    """The work of the job's stage; it has loaded what all chunks of the job need."""
    work: Work = import_module(f"{__name__}.{MODULES[job.stage]}").open_work(job)
    return work
