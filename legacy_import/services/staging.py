"""Writing one chunk of source rows into staging: learners, trainings, identity keys, receipt."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from ecoin.bulk import insert_rows
from legacy_import.choices import PersonKind, SourceChange, Stage
from legacy_import.models import (
    KEY_COLUMNS,
    ChunkReceipt,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.rules.normalization import NormalizedLearner, Settings, normalize_learner
from legacy_import.services.lease import Lease
from legacy_import.source.reader import LegacyRow
from legacy_import.source.rows import Json

STUDENT_COLUMNS = (
    "legacy_import_run_id", "source_table", "legacy_id", "first_name", "last_name", "full_name",
    "name_key", "birth_date", "phone_raw", "phone_normalized", "email_raw", "email_normalized",
    "raw_status", "legacy_formation_id", "legacy_session_id", "raw_payload", "payload_hash",
    "validation_issues", "duplicate_evidence", "source_change",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Intake:
    """What staging a chunk needs to know of its run."""

    run: LegacyImportRun
    lease: Lease
    settings: Settings


class HashedRow(NamedTuple):
    """A source row with its payload as JSON text and the SHA-256 of that text."""

    row: LegacyRow
    payload: str
    payload_hash: str


class Chunk(NamedTuple):
    """The rows of one chunk: the `position`-th of `table`, up to and including legacy id `until`."""

    table: str
    position: int
    until: str
    rows: Sequence[HashedRow]


def hash_rows(rows: Iterable[LegacyRow]) -> list[HashedRow]:
    """Serialize each payload once: ASCII JSON with sorted keys, so that equal rows hash equally."""
    rows = list(rows)
    payloads = _serialized([row.payload for row in rows])
    return [
        HashedRow(row, payload, hashlib.sha256(payload.encode()).hexdigest())
        for row, payload in zip(rows, payloads, strict=True)
    ]


def _serialized(payloads: Sequence[Mapping[str, Json]]) -> Iterable[str]:
    """`_dumps` of each: whole columns at a time where all payloads have the same columns."""
    columns = sorted(payloads[0]) if payloads else []
    if not columns or any(payload.keys() != payloads[0].keys() for payload in payloads):
        return map(_dumps, payloads)
    quoted = encode_basestring_ascii
    values = [
        [
            quoted(value) if type(value) is str else "null" if value is None else _dumps(value)
            for value in map(itemgetter(column), payloads)
        ]
        for column in columns
    ]
    names = [_dumps(column).replace("%", "%%") for column in columns]
    template = "{" + ",".join(f"{name}:%s" for name in names) + "}"
    return [template % row for row in zip(*values, strict=True)]


_dumps = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def digest(rows: Iterable[HashedRow]) -> str:
    """One hash over the legacy ids and payload hashes of a chunk, in order."""
    whole = hashlib.sha256()
    for row, _, payload_hash in rows:
        whole.update(f"{row.legacy_id}:{payload_hash}\n".encode())
    return whole.hexdigest()


def write_chunk(intake: Intake, chunk: Chunk) -> None:
    """Stage a chunk and leave its receipt, in the caller's transaction."""
    run = intake.run
    learners = [
        normalize_learner(hashed.row.fields, hashed.row.issues, intake.settings)
        for hashed in chunk.rows
    ]
    before = _previous_hashes(run, chunk)
    insert_rows(LegacyStudentImport, STUDENT_COLUMNS, _students(run, chunk, learners, before))
    ids = _ids(run, chunk)
    _write_trainings(run, ids)
    insert_rows(IdentityKey, KEY_COLUMNS, _keys(run, chunk, learners, ids))
    ChunkReceipt.objects.create(
        legacy_import_run=run,
        stage=Stage.IMPORT,
        source_table=chunk.table,
        position=chunk.position,
        first_id=chunk.rows[0].row.legacy_id if chunk.rows else chunk.until,
        last_id=chunk.until,
        first_row=min(ids.values(), default=0),
        last_row=max(ids.values(), default=0),
        rows=len(chunk.rows),
        digest=digest(chunk.rows),
        finished_at=timezone.now(),
    )


