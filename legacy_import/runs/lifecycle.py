"""Starting and finding runs, and recording that a stage is finished."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from ecoin.identity.keys import NORM_VERSION
from ecoin.retries import transaction_again
from legacy_import.choices import RunStatus, Stage
from legacy_import.conf import import_conf
from legacy_import.errors import OutOfOrder, UnknownRun
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.rules import RULES_VERSION
from legacy_import.runs.lease import Lease
from legacy_import.runs.settings_digests import remember_settings, require_settings_of_validation

UNFINISHED = (RunStatus.IMPORTING, RunStatus.FAILED)

# Status → the column with the time at which the run last reached it.
STAMPS = {
    RunStatus.VALIDATED: "validated_at",
    RunStatus.CLASSIFIED: "classified_at",
    RunStatus.PLANNED: "planned_at",
}


# The columns that a finished stage writes besides its own stamp.
STAGE_COLUMNS = (
    "status", "finished_at", "summary", "plan_fingerprint", "rules_version", "importing_alone",
    "settings_digests",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StageReport:
    """The distributions that a stage counted, by name; each adds up to `rows`."""

    run: int
    rows: int
    counts: Mapping[str, Mapping[str, int]]


def find_run(run_id: int | None) -> LegacyImportRun:
    """The run with that number; None: the latest. Raises UnknownRun."""
    if run_id is None:
        run = LegacyImportRun.objects.order_by("-pk").first()
        if run is None:
            raise UnknownRun("There is no run yet.", hint="Start one: manage.py legacy_import")
        return run
    run = LegacyImportRun.objects.filter(pk=run_id).first()
    if run is None:
        raise UnknownRun(f"There is no run {run_id}.", hint="List them: manage.py legacy_status")
    return run


def start_run(
    *, alias: str, actor: str, now: datetime.datetime, limit: int | None, alone: bool
) -> LegacyImportRun:
    """Create a run of the source `alias`, to be compared with its last finished one.

    With `alone`, raises OutOfOrder if another process creates one at the same moment.
    """
    previous = (
        LegacyImportRun.objects.filter(connection_name=alias, row_limit=None)
        .exclude(status__in=UNFINISHED)
        .order_by("-pk")
        .first()
    )
    try:
        with transaction.atomic():
            return LegacyImportRun.objects.create(
                connection_name=alias,
                focus_mode=import_conf().focus_mode,
                rules_version=RULES_VERSION,
                norm_version=NORM_VERSION,
                importing_alone=alias if alone else None,
                row_limit=limit,
                previous_run=previous,
                created_by=actor,
                started_at=now,
            )
    except IntegrityError:
        refuse_unfinished(alias)
        raise


def unfinished_run(alias: str) -> LegacyImportRun | None:
    """The latest run of this source whose import is not finished."""
    unfinished = LegacyImportRun.objects.filter(connection_name=alias, status__in=UNFINISHED)
    return unfinished.order_by("-pk").first()


def newer_imports(run: LegacyImportRun) -> QuerySet[LegacyImportRun]:
    """The later runs of the same source whose import was finished, in order: by number, since clocks
    differ. A run that was abandoned in its import is none of them.
    """
    later = LegacyImportRun.objects.filter(connection_name=run.connection_name, pk__gt=run.pk)
    return later.filter(summary__stages__has_key=RunStatus.IMPORTED.value).order_by("pk")


def refuse_unfinished(alias: str) -> None:
    """Raise OutOfOrder while an unfinished run of this source exists."""
    run = unfinished_run(alias)
    if run:
        raise OutOfOrder(
            f"Run {run.pk} of '{alias}' is not finished ({run.status}).",
            hint=f"Continue it: manage.py legacy_import --resume {run.pk}   "
            "(--new starts another one all the same)",
        )


def require_unfinished(run_id: int, alias: str) -> None:
    """Raise unless the run exists, is of this source and can be resumed."""
    run = find_run(run_id)
    if run.connection_name != alias:
        raise OutOfOrder(
            f"Run {run.pk} reads '{run.connection_name}', not '{alias}'.",
            hint=f"manage.py legacy_import --connection {run.connection_name} --resume {run.pk}",
        )
    if run.status not in UNFINISHED:
        raise OutOfOrder(
            f"Run {run.pk} is '{run.status}': its import is finished, there is nothing to resume.",
            hint=f"manage.py {run.next_command}",
        )


def require_installed_normalization(run: LegacyImportRun) -> None:
    """Raise OutOfOrder if the run was staged by other normalizers than the installed ones."""
    if run.norm_version != NORM_VERSION:
        raise OutOfOrder(
            f"Run {run.pk} was staged under normalization {run.norm_version}; "
            f"{NORM_VERSION} is installed.",
            hint="Import again: manage.py legacy_import",
        )


def require_installed_rules(run: LegacyImportRun) -> None:
    """Raise OutOfOrder if the run was validated under other rules or settings than those of now."""
    require_installed_normalization(run)
    if run.rules_version != RULES_VERSION:
        raise OutOfOrder(
            f"Run {run.pk} was validated under rules {run.rules_version}; "
            f"{RULES_VERSION} are installed.",
            hint=f"Validate it again: manage.py legacy_validate --run {run.pk}",
        )
    require_settings_of_validation(run)


def open_for_import(run: LegacyImportRun, source: str, certificate: Mapping[str, Any]) -> None:
    """Store the source's certificate, and count the snapshots: one more each time a run is resumed.

    A new run is staged under the settings of now; for a resumed one see people/staged_contacts.py.
    """
    snapshots = int(run.certificate.get("snapshots", 0)) + 1
    run.move_to(RunStatus.IMPORTING)
    run.certificate = {**certificate, "source": source, "snapshots": snapshots}
    if Stage.IMPORT.value not in run.settings_digests:
        remember_settings(run, Stage.IMPORT)
    run.save(update_fields=["status", "certificate", "settings_digests"])


def begin_stage(run: LegacyImportRun, lease: Lease, before: RunStatus) -> None:
    """Set the run back to the status that this stage starts from, until it is finished.

    An interrupted stage has updated some rows and not others: no later stage may build on that, and
    no earlier plan is current.
    """
    run.move_to(before)
    run.plan_fingerprint = ""
    save_run(run, lease, ["status", "plan_fingerprint"])


def finish_stage(
    run: LegacyImportRun,
    lease: Lease,
    status: RunStatus,
    *,
    actor: str,
    started_at: datetime.datetime,
    results: Mapping[str, Any],
) -> None:
    """Move the run to `status`; record who ran the stage, when, and its results in the summary."""
    end = timezone.now()
    run.move_to(status)
    run.finished_at = end
    stage = {"actor": actor, "started": started_at.isoformat(), "finished": end.isoformat()}
    stages = {**run.summary.get("stages", {}), status.value: stage}
    run.summary = {**run.summary, **results, "stages": stages}
    if status == RunStatus.IMPORTED:
        run.importing_alone = None
    if status in STAMPS:
        setattr(run, STAMPS[status], end)
    save_run(run, lease, [*STAGE_COLUMNS, *STAMPS.values()])


def save_run(run: LegacyImportRun, lease: Lease, columns: Sequence[str]) -> None:
    """Save these columns under the lease; again if the app database goes away meanwhile."""

    def save() -> None:
        lease.confirm()
        run.save(update_fields=columns)

    transaction_again(save)


def names_of_rows(ids: Iterable[int]) -> dict[int, str]:
    """Staged row id → `source_table:legacy_id`, the name of a row in messages."""
    rows = LegacyStudentImport.objects.filter(pk__in=set(ids))
    return {
        pk: f"{table}:{legacy_id}"
        for pk, table, legacy_id in rows.values_list("pk", "source_table", "legacy_id")
    }


def lock_business_writes() -> None:
    """Make transactions that write business tables wait for each other, across all runs.

    Call this first in the transaction: otherwise two runs could create the same person at once, each
    without seeing the other's.
    """
    first = LegacyImportRun.objects.select_for_update().order_by("pk").values_list("pk", flat=True)
    first.first()


def fail(run: LegacyImportRun, why: str) -> None:
    """Mark the run failed; `why` contains no personal data."""
    run.move_to(RunStatus.FAILED)
    run.finished_at = timezone.now()
    run.summary = {**run.summary, "failed": why}
    run.save(update_fields=["status", "finished_at", "summary"])
