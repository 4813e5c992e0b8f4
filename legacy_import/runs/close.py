"""Closing a run permanently. Its contacts may be purged only after that."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from legacy_import.choices import Outcome, RunStatus
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun, LegacyStudentImport
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress

# Outcomes of rows that a later plan and commit could still have imported.
OPEN_OUTCOMES = (
    Outcome.PENDING, Outcome.REVIEW, Outcome.DRIFTED, Outcome.FAILED, Outcome.ROLLED_BACK,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CloseReport:
    """What closing makes permanent: rows that are not imported, and effects that stay."""

    run: int
    rows: int
    outcomes: Mapping[str, int]  # every outcome of the run → rows
    given_up: Mapping[str, int]  # those of OPEN_OUTCOMES → rows
    created: int  # records on the platform that can no longer be rolled back
    linked: int  # links to existing people, likewise


def closing(run_id: int) -> CloseReport:
    """What closing this run would make permanent. Raises UnknownRun, OutOfOrder as `close` does."""
    run = lifecycle.find_run(run_id)
    run.require(RunStatus.CLOSED)
    return _report(run)


def close(*, run_id: int, actor: str, now: datetime.datetime, progress: Progress) -> CloseReport:
    """Close the run, even if it has rows left to import. Changes no row and no record.

    Raises UnknownRun, OutOfOrder: locked by another process, in the middle of a rollback, or closed
    already (closing a run twice is a mistake: another one was meant).
    """
    run = lifecycle.find_run(run_id)
    run.require(RunStatus.CLOSED)
    with run_lease(run, "legacy_close", progress) as lease:
        progress.opened(run.source_label)
        report = _report(run)
        run.importing_alone = None  # an abandoned import no longer blocks another
        results = {"given_up": report.given_up}
        lifecycle.finish_stage(
            run, lease, RunStatus.CLOSED, actor=actor, started_at=now, results=results
        )
    return report


def _report(run: LegacyImportRun) -> CloseReport:
    staged = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by()
    rows = dict(staged.values_list("outcome").annotate(rows=Count("pk")))
    in_force = LegacyImportCommitLog.objects.filter(
        legacy_import_run=run, reversed_at=None, target_id__isnull=False
    )
    return CloseReport(
        run=run.pk,
        rows=sum(rows.values()),
        outcomes={value: rows[value] for value in Outcome.values if value in rows},
        given_up={value: rows[value] for value in OPEN_OUTCOMES if value in rows},
        created=in_force.filter(created_target=True).count(),
        linked=in_force.filter(created_target=False).count(),
    )
