"""Every trace of one staged row's person: the row itself, and all that refers to it in its run."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict

from ecoin.bulk import update_ids
from ecoin.identity.names import parse_name
from legacy_import.choices import PersonKind
from legacy_import.models import (
    CandidatePair,
    HotKey,
    IdentityKey,
    LegacyAccessLog,
    LegacyStatusMapping,
    LegacyStudentImport,
    LegacyTrainingImport,
    PersonEdge,
    SavedFilter,
)
from legacy_import.privacy.erasures import impersonal_reference, impersonal_status
from legacy_import.privacy.typed_contacts import delete_mapping_lists
from legacy_import.runs import counts

EVIDENCE_AS_TEXT = Cast("duplicate_evidence", TextField())
PERSON_IN_BASIS = " person="  # the fingerprint of the person in a plan's basis comes last


def erase_traces(pk: int, run: int, name: str, person: Mapping[str, Any]) -> None:
    """Erase the staged row `pk`, called `name` in evidence: `person` are the columns to overwrite."""
    row = LegacyStudentImport.objects.select_related("legacy_import_run").get(pk=pk)
    columns = {
        **person,
        "raw_status": impersonal_status(row.raw_status),
        "status_key": None if impersonal_status(row.raw_status) else "",
        "planned_basis": row.planned_basis.partition(PERSON_IN_BASIS)[0],
        **_references(row.legacy_formation_id, row.legacy_session_id),
    }
    counts.apply(run, [pk], new=columns)
    update_ids(LegacyStudentImport, [pk], columns)
    LegacyStudentImport.objects.filter(pk=pk).update(version=F("version") + 1)
    for training in LegacyTrainingImport.objects.filter(student_import=pk):
        references = _references(training.legacy_formation_id, training.legacy_session_id)
        update_ids(LegacyTrainingImport, [training.pk], references)
    LegacyAccessLog.objects.filter(student_import=pk).exclude(reason="").update(reason="")
    _delete_status(row)
    _delete_matches(pk, run)
    _erase_mentions(LegacyStudentImport.objects.filter(legacy_import_run=run), name)
    _delete_searches(row.name_key)


def _references(formation: str | None, session: str | None) -> dict[str, str | None]:
    return {
        "legacy_formation_id": impersonal_reference(formation),
        "legacy_session_id": impersonal_reference(session),
    }


def _delete_status(row: LegacyStudentImport) -> None:
    """Delete the mapping of a free-text status, if no other row of the source has it.

    The lists of the mapping pages contain it as well; the next page stores them again.
    """
    if not row.status_key or impersonal_status(row.raw_status):
        return
    connection = row.legacy_import_run.connection_name
    others = LegacyStudentImport.objects.filter(
        status_key=row.status_key, legacy_import_run__connection_name=connection
    ).exclude(source_table=row.source_table, legacy_id=row.legacy_id)
    if others.exists():
        return
    mappings = LegacyStatusMapping.objects.filter(connection_name=connection)
    mappings.filter(status_key=row.status_key).delete()
    delete_mapping_lists(connection)


def _delete_matches(pk: int, run: int) -> None:
    """Delete the row's identity keys, its edges and its pairs."""
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


def _erase_mentions(rows: QuerySet[LegacyStudentImport], name: str) -> None:
    """Remove the row called `name` from the evidence of the run's other rows: one pass over them."""
    mentioning = rows.annotate(evidence_text=EVIDENCE_AS_TEXT).filter(
        evidence_text__contains=f'"{name}"'
    )
    for row in mentioning.only("pk", "duplicate_evidence"):
        evidence = dict(row.duplicate_evidence)
        others = [other for other in evidence["in_run"] if other["row"] != name]
        evidence["in_run_total"] -= len(evidence["in_run"]) - len(others)
        evidence["in_run"] = others
        LegacyStudentImport.objects.filter(pk=row.pk).update(duplicate_evidence=evidence)


def _delete_searches(name_key: str) -> None:
    """Delete saved filters that search for this name."""
    words = set(name_key.split())
    for saved in SavedFilter.objects.all():
        searched = parse_name(QueryDict(saved.query).get("q", "")).key.split()
        name = parse_name(saved.name).key.split()
        if words and any(set(text) == words or 1 < len(words & set(text)) == len(words)
                         for text in (searched, name)):  # fmt: skip
            saved.delete()
