"""The kind of mapping for courses: an old course → a course of the platform. None is ever created."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.db.models import Q, QuerySet

from legacy_import.choices import CourseMappingStatus, SessionType
from legacy_import.mapping.index import CourseAnswer, MappingIndex, course_answer
from legacy_import.mapping.mapping_kind import (
    Answer,
    DecisionInput,
    Fields,
    MappingDecision,
    MappingKind,
    MappingRefused,
)
from legacy_import.mapping.row_groups import RowGroup, passes_mappings
from legacy_import.models import LegacyCourseMapping, LegacySessionMapping
from legacy_import.people.platform import platform_courses
from legacy_import.rules.commit_policy import COURSE_DELETED
from legacy_import.rules.courses import CourseState, index_by_name, suggest
from legacy_import.rules.sessions import PLACEHOLDER_IDS

S = CourseMappingStatus

EXACT = "course:exact_name"
CHOSEN = "course:chosen_by_reviewer"
# The suggestion is wrong and the right course is not known yet: `suggest_courses` skips such a mapping
# until its name changes.
SET_ASIDE = "course:set_aside_by_reviewer"
ANY_COURSE = 0  # no id of a course: any course frees the same rows


def exact_suggestions(connection_name: str) -> QuerySet[LegacyCourseMapping]:
    """The unconfirmed suggestions with exactly the same name."""
    return LegacyCourseMapping.objects.filter(
        connection_name=connection_name,
        in_source=True,
        deleted_at_source=False,
        status=S.SUGGESTED,
        rule=EXACT,
    )


def rows_of_courses(connection_name: str, formations: Collection[str]) -> Q:
    """The staged rows that depend on these courses: by their own course, or by that of their real
    session, which counts if their own is blank and may contradict it otherwise.
    """
    real = Q(session_type=SessionType.REAL_SESSION) & ~Q(legacy_session_id__in=PLACEHOLDER_IDS)
    sessions = LegacySessionMapping.objects.filter(
        connection_name=connection_name,
        in_source=True,
        legacy_formation_id__in=formations,
    ).filter(real | Q(history_released=True))
    session_ids = list(sessions.values_list("legacy_session_id", flat=True))
    return Q(legacy_formation_id__in=formations) | Q(legacy_session_id__in=session_ids)


def _suggested_course(mapping: LegacyCourseMapping, user_input: DecisionInput) -> Fields:
    if mapping.course_id is None or mapping.status not in (S.SUGGESTED, S.UNMAPPED):
        raise MappingRefused("nothing_suggested", "No course is suggested for this formation.")
    return {}


def _chosen_course(mapping: LegacyCourseMapping, user_input: DecisionInput) -> Fields:
    if user_input.choice not in dict(platform_courses()):
        raise MappingRefused("no_such_course", "The platform has no such course.")
    return {"course_id": user_input.choice}


def _kept_name(mapping: LegacyCourseMapping, user_input: DecisionInput) -> Fields:
    if not mapping.legacy_name.strip():
        raise MappingRefused("nameless", "This formation has no name to keep its history by.")
    return {}


def _rule_answer(mapping: LegacyCourseMapping) -> dict[str, Any]:
    return suggest(mapping.legacy_name, index_by_name(platform_courses()))._asdict()


def _answer(mapping: LegacyCourseMapping) -> Answer:
    is_kept = mapping.status == S.KEPT_BY_NAME
    recorded = (mapping.course_id, mapping.waits_as_deleted, is_kept)
    return Answer(recorded, mapping.status == S.NO_EQUIVALENT)


def _course_of(group: RowGroup, index: MappingIndex) -> str | None:
    """The old course of these rows: their own, or that of their real session."""
    return index.formation_of(group.formation, group.session)


def _frees(group: RowGroup, index: MappingIndex) -> bool:
    mapped = {_course_of(group, index) or "": CourseAnswer(CourseState.MAPPED, 0, 0)}
    return passes_mappings(group, replace(index, courses=mapped))


def _index_with(index: MappingIndex, mappings: Collection[LegacyCourseMapping]) -> MappingIndex:
    names = index_by_name(platform_courses())
    return replace(
        index,
        courses=index.courses
        | {mapping.legacy_formation_id: course_answer(mapping, names) for mapping in mappings},
    )


COURSES = MappingKind(
    name="course",
    model=LegacyCourseMapping,
    answer_field="status",
    decisions={
        "confirm": MappingDecision({"status": S.CONFIRMED}, _suggested_course),
        "choose": MappingDecision(
            {"status": S.CONFIRMED, "rule": CHOSEN}, _chosen_course, {"course_id": ANY_COURSE}
        ),
        "no_equivalent": MappingDecision(
            {"status": S.NO_EQUIVALENT, "course_id": None, "rule": CHOSEN}
        ),
        # Its history is recorded under the old name; a registration needs a course of the platform.
        "kept_by_name": MappingDecision(
            {"status": S.KEPT_BY_NAME, "course_id": None, "rule": CHOSEN}, _kept_name
        ),
        "set_aside": MappingDecision({"status": S.UNMAPPED, "course_id": None, "rule": SET_ASIDE}),
    },
    rule_answer=_rule_answer,
    answer=_answer,
    bulk=exact_suggestions,
    bulk_fields={"status": S.CONFIRMED},
    exact="confirm",
    mappings=LegacyCourseMapping.objects.all,
    affected_rows=rows_of_courses,
    causes=(
        CourseState.UNMAPPED.value,
        CourseState.NO_EQUIVALENT.value,
        CourseState.KEPT_BY_NAME.value,
        COURSE_DELETED,
    ),
    other_causes=(
        CourseState.NOT_IN_SOURCE.value,
        CourseState.NONE_NAMED.value,
    ),
    legacy_id_of=_course_of,
    frees=_frees,
    index_with=_index_with,
)