def remove_chunk(receipt: ChunkReceipt) -> None:
    """Take a staged chunk back with its receipt, in the caller's transaction."""
    run_id = receipt.legacy_import_run_id
    between = (receipt.first_row, receipt.last_row)
    students = LegacyStudentImport.objects.filter(legacy_import_run_id=run_id, pk__range=between)
    ids = list(students.values_list("pk", flat=True))
    IdentityKey.objects.filter(
        scope=run_id, owner_kind=PersonKind.STAGED, owner_id__in=ids
    ).delete()
    LegacyTrainingImport.objects.filter(student_import_id__in=ids).delete()
    students.delete()
    receipt.delete()


def _previous_hashes(run: LegacyImportRun, chunk: Chunk) -> Mapping[str, str]:
    """Legacy id → payload hash of the same rows in the previous run of this source."""
    if run.previous_run_id is None:
        return {}
    same = LegacyStudentImport.objects.filter(
        legacy_import_run_id=run.previous_run_id,
        source_table=chunk.table,
        legacy_id__in=[hashed.row.legacy_id for hashed in chunk.rows],
    )
    return dict(same.values_list("legacy_id", "payload_hash"))


def _students(
    run: LegacyImportRun,
    chunk: Chunk,
    learners: Sequence[NormalizedLearner],
    before: Mapping[str, str],
) -> Iterator[tuple[Any, ...]]:
    """Column values of LegacyStudentImport, in the order of STUDENT_COLUMNS."""
    for (row, payload, payload_hash), learner in zip(chunk.rows, learners, strict=True):
        yield (
            run.pk, row.table, row.legacy_id, learner.first_name, learner.last_name,
            learner.full_name, learner.name_key, learner.birth_date, learner.phone_raw,
            learner.phone_normalized, learner.email_raw, learner.email_normalized,
            learner.raw_status, learner.legacy_formation_id, learner.legacy_session_id,
            payload, payload_hash, json.dumps(learner.issues), "{}",
            _change(before.get(row.legacy_id), payload_hash),
        )  # fmt: skip


def _change(before: str | None, now: str) -> str:
    if before is None:
        return SourceChange.NEW.value
    return SourceChange.UNCHANGED.value if before == now else SourceChange.CHANGED.value


def _ids(run: LegacyImportRun, chunk: Chunk) -> dict[str, int]:
    """Legacy id → staged row id of the chunk just written."""
    staged = LegacyStudentImport.objects.filter(
        legacy_import_run=run,
        source_table=chunk.table,
        legacy_id__in=[hashed.row.legacy_id for hashed in chunk.rows],
    )
    return dict(staged.values_list("legacy_id", "pk"))


def _write_trainings(run: LegacyImportRun, ids: Mapping[str, int]) -> None:
    """One training row per staged learner, copied inside the database."""
    if not ids:
        return
    quote = connection.ops.quote_name
    trainings = quote(LegacyTrainingImport._meta.db_table)
    students = quote(LegacyStudentImport._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {trainings} (student_import_id, legacy_formation_id, legacy_session_id) "
            f"SELECT id, legacy_formation_id, legacy_session_id FROM {students} "
            "WHERE legacy_import_run_id = %s AND id BETWEEN %s AND %s ORDER BY id",
            [run.pk, min(ids.values()), max(ids.values())],
        )


def _keys(
    run: LegacyImportRun,
    chunk: Chunk,
    learners: Sequence[NormalizedLearner],
    ids: Mapping[str, int],
) -> Iterator[tuple[Any, ...]]:
    """Column values of IdentityKey, in the order of KEY_COLUMNS."""
    for hashed, learner in zip(chunk.rows, learners, strict=True):
        owner = ids[hashed.row.legacy_id]
        for kind, value in dict.fromkeys(learner.keys):
            yield (run.pk, PersonKind.STAGED.value, owner, kind, value)
