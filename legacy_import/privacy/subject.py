"""Erasing one person on request, from every run of a source and at any time.

All that identifies the person is erased: names, birth date, contacts, payload, free-text status,
evidence (also in the rows that matched this one), identity keys, notes and searches. The rows stay, so
that every source row is still accounted for, and so does a digest by which a later import knows the
person (privacy/erasures.py). No record on the platform changes.
"""

import datetime
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from legacy_import.choices import (
    DuplicateConfidence,
    ErasureKind,
    ValidationStatus,
)
from legacy_import.errors import LegacyImportError, OutOfOrder
from legacy_import.models import (
    NO_EVIDENCE,
    LegacyErasureLog,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.privacy.erasures import ErasedPerson, erased_rows
from legacy_import.privacy.free_space import clear_free_space
from legacy_import.privacy.purge import CONTACTS
from legacy_import.privacy.traces import erase_traces
from legacy_import.privacy.typed_contacts import mask_source_texts
from legacy_import.rules.row_digest import DIGEST_COLUMNS, row_digest
from legacy_import.rules.validation import ERASED
from legacy_import.runs.lease import run_lease
from legacy_import.runs.lifecycle import UNFINISHED, lock_business_writes
from legacy_import.runs.progress import Progress

# The columns to overwrite → their new values (JSON as text): contacts, identity, and all results that
# were derived from them. The row fails validation, so that it can have no further effect.
PERSON: Mapping[str, str | bool | int | None] = {
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
    "review_order": NO_EVIDENCE,
    "group_first_id": None,
    "group_conflict": False,
    "planned_target_kind": "",
    "planned_target_id": None,
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
    """The runs in which the person was erased, now or before, and the records that remain.

    `others`: runs in which the row with this number is another person; nothing of them was erased.
    """

    erased: tuple[int, ...]
    before: tuple[int, ...]
    records: tuple[Record, ...]
    others: tuple[int, ...] = ()


class UnknownSubject(LegacyImportError):
    """No run has such a row."""

    exit_code = 2


class SubjectRow(NamedTuple):
    """A staged row with the subject's number in one run.

    `people`: who it is; for a row that is erased already, whom it may have been.
    """

    pk: int
    run: int
    is_erased: bool
    people: tuple[ErasedPerson, ...]

    def is_same(self, other: "SubjectRow") -> bool:
        return any(one.is_same(*another) for one in self.people for another in other.people)


def find_subject(subject: Subject, *, in_run: int | None = None) -> dict[int, bool]:
    """Run → whether the person is already erased there. Raises UnknownSubject.

    The person is the one whom the number refers to in the run `in_run`, by default the newest.
    """
    rows, _ = _rows_of(subject, in_run)
    return {row.run: row.is_erased for row in rows}


def erase_subject(
    *,
    subject: Subject,
    actor: str,
    reason: str,
    now: datetime.datetime,
    progress: Progress,
    in_run: int | None = None,
) -> SubjectReport:
    """Erase one person from every run of the connection, in one transaction; `in_run` as above.

    The rows keep ids, hashes, plan, outcome and log, but fail validation and get a new version, so that
    no earlier plan can commit them. Called again, it clears the file of the database again. Raises
    UnknownSubject, OutOfOrder (a run is locked, or an import is running), FreeSpaceInUse.
    """
    _rows_of(subject, in_run)
    with ExitStack() as stack:
        leases = [
            stack.enter_context(run_lease(run, "legacy_purge", progress))
            for run in _runs_to_lock(subject)
        ]
        with transaction.atomic():
            lock_business_writes()
            for lease in leases:
                lease.confirm()
            leased = {lease.run_id for lease in leases}
            _require_no_other_import(subject, leased)
            same, others = _rows_of(subject, in_run)
            rows = [row for row in same if row.run in leased]
            fresh = [row for row in rows if not row.is_erased]
            for row in fresh:
                erase_traces(row.pk, row.run, str(subject), PERSON)
            if fresh:
                _erase_decisions(subject, rows)
                mask_source_texts(subject.connection)
            LegacyErasureLog.objects.bulk_create(
                LegacyErasureLog(
                    kind=ErasureKind.SUBJECT, legacy_import_run_id=row.run,
                    connection_name=subject.connection, source_table=subject.source_table,
                    legacy_id=subject.legacy_id, **row.people[0]._asdict(), rows=1,
                    reason=reason, actor=actor, created_at=now,
                )
                for row in fresh
            )  # fmt: skip
    clear_free_space(progress)
    return SubjectReport(
        erased=tuple(row.run for row in fresh),
        before=tuple(row.run for row in rows if row.is_erased),
        records=_records([row.pk for row in rows]),
        others=tuple(row.run for row in others),
    )


def _runs_to_lock(subject: Subject) -> QuerySet[LegacyImportRun]:
    """The runs that have the row, and unfinished imports, which could still stage it."""
    runs = LegacyImportRun.objects.filter(connection_name=subject.connection)
    of_subject = _staged(subject).values("legacy_import_run_id")
    unfinished = runs.filter(status__in=UNFINISHED)
    return (runs.filter(pk__in=of_subject) | unfinished).order_by("pk")


def _require_no_other_import(subject: Subject, leased: set[int]) -> None:
    """Raise OutOfOrder if an import began since the leases were taken.

    One that begins later waits for this transaction before it loads the erasures, because it reserves
    row ids first.
    """
    runs = LegacyImportRun.objects.filter(connection_name=subject.connection, status__in=UNFINISHED)
    newcomer = runs.exclude(pk__in=leased).order_by("pk").first()
    if newcomer:
        raise OutOfOrder(
            f"Run {newcomer.pk} of '{subject.connection}' began at this moment.",
            hint="Run legacy_purge again when its import is finished.",
        )


def _staged(subject: Subject) -> QuerySet[LegacyStudentImport]:
    return LegacyStudentImport.objects.filter(
        legacy_import_run__connection_name=subject.connection,
        source_table=subject.source_table,
        legacy_id=subject.legacy_id,
    )


def _rows_of(subject: Subject, in_run: int | None) -> tuple[list[SubjectRow], list[SubjectRow]]:
    """The rows of the person, at most one per run, and rows of others. Raises UnknownSubject."""
    rows = _all_rows(subject)
    same = [row for row in rows if row.run == in_run] if in_run else rows[-1:]
    if not same:
        raise UnknownSubject(
            f"No run of '{subject.connection}' has a row {subject}."
            if in_run is None
            else f"Run {in_run} of '{subject.connection}' has no row {subject}.",
            hint="Check table, id and --connection; runs are listed by manage.py legacy_status",
        )
    others = [row for row in rows if row not in same]
    # A person may have changed the name in one run and the phone in the next.
    while more := [row for row in others if any(map(row.is_same, same))]:
        same += more
        others = [row for row in others if row not in more]
    return sorted(same, key=lambda row: row.run), others


def _all_rows(subject: Subject) -> list[SubjectRow]:
    """The rows with this number of all runs, in order. Who an erased one was is in the erasure log."""
    columns = ("pk", "legacy_import_run_id", "validation_issues", "payload_hash", *DIGEST_COLUMNS)
    erased = erased_rows(subject.connection).erasures.get(
        (subject.source_table, subject.legacy_id), frozenset()
    )
    rows = []
    for pk, run, issues, payload_hash, *values in (
        _staged(subject).order_by("legacy_import_run_id").values_list(*columns)
    ):
        is_erased = issues == [ERASED]
        of_payload = {person for person in erased if person.payload_hash == payload_hash}
        people = (of_payload or erased) if is_erased else ()
        person = ErasedPerson(row_digest(*values), payload_hash)
        rows.append(SubjectRow(pk, run, is_erased, tuple(people) or (person,)))
    return rows


def _erase_decisions(subject: Subject, rows: Sequence[SubjectRow]) -> None:
    """Erase what reviewers wrote about the person, in decisions of any run.

    The decisions stay, without the hash of their subject: that of a phone could be found by trying.
    """
    decisions = LegacyReviewDecision.objects.filter(
        connection_name=subject.connection,
        source_table=subject.source_table,
        legacy_id=subject.legacy_id,
    )
    about = [
        pk
        for pk, digest, payload_hash in decisions.values_list("pk", "row_digest", "payload_hash")
        if any(one.is_same(digest, payload_hash) for row in rows for one in row.people)
    ]
    decisions.filter(pk__in=about).update(note="", subject="")


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
