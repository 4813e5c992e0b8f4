"""1 source → 2 normalize → 3 stage: every source row becomes exactly one staged row.

The order of events: the source is opened (its checks, one snapshot, its certificate), the run is
started or resumed, the course and session mappings are refreshed, both learner tables are staged
(`table_import`), the totals of source and staging are compared, and statuses that the rules do not know
get their mappings, before the run is marked as imported.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef

from legacy_import.choices import RunStatus, SourceTable
from legacy_import.engine.engines import engine_in_use
from legacy_import.errors import LegacyImportError
from legacy_import.mapping.catalogue import refresh_mappings
from legacy_import.mapping.conflicts import add_new_conflicts
from legacy_import.mapping.sessions import add_missing_sessions
from legacy_import.mapping.statuses import add_new_statuses
from legacy_import.mapping.weights import discard_weights
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.source_decisions import refresh_decisions
from legacy_import.people.staged_contacts import refresh_staged_contacts
from legacy_import.privacy.erasures import erased_rows
from legacy_import.rules.validation import ERASED
from legacy_import.runs import counts as stored_counts
from legacy_import.runs import lifecycle
from legacy_import.runs.lease import Lease, run_lease
from legacy_import.runs.progress import Progress
from legacy_import.source.reader import LegacySource, open_source
from legacy_import.source.text_survey import survey_texts
from legacy_import.stages.staging.chunk_rows import load_context
from legacy_import.stages.staging.row_ids import RowIds
from legacy_import.stages.staging.same_source import note_of_source, note_of_time_zone
from legacy_import.stages.staging.table_import import TableImport, worker_chunks

MAX_ROWS_NAMED = 1_000  # of the rows that the source no longer has


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The certificate of the source and the result; `counts` are numbers of rows only.

    `texts`: of a preflight, what each text column contains (source.text_survey).
    """

    run: int | None  # None: preflight only
    source: str
    certificate: Mapping[str, object]
    counts: Mapping[str, object] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)


def preflight(*, alias: str, progress: Progress, allow_writable: bool = False) -> ImportReport:
    """Check that the source can be read safely, and stage nothing. Raises as `import_source`."""
    with open_source(alias, allow_writable=allow_writable) as source:
        _announce(alias, source, progress)
        return ImportReport(
            None,
            f"{alias} → {source.label}",
            source.certificate.as_dict(),
            texts=survey_texts(source),
        )


def import_source(
    *,
    alias: str,
    actor: str,
    now: datetime.datetime,
    progress: Progress,
    resume: int | None = None,
    limit: int | None = None,
    new: bool = False,
    allow_writable: bool = False,
    allow_another: bool = False,
) -> ImportReport:
    """Stage every learner of the source inside one snapshot.

    `resume` is the number of an unfinished run, `limit` the most learners to stage (the run is then
    partial), `new` starts a run although an unfinished one exists, `allow_another` accepts another
    database than earlier runs read. Raises LegacyImportError and its subclasses: an unreachable,
    writable or other source, a missing table or column, another unfinished run, a lost connection.
    What was staged until then stays, and `resume` continues from there.
    """
    if resume is not None:
        lifecycle.require_unfinished(resume, alias)
    elif not new:
        lifecycle.refuse_unfinished(alias)
    with open_source(alias, allow_writable=allow_writable) as source:
        resumed = None if resume is None else lifecycle.find_run(resume)
        another = note_of_source(alias, source, resumed=resumed, allow_another=allow_another)
        time_zone = note_of_time_zone(alias, source, resumed=resumed)
        _announce(alias, source, progress)
        if time_zone:
            progress.say(time_zone)
        run = resumed or lifecycle.start_run(
            alias=alias, actor=actor, now=now, limit=limit, alone=not new
        )
        certificate = source.certificate.as_dict()
        if another:
            certificate["another_source"] = another
            certificate["notes"].append(another)
        if time_zone:
            certificate["another_time_zone"] = time_zone
            certificate["notes"].append(time_zone)
        with run_lease(run, "legacy_import", progress) as lease:
            lifecycle.open_for_import(run, source.label, certificate)
            refresh_staged_contacts(run, lease, progress)
            with transaction.atomic():
                lease.confirm()
                refresh_mappings(source, run.connection_name)
            _table_import(run, lease, source, allow_writable, progress).stage_tables()
            _certify_workers(run, lease)
            erased = _certify_erased(run, lease)
            counts = {**_require_balance(run, source), "erased": erased}
            refresh_decisions(run, lease)
            add_new_statuses(run)
            add_missing_sessions(run)
            add_new_conflicts(run)
            stored_counts.rebuild(run)
            discard_weights(run)
            lifecycle.finish_stage(
                run,
                lease,
                RunStatus.IMPORTED,
                actor=actor,
                started_at=now,
                results={"import": counts},
            )
    return ImportReport(run.pk, run.source_label, run.certificate, counts)


