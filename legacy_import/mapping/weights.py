"""How many rows of a run each course and session stands for, holds back, and would free."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, CharField, Count, F, Value, When

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    Classification,
    ImportAction,
    PlannedAction,
    SessionType,
)
from legacy_import.mapping.index import (
    CourseAnswer,
    MappingIndex,
    SessionAnswer,
    load_mappings,
)
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.rules import import_action
from legacy_import.rules.courses import CourseState, formation_of_row
from legacy_import.rules.sessions import SessionKind

COURSE_CAUSES = (CourseState.UNMAPPED.value, CourseState.NO_EQUIVALENT.value)
SESSION_CAUSES = ("session_not_confirmed", "session_waiting", "session_unknown")
# Causes of the same kind that no judgement on a mapping lifts.
FORMATION_CAUSES = (
    CourseState.NOT_IN_SOURCE.value,
    CourseState.NONE_NAMED.value,
    CourseState.CONFLICT.value,
)
SESSION_MISSING = "session_missing"
CAUSES = (*COURSE_CAUSES, *SESSION_CAUSES, *FORMATION_CAUSES, SESSION_MISSING)


class RowGroup(NamedTuple):
    """Rows of a run that are the same to every mapping. `cause` holds them back; "": nothing does."""

    formation: str | None
    session: str | None
    classification: str
    cause: str
    rows: int


@dataclass(frozen=True, slots=True)
class Weight:
    """Numbers of rows of the run: that name the mapping, that wait for it, that it would free."""

    rows: int
    waiting: int
    frees: int


NO_ROWS = Weight(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Weights:
    """The weight of every course and session of a source in one run, and the rows per cause."""

    courses: dict[str, Weight]
    sessions: dict[str, Weight]
    causes: dict[str, int]


def weigh(run: LegacyImportRun) -> Weights:
    """Weigh the mappings of the run's source by its rows, in one pass over them."""
    index = load_mappings(run.connection_name)
    named: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    causes: Counter[str] = Counter()
    for group in row_groups(run):
        causes[group.cause] += group.rows
        _weigh_course(group, index, named)
        if group.session is not None:
            _weigh_session(group, index, named["session", group.session])
    del causes[""]
    weights = {
        key: Weight(found["rows"], found["waiting"], found["frees"]) for key, found in named.items()
    }
    return Weights(
        {legacy_id: weight for (kind, legacy_id), weight in weights.items() if kind == "course"},
        {legacy_id: weight for (kind, legacy_id), weight in weights.items() if kind == "session"},
        {cause: causes[cause] for cause in sorted(causes, key=lambda name: -causes[name])},
    )


def row_groups(run: LegacyImportRun) -> Iterable[RowGroup]:
    """The run's rows grouped by what mappings look at."""
    held_back = When(
        planned_action=PlannedAction.REVIEW, planned_reason__in=CAUSES, then=F("planned_reason")
    )
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by()
    told = rows.annotate(
        cause=Case(
            When(outcome__in=COMMITTED_OUTCOMES, then=Value("")),
            held_back,
            default=Value(""),
            output_field=CharField(),
        )
    ).values_list("legacy_formation_id", "legacy_session_id", "classification", "cause")
    return (RowGroup(*values) for values in told.annotate(rows=Count("pk")))


def _weigh_course(
    group: RowGroup, index: MappingIndex, named: defaultdict[tuple[str, str], Counter[str]]
) -> None:
    """Add these rows to the course they are about: their own, or their real session's."""
    known = index.sessions.get(group.session or "")
    training = index.training(group.formation, group.session)
    formation = formation_of_row(
        group.formation, training.session.session_type, known.formation_id if known else None
    ).formation_id
    if formation is None:
        return
    found = named["course", formation]
    found["rows"] += group.rows
    if group.cause in COURSE_CAUSES:
        found["waiting"] += group.rows
        mapped = CourseAnswer(CourseState.MAPPED, 0, 0)
        if _passes(group, MappingIndex({formation: mapped}, index.sessions)):
            found["frees"] += group.rows


def _weigh_session(group: RowGroup, index: MappingIndex, found: Counter[str]) -> None:
    found["rows"] += group.rows
    if group.cause in SESSION_CAUSES:
        found["waiting"] += group.rows
        known = index.sessions.get(group.session or "")
        if known is None or group.session is None:
            return
        real = SessionAnswer(
            SessionKind(SessionType.REAL_SESSION, "session:real"), known.formation_id, True, 0
        )
        if _passes(group, MappingIndex(index.courses, {group.session: real})):
            found["frees"] += group.rows


def _passes(group: RowGroup, index: MappingIndex) -> bool:
    """Would no mapping hold these rows back any more? Other doubts may still do."""
    training = index.training(group.formation, group.session)
    classification = Classification(group.classification)
    action = import_action.decide(
        classification, training.session.session_type, training.course.state
    ).action
    if action == ImportAction.CREATE_LEGACY_ENROLLMENT:
        return training.session_confirmed
    return action != ImportAction.NEEDS_REVIEW
