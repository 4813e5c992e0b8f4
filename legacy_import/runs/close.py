"""Closing a run: finished for good. Only then may its contacts be purged."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from legacy_import.choices import Outcome, RunStatus
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress

# Outcomes of rows that a later plan and commit could still have dealt with.
OPEN = (
    Outcome.PENDING, Outcome.REVIEW, Outcome.DRIFTED, Outcome.FAILED, Outcome.ROLLED_BACK,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CloseReport:
    """What closing gave up: rows that nothing was done with, and effects that stay for good."""

    run: int
    rows: int
    outcomes: Mapping[str, int]  # every outcome of the run → rows
    given_up: Mapping[str, int]  # those of OPEN → rows
    created: int  # records on the platform that can no longer be rolled back
    linked: int  # links to existing people, likewise


def close(*, run_id: int, actor: str, now: datetime.datetime, progress: Progress) -> CloseReport:
    """Close the run, whatever is left to do in it. Changes no row and no record.

    Raises UnknownRun, OutOfOrder: held by another process, in the middle of a rollback, or closed
    already (whoever closes a run twice means another one).
    """
    run = lifecycle.find_run(run_id)
    run.require(RunStatus.CLOSED)
    with run_lease(run, "legacy_close", progress) as lease:
        progress.opened(run.source_label)
        report = _report(run)
        run.importing_alone = None  # an abandoned import no longer stands in the way of another
        found = {"given_up": report.given_up}
        lifecycle.finish_stage(run, lease, RunStatus.CLOSED, actor=actor, started=now, found=found)
    return report


def _report(run: LegacyImportRun) -> CloseReport:
    staged = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by()
    found = dict(staged.values_list("outcome").annotate(rows=Count("pk")))
    in_force = LegacyImportCommitLog.objects.filter(
        legacy_import_run=run, reversed_at=None, target_id__isnull=False
    )
    return CloseReport(
        run=run.pk,
        rows=sum(found.values()),
        outcomes={value: found[value] for value in Outcome.values if value in found},
        given_up={value: found[value] for value in OPEN if value in found},
        created=in_force.filter(created_target=True).count(),
        linked=in_force.filter(created_target=False).count(),
    )
