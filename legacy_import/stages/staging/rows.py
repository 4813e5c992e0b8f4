"""Writing one chunk of source rows into staging: learners, trainings and identity keys."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from operator import itemgetter
from typing import Any, NamedTuple

from ecoin.bulk import Rendered, delete_ids, insert_rendered, render
from legacy_import.choices import PersonKind, SourceChange
from legacy_import.engine.chunks import ChunkResult
from legacy_import.mapping.meaning import CaseMeaning, MeaningCache, MeaningColumns, TrainingColumns
from legacy_import.models import (
    KEY_COLUMNS,
    ChunkReceipt,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.rules.normalization import NormalizedLearner, Settings, normalize_learner
from legacy_import.source.reader import LegacyRow
from legacy_import.source.rows import Json

STUDENT_COLUMNS = (
    "id", "legacy_import_run_id", "source_table", "legacy_id", "first_name", "last_name",
    "full_name", "name_key", "birth_date", "phone_raw", "phone_normalized", "email_raw",
    "email_normalized", "raw_status", "legacy_formation_id", "legacy_session_id", "raw_payload",
    "payload_hash", "validation_issues", "duplicate_evidence", "source_change",
    *MeaningColumns._fields, "planned_basis",
)  # fmt: skip
TRAINING_COLUMNS = (
    "student_import_id", "legacy_formation_id", "legacy_session_id", *TrainingColumns._fields,
)  # fmt: skip


class HashedRow(NamedTuple):
    """A source row with its payload as JSON text and the SHA-256 of that text."""

    row: LegacyRow
    payload: str
    payload_hash: str


class Prepared(NamedTuple):
    """One chunk, understood and said as it will be sent: everything that needs no database."""

    done: ChunkResult
    first: str  # legacy ids; "" without rows
    last: str
    tables: Sequence[Rendered]


@dataclass(frozen=True, slots=True)
class Understanding:
    """What rows are understood by: their run, its settings, and the mappings of its source."""

    run: LegacyImportRun
    settings: Settings
    readings: MeaningCache


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


def prepare(
    rows: Sequence[HashedRow], by: Understanding, first_id: int, before: Mapping[str, str]
) -> Prepared:
    """2 normalize: understand the rows of a chunk, which are numbered from `first_id`.

    `before`: what `previous_hashes` says of them. Touches no database, so it may run beside one.
    """
    learners = [
        normalize_learner(hashed.row.fields, hashed.row.issues, by.settings) for hashed in rows
    ]
    readings = [
        by.readings.meaning_of(one.raw_status, one.legacy_formation_id, one.legacy_session_id)
        for one in learners
    ]
    chunk = _Chunk(by.run.pk, first_id, rows, learners, readings)
    tables = (
        render(LegacyStudentImport, STUDENT_COLUMNS, _students(chunk, before)),
        render(LegacyTrainingImport, TRAINING_COLUMNS, _trainings(chunk)),
        render(IdentityKey, KEY_COLUMNS, _keys(chunk)),
    )
    if not rows:
        return Prepared(ChunkResult(0, digest(rows)), "", "", tables)
    done = ChunkResult(len(rows), digest(rows), first_id, first_id + len(rows) - 1)
    return Prepared(done, rows[0].row.legacy_id, rows[-1].row.legacy_id, tables)


def write_chunk(chunk: Prepared) -> ChunkResult:
    """3 stage: write a chunk, in the caller's transaction."""
    for table in chunk.tables:
        insert_rendered(table)
    return chunk.done


class _Chunk(NamedTuple):
    run_id: int
    first_id: int
    rows: Sequence[HashedRow]
    learners: Sequence[NormalizedLearner]
    readings: Sequence[CaseMeaning]


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
    delete_ids(LegacyStudentImport, ids)
    receipt.delete()


def previous_hashes(run: LegacyImportRun, rows: Sequence[LegacyRow]) -> Mapping[str, str]:
    """Legacy id → payload hash of the same rows (of one table) in the previous run of this source."""
    if run.previous_run_id is None or not rows:
        return {}
    same = LegacyStudentImport.objects.filter(
        legacy_import_run_id=run.previous_run_id,
        source_table=rows[0].table,
        legacy_id__in=[row.legacy_id for row in rows],
    )
    return dict(same.values_list("legacy_id", "payload_hash"))


def _students(chunk: _Chunk, before: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """Column values of LegacyStudentImport, in the order of STUDENT_COLUMNS."""
    rows = zip(chunk.rows, chunk.learners, chunk.readings, strict=True)
    for number, ((row, payload, payload_hash), learner, reading) in enumerate(rows, chunk.first_id):
        yield (
            number, chunk.run_id, row.table, row.legacy_id, learner.first_name, learner.last_name,
            learner.full_name, learner.name_key, learner.birth_date, learner.phone_raw,
            learner.phone_normalized, learner.email_raw, learner.email_normalized,
            learner.raw_status, learner.legacy_formation_id, learner.legacy_session_id,
            payload, payload_hash, json.dumps(learner.issues) if learner.issues else "[]", "{}",
            _change(before.get(row.legacy_id), payload_hash), *reading.meaning,
            # What it was read by. A plan's own basis has the same length, and is written over it.
            f"row=1 {reading.versions}",
        )  # fmt: skip


def _change(before: str | None, now: str) -> str:
    if before is None:
        return SourceChange.NEW.value
    return SourceChange.UNCHANGED.value if before == now else SourceChange.CHANGED.value


def _trainings(chunk: _Chunk) -> Iterator[tuple[Any, ...]]:
    """Column values of LegacyTrainingImport: one row per learner, even where nothing is named."""
    rows = zip(chunk.learners, chunk.readings, strict=True)
    for number, (learner, reading) in enumerate(rows, chunk.first_id):
        yield (
            number, learner.legacy_formation_id, learner.legacy_session_id, *reading.training,
        )  # fmt: skip


def _keys(chunk: _Chunk) -> Iterator[tuple[Any, ...]]:
    """Column values of IdentityKey, in the order of KEY_COLUMNS."""
    staged = PersonKind.STAGED.value
    for owner, learner in enumerate(chunk.learners, chunk.first_id):
        for kind, value in dict.fromkeys(learner.keys):
            yield (chunk.run_id, staged, owner, kind, value)
