"""The rows of one chunk: normalized, read by the rules, written as learners, trainings and keys.

`prepare_chunk` needs no database, so it can run in a thread while the last chunk is written.
`write_chunk` and `remove_chunk` run in the transaction of the chunk.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils import timezone

from ecoin.bulk import EncodedRows, delete_ids, encode_rows, insert_encoded
from legacy_import.choices import PersonKind, SourceChange
from legacy_import.conf import import_conf
from legacy_import.engine.chunks import ChunkResult
from legacy_import.mapping.index import load_mappings
from legacy_import.mapping.meaning import CaseMeaning, MeaningCache, MeaningColumns, TrainingColumns
from legacy_import.models import (
    KEY_COLUMNS,
    ChunkReceipt,
    IdentityKey,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.privacy.erasures import ErasedRows, erased_learner, erased_rows
from legacy_import.rules.normalization import NormalizedLearner, Settings, normalize_learner
from legacy_import.source.reader import LegacyRow

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


@dataclass(frozen=True, slots=True)
class StagingContext:
    """What decides how rows are staged, besides the rows: the same for every chunk of the run."""

    run: LegacyImportRun
    settings: Settings
    meanings: MeaningCache
    erased: ErasedRows


class HashedRow(NamedTuple):
    """A source row with its payload as JSON text and the SHA-256 of that text."""

    row: LegacyRow
    payload: str
    payload_hash: str


class PreparedChunk(NamedTuple):
    """A chunk that is ready to be written."""

    result: ChunkResult
    first: str  # legacy ids; "" without rows
    last: str
    tables: Sequence[EncodedRows]


class _StagedRow(NamedTuple):
    id: int
    source: HashedRow
    learner: NormalizedLearner
    meaning: CaseMeaning


def load_context(run: LegacyImportRun) -> StagingContext:
    conf = import_conf()
    settings = Settings(
        today=timezone.localdate(run.started_at),
        placeholder_emails=conf.placeholder_emails,
        role_mailboxes=conf.role_mailboxes,
    )
    meanings = MeaningCache(load_mappings(run.connection_name))
    return StagingContext(run, settings, meanings, erased_rows(run.connection_name))


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


def hash_rows(rows: Iterable[LegacyRow]) -> list[HashedRow]:
    """Serialize each payload: ASCII JSON with sorted keys, so that equal rows have equal hashes."""
    payloads = ((row, _as_json(row.payload)) for row in rows)
    return [
        HashedRow(row, payload, hashlib.sha256(payload.encode()).hexdigest())
        for row, payload in payloads
    ]


_as_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def digest(rows: Iterable[HashedRow]) -> str:
    """One hash over the legacy ids and payload hashes of a chunk, in order."""
    chunk_hash = hashlib.sha256()
    for row, _, payload_hash in rows:
        chunk_hash.update(f"{row.legacy_id}:{payload_hash}\n".encode())
    return chunk_hash.hexdigest()


def prepare_chunk(
    rows: Sequence[LegacyRow],
    context: StagingContext,
    first_id: int,
    previous: Mapping[str, str],
) -> PreparedChunk:
    """2 normalize: everything about a chunk that needs no database.

    Its staged rows are numbered from `first_id`; `previous` is the answer of `previous_hashes`.
    """
    hashed = hash_rows(rows)
    staged = [_staged_row(pk, source, context) for pk, source in enumerate(hashed, first_id)]
    run_id = context.run.pk
    tables = (
        encode_rows(
            LegacyStudentImport,
            STUDENT_COLUMNS,
            (_student(run_id, row, previous) for row in staged),
        ),
        encode_rows(LegacyTrainingImport, TRAINING_COLUMNS, map(_training, staged)),
        encode_rows(IdentityKey, KEY_COLUMNS, _keys(run_id, staged)),
    )
    if not rows:
        return PreparedChunk(ChunkResult(0, digest(hashed)), "", "", tables)
    result = ChunkResult(len(rows), digest(hashed), first_id, first_id + len(rows) - 1)
    return PreparedChunk(result, rows[0].legacy_id, rows[-1].legacy_id, tables)


def write_chunk(chunk: PreparedChunk) -> ChunkResult:
    """3 stage: write the chunk."""
    for table in chunk.tables:
        insert_encoded(table)
    return chunk.result


def remove_chunk(receipt: ChunkReceipt) -> None:
    """Delete the staged rows of a chunk, and its receipt."""
    run_id = receipt.legacy_import_run_id
    students = LegacyStudentImport.objects.filter(
        legacy_import_run_id=run_id, pk__range=(receipt.first_row, receipt.last_row)
    )
    ids = list(students.values_list("pk", flat=True))
    IdentityKey.objects.filter(
        scope=run_id, owner_kind=PersonKind.STAGED, owner_id__in=ids
    ).delete()
    LegacyTrainingImport.objects.filter(student_import_id__in=ids).delete()
    delete_ids(LegacyStudentImport, ids)
    receipt.delete()


def _staged_row(pk: int, source: HashedRow, context: StagingContext) -> _StagedRow:
    learner = normalize_learner(source.row.fields, source.row.issues, context.settings)
    row = source.row
    if context.erased.covers((row.table, row.legacy_id), source.payload_hash, learner):
        # The hash stays: it shows whether the source row changed since.
        learner, source = erased_learner(learner), source._replace(payload="{}")
    meaning = context.meanings.meaning_of(
        learner.raw_status, learner.legacy_formation_id, learner.legacy_session_id
    )
    return _StagedRow(pk, source, learner, meaning)


def _student(run_id: int, staged: _StagedRow, previous: Mapping[str, str]) -> tuple[Any, ...]:
    """The values of STUDENT_COLUMNS."""
    pk, (row, payload, payload_hash), learner, meaning = staged
    return (
        pk, run_id, row.table, row.legacy_id, learner.first_name, learner.last_name,
        learner.full_name, learner.name_key, learner.birth_date, learner.phone_raw,
        learner.phone_normalized, learner.email_raw, learner.email_normalized,
        learner.raw_status, learner.legacy_formation_id, learner.legacy_session_id,
        payload, payload_hash, json.dumps(learner.issues) if learner.issues else "[]", "{}",
        _source_change(previous.get(row.legacy_id), payload_hash), *meaning.meaning,
        # The mappings it was read by. A plan's own basis has the same length, so it is updated in place.
        f"row=1 {meaning.versions}",
    )  # fmt: skip


def _source_change(previous_hash: str | None, payload_hash: str) -> str:
    if previous_hash is None:
        return SourceChange.NEW.value
    same = previous_hash == payload_hash
    return SourceChange.UNCHANGED.value if same else SourceChange.CHANGED.value


def _training(staged: _StagedRow) -> tuple[Any, ...]:
    """The values of TRAINING_COLUMNS: one row per learner, even where it refers to no session."""
    learner = staged.learner
    return (
        staged.id, learner.legacy_formation_id, learner.legacy_session_id, *staged.meaning.training,
    )  # fmt: skip


def _keys(run_id: int, rows: Iterable[_StagedRow]) -> Iterator[tuple[Any, ...]]:
    """The values of KEY_COLUMNS for each key of these learners."""
    staged = PersonKind.STAGED.value
    for row in rows:
        for kind, value in dict.fromkeys(row.learner.keys):
            yield (run_id, staged, row.id, kind, value)
