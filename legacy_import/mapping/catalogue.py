"""The old courses and sessions, refreshed from the source; people's decisions stay."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from legacy_import.choices import CourseMappingStatus, SessionType
from legacy_import.models import LegacyCourseMapping, LegacySessionMapping
from legacy_import.people.platform import platform_courses
from legacy_import.rules.courses import index_by_name, suggest
from legacy_import.rules.normalization import reference
from legacy_import.rules.sessions import SessionKind, classify_session
from legacy_import.source.reader import LegacyRow, LegacySource

DECIDED = (CourseMappingStatus.CONFIRMED, CourseMappingStatus.NO_EQUIVALENT)


def refresh_mappings(source: LegacySource, connection_name: str) -> None:
    """Update both mapping tables from the source's catalogue.

    A mapping whose legacy name changed must be decided again: the decision about the old name remains
    as a suggestion only.
    """
    with transaction.atomic():
        formations = _refresh_courses(_rows(source, "formations"), connection_name)
        suggest_courses(connection_name)
        _refresh_sessions(_rows(source, "session_ecoins"), connection_name, formations)


def suggest_courses(connection_name: str) -> None:
    """Suggest a course for every formation that is not decided yet."""
    index = index_by_name(platform_courses())
    undecided = LegacyCourseMapping.objects.filter(connection_name=connection_name).exclude(
        status__in=DECIDED
    )
    for mapping in undecided.filter(rule__in=("", *SUGGESTION_RULES)):
        suggestion = suggest(mapping.legacy_name, index)
        if (mapping.status, mapping.course_id, mapping.rule) != suggestion:
            mapping.version += 1 if mapping.rule else 0
            mapping.status, mapping.course_id, mapping.rule = suggestion
            mapping.save()


# The rules of rules.courses.suggest; a mapping under another rule waits for a decision.
SUGGESTION_RULES = (
    "course:exact_name",
    "course:exact_name:repaired_encoding",
    "course:several_equal_names",
    "course:no_exact_name",
)
RENAMED = "course:renamed"


def _rows(source: LegacySource, table: str) -> Iterable[LegacyRow]:
    for page in source.pages(table):
        yield from page


def _refresh_courses(rows: Iterable[LegacyRow], connection_name: str) -> set[str]:
    """Insert new courses, reopen renamed ones; returns the ids in the catalogue."""
    mappings = {
        mapping.legacy_formation_id: mapping
        for mapping in LegacyCourseMapping.objects.filter(connection_name=connection_name)
    }
    legacy_ids: set[str] = set()
    new = []
    for row in rows:
        legacy_ids.add(row.legacy_id)
        name = _text(row, "name", 255)
        mapping = mappings.get(row.legacy_id)
        if mapping is None:
            new.append(
                LegacyCourseMapping(
                    connection_name=connection_name,
                    legacy_formation_id=row.legacy_id,
                    legacy_name=name,
                )
            )
        elif mapping.legacy_name != name:
            _reopen_course(mapping, name)
    LegacyCourseMapping.objects.bulk_create(new, batch_size=500)
    _update_presence(mappings, legacy_ids)
    return legacy_ids


def _reopen_course(mapping: LegacyCourseMapping, name: str) -> None:
    """A renamed formation: the decision is only a guess now."""
    if mapping.status in DECIDED:
        mapping.rule = RENAMED
        mapping.status = CourseMappingStatus.UNMAPPED
    else:
        mapping.rule = ""
    mapping.legacy_name = name
    mapping.confirmed_by = mapping.confirmed_at = None
    mapping.version += 1
    mapping.save()


def _refresh_sessions(
    rows: Iterable[LegacyRow], connection_name: str, formations: set[str]
) -> None:
    mappings = {
        mapping.legacy_session_id: mapping
        for mapping in LegacySessionMapping.objects.filter(connection_name=connection_name)
    }
    legacy_ids: set[str] = set()
    new = []
    for row in rows:
        legacy_ids.add(row.legacy_id)
        code = _text(row, "code", 190)
        formation_id = _formation_id(row)
        kind = classify_session(
            legacy_id=row.legacy_id, code=code, formation_id=formation_id, formations=formations
        )
        mapping = mappings.get(row.legacy_id)
        if mapping is None:
            new.append(_new_session(connection_name, row, code, formation_id, kind))
        else:
            _refresh_session(mapping, code, formation_id, kind)
    LegacySessionMapping.objects.bulk_create(new, batch_size=500)
    _update_presence(mappings, legacy_ids)


def _update_presence(
    mappings: Mapping[str, LegacyCourseMapping] | Mapping[str, LegacySessionMapping],
    legacy_ids: set[str],
) -> None:
    """Mark the mappings of courses and sessions that the source no longer has; no row uses them."""
    for legacy_id, mapping in mappings.items():
        if mapping.in_source != (legacy_id in legacy_ids):
            mapping.in_source = legacy_id in legacy_ids
            mapping.version += 1
            mapping.save(update_fields=["in_source", "version"])


def _new_session(
    connection_name: str, row: LegacyRow, code: str, formation_id: str | None, kind: SessionKind
) -> LegacySessionMapping:
    return LegacySessionMapping(
        connection_name=connection_name,
        legacy_session_id=row.legacy_id,
        legacy_code=code,
        legacy_formation_id=formation_id,
        starts_on_raw=_text(row, "start_date", 40),
        ends_on_raw=_text(row, "end_date", 40),
        session_type=kind.session_type,
        rule=kind.rule,
    )


def _refresh_session(
    mapping: LegacySessionMapping, code: str, formation_id: str | None, kind: SessionKind
) -> None:
    renamed = (mapping.legacy_code, mapping.legacy_formation_id) != (code, formation_id)
    if mapping.confirmed_at and not renamed:
        return  # a decision outlives the import
    if not renamed and (mapping.session_type, mapping.rule) == kind:
        return
    mapping.legacy_code, mapping.legacy_formation_id = code, formation_id
    mapping.session_type, mapping.rule = SessionType(kind.session_type), kind.rule
    mapping.confirmed_by = mapping.confirmed_at = None
    mapping.reason = ""
    mapping.version += 1
    mapping.save()


def _formation_id(row: LegacyRow) -> str | None:
    try:
        return reference(row.fields.get("formation_id"))
    except ValueError:
        return None


def _text(row: LegacyRow, field: str, width: int) -> str:
    value = (row.fields.get(field) or "").replace("\x00", "")
    return value.encode("utf-8", "replace").decode("utf-8")[:width]
