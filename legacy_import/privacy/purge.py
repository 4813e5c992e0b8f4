"""Erasing payloads and contacts of closed runs whose retention is over (docs/decisions/0036).

Data for the audit stays: ids, outcomes, hashes, classification, plan and commit log; names and birth
dates stay, too, without the contacts typed into them. No record on the platform changes. For one
person, see privacy/subject.py.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from ecoin.bulk import update_ids
from legacy_import.choices import ErasureKind, RunStatus
from legacy_import.conf import import_conf
from legacy_import.engine.chunks import id_ranges
from legacy_import.errors import OutOfOrder
from legacy_import.models import (
    CandidatePair,
    HotKey,
    IdentityKey,
    LegacyErasureLog,
    LegacyImportRun,
    LegacyStudentImport,
    PersonEdge,
)
from legacy_import.privacy.free_space import clear_free_space
from legacy_import.privacy.typed_contacts import (
    mask_log_entries,
    mask_source_texts,
    mask_staged_texts,
)
from legacy_import.runs.lease import Lease, run_lease
from legacy_import.runs.lifecycle import find_run
from legacy_import.runs.progress import Progress

NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)

# The columns that a purge overwrites → their new values; JSON as text.
CONTACTS: Mapping[str, str | None] = {
    "phone_raw": "",
    "phone_normalized": None,
    "email_raw": "",
    "email_normalized": None,
    "raw_payload": "{}",
    "duplicate_evidence": "{}",
}


@dataclass(frozen=True, slots=True)
class ClosedRun:
    """A closed run that still contains contacts; they may be erased from `due` on."""

    run: int
    source: str
    rows: int
    due: datetime.datetime


@dataclass(frozen=True, slots=True)
class Agenda:
    """The runs that a purge would erase now, and those not due yet (the soonest first)."""

    ready: tuple[ClosedRun, ...] = ()
    waiting: tuple[ClosedRun, ...] = ()
    purged_at: datetime.datetime | None = None  # of the run that the caller selected


def agenda(*, run_id: int | None, now: datetime.datetime) -> Agenda:
    """The closed runs that still contain contacts; with `run_id` only that run.

    Raises UnknownRun, OutOfOrder (that run is not closed, or not for long enough).
    """
    if run_id is not None:
        run = find_run(run_id)
        if run.purged_at is None:
            _require_due(run, now)
            return Agenda(ready=(_closed_run(run),))
        return Agenda(purged_at=run.purged_at)
    closed = LegacyImportRun.objects.filter(status=RunStatus.CLOSED, purged_at=None)
    runs = [_closed_run(run) for run in closed.order_by("finished_at", "pk")]
    return Agenda(
        ready=tuple(one for one in runs if one.due <= now),
        waiting=tuple(one for one in runs if one.due > now),
    )


def purge(
    *, run_ids: Sequence[int], actor: str, reason: str, now: datetime.datetime, progress: Progress
) -> dict[int, int]:
    """Erase payloads and contacts of these runs; returns run → rows. Names and birth dates stay.

    If it is killed, a second call finishes the work: a run is marked as purged and logged when
    nothing of it is left, not even in the free space of a SQLite file. Raises UnknownRun, OutOfOrder
    (not due, or locked), FreeSpaceInUse, Interrupted.
    """
    erased: dict[int, int] = {}
    for run_id in run_ids:
        run = find_run(run_id)
        with run_lease(run, "legacy_purge", progress) as lease:
            _require_due(run, now)
            if run.purged_at is None:
                erased[run.pk] = _purge_run(run, lease, actor, reason, now, progress)
    return erased


def _closed_run(run: LegacyImportRun) -> ClosedRun:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run).count()
    return ClosedRun(run.pk, run.source_label, rows, purge_due(run))


def purge_due(run: LegacyImportRun) -> datetime.datetime:
    """When the retention of a closed run ends: `finished_at` is the time of its closing."""
    if run.finished_at is None:
        return NEVER
    try:
        return run.finished_at + datetime.timedelta(days=import_conf().retention_days)
    except OverflowError:
        return NEVER


def _require_due(run: LegacyImportRun, now: datetime.datetime) -> None:
    if run.status != RunStatus.CLOSED:
        raise OutOfOrder(
            f"Run {run.pk} is '{run.status}'; only a closed run is purged.",
            hint=f"Close it when its work is done: manage.py legacy_close --run {run.pk}",
        )
    if (due := purge_due(run)) > now:
        days = import_conf().retention_days
        raise OutOfOrder(
            f"Run {run.pk} was closed less than {days} days ago; it may be purged from "
            f"{due:%Y-%m-%d %H:%M} UTC on.",
            hint="Wait until then. One person is erased at any time: "
            "manage.py legacy_purge --subject stagiaires:ID",
        )


def _purge_run(
    run: LegacyImportRun,
    lease: Lease,
    actor: str,
    reason: str,
    now: datetime.datetime,
    progress: Progress,
) -> int:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    total = rows.count()
    progress.begin(f"erasing contacts of run {run.pk}", total)
    ranges = list(id_ranges(run)) or [(0, 0)]
    for id_range in ranges:
        with transaction.atomic():
            lease.confirm()
            ids = list(rows.filter(pk__range=id_range).values_list("pk", flat=True))
            update_ids(LegacyStudentImport, ids, CONTACTS)
            mask_staged_texts(rows.filter(pk__range=id_range))
            mask_log_entries(rows.filter(pk__range=id_range))
            IdentityKey.objects.filter(scope=run.pk, owner_id__range=id_range).delete()
            PersonEdge.objects.filter(legacy_import_run=run, left_id__range=id_range).delete()
            # Pairs remain if a validation was stopped.
            CandidatePair.objects.filter(legacy_import_run=run, row_id__range=id_range).delete()
            if id_range == ranges[-1]:
                HotKey.objects.filter(legacy_import_run=run).delete()
                mask_source_texts(run.connection_name)
        progress.advance(len(ids))
    clear_free_space(progress)
    with transaction.atomic():
        lease.confirm()
        run.purged_at = now
        run.save(update_fields=["purged_at"])
        LegacyErasureLog.objects.create(
            kind=ErasureKind.PURGE, legacy_import_run=run,
            rows=total, reason=reason, actor=actor, created_at=now,
        )  # fmt: skip
    return total
