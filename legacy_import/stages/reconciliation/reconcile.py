"""The conservation proof: every source row is staged, every staged row has exactly one outcome, and
the numbers of outcomes, log entries and created records agree."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping

from django.utils import timezone

from legacy_import.choices import RunStatus, SourceTable
from legacy_import.engine.chunks import id_ranges
from legacy_import.errors import OutOfOrder
from legacy_import.models import (
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
    number_suffix,
)
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress
from legacy_import.stages.commit.effects.created_records import (
    RECORD_KINDS,
    origins_of,
    records_without_entry,
)
from legacy_import.stages.reconciliation.conservation import (
    EntryInForce,
    ReconciledRow,
    RowWithEntries,
    Tally,
)
from legacy_import.stages.reconciliation.deletions import mark_deletions
from legacy_import.stages.reconciliation.report import ReconcileReport, report_of
from legacy_import.stages.reconciliation.source_rows import reread_source
from legacy_import.stages.reconciliation.verdict import record_verdict

ROW_COLUMNS = (
    "pk", "source_table", "legacy_id", "classification", "outcome", "training__pk",
    "person_number", "imported_user_id", "imported_lead_id", "training__imported_completed_training_id",
    "training__imported_enrollment_id",
)  # fmt: skip
ENTRY_COLUMNS = (
    "student_import_id", "legacy_import_run_id", "action", "target_model", "target_id",
    "created_target", "pk",
)  # fmt: skip


def reconcile(*, run_id: int | None, progress: Progress, actor: str = "") -> ReconcileReport:
    """Prove that the run (None: the latest) balances, or report the rows that do not.

    Changes nothing but the run's last verdict, which records the `actor`; has the run's lease
    meanwhile, so that no commit changes the numbers. Raises UnknownRun, OutOfOrder (not imported yet,
    or locked by another process), Interrupted. A run that does not balance is reported, never an error.
    """
    run = lifecycle.find_run(run_id)
    _require_imported(run)
    with run_lease(run, "legacy_reconcile", progress) as lease:
        _require_imported(run)
        reread = reread_source(run, progress, lease.confirm)
        tally = _tally(run, progress, lease.confirm)
        report = report_of(run, reread, tally)
        record_verdict(run, lease, report, actor=actor, now=timezone.now())
        return report


def _require_imported(run: LegacyImportRun) -> None:
    if run.status in (RunStatus.IMPORTING, RunStatus.FAILED):
        raise OutOfOrder(
            f"Run {run.pk} is '{run.status}': not every source row is staged yet.",
            hint=f"Finish its import: manage.py {run.next_command}",
        )


def _tally(run: LegacyImportRun, progress: Progress, confirm: Callable[[], None]) -> Tally:
    """Check every row of the run with its entries and records, one range of ids at a time."""
    tally = Tally()
    progress.begin("comparing", None)
    for first, last in id_ranges(run):
        rows = _rows(run, first, last)
        entries = mark_deletions(run, _entries(run, first, last))
        for row in rows:
            origin = f"{run.connection_name}:{row.name}{number_suffix(row.person_number)}"
            tally.add(RowWithEntries(row, entries.get(row.id, ()), origin))
        confirm()
        progress.advance(len(rows))
    foreign = LegacyImportCommitLog.objects.filter(legacy_import_run=run, reversed_at=None)
    foreign = foreign.exclude(student_import__legacy_import_run=run).order_by("pk")
    of_rows = foreign.values_list("student_import__source_table", "student_import__legacy_id")
    for table, legacy_id in of_rows.iterator():
        tally.add_broken("entry_of_another_run", f"{table}:{legacy_id}")
    for model, pk, origin in records_without_entry(run):
        tally.add_broken("record_without_entry", _row_of_origin(run, origin) or f"{model} {pk}")
    return tally


def _rows(run: LegacyImportRun, first: int, last: int) -> list[ReconciledRow]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, pk__range=(first, last))
    return [
        ReconciledRow(pk, table, legacy_id, classification, outcome, training, number, tuple(ids))
        for pk, table, legacy_id, classification, outcome, training, number, *ids in (
            rows.order_by("pk").values_list(*ROW_COLUMNS)
        )
    ]


def _entries(run: LegacyImportRun, first: int, last: int) -> Mapping[int, list[EntryInForce]]:
    """Staged row id → its entries in force, in the order of writing, each with its record's origin."""
    logged = LegacyImportCommitLog.objects.filter(
        student_import_id__gte=first, student_import_id__lte=last, reversed_at=None
    )
    pairs = [
        (row, EntryInForce(*entry))
        for row, of_run, *entry in logged.order_by("pk").values_list(*ENTRY_COLUMNS)
        if of_run == run.pk
    ]
    origins = {
        action: origins_of(
            action, [one.target_id for _, one in pairs if one.action == action and one.target_id]
        )
        for action in RECORD_KINDS
    }
    entries: defaultdict[int, list[EntryInForce]] = defaultdict(list)
    for row, entry in pairs:
        origin = origins.get(entry.action, {}).get(entry.target_id or 0)
        entries[row].append(entry._replace(origin=origin))
    return entries


def _row_of_origin(run: LegacyImportRun, origin: str) -> str:
    """The `table:id` in an origin of this source; "" for any other origin."""
    tables = "|".join(SourceTable.values)
    match = re.fullmatch(
        rf"{re.escape(run.connection_name)}:((?:{tables}):-?\d+)(?:#\d+)?:\w+", origin
    )
    return match[1] if match else ""
