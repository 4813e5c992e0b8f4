"""A person says which course an old formation is. No course is ever created."""

import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet

from legacy_import.choices import CourseMappingStatus, SessionType
from legacy_import.mapping.decisions import (
    MappingChange,
    MappingRefused,
    clean_note,
    lock_open_runs,
    log_decision,
    mark_affected_rows,
    require_same_mappings,
    require_version,
    stamp_of,
)
from legacy_import.models import LegacyCourseMapping, LegacySessionMapping
from legacy_import.people.platform import platform_courses
from legacy_import.rules.courses import index_by_name, suggest
from legacy_import.rules.sessions import PLACEHOLDER_IDS

S = CourseMappingStatus

EXACT = "course:exact_name"
CHOSEN = "course:chosen_by_reviewer"
# A person said that the suggestion is wrong and the right course not known yet: `suggest_courses`
# leaves such a mapping alone until its name changes.
SET_ASIDE = "course:set_aside_by_reviewer"


def confirm_suggestion(
    *, mapping_id: int, version: int, actor: User, now: datetime.datetime, note: str = ""
) -> MappingChange:
    """The proposed course is the right one. Raises as `choose_course`."""
    mapping = LegacyCourseMapping.objects.get(pk=mapping_id)
    if mapping.course_id is None or mapping.status not in (S.SUGGESTED, S.UNMAPPED):
        require_version(mapping, version)
        raise MappingRefused("nothing_suggested", "No course is suggested for this formation.")
    answer = (S.CONFIRMED, mapping.course_id, mapping.rule)
    return _judge(mapping_id, answer, version=version, actor=actor, now=now, note=note)


def choose_course(
    *,
    mapping_id: int,
    course_id: int,
    version: int,
    actor: User,
    now: datetime.datetime,
    note: str = "",
) -> MappingChange:
    """It is this existing course of the platform.

    Raises MappingChangedMeanwhile when somebody was faster, MappingRefused for a course that does
    not exist, or while a run of the source is being classified,
    HoldsContact for an unfit note.
    """
    if course_id not in dict(platform_courses()):
        raise MappingRefused("no_such_course", "The platform has no such course.")
    answer = (S.CONFIRMED, course_id, CHOSEN)
    return _judge(mapping_id, answer, version=version, actor=actor, now=now, note=note)


def no_equivalent(
    *, mapping_id: int, version: int, actor: User, now: datetime.datetime, note: str = ""
) -> MappingChange:
    """The platform has no such course. Raises as `choose_course`."""
    answer = (S.NO_EQUIVALENT, None, CHOSEN)
    return _judge(mapping_id, answer, version=version, actor=actor, now=now, note=note)


def set_aside(
    *, mapping_id: int, version: int, actor: User, now: datetime.datetime, note: str = ""
) -> MappingChange:
    """The suggestion is wrong, and nobody knows the course yet. Raises as `choose_course`."""
    answer = (S.UNMAPPED, None, SET_ASIDE)
    return _judge(mapping_id, answer, version=version, actor=actor, now=now, note=note)


def take_back(
    *, mapping_id: int, version: int, actor: User, now: datetime.datetime, note: str = ""
) -> MappingChange:
    """What a person said no longer counts; the rule answers again. Raises as `choose_course`."""
    mapping = LegacyCourseMapping.objects.get(pk=mapping_id)
    if mapping.confirmed_at is None:
        require_version(mapping, version)
        raise MappingRefused("nobody_judged", "Nobody has judged this mapping yet.")
    found = suggest(mapping.legacy_name, index_by_name(platform_courses()))
    answer = (found.status, found.course_id, found.rule)
    return _judge(
        mapping_id, answer, version=version, actor=actor, now=now, note=note, by_person=False
    )


def exact_suggestions(connection_name: str) -> QuerySet[LegacyCourseMapping]:
    """The suggestions of exactly the same name that nobody has confirmed yet."""
    return LegacyCourseMapping.objects.filter(
        connection_name=connection_name, in_source=True, status=S.SUGGESTED, rule=EXACT
    )


def confirm_exact_suggestions(
    *, connection_name: str, expected: int, stamp: str, actor: User, now: datetime.datetime
) -> MappingChange:
    """Confirm all exact suggestions, if they still are the `expected` ones of that `stamp`.

    Raises MappingChangedMeanwhile when they are not, MappingRefused as `choose_course`.
    """
    with transaction.atomic():
        runs = lock_open_runs(connection_name, now)
        found = exact_suggestions(connection_name).order_by("pk")
        mappings = list(found.select_for_update())
        require_same_mappings(mappings, expected, stamp)
        LegacyCourseMapping.objects.filter(pk__in=[mapping.pk for mapping in mappings]).update(
            status=S.CONFIRMED, confirmed_by=actor, confirmed_at=now, version=F("version") + 1
        )
        log_decision(mappings, S.CONFIRMED.value, "", actor)
        formations = [mapping.legacy_formation_id for mapping in mappings]
        affected = mark_affected_rows(runs, rows_of_formations(connection_name, formations))
    return MappingChange(len(mappings), affected)


def exact_stamp(connection_name: str) -> tuple[int, str]:
    """How many exact suggestions there are, and the stamp that names exactly these."""
    mappings = list(exact_suggestions(connection_name).values_list("pk", "version"))
    return len(mappings), stamp_of(mappings)


def rows_of_formations(connection_name: str, formations: list[str]) -> Q:
    """The staged rows whose course these are: their own, or, if blank, their real session's."""
    sessions = LegacySessionMapping.objects.filter(
        connection_name=connection_name,
        in_source=True,
        legacy_formation_id__in=formations,
        session_type=SessionType.REAL_SESSION,
    ).exclude(legacy_session_id__in=PLACEHOLDER_IDS)
    of_sessions = list(sessions.values_list("legacy_session_id", flat=True))
    blank = Q(legacy_formation_id=None) | Q(legacy_formation_id="")
    return Q(legacy_formation_id__in=formations) | blank & Q(legacy_session_id__in=of_sessions)


def _judge(
    mapping_id: int,
    answer: tuple[CourseMappingStatus, int | None, str],
    *,
    version: int,
    actor: User,
    now: datetime.datetime,
    note: str,
    by_person: bool = True,
) -> MappingChange:
    """Write one answer, note it, and mark the rows it touches: all of it or nothing."""
    kept = clean_note(note)
    source = LegacyCourseMapping.objects.values_list("connection_name", flat=True)
    with transaction.atomic():
        runs = lock_open_runs(source.get(pk=mapping_id), now)
        mapping = LegacyCourseMapping.objects.select_for_update().get(pk=mapping_id)
        require_version(mapping, version)
        mapping.status, mapping.course_id, mapping.rule = answer
        mapping.confirmed_by = actor if by_person else None
        mapping.confirmed_at = now if by_person else None
        mapping.version += 1
        mapping.save()
        verdict = mapping.status if by_person else "taken_back"
        log_decision([mapping], verdict, kept, actor)
        which = rows_of_formations(mapping.connection_name, [mapping.legacy_formation_id])
        return MappingChange(1, mark_affected_rows(runs, which))
