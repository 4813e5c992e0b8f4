"""What frees most rows after a plan, and which step comes next."""

from collections.abc import Mapping
from typing import NamedTuple

from legacy_import.choices import PlannedAction
from legacy_import.models import LegacyImportRun, LegacyStudentImport

MOST_CAUSES = 5
# Reason that one decision about a mapping removes from many rows → the mappings that wait for it.
MAPPED: dict[str, str] = {
    "session_not_confirmed": "sessions",
    "session_waiting": "sessions",
    "session_unknown": "sessions",
    "session_deleted_at_source": "sessions",
    "course_unmapped": "courses",
    "course_no_equivalent": "courses",
    "course_kept_by_name": "courses",
    "course_deleted_at_source": "courses",
    "formation_session_conflict": "courses",
    "status_unknown": "statuses",
}
COLUMNS = {
    "sessions": "legacy_session_id",
    "courses": "legacy_formation_id",
    "statuses": "status_key",
}
COMMIT, REVIEW = "commit", "review"


class Cause(NamedTuple):
    """Rows that need review for one reason. `mappings`: how many of `kind` they wait for ("": none)."""

    reason: str
    rows: int
    kind: str = ""
    mappings: int = 0


def causes_of(run: LegacyImportRun, reasons: Mapping[str, int]) -> list[Cause]:
    """The causes of most rows, most rows first. `reasons`: review reason → rows."""
    largest = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:MOST_CAUSES]
    return [
        Cause(reason, rows, MAPPED.get(reason, ""), _mappings(run, reason))
        for reason, rows in largest
    ]


def next_step(plan: Mapping[str, int], causes: list[Cause]) -> str:
    """The step that most rows wait for: COMMIT, a kind of mappings, or REVIEW; "" if none waits."""
    waiting = {COMMIT: sum(plan.values()) - plan[PlannedAction.REVIEW]}
    for cause in causes:
        step = cause.kind or REVIEW
        waiting[step] = waiting.get(step, 0) + cause.rows
    step = max(waiting, key=lambda one: waiting[one])
    return step if waiting[step] else ""


def _mappings(run: LegacyImportRun, reason: str) -> int:
    """The number of sessions, courses or statuses that rows with this reason wait for."""
    if reason not in MAPPED:
        return 0
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, planned_action=PlannedAction.REVIEW, planned_reason=reason
    )
    return int(rows.order_by().values(COLUMNS[MAPPED[reason]]).distinct().count())
