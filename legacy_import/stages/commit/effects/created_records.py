"""The records that a run created, as the platform has them now. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import LogAction
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun
from legacy_import.stages.commit.effects.effect import (
    COMPLETED_TRAINING,
    ENROLLMENT,
    INTEREST,
    LEAD,
)
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind of record that an import creates. `effect` is the last part of its origin."""

    label: str
    model: type[CrmLead | CourseInterest | LegacyCompletedTraining | LegacyImportedEnrollment]
    effect: str
    of_run: str = "legacy_import_run_id"


# The action of a log entry → the kind of record it is about.
RECORD_KINDS: dict[str, RecordKind] = {
    LogAction.CREATE_CRM_LEAD.value: RecordKind(LEAD, CrmLead, "lead"),
    LogAction.CREATE_COURSE_INTEREST.value: RecordKind(
        INTEREST, CourseInterest, "interest", of_run="lead__legacy_import_run_id"
    ),
    LogAction.CREATE_COMPLETED_TRAINING.value: RecordKind(
        COMPLETED_TRAINING, LegacyCompletedTraining, "training"
    ),
    LogAction.CREATE_ENROLLMENT.value: RecordKind(
        ENROLLMENT, LegacyImportedEnrollment, "enrollment"
    ),
}


def origins_of(action: str, ids: Sequence[int]) -> dict[int, str]:
    """Id → origin of those records that still exist ("" if a record has none)."""
    if not ids:
        return {}
    records = RECORD_KINDS[action].model._default_manager.filter(pk__in=ids)
    return {pk: origin or "" for pk, origin in records.values_list("pk", "origin")}


def records_without_entry(run: LegacyImportRun) -> Iterator[tuple[str, int, str]]:
    """(model, id, origin) of records that carry the number of this run and have no log entry."""
    for kind in RECORD_KINDS.values():
        for pk, origin in _without_entry(kind, run).values_list("pk", "origin").iterator():
            yield kind.label, pk, origin or ""


def _without_entry(kind: RecordKind, run: LegacyImportRun) -> QuerySet[Any, Any]:
    entries = LegacyImportCommitLog.objects.filter(
        target_model=kind.label, target_id=OuterRef("pk"), created_target=True, reversed_at=None
    )
    records = kind.model._default_manager.filter(**{kind.of_run: run.pk}).order_by("pk")
    if kind.model is CourseInterest:
        # Interests have no run. Of a lead of this run, those with an origin came from an import.
        records = records.exclude(origin=None)
    else:
        entries = entries.filter(legacy_import_run=run)
    return records.filter(~Exists(entries))
