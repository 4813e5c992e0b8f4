"""The kind of mapping for statuses: what a status unknown to the rules means, once per spelling."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import Min, Q

from ecoin.identity.masking import mask_text
from legacy_import.choices import Classification
from legacy_import.mapping.index import MappingIndex, StatusAnswer
from legacy_import.mapping.mapping_kind import Answer, AnswerChanges, MappingDecision, MappingKind
from legacy_import.mapping.row_groups import RowGroup, passes_mappings
from legacy_import.models import LegacyImportRun, LegacyStatusMapping, LegacyStudentImport

# What people can define a status as. A definition is undone to make it unknown again.
MEANINGS = (
    Classification.COMPLETED,
    Classification.ARCHIVED_TRAINING,
    Classification.REGISTERED,
    Classification.LEAD_ONLY,
)


def add_new_statuses(run: LegacyImportRun) -> None:
    """Add a mapping for every status of the run's rows that the rules do not know and no mapping has.

    Two imports at a time may both find one: it is added once.
    """
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, status_key__isnull=False)
    firsts = dict(rows.order_by().values_list("status_key").annotate(first=Min("pk")))
    existing = LegacyStatusMapping.objects.filter(connection_name=run.connection_name)
    for key in existing.values_list("status_key", flat=True):
        firsts.pop(key, None)
    if not firsts:
        return
    examples = LegacyStudentImport.objects.in_bulk(firsts.values())
    with transaction.atomic():
        LegacyStatusMapping.objects.bulk_create(
            [
                LegacyStatusMapping(
                    connection_name=run.connection_name,
                    status_key=key,
                    legacy_status=mask_text(examples[first].raw_status)[:190],
                )
                for key, first in firsts.items()
            ],
            batch_size=500,
            ignore_conflicts=True,
        )


def spellings(run: LegacyImportRun, key: str, limit: int) -> list[tuple[str, int]]:
    """How the status is typed in this run, contacts masked, with its rows; the most frequent first."""
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, status_key=key)
    counts: defaultdict[str, int] = defaultdict(int)
    for text in rows.values_list("raw_status", flat=True):
        counts[mask_text(text)] += 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def _rows_of_statuses(connection_name: str, changes: AnswerChanges) -> Q:
    return Q(status_key__in=list(changes))


def _rule_answer(mapping: LegacyStatusMapping) -> dict[str, Any]:
    return {"classification": None}


def _frees(group: RowGroup, index: MappingIndex) -> bool:
    """Whether any meaning frees the rows; that of a lead waits for no other mapping."""
    as_lead = group._replace(status=None, classification=Classification.LEAD_ONLY.value)
    return passes_mappings(as_lead, index)


def _index_with(index: MappingIndex, mappings: Collection[LegacyStatusMapping]) -> MappingIndex:
    answers = {
        mapping.status_key: StatusAnswer(
            Classification(mapping.classification) if mapping.classification else None,
            mapping.answer_version,
        )
        for mapping in mappings
    }
    return replace(index, statuses=index.statuses | answers)


STATUSES = MappingKind(
    name="status",
    model=LegacyStatusMapping,
    answer_field="classification",
    decisions={value.value: MappingDecision({"classification": value.value}) for value in MEANINGS},
    rule_answer=_rule_answer,
    answer=lambda mapping: Answer(mapping.classification, None),
    mappings=LegacyStatusMapping.objects.all,
    affected_rows=_rows_of_statuses,
    causes=("status_unknown",),
    other_causes=(),
    legacy_id_of=lambda group, index: group.status,
    frees=_frees,
    index_with=_index_with,
)
