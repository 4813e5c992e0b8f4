"""How many rows of a run each course and session stands for, holds back, and would free.

The numbers are stored per run, in the order of the lists of the mapping screens, so that a page counts
no rows. Every plan stores them, and every judgement in its own transaction. An import and a
classification forget them, and another run of the source may have changed a mapping since: the next
look stores them again. No decision, commit or rollback changes them: a row that waits for a mapping is
planned `review`, and stays so until the next plan.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Case, CharField, Count, F, Sum, Value, When

from ecoin.bulk import insert_rows
from ecoin.identity.masking import mask_text
from ecoin.identity.text import fold
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
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyStudentImport,
    MappingTotals,
    MappingWeight,
)
from legacy_import.rules import import_action
from legacy_import.rules.courses import CourseState, formation_of_row
from legacy_import.rules.sessions import SessionKind
from legacy_import.runs.lifecycle import UNFINISHED

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

COURSE, SESSION = "course", "session"  # kinds of MappingWeight
COLUMNS = (
    "legacy_import_run_id", "kind", "mapping_id", "position", "rows", "waiting", "frees", "state",
    "searched",
)  # fmt: skip
LONGEST_SEARCHED = 500

# (mapping, its legacy id, what it and its course are called)
Listed = tuple[LegacyCourseMapping | LegacySessionMapping, str, str]


class Alike(NamedTuple):
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
    for alike in _rows_alike(run):
        causes[alike.cause] += alike.rows
        _weigh_course(alike, index, named)
        if alike.session is not None:
            _weigh_session(alike, index, named["session", alike.session])
    del causes[""]
    weights = {
        key: Weight(found["rows"], found["waiting"], found["frees"]) for key, found in named.items()
    }
    return Weights(
        {legacy_id: weight for (kind, legacy_id), weight in weights.items() if kind == "course"},
        {legacy_id: weight for (kind, legacy_id), weight in weights.items() if kind == "session"},
        {cause: causes[cause] for cause in sorted(causes, key=lambda name: -causes[name])},
    )


def _rows_alike(run: LegacyImportRun) -> Iterable[Alike]:
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
    return (Alike(*values) for values in told.annotate(rows=Count("pk")))


def _weigh_course(
    alike: Alike, index: MappingIndex, named: defaultdict[tuple[str, str], Counter[str]]
) -> None:
    """Add these rows to the course they are about: their own, or their real session's."""
    known = index.sessions.get(alike.session or "")
    training = index.training(alike.formation, alike.session)
    formation = formation_of_row(
        alike.formation, training.session.session_type, known.formation_id if known else None
    ).formation_id
    if formation is None:
        return
    found = named["course", formation]
    found["rows"] += alike.rows
    if alike.cause in COURSE_CAUSES:
        found["waiting"] += alike.rows
        mapped = CourseAnswer(CourseState.MAPPED, 0, 0)
        if _passes(alike, MappingIndex({formation: mapped}, index.sessions)):
            found["frees"] += alike.rows


def _weigh_session(alike: Alike, index: MappingIndex, found: Counter[str]) -> None:
    found["rows"] += alike.rows
    if alike.cause in SESSION_CAUSES:
        found["waiting"] += alike.rows
        known = index.sessions.get(alike.session or "")
        if known is None or alike.session is None:
            return
        real = SessionAnswer(
            SessionKind(SessionType.REAL_SESSION, "session:real"), known.formation_id, True, 0
        )
        if _passes(alike, MappingIndex(index.courses, {alike.session: real})):
            found["frees"] += alike.rows


def _passes(alike: Alike, index: MappingIndex) -> bool:
    """Would no mapping hold these rows back any more? Other doubts may still do."""
    training = index.training(alike.formation, alike.session)
    classification = Classification(alike.classification)
    action = import_action.decide(
        classification, training.session.session_type, training.course.state
    ).action
    if action == ImportAction.CREATE_LEGACY_ENROLLMENT:
        return training.session_confirmed
    return action != ImportAction.NEEDS_REVIEW


def stored_weights(run: LegacyImportRun) -> MappingTotals:
    """What is stored of the run; MappingWeight stands beside it. Weighed anew where that is old."""
    totals = MappingTotals.objects.filter(legacy_import_run=run).first()
    if totals is None or run.status in UNFINISHED:
        return store_weights(run)
    return totals if totals.mappings == _mappings_of(run.connection_name) else store_weights(run)


def store_weights(run: LegacyImportRun) -> MappingTotals:
    """Weigh every mapping of the run's source by the run's rows, and store the two lists."""
    with transaction.atomic():
        # A judgement locks the run first, too: none is lost between the steps.
        LegacyImportRun.objects.select_for_update().filter(pk=run.pk).values_list("pk").first()
        stamp = _mappings_of(run.connection_name)  # before they are read: never newer than they are
        weights = weigh(run)
        MappingWeight.objects.filter(legacy_import_run=run).delete()
        for kind, listed, weight_of in (
            (COURSE, _courses(run.connection_name), weights.courses),
            (SESSION, _sessions(run.connection_name), weights.sessions),
        ):
            lines = ((run.pk, kind, *line) for line in _in_order(listed, weight_of))
            insert_rows(MappingWeight, COLUMNS, lines)
        totals, _ = MappingTotals.objects.update_or_create(
            legacy_import_run=run, defaults={"mappings": stamp, "causes": weights.causes}
        )
    return totals


def forget_weights(run: LegacyImportRun) -> None:
    """The run's rows read otherwise from now on: whoever looks next has the lists kept anew."""
    MappingTotals.objects.filter(legacy_import_run=run).delete()


def _mappings_of(connection_name: str) -> str:
    """Another text after every change of a mapping of the source: their versions only grow."""
    told = [
        model._default_manager.filter(connection_name=connection_name).aggregate(
            rows=Count("pk"), versions=Sum("version")
        )
        for model in (LegacyCourseMapping, LegacySessionMapping)
    ]
    return " ".join(f"{found['rows']}:{found['versions'] or 0}" for found in told)


def _courses(connection_name: str) -> Iterator[Listed]:
    for mapping in LegacyCourseMapping.objects.filter(connection_name=connection_name):
        yield mapping, mapping.legacy_formation_id, ""


def _sessions(connection_name: str) -> Iterator[Listed]:
    courses = LegacyCourseMapping.objects.filter(connection_name=connection_name)
    names = {
        formation: fold(mask_text(name))
        for formation, name in courses.values_list("legacy_formation_id", "legacy_name")
    }
    for mapping in LegacySessionMapping.objects.filter(connection_name=connection_name):
        course = names.get(mapping.legacy_formation_id or "", "")
        yield mapping, mapping.legacy_session_id, course


def _in_order(
    listed: Iterable[Listed], weight_of: Mapping[str, Weight]
) -> Iterator[tuple[Any, ...]]:
    """The columns after `kind`: by the rows a mapping would free, then by those that wait, …"""
    lines = []
    for mapping, legacy_id, course in listed:
        weight = weight_of.get(legacy_id, NO_ROWS)
        name = fold(mask_text(mapping.called))
        heaviest = (-weight.frees, -weight.waiting, -weight.rows, name, mapping.pk)
        searched = f"{legacy_id} {name} {course}".strip()[:LONGEST_SEARCHED]
        lines.append((heaviest, mapping.pk, weight, mapping.state, searched))
    lines.sort(key=lambda line: line[0])
    for position, (_, pk, weight, state, searched) in enumerate(lines):
        yield pk, position, weight.rows, weight.waiting, weight.frees, state, searched
