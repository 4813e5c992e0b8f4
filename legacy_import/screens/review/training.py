"""The course and the session of a row, and for which of them it waits together with other rows."""

from dataclasses import dataclass

from ecoin.identity.masking import mask_text
from legacy_import.choices import SessionType
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
)
from legacy_import.review.counts import rows_waiting_for
from legacy_import.rules.commit_policy import COURSE_DELETED, SESSION_DELETED

# Reasons that one decision about a mapping removes from many rows.
FOR_COURSE = frozenset({"course_unmapped", "course_no_equivalent", COURSE_DELETED})
FOR_SESSION = frozenset({"session_not_confirmed", "session_waiting", SESSION_DELETED})


@dataclass(frozen=True, slots=True)
class MissingMapping:
    """The mapping for which the row waits with others: `of` course or session, by its number."""

    of: str
    name: str
    mapping: int
    rows: int
    maybe_more: bool


@dataclass(frozen=True, slots=True)
class CatalogueNames:
    """The course and session of one row in the old catalogue, where they exist."""

    course: LegacyCourseMapping | None
    course_name: str
    session: LegacySessionMapping | None
    session_code: str
    waiting: MissingMapping | None


def catalogue_names(run: LegacyImportRun, row: LegacyStudentImport) -> CatalogueNames:
    source, training = {"connection_name": run.connection_name}, row.training
    sessions = LegacySessionMapping.objects.filter(
        **source, legacy_session_id=training.legacy_session_id or ""
    )
    session = sessions.first()
    formation = training.legacy_formation_id  # without one, that of the real session
    if not formation and session and session.session_type == SessionType.REAL_SESSION:
        formation = session.legacy_formation_id
    courses = LegacyCourseMapping.objects.filter(**source, legacy_formation_id=formation or "")
    course = courses.select_related("course").first()
    return CatalogueNames(
        course=course,
        course_name=mask_text(course.legacy_name) if course else "",
        session=session,
        session_code=mask_text(session.legacy_code) if session else "",
        waiting=_waiting(run, row, course, session),
    )


def _waiting(
    run: LegacyImportRun,
    row: LegacyStudentImport,
    course: LegacyCourseMapping | None,
    session: LegacySessionMapping | None,
) -> MissingMapping | None:
    if row.planned_reason in FOR_COURSE and course and row.legacy_formation_id:
        of, name, mapping, value = "course", course.legacy_name, course.pk, row.legacy_formation_id
    elif row.planned_reason in FOR_SESSION and session and row.legacy_session_id:
        of, name, mapping, value = "session", session.legacy_code, session.pk, row.legacy_session_id
    else:
        return None
    column = "legacy_formation_id" if of == "course" else "legacy_session_id"
    rows, maybe_more = rows_waiting_for(run, row.planned_reason, column, value)
    return MissingMapping(of, mask_text(name), mapping, rows, maybe_more)
