"""Contacts that people typed into names, statuses, references and codes: masked when a run is purged.

Only texts that contain one are written. The names themselves stay (docs/decisions/0036).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import models

from ecoin.bulk import Ids, update_rows
from ecoin.identity.masking import mask_code, mask_date, mask_text
from ecoin.identity.names import parse_name
from legacy_import.choices import ReviewDecision
from legacy_import.models import (
    LegacyAccessLog,
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacyReviewDecision,
    LegacySessionMapping,
    LegacyStudentImport,
    LegacyTrainingImport,
    MappingTotals,
    MappingWeight,
)
from legacy_import.privacy.erasures import impersonal_reference

NAMES = ("first_name", "last_name", "full_name")
STUDENT_TEXTS = (*NAMES, "name_key", "raw_status", "legacy_formation_id", "legacy_session_id")
REFERENCES = ("legacy_formation_id", "legacy_session_id")

Texts = dict[str, Any]  # column → value


def mask_staged_texts(rows: models.QuerySet[LegacyStudentImport]) -> None:
    """Mask the texts of these staged rows, and what was derived from them."""
    updates: dict[int, tuple[Any, ...]] = {}
    for pk, *values in rows.values_list("pk", *STUDENT_TEXTS):
        texts = dict(zip(STUDENT_TEXTS, values, strict=True))
        if (masked := _masked_row(texts)) != texts:
            updates[pk] = tuple(masked.values())
    update_rows(LegacyStudentImport, STUDENT_TEXTS, updates)
    # Of a status with a phone in it, too, a decision stores a hash.
    decisions = LegacyReviewDecision.objects.filter(student_import_id__among=Ids(updates))
    decisions.exclude(subject="").update(subject="")
    trainings = LegacyTrainingImport.objects.filter(student_import_id__among=Ids(updates))
    _mask(LegacyTrainingImport, trainings, dict.fromkeys(REFERENCES, impersonal_reference))


def mask_log_entries(rows: models.QuerySet[LegacyStudentImport]) -> None:
    """Mask the reasons of reveals of these staged rows, and what decisions on them rest on.

    A decision about contacts stores a hash of them, and a phone could be found by trying.
    """
    reveals = LegacyAccessLog.objects.filter(student_import__in=rows)
    _mask(LegacyAccessLog, reveals.exclude(reason=""), {"reason": mask_text})
    decisions = LegacyReviewDecision.objects.filter(student_import__in=rows)
    decisions.filter(decision=ReviewDecision.CREATE_ANYWAY).update(subject="")


def mask_source_texts(connection_name: str) -> None:
    """Mask names of courses, codes and dates of sessions, and the notes and reasons of decisions.

    They belong to the source; a later import recognises the masked text (mapping/catalogue.py).
    """
    decisions = LegacyReviewDecision.objects.filter(connection_name=connection_name)
    _mask(LegacyReviewDecision, decisions.exclude(note=""), {"note": mask_text})
    courses = LegacyCourseMapping.objects.filter(connection_name=connection_name)
    _mask(LegacyCourseMapping, courses, {"legacy_name": mask_text})
    sessions = LegacySessionMapping.objects.filter(connection_name=connection_name)
    texts = {"legacy_code": mask_code, "starts_on_raw": mask_date, "ends_on_raw": mask_date}
    _mask(LegacySessionMapping, sessions, {**texts, "reason": mask_text})
    _delete_phones_as_references(connection_name)


def delete_mapping_lists(connection_name: str) -> None:
    """Delete the stored lists of the mapping pages: the next page stores them again."""
    for model in (MappingTotals, MappingWeight):
        model._default_manager.filter(legacy_import_run__connection_name=connection_name).delete()


def _delete_phones_as_references(connection_name: str) -> None:
    """Delete mappings of phones that were typed as the number of a session that does not exist.

    Those that staged rows still refer to stay: their own purge or erasure deletes them.
    """
    trainings = LegacyTrainingImport.objects.filter(
        student_import__legacy_import_run__connection_name=connection_name
    )
    sessions = LegacySessionMapping.objects.filter(connection_name=connection_name, in_source=False)
    conflicts = LegacyCourseConflict.objects.filter(connection_name=connection_name)
    is_any_deleted = False
    for mappings, columns in ((sessions, REFERENCES[1:]), (conflicts, REFERENCES)):
        for pk, *numbers in mappings.values_list("pk", *columns):
            is_phone = any(impersonal_reference(number) != number for number in numbers)
            refers = dict(zip(columns, numbers, strict=True))
            if is_phone and not trainings.filter(**refers).exists():
                mappings.filter(pk=pk).delete()
                is_any_deleted = True
    if is_any_deleted:
        delete_mapping_lists(connection_name)


def _masked_row(texts: Mapping[str, Any]) -> Texts:
    masked = {
        **texts,
        **{name: mask_text(texts[name]) for name in (*NAMES, "raw_status")},
        **{name: impersonal_reference(texts[name]) for name in REFERENCES},
    }
    if any(masked[name] != texts[name] for name in NAMES):
        masked["name_key"] = parse_name(masked["full_name"]).key[:190]
    return masked


def _mask(
    model: type[models.Model],
    rows: models.QuerySet[Any],
    masks: Mapping[str, Callable[[Any], Any]],
) -> None:
    """Replace these columns by their masked texts where those differ."""
    updates = {}
    for pk, *values in _paged(rows, masks):
        masked = [mask(value) for mask, value in zip(masks.values(), values, strict=True)]
        if masked != values:
            updates[pk] = masked
    update_rows(model, tuple(masks), updates)


def _paged(rows: models.QuerySet[Any], columns: Iterable[str]) -> Iterable[tuple[Any, ...]]:
    return rows.values_list("pk", *columns).iterator(chunk_size=2_000)
