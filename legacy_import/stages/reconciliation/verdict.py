"""The verdict of a run's last reconciliation, kept in its summary for the sign-off sheet."""

import datetime
from dataclasses import dataclass

from django.db import transaction

from legacy_import.choices import Stage
from legacy_import.engine.chunks import next_position
from legacy_import.models import LegacyImportRun
from legacy_import.runs.lease import Lease
from legacy_import.stages.reconciliation.report import ReconcileReport

KEY = "reconciled"


@dataclass(frozen=True, slots=True)
class LastVerdict:
    """`is_current`: no batch was committed or rolled back since. `broken`: names of failed checks."""

    balanced: bool
    at: datetime.datetime
    actor: str
    broken: tuple[str, ...]
    is_current: bool


def record_verdict(
    run: LegacyImportRun,
    lease: Lease,
    report: ReconcileReport,
    *,
    actor: str,
    now: datetime.datetime,
) -> None:
    """Keep the verdict; nothing else of the run changes."""
    verdict = {
        "balanced": report.balanced,
        "broken": [check.name for check in report.checks if not check.ok],
        "at": now.isoformat(),
        "actor": actor,
        "batches": _batches(run),
    }
    with transaction.atomic():
        lease.confirm()
        run.summary = {**run.summary, KEY: verdict}
        run.save(update_fields=["summary"])


def verdict_of(run: LegacyImportRun) -> LastVerdict | None:
    """The last verdict; None if the run was never reconciled."""
    entry = run.summary.get(KEY)
    if not entry:
        return None
    return LastVerdict(
        balanced=entry["balanced"],
        at=datetime.datetime.fromisoformat(entry["at"]),
        actor=entry["actor"],
        broken=tuple(entry["broken"]),
        is_current=entry["batches"] == _batches(run),
    )


def _batches(run: LegacyImportRun) -> list[int]:
    """The numbers of batches that were committed and rolled back."""
    return [next_position(run, stage) for stage in (Stage.COMMIT, Stage.ROLLBACK)]
