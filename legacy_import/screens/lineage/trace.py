"""From the origin of an imported record to its staged row, rules, decisions, batch and log entries.

A source row is identified by connection, table and legacy id; every run stages it again. The entries
of all those runs are its history; the entry that created the record refers to its staged row.
"""

import datetime
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F

from legacy_import.choices import LogAction, SourceTable, Stage
from legacy_import.models import (
    ChunkReceipt,
    LegacyImportCommitLog,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.review.decisions import events_about
from legacy_import.rules.row_digest import same_person
from legacy_import.rules.validation import ERASED
from legacy_import.stages.commit.effects.created_records import RECORD_KINDS
from legacy_import.stages.commit.log import SECONDARY_ACTIONS

# A row that was not committed may be planned again: a later entry then supersedes this one.
NOT_COMMITTED = frozenset({LogAction.REVIEW, LogAction.DRIFTED, LogAction.FAILED})
# The last part of an origin → the model of the record that has it.
MODEL_OF_EFFECT = {kind.effect: kind.label for kind in RECORD_KINDS.values()}
ORIGIN = re.compile(
    rf"([!-~]{{1,64}}):({'|'.join(SourceTable.values)}):([0-9]{{1,20}})(?:#([0-9]{{1,5}}))?"
    rf":({'|'.join(MODEL_OF_EFFECT)})"
)
NOT_LOADED = (  # payloads and evidence contain contacts and are not needed here
    "raw_payload", "duplicate_evidence", "legacy_import_run__summary",
    "legacy_import_run__certificate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of the commit log. `superseded`: the row was not committed here, but again later."""

    log: LegacyImportCommitLog
    batch_finished_at: datetime.datetime | None
    superseded: bool
    person_number: int  # of the row: whose records it created

    @property
    def in_force(self) -> bool:
        return self.log.reversed_at is None and not self.superseded


@dataclass(frozen=True, slots=True)
class Lineage:
    """One staged row, and what every run decided about and did with its source row."""

    row: LegacyStudentImport  # templates mask its name and its contacts
    entries: Sequence[HistoryEntry]  # oldest first
    decisions: Sequence[LegacyReviewDecision]

    @property
    def is_erased(self) -> bool:
        """Whether the person was erased on request: the row has no contents."""
        return bool(self.row.validation_issues == [ERASED])

    def is_record(self, entry: HistoryEntry) -> bool:
        """Whether the entry created a record from this staged row, and was not undone."""
        log = entry.log
        return log.student_import_id == self.row.pk and log.created_target and entry.in_force


def lineage_of_origin(origin: str) -> Lineage | None:
    """The lineage of the record with this origin; None if no import created it.

    If the record was deleted and created again, the entry in force is used.
    """
    parts = ORIGIN.fullmatch(origin)
    if parts is None:
        return None
    connection, table, legacy_id, number, effect = parts.groups()
    entries = _history(connection, table, legacy_id)
    model, person_number = MODEL_OF_EFFECT[effect], int(number or 1)
    creating = [
        entry
        for entry in entries
        if entry.log.created_target
        and entry.log.target_model == model
        and entry.person_number == person_number
    ]
    if not creating:
        return None
    log = max(creating, key=lambda entry: (entry.in_force, entry.log.pk)).log
    rows = LegacyStudentImport.objects.select_related("legacy_import_run", "training")
    row = rows.defer(*NOT_LOADED).get(pk=log.student_import_id)
    of_person = [entry for entry in entries if _may_be_same(entry.log.row_digest, log.row_digest)]
    decisions = events_about(row, connection)
    return Lineage(
        row, of_person, [one for one in decisions if _may_be_same(one.row_digest, log.row_digest)]
    )


def _may_be_same(one: str, other: str) -> bool:
    """Whether these digests may be of one person: a row number may have had several."""
    return not (one and other) or same_person(one, other)


def _history(connection: str, table: str, legacy_id: str) -> list[HistoryEntry]:
    """The entries of every run of the source about this row."""
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run__connection_name=connection, source_table=table, legacy_id=legacy_id
    )
    entries = LegacyImportCommitLog.objects.filter(student_import__in=rows.order_by().values("pk"))
    numbered = entries.annotate(person_number=F("student_import__person_number"))
    logs = list(numbered.order_by("pk"))
    times, superseded = _batch_finish_times(logs), _superseded(logs)
    return [
        HistoryEntry(
            log,
            times.get((log.legacy_import_run_id, log.batch)),
            log.pk in superseded,
            log.person_number,
        )
        for log in logs
    ]


def _batch_finish_times(
    logs: Iterable[LegacyImportCommitLog],
) -> dict[tuple[int, int], datetime.datetime]:
    """(run, batch) → when that batch was finished."""
    batches = {(log.legacy_import_run_id, log.batch) for log in logs}
    receipts = ChunkReceipt.objects.filter(
        stage=Stage.COMMIT,
        legacy_import_run__in={run for run, _ in batches},
        position__in={batch for _, batch in batches},
    )
    columns = receipts.values_list("legacy_import_run_id", "position", "finished_at")
    return {(run, position): finished_at for run, position, finished_at in columns}


def _superseded(logs: Collection[LegacyImportCommitLog]) -> set[int]:
    """The entries (of a log in order) after which the row was processed again."""
    last = {log.student_import_id: log.pk for log in logs if log.action not in SECONDARY_ACTIONS}
    return {
        log.pk
        for log in logs
        if log.action in NOT_COMMITTED and log.pk != last[log.student_import_id]
    }
