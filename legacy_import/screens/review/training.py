"""The course and the session of a row, and for which of them it waits together with other rows."""

from dataclasses import dataclass

from legacy_import.choices import SessionType
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
)
from legacy_import.review.counts import rows_waiting_for
from legacy_import.rules.commit_policy import COURSE_DELETED, SESSION_DELETED

# Reasons that one decision about a mapping removes from many rows → its kind, and the row's column.
CAUSES = {
    "course_unmapped": ("course", "legacy_formation_id"),
    "course_no_equivalent": ("course", "legacy_formation_id"),
    COURSE_DELETED: ("course", "legacy_formation_id"),
    "session_not_confirmed": ("session", "legacy_session_id"),
    "session_waiting": ("session", "legacy_session_id"),
    SESSION_DELETED: ("session", "legacy_session_id"),
}


@dataclass(frozen=True, slots=True)
class MissingMapping:
    """The mapping for which the row waits with others; `kind`: course or session."""

    kind: str
    mapping: LegacyCourseMapping | LegacySessionMapping
    rows: int
    maybe_more: bool


@dataclass(frozen=True, slots=True)
class CatalogueEntries:
    """The course and session of one row in the old catalogue, where they exist."""

    course: LegacyCourseMapping | None
    session: LegacySessionMapping | None
    waiting: MissingMapping | None


def catalogue_entries(run: LegacyImportRun, row: LegacyStudentImport) -> CatalogueEntries:
    source, training = {"connection_name": run.connection_name}, row.training
    session = LegacySessionMapping.objects.filter(
        **source, legacy_session_id=training.legacy_session_id or ""
    ).first()
    formation = training.legacy_formation_id  # without one, that of the real session
    if not formation and session and session.session_type == SessionType.REAL_SESSION:
        formation = session.legacy_formation_id
    courses = LegacyCourseMapping.objects.filter(**source, legacy_formation_id=formation or "")
    course = courses.select_related("course").first()
    waiting = None
    if row.planned_reason in CAUSES:
        kind, column = CAUSES[row.planned_reason]
        mapping, value = course if kind == "course" else session, getattr(row, column)
        if mapping and value:
            rows, maybe_more = rows_waiting_for(run, row.planned_reason, column, value)
            waiting = MissingMapping(kind, mapping, rows, maybe_more)
    return CatalogueEntries(course, session, waiting)
