"""The lists of the mapping screens: every course and session of a source, and what was said of it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from ecoin.identity.masking import mask_text
from legacy_import.choices import CourseMappingStatus
from legacy_import.models import LegacyCourseMapping, LegacySessionMapping, MappingWeight
from legacy_import.rules.sessions import PLACEHOLDER_IDS
from legacy_import.screens.mapping.words import COURSE_STATES, DECISIONS, RULES, SESSION_STATES

OPEN = (CourseMappingStatus.SUGGESTED, CourseMappingStatus.UNMAPPED)
NO_ROWS = MappingWeight(rows=0, waiting=0, frees=0)
LISTED_DECISIONS = 20  # judgements on one mapping that its page lists


class CourseLine(NamedTuple):
    """A formation of the old catalogue as the screens list it."""

    pk: int
    legacy_id: str
    name: str
    status: str
    rule: str
    course_id: int | None
    course: str  # name and code
    by: str
    confirmed_at: Any
    in_source: bool
    version: int
    state: str
    weight: MappingWeight

    @classmethod
    def of(cls, mapping: LegacyCourseMapping, weight: MappingWeight = NO_ROWS) -> "CourseLine":
        return cls(
            pk=mapping.pk,
            legacy_id=mapping.legacy_formation_id,
            name=mask_text(mapping.legacy_name),
            status=mapping.status,
            rule=mapping.rule,
            course_id=mapping.course_id,
            course=f"{mapping.course.name} ({mapping.course.code})" if mapping.course else "",
            by=mapping.confirmed_by.get_username() if mapping.confirmed_by else "",
            confirmed_at=mapping.confirmed_at,
            in_source=mapping.in_source,
            version=mapping.version,
            state=mapping.state,
            weight=weight,
        )

    @property
    def words(self) -> str:
        return str(COURSE_STATES[self.state][0])

    @property
    def pill(self) -> str:
        return COURSE_STATES[self.state][1]

    @property
    def why(self) -> str:
        return str(RULES.get(self.rule, ""))

    @property
    def can_confirm(self) -> bool:
        """A course is proposed, and nobody said yet that it is the right one."""
        return self.course_id is not None and self.status in OPEN


class SessionLine(NamedTuple):
    """A session of the old platform as the screens list it."""

    pk: int
    legacy_id: str
    code: str
    formation_id: str | None
    starts_on: str
    ends_on: str
    session_type: str
    rule: str
    by: str
    confirmed_at: Any
    reason: str
    in_source: bool
    version: int
    state: str
    weight: MappingWeight
    course: str  # as the old catalogue names it

    @classmethod
    def of(
        cls, mapping: LegacySessionMapping, weight: MappingWeight = NO_ROWS, course: str = ""
    ) -> "SessionLine":
        return cls(
            pk=mapping.pk,
            legacy_id=mapping.legacy_session_id,
            code=mask_text(mapping.legacy_code),
            formation_id=mapping.legacy_formation_id,
            starts_on=mapping.starts_on_raw,
            ends_on=mapping.ends_on_raw,
            session_type=mapping.session_type,
            rule=mapping.rule,
            by=mapping.confirmed_by.get_username() if mapping.confirmed_by else "",
            confirmed_at=mapping.confirmed_at,
            reason=mapping.reason,
            in_source=mapping.in_source,
            version=mapping.version,
            state=mapping.state,
            weight=weight,
            course=course,
        )

    @property
    def words(self) -> str:
        return str(SESSION_STATES[self.state][0])

    @property
    def pill(self) -> str:
        return SESSION_STATES[self.state][1]

    @property
    def why(self) -> str:
        return str(RULES.get(self.rule, ""))

    @property
    def never_real(self) -> bool:
        return self.legacy_id in PLACEHOLDER_IDS


class PastDecision(NamedTuple):
    """One judgement that stands in the book."""

    verdict: str
    note: str
    by: str
    at: Any

    @property
    def words(self) -> str:
        return str(DECISIONS.get(self.verdict, ""))


def course_lines(weights: Iterable[MappingWeight]) -> list[CourseLine]:
    """The courses of a stored list, in its order."""
    listed = {weight.mapping_id: weight for weight in weights}
    found = LegacyCourseMapping.objects.select_related("course", "confirmed_by").in_bulk(listed)
    return [CourseLine.of(found[pk], listed[pk]) for pk in listed if pk in found]


def session_lines(weights: Iterable[MappingWeight]) -> list[SessionLine]:
    """The sessions of a stored list, in its order."""
    listed = {weight.mapping_id: weight for weight in weights}
    found = LegacySessionMapping.objects.select_related("confirmed_by").in_bulk(listed)
    courses = LegacyCourseMapping.objects.filter(
        connection_name__in={session.connection_name for session in found.values()},
        legacy_formation_id__in={session.legacy_formation_id for session in found.values()}
        - {None},
    )
    names = {
        (course.connection_name, course.legacy_formation_id): course.legacy_name
        for course in courses
    }
    return [
        SessionLine.of(
            found[pk],
            listed[pk],
            names.get((found[pk].connection_name, found[pk].legacy_formation_id or ""), ""),
        )
        for pk in listed
        if pk in found
    ]


def past_decisions(
    model: type[LegacyCourseMapping | LegacySessionMapping], pk: int
) -> list[PastDecision]:
    """Every judgement on one mapping, the newest first."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model), object_id=str(pk)
    )
    return [
        PastDecision(message.partition(": ")[0], message.partition(": ")[2], user, at)
        for message, user, at in entries.order_by("-pk").values_list(
            "change_message", "user__username", "action_time"
        )[:LISTED_DECISIONS]
    ]