def _announce(alias: str, source: LegacySource, progress: Progress) -> None:
    verified = source.certificate.read_only_verified
    progress.opened(f"{alias} → {source.label}", verified=verified)


def _table_import(
    run: LegacyImportRun,
    lease: Lease,
    source: LegacySource,
    allow_writable: bool,
    progress: Progress,
) -> TableImport:
    expected = sum(source.count(table) for table in SourceTable.values)
    if run.row_limit is not None:
        expected = min(expected, run.row_limit)
    # Before the erasures are loaded: reserving ids waits for an erasure that is being written.
    row_ids = RowIds(run, expected)
    return TableImport(
        run=run,
        lease=lease,
        source=source,
        engine=engine_in_use(),
        allow_writable=allow_writable,
        row_ids=row_ids,
        context=load_context(run),
        progress=progress,
    )


def _certify_workers(run: LegacyImportRun, lease: Lease) -> None:
    """Note in the certificate what workers read: their connections cannot share this snapshot."""
    chunks, staged_again = worker_chunks(run)
    if not chunks:
        return
    run.certificate["snapshots"] += chunks
    run.certificate["notes"].append(
        f"workers read {chunks} chunks, each in its own snapshot; every chunk was compared "
        f"with the import's own snapshot afterwards; staged again: {staged_again}"
    )
    with transaction.atomic():
        lease.confirm()
        run.save(update_fields=["certificate"])


def _certify_erased(run: LegacyImportRun, lease: Lease) -> int:
    """Note in the certificate, and return, how many rows were staged without contents."""
    erasures = erased_rows(run.connection_name).erasures
    if not erasures:
        return 0
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, legacy_id__in={legacy_id for _, legacy_id in erasures}
    )
    issues = rows.values_list("validation_issues", flat=True)
    number: int = sum([codes == [ERASED] for codes in issues])
    if number:
        run.certificate["erased_rows"] = number
        run.certificate["notes"].append(
            f"rows of people who were erased on request: {number}; staged without contents"
        )
        with transaction.atomic():
            lease.confirm()
            run.save(update_fields=["certificate"])
    return number


def _require_balance(run: LegacyImportRun, source: LegacySource) -> dict[str, object]:
    """Count both sides, and the changes since the previous run.

    Raises LegacyImportError, and marks the run failed, unless every source row is staged.
    """
    staged = LegacyStudentImport.objects.filter(legacy_import_run=run)
    tables: dict[str, dict[str, int]] = {}
    for table in SourceTable.values:
        in_source = source.count(table)
        tables[table] = {"source": in_source, "staged": staged.filter(source_table=table).count()}
    lost = [name for name, count in tables.items() if count["source"] != count["staged"]]
    if lost and not run.is_partial:
        lifecycle.fail(run, f"source and staged rows differ in {', '.join(lost)}")
        raise LegacyImportError(
            f"Run {run.pk} staged another number of rows than the source has: "
            + ", ".join(
                f"{name} {tables[name]['staged']} of {tables[name]['source']}" for name in lost
            ),
            hint=f"Read again: manage.py legacy_import --resume {run.pk}",
        )
    changes = _changes(run)
    vanished = _vanished_rows(run) if changes["vanished"] else []
    return {
        "tables": tables,
        "rows": staged.count(),
        "changes": changes,
        "vanished_rows": vanished,
    }


def _vanished_rows(run: LegacyImportRun) -> list[str]:
    """The names (source_table:legacy_id) of the first rows that only the previous run has."""
    same = LegacyStudentImport.objects.filter(
        legacy_import_run=run,
        source_table=OuterRef("source_table"),
        legacy_id=OuterRef("legacy_id"),
    )
    before = LegacyStudentImport.objects.filter(legacy_import_run_id=run.previous_run_id)
    names = before.filter(~Exists(same)).order_by("pk").values_list("source_table", "legacy_id")
    return [f"{table}:{legacy_id}" for table, legacy_id in names[:MAX_ROWS_NAMED]]


def _changes(run: LegacyImportRun) -> dict[str, int | None]:
    """Rows new, changed and unchanged against the previous run, and those that vanished since.

    Vanished rows of a partial run are unknown (None): the rows beyond its limit are not gone.
    """
    staged = LegacyStudentImport.objects.filter(legacy_import_run=run)
    changes: dict[str, int | None] = {"new": 0, "changed": 0, "unchanged": 0}
    changes |= dict(staged.order_by().values_list("source_change").annotate(rows=Count("pk")))
    previous = run.previous_run_id
    vanished: int | None = None if run.is_partial else 0
    if previous and not run.is_partial:
        before = LegacyStudentImport.objects.filter(legacy_import_run_id=previous).count()
        # Every row that is changed or unchanged was there before; the rest of "before" is gone.
        vanished = before - (changes["changed"] or 0) - (changes["unchanged"] or 0)
    return {**changes, "vanished": vanished}
