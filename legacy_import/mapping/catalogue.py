"""The old courses and sessions, refreshed from the source; people's decisions stay."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from ecoin.identity.blanks import is_deletion_mark
from ecoin.identity.masking import mask_code, mask_text
from legacy_import.choices import CourseMappingStatus
from legacy_import.models import (
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacySessionMapping,
    SourceMapping,
)
from legacy_import.people.platform import platform_courses
from legacy_import.rules.courses import index_by_name, suggest
from legacy_import.rules.normalization import reference
from legacy_import.rules.sessions import classify_session
from legacy_import.source.reader import LegacyRow, LegacySource

DECIDED = (
    CourseMappingStatus.CONFIRMED,
    CourseMappingStatus.NO_EQUIVALENT,
    CourseMappingStatus.KEPT_BY_NAME,
)
# What a refresh compares and updates; the dates of a known session stay as they were first found.
SESSION_COLUMNS = ("legacy_code", "legacy_formation_id", "session_type", "rule",
                   "deleted_at_source")  # fmt: skip

Columns = dict[str, Any]  # of a mapping


def refresh_mappings(source: LegacySource, connection_name: str) -> None:
    """Update both mapping tables from the source's catalogue.

    A mapping whose legacy name changed must be decided again: the decision about the old name remains
    as a suggestion only.
    """
    with transaction.atomic():
        courses = {row.legacy_id: _course_columns(row) for row in _rows(source, "formations")}
        _refresh(LegacyCourseMapping, connection_name, courses, _refresh_course)
        suggest_courses(connection_name)
        sessions = {
            row.legacy_id: _session_columns(row, courses) for row in _rows(source, "session_ecoins")
        }
        _refresh(LegacySessionMapping, connection_name, sessions, _refresh_session)


def suggest_courses(connection_name: str) -> None:
    """Suggest a course for every formation that is not decided yet."""
    index = index_by_name(platform_courses())
    undecided = LegacyCourseMapping.objects.filter(connection_name=connection_name).exclude(
        status__in=DECIDED
    )
    for mapping in undecided.filter(rule__in=("", *SUGGESTION_RULES)):
        suggestion = suggest(mapping.legacy_name, index)
        if (mapping.status, mapping.course_id, mapping.rule) != suggestion:
            if mapping.rule:
                mapping.count_change()
            mapping.status, mapping.course_id, mapping.rule = suggestion
            mapping.save()


# The rules of rules.courses.suggest; a mapping under another rule waits for a decision.
SUGGESTION_RULES = (
    "course:exact_name",
    "course:exact_name:decoded_entities",
    "course:exact_name:repaired_encoding",
    "course:several_equal_names",
    "course:no_exact_name",
)
RENAMED = "course:renamed"
DELETED = "course:deleted_since"


def _rows(source: LegacySource, table: str) -> Iterator[LegacyRow]:
    for page in source.pages(table):
        yield from page


def _refresh(
    model: type[SourceMapping],
    connection_name: str,
    catalogue: Mapping[str, Columns],
    refresh: Callable[[Any, Columns], None],
) -> None:
    """Insert what is new in the catalogue (legacy id → columns), and refresh what is there already.

    A course or session that the source no longer has keeps its mapping, but no row uses it.
    """
    manager = model._default_manager
    mappings = {one.legacy_id: one for one in manager.filter(connection_name=connection_name)}
    new = [
        model(connection_name=connection_name, **columns)
        for legacy_id, columns in catalogue.items()
        if legacy_id not in mappings
    ]
    manager.bulk_create(new, batch_size=500)
    for legacy_id, mapping in mappings.items():
        if legacy_id in catalogue:
            refresh(mapping, catalogue[legacy_id])
        if mapping.in_source != (legacy_id in catalogue):
            mapping.in_source = legacy_id in catalogue
            mapping.count_change()
            mapping.save(update_fields=["in_source", "version", "answer_version"])


def _course_columns(row: LegacyRow) -> Columns:
    return {
        "legacy_formation_id": row.legacy_id,
        "legacy_name": _text(row, "name", 255),
        "deleted_at_source": is_deletion_mark(row.fields.get("deleted_at")),
    }


def _refresh_course(mapping: LegacyCourseMapping, columns: Columns) -> None:
    """Reopen the mapping of a renamed or deleted formation: a decision is only a suggestion now."""
    columns = _keep_masked(mapping, columns)
    renamed = mapping.legacy_name != columns["legacy_name"]
    deleted = columns["deleted_at_source"]
    if renamed or deleted > mapping.deleted_at_source:
        if mapping.status in DECIDED:
            mapping.rule = RENAMED if renamed else DELETED
            mapping.status = CourseMappingStatus.UNMAPPED
        elif renamed:
            mapping.rule = ""
        mapping.confirmed_by = mapping.confirmed_at = None
        if renamed:
            _reopen_conflicts(mapping.connection_name, legacy_formation_id=mapping.legacy_id)
            sessions = LegacySessionMapping.objects.filter(
                connection_name=mapping.connection_name, legacy_formation_id=mapping.legacy_id
            ).values("legacy_session_id")
            _reopen_conflicts(mapping.connection_name, legacy_session_id__in=sessions)
    elif mapping.deleted_at_source == deleted:
        return
    mapping.legacy_name, mapping.deleted_at_source = columns["legacy_name"], deleted
    mapping.count_change()
    mapping.save()


def _session_columns(row: LegacyRow, courses: Mapping[str, Columns]) -> Columns:
    formation_id = _formation_id(row)
    code = (
        _text(row, "code", 190)
        if "code" in row.fields
        else _code_of_dates(row, courses.get(formation_id or "", {}).get("legacy_name", ""))
    )
    kind = classify_session(
        legacy_id=row.legacy_id, code=code, formation_id=formation_id, formations=courses.keys()
    )
    return {
        "legacy_session_id": row.legacy_id,
        "legacy_code": code,
        "legacy_formation_id": formation_id,
        "starts_on_raw": _text(row, "start_date", 40),
        "ends_on_raw": _text(row, "end_date", 40),
        "deleted_at_source": is_deletion_mark(row.fields.get("deleted_at")),
        **kind._asdict(),
    }


def _code_of_dates(row: LegacyRow, course_name: str) -> str:
    """The code of a session whose table has none: its course and its dates. "" without dates."""
    dates = [_text(row, field, 40) for field in ("start_date", "end_date")]
    dates = [date for date in dates if re.search("[1-9]", date)]  # not NULL, blank, 0000-00-00
    return f"{course_name[:100]} {' – '.join(dates)}".strip() if dates else ""


def _refresh_session(mapping: LegacySessionMapping, columns: Columns) -> None:
    """Update a session. A decision survives, unless its code or formation changed, or it was deleted."""
    columns = _keep_masked(mapping, columns)
    reopened = columns["deleted_at_source"] > mapping.deleted_at_source or any(
        getattr(mapping, name) != columns[name] for name in ("legacy_code", "legacy_formation_id")
    )
    decision_stays = mapping.confirmed_at and not reopened
    names = ("deleted_at_source",) if decision_stays else SESSION_COLUMNS
    changes = {name: columns[name] for name in names if getattr(mapping, name) != columns[name]}
    if not changes:
        return
    for name, value in changes.items():
        setattr(mapping, name, value)
    if not decision_stays:
        mapping.confirmed_by = mapping.confirmed_at = None
        mapping.reason, mapping.history_released, mapping.history_course = "", False, None
    if reopened:
        _reopen_conflicts(mapping.connection_name, legacy_session_id=mapping.legacy_id)
    mapping.count_change()
    mapping.save()


def _keep_masked(mapping: SourceMapping, columns: Columns) -> Columns:
    """The columns with a text that an erasure masked: it is not another name."""
    masks = {"legacy_name": mask_text, "legacy_code": mask_code}
    masked = {
        name: getattr(mapping, name)
        for name, mask in masks.items()
        if name in columns and getattr(mapping, name) == mask(columns[name])
    }
    return {**columns, **masked}


def _reopen_conflicts(connection_name: str, **which: Any) -> None:
    """Conflicts of courses that were settled are open again: what they are about has changed."""
    settled = LegacyCourseConflict.objects.filter(connection_name=connection_name, **which)
    settled.exclude(answer=None).update(
        answer=None,
        confirmed_by=None,
        confirmed_at=None,
        version=F("version") + 1,
        answer_version=F("answer_version") + 1,
    )


def _formation_id(row: LegacyRow) -> str | None:
    try:
        return reference(row.fields.get("formation_id"))
    except ValueError:
        return None


def _text(row: LegacyRow, field: str, width: int) -> str:
    value = (row.fields.get(field) or "").replace("\x00", "")
    return value.encode("utf-8", "replace").decode("utf-8")[:width]
