"""From a record that an import created to its staged row, rules, decisions, batch and log, and back.

A source row is identified by connection, table and legacy id; every run stages it again. The entries
of all those runs are its history; the entry that created the record refers to its staged row.
Contacts are masked here.
"""

import datetime
import re
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from ecoin.identity.masking import mask_email, mask_phone, mask_text
from legacy_import.choices import (
    Classification,
    ImportAction,
    Outcome,
    PersonKind,
    PlannedAction,
    ReviewDecision,
    SessionType,
    SourceTable,
)
from legacy_import.models import (
    LegacyImportCommitLog,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.rules.reasons import REASONS
from legacy_import.screens.lineage.log_history import HistoryEntry, history
from legacy_import.screens.text import BIDI_CONTROLS
from legacy_import.stages.commit.effects.created_records import RECORD_KINDS

# The last part of an origin → the model of the record that carries it.
MODEL_OF_EFFECT = {kind.effect: kind.label for kind in RECORD_KINDS.values()}
ORIGIN = re.compile(
    rf"([!-~]{{1,64}}):({'|'.join(SourceTable.values)}):([0-9]{{1,20}}):({'|'.join(MODEL_OF_EFFECT)})"
)
NOT_LOADED = (  # payloads and evidence contain contacts and are not needed here
    "raw_payload", "duplicate_evidence", "validation_issues", "legacy_import_run__summary",
    "legacy_import_run__certificate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A reviewer's decision about the row."""

    decision: ReviewDecision
    treat_as: Classification | None
    target_kind: PersonKind | None
    target_id: int | None
    actor: str
    created_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Lineage:
    """One staged row: its values, the rules applied to it, and its outcome."""

    run: int
    connection: str
    rules_version: int
    staged_row: int
    source_table: SourceTable
    legacy_id: str
    payload_hash: str
    full_name: str
    phone_masked: str
    email_masked: str
    classification: Classification
    classification_rule: str
    session_type: SessionType
    session_rule: str
    course_id: int | None
    course_rule: str
    import_action: ImportAction
    action_reason: str
    planned_action: PlannedAction
    planned_reason: str
    planned_basis: str
    outcome: Outcome
    decisions: tuple[RecordedDecision, ...]
    entries: tuple[HistoryEntry, ...]  # of every run that processed this source row, oldest first
    creating_entry: HistoryEntry | None  # the entry that created the requested record

    @property
    def planned_words(self) -> str:
        return REASONS.get(self.planned_reason, "")

    @property
    def action_words(self) -> str:
        return REASONS.get(self.action_reason, "")

    @property
    def records(self) -> tuple[HistoryEntry, ...]:
        """The entries of the records that this staged row created and that were not undone."""
        return tuple(
            entry
            for entry in self.entries
            if entry.staged_row == self.staged_row and entry.created and entry.in_force
        )


def lineage_of_record(model_label: str, pk: int) -> Lineage | None:
    """The lineage of a record, such as ("crm.CrmLead", 7); None if no import created it."""
    creating_entries = LegacyImportCommitLog.objects.filter(
        target_model=model_label, target_id=pk, created_target=True
    )
    newest = creating_entries.order_by(F("reversed_at").asc(nulls_first=True), "-pk").first()
    if newest is None:
        return None
    row = _staged_rows().get(pk=newest.student_import_id)
    entries = history(row.legacy_import_run.connection_name, row.source_table, row.legacy_id)
    return _lineage(row, entries, next(e for e in entries if e.number == newest.pk))


def lineage_of_origin(origin: str) -> Lineage | None:
    """The lineage of the record with this origin; None if no import created it.

    If the record was deleted and created again, the entry in force is used.
    """
    parts = ORIGIN.fullmatch(origin)
    if parts is None:
        return None
    connection, table, legacy_id, effect = parts.groups()
    entries = history(connection, table, legacy_id)
    creating_entries = [
        e for e in entries if e.created and e.target_model == MODEL_OF_EFFECT[effect]
    ]
    if not creating_entries:
        return None
    creating_entry = max(creating_entries, key=lambda entry: (entry.in_force, entry.number))
    return _lineage(_staged_rows().get(pk=creating_entry.staged_row), entries, creating_entry)


def lineage_of_row(row: int | tuple[int, str, str]) -> Lineage:
    """A staged row by its id or by (run, source table, legacy id), and the records it created.

    Raises LegacyStudentImport.DoesNotExist.
    """
    if isinstance(row, int):
        staged = _staged_rows().get(pk=row)
    else:
        run, table, legacy_id = row
        staged = _staged_rows().get(legacy_import_run=run, source_table=table, legacy_id=legacy_id)
    connection = staged.legacy_import_run.connection_name
    return _lineage(staged, history(connection, staged.source_table, staged.legacy_id), None)


def _staged_rows() -> Any:
    return LegacyStudentImport.objects.select_related("legacy_import_run", "training").defer(
        *NOT_LOADED
    )


def _lineage(
    row: LegacyStudentImport, entries: tuple[HistoryEntry, ...], creating_entry: HistoryEntry | None
) -> Lineage:
    run, training = row.legacy_import_run, row.training
    return Lineage(
        run=run.pk,
        connection=run.connection_name,
        rules_version=run.rules_version,
        staged_row=row.pk,
        source_table=SourceTable(row.source_table),
        legacy_id=row.legacy_id,
        payload_hash=row.payload_hash,
        full_name=mask_text(row.full_name.translate(BIDI_CONTROLS)),
        phone_masked=mask_phone(row.phone_raw),
        email_masked=mask_email(row.email_raw),
        classification=Classification(row.classification),
        classification_rule=row.classification_rule,
        session_type=SessionType(training.session_type),
        session_rule=training.session_rule,
        course_id=training.course_id,
        course_rule=training.course_rule,
        import_action=ImportAction(training.import_action),
        action_reason=training.action_reason,
        planned_action=PlannedAction(row.planned_action),
        planned_reason=row.planned_reason,
        planned_basis=row.planned_basis if row.planned_reason else "",  # belongs to a plan
        outcome=Outcome(row.outcome),
        decisions=_decisions(row),
        entries=entries,
        creating_entry=creating_entry,
    )


def _decisions(row: LegacyStudentImport) -> tuple[RecordedDecision, ...]:
    decisions = LegacyReviewDecision.objects.filter(student_import=row).select_related("actor")
    return tuple(
        RecordedDecision(
            decision=ReviewDecision(event.decision),
            treat_as=Classification(event.treat_as) if event.treat_as else None,
            target_kind=PersonKind(event.target_kind) if event.target_kind else None,
            target_id=event.target_id,
            actor=event.actor.get_username(),
            created_at=event.created_at,
        )
        for event in decisions.order_by("pk")
    )
