"""Erasing one person on request, from every run of a source and at any time.

All that identifies the person is erased: names, birth date, contacts, payload, evidence, identity
keys. The rows stay, so that every source row is still accounted for. No record on the platform
changes, and the evidence of other rows contains masked values only.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q

from ecoin.bulk import update_ids
from legacy_import.choices import DuplicateConfidence, ErasureKind, PersonKind, ValidationStatus
from legacy_import.errors import LegacyImportError
from legacy_import.models import (
    CandidatePair,
    HotKey,
    IdentityKey,
    LegacyErasureLog,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
    PersonEdge,
)
from legacy_import.privacy.purge import CONTACTS
from legacy_import.runs import counts
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Progress

ERASED = "erased"  # the issue code of a row whose person was erased

# The columns to overwrite → their new values (JSON as text): contacts, identity, and all results that
# were derived from them. The row fails validation, so that it can have no further effect.
PERSON: Mapping[str, str | bool | None] = {
    **CONTACTS,
    "first_name": "",
    "last_name": "",
    "full_name": "",
    "name_key": "",
    "birth_date": None,
    "validation_issues": f'["{ERASED}"]',
    "validation_status": ValidationStatus.FAILED.value,
    "duplicate_confidence": DuplicateConfidence.NONE.value,
    "auto_link_allowed": False,
    "duplicate_blocker": "",
    "match_kind": "",
    "match_id": None,
    "contact_trusted": False,
}


@dataclass(frozen=True, slots=True)
class Record:
    """A record on the platform that a row created or was linked to."""

    model: str
    id: int
    created: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """One row of the old database, as `source_table:legacy_id` of a connection."""

    connection: str
    source_table: str
    legacy_id: str

    def __str__(self) -> str:
        return f"{self.source_table}:{self.legacy_id}"


@dataclass(frozen=True, slots=True)
class SubjectReport:
    """The runs in which the person was erased, now or before, and the records that remain."""

    erased: tuple[int, ...]
    before: tuple[int, ...]
    records: tuple[Record, ...]


class UnknownSubject(LegacyImportError):
    """No run has such a row."""

    exit_code = 2


def find_subject(subject: Subject) -> dict[int, bool]:
    """Run → whether the person is already erased there. Raises UnknownSubject."""
    return {run: issues == [ERASED] for _, run, issues in _rows_of(subject)}


def erase_subject(
    *, subject: Subject, actor: str, reason: str, now: datetime.datetime, progress: Progress
) -> SubjectReport:
    """Erase one person from every run of the connection, in one transaction.

    The rows keep ids, hashes, plan, outcome and log, but fail validation and get a new version, so that
    no earlier plan can commit them. Raises UnknownSubject, OutOfOrder (a run is locked).
    """
    runs = LegacyImportRun.objects.filter(pk__in=find_subject(subject)).order_by("pk")
    with ExitStack() as stack:
        leases = [stack.enter_context(run_lease(run, "legacy_purge", progress)) for run in runs]
        with transaction.atomic():
            for lease in leases:
                lease.confirm()
            leased = {lease.run_id for lease in leases}
            rows = [row for row in _rows_of(subject) if row[1] in leased]
            fresh = {pk: run for pk, run, issues in rows if issues != [ERASED]}
            _erase_rows(fresh)
            LegacyErasureLog.objects.bulk_create(
                LegacyErasureLog(
                    kind=ErasureKind.SUBJECT, legacy_import_run_id=run, student_import_id=pk,
                    rows=1, reason=reason, actor=actor, created_at=now,
                )
                for pk, run in fresh.items()
            )  # fmt: skip
    return SubjectReport(
        erased=tuple(fresh.values()),
        before=tuple(run for pk, run, _ in rows if pk not in fresh),
        records=_records([pk for pk, _, _ in rows]),
    )


def _rows_of(subject: Subject) -> list[tuple[int, int, list[str]]]:
    """(staged row, run, issues), one per run. Raises UnknownSubject."""
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run__connection_name=subject.connection,
        source_table=subject.source_table,
        legacy_id=subject.legacy_id,
    ).order_by("legacy_import_run_id")
    values = list(rows.values_list("pk", "legacy_import_run_id", "validation_issues"))
    if not values:
        raise UnknownSubject(
            f"No run of '{subject.connection}' has a row {subject}.",
            hint="Check table, id and --connection; runs are listed by manage.py legacy_status",
        )
    return values


def _erase_rows(rows: Mapping[int, int]) -> None:
    """Erase these staged rows (row → its run) with their keys, edges and pairs."""
    for pk, run in rows.items():
        counts.apply(run, [pk], new=PERSON)
        update_ids(LegacyStudentImport, [pk], PERSON)
        LegacyStudentImport.objects.filter(pk=pk).update(version=F("version") + 1)
        keys = IdentityKey.objects.filter(scope=run, owner_kind=PersonKind.STAGED, owner_id=pk)
        values = list(keys.values_list("kind", "value"))
        keys.delete()
        edges = PersonEdge.objects.filter(legacy_import_run_id=run)
        edges.filter(left_id=pk).delete()
        edges.filter(right_id=pk).delete()
        # Pairs remain if a validation was stopped.
        pairs = CandidatePair.objects.filter(legacy_import_run_id=run)
        pairs.filter(Q(row_id=pk) | Q(other_kind=PersonKind.STAGED, other_id=pk)).delete()
        _delete_hot_keys(run, values)


def _delete_hot_keys(run: int, values: Iterable[tuple[str, str]]) -> None:
    """Delete those of the hot keys that no row of the run has any more."""
    for kind, value in values:
        if not IdentityKey.objects.filter(scope=run, kind=kind, value=value).exists():
            HotKey.objects.filter(legacy_import_run_id=run, kind=kind, value=value).delete()


def _records(rows: Sequence[int]) -> tuple[Record, ...]:
    """All records on the platform that these rows created or were linked to."""
    entries = LegacyImportCommitLog.objects.filter(
        student_import_id__in=rows, reversed_at=None, target_id__isnull=False
    )
    records = entries.values_list("target_model", "target_id", "created_target").distinct()
    return tuple(
        Record(model, pk, created)
        for model, pk, created in records.order_by("target_model", "target_id", "created_target")
        if pk is not None
    )
