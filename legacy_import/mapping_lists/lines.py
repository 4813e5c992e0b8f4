"""The lists of the mapping screens: every course and session of a source, and what was said of it."""

from typing import Any, NamedTuple

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from ecoin.identity.masking import mask_text
from ecoin.identity.text import fold
from legacy_import.choices import CourseMappingStatus, SessionType
from legacy_import.mapping_lists.weights import NO_ROWS, Weight, Weights
from legacy_import.mapping_lists.words import COURSE_STATES, RULES, SESSION_STATES, VERDICTS
from legacy_import.models import LegacyCourseMapping, LegacySessionMapping
from legacy_import.rules.sessions import PLACEHOLDER_IDS

OPEN = (CourseMappingStatus.SUGGESTED, CourseMappingStatus.UNMAPPED)
LAST_WORDS = 20  # judgements on one mapping that its page lists


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
    weight: Weight = NO_ROWS

    @classmethod
    def of(cls, mapping: LegacyCourseMapping, weight: Weight = NO_ROWS) -> "CourseLine":
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
            weight=weight,
        )

    @property
    def state(self) -> str:
        return self.status if self.in_source else "gone"

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
    in_source: bool
    version: int
    weight: Weight = NO_ROWS
    course: str = ""  # as the old catalogue names it

    @classmethod
    def of(
        cls, mapping: LegacySessionMapping, weight: Weight = NO_ROWS, course: str = ""
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
            in_source=mapping.in_source,
            version=mapping.version,
            weight=weight,
            course=course,
        )

    @property
    def state(self) -> str:
        if not self.in_source:
            return "gone"
        if self.session_type == SessionType.REAL_SESSION and not self.confirmed_at:
            return "to_confirm"
        return self.session_type

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


class Said(NamedTuple):
    """One judgement that stands in the book."""

    verdict: str
    note: str
    by: str
    at: Any

    @property
    def words(self) -> str:
        return str(VERDICTS.get(self.verdict, ""))


def course_lines(
    connection_name: str, weights: Weights, *, only: int | None = None
) -> list[CourseLine]:
    """Every formation of the source, by the rows its mapping would free, then by its rows.

    `only`: the mapping with this number, if the source has it.
    """
    found = LegacyCourseMapping.objects.filter(connection_name=connection_name)
    lines = [
        CourseLine.of(mapping, weights.courses.get(mapping.legacy_formation_id, NO_ROWS))
        for mapping in (found if only is None else found.filter(pk=only)).select_related(
            "course", "confirmed_by"
        )
    ]
    return sorted(lines, key=lambda line: (*_heaviest(line.weight), fold(line.name), line.pk))


def session_lines(
    connection_name: str, weights: Weights, *, only: int | None = None
) -> list[SessionLine]:
    """Every session of the source, by the rows its confirmation would free, then by its rows.

    `only`: the mapping with this number, if the source has it.
    """
    courses = LegacyCourseMapping.objects.filter(connection_name=connection_name)
    names = dict(courses.values_list("legacy_formation_id", "legacy_name"))
    found = LegacySessionMapping.objects.filter(connection_name=connection_name)
    lines = [
        SessionLine.of(
            mapping,
            weights.sessions.get(mapping.legacy_session_id, NO_ROWS),
            names.get(mapping.legacy_formation_id or "", ""),
        )
        for mapping in (found if only is None else found.filter(pk=only)).select_related(
            "confirmed_by"
        )
    ]
    return sorted(lines, key=lambda line: (*_heaviest(line.weight), fold(line.code), line.pk))


def _heaviest(weight: Weight) -> tuple[int, int, int]:
    return -weight.frees, -weight.waiting, -weight.rows


def said_of(model: type[LegacyCourseMapping | LegacySessionMapping], pk: int) -> list[Said]:
    """Every judgement on one mapping, the newest first."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model), object_id=str(pk)
    )
    return [
        Said(message.partition(": ")[0], message.partition(": ")[2], user, at)
        for message, user, at in entries.order_by("-pk").values_list(
            "change_message", "user__username", "action_time"
        )[:LAST_WORDS]
    ]
