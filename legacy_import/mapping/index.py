"""The mappings of one source in memory: a few thousand courses, sessions and statuses at most."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from ecoin.identity.text import unescaped
from legacy_import.choices import (
    NOT_IN_SOURCE,
    Classification,
    ConflictChoice,
    CourseMappingStatus,
    SessionType,
)
from legacy_import.models import (
    MAPPING_MODELS,
    LegacyCourseConflict,
    LegacyCourseMapping,
    LegacySessionMapping,
    LegacyStatusMapping,
)
from legacy_import.people.platform import platform_courses
from legacy_import.rules.courses import (
    CourseState,
    NamedFormation,
    formation_of_row,
    index_by_name,
    suggest,
)
from legacy_import.rules.sessions import SessionKind, session_of_row

# The course was chosen when the history of a waiting session was released.
OF_RELEASED_SESSION = "course:of_released_session"
NO_COURSE = (CourseState.NONE_NAMED, CourseState.NOT_IN_SOURCE)
MAPPED = (CourseMappingStatus.SUGGESTED, CourseMappingStatus.CONFIRMED)


class CourseAnswer(NamedTuple):
    """The mapping's answer for one formation.

    `version`: the mapping's answer_version; negative while its suggestion is outdated.
    """

    state: CourseState
    course_id: int | None
    version: int
    name: str = ""  # as the old catalogue means it: HTML entities are decoded
    deleted: bool = False  # on the old platform, and no person decided since


class SessionAnswer(NamedTuple):
    """The mapping's answer for one session; `confirmed`: a person decided it."""

    kind: SessionKind
    formation_id: str | None
    confirmed: bool
    version: int
    code: str = ""
    starts_on: str = ""  # as found
    ends_on: str = ""
    deleted: bool = False  # on the old platform, and no person decided since
    history_released: bool = False
    history_course: int | None = None  # of released history without any course


class StatusAnswer(NamedTuple):
    """What people defined one unknown status as; None: nothing yet."""

    classification: Classification | None
    version: int


# Of a status that is not in the table yet: what its new mapping will answer.
NOT_DEFINED = StatusAnswer(None, 1)


class Training(NamedTuple):
    """The session and course of one training row, and the rules behind both."""

    session: SessionKind
    session_confirmed: bool  # confirmed as real
    session_version: int
    course: CourseAnswer
    course_rule: str
    session_code: str = ""
    session_starts_on: str = ""  # as found
    session_ends_on: str = ""
    session_deleted: bool = False
    # Of a row whose formation is not that of its session: the answer for each of the two.
    two_courses: "TwoCourses | None" = None
    history_released: bool = False  # history of this waiting session needs no session

    @property
    def versions(self) -> str:
        """The versions of the mappings, as stored in a plan."""
        course = str(self.course.version)
        if self.two_courses:
            course = f"{self.two_courses.of_row.version},{self.two_courses.of_session.version}"
            course = f"{course},{self.two_courses.conflict.version}"
        return f"course={course} session={self.session_version}"


class ConflictAnswer(NamedTuple):
    """Which of its two courses all rows with one formation and one session get; None: not settled."""

    answer: ConflictChoice | None
    version: int


# Of a pair that is not in the table yet: what its new mapping will answer.
NOT_SETTLED = ConflictAnswer(None, 1)


class TwoCourses(NamedTuple):
    """The course of the formation that a row refers to, and that of its session's formation."""

    of_row: CourseAnswer
    of_session: CourseAnswer
    conflict: ConflictAnswer = NOT_SETTLED

    @property
    def are_one(self) -> bool:
        """Two old spellings of one course of the platform are not a conflict."""
        return (
            self.of_row.state == self.of_session.state == CourseState.MAPPED
            and self.of_row.course_id == self.of_session.course_id
        )

    @property
    def settled(self) -> CourseAnswer | None:
        """The course of the two that the rows get; None: neither, as long as they conflict."""
        if self.are_one or self.conflict.answer == ConflictChoice.COURSE_OF_ROW:
            return self.of_row
        if self.conflict.answer == ConflictChoice.COURSE_OF_SESSION:
            return self.of_session
        return None


class RowReferences(NamedTuple):
    """The formation and the session that one row refers to."""

    formation_id: str | None
    session_id: str | None


@dataclass(frozen=True, slots=True)
class MappingIndex:
    """Formation id, session id and status key → answers, for one source."""

    courses: dict[str, CourseAnswer]
    sessions: dict[str, SessionAnswer]
    statuses: dict[str, StatusAnswer] = field(default_factory=dict)
    conflicts: dict[tuple[str, str], ConflictAnswer] = field(default_factory=dict)
    platform_courses: Mapping[int, str] = field(default_factory=dict)  # id → name, all of them

    def status(self, key: str) -> StatusAnswer:
        """The answer for a status that the rules do not know."""
        return self.statuses.get(key, NOT_DEFINED)

    def training(self, formation_id: str | None, session_id: str | None) -> Training:
        """The training of a row that refers to this formation and this session."""
        session = self.sessions.get(session_id or "")
        kind = session_of_row(
            session_id,
            session.kind if session else None,
            reviewed=bool(session and session.confirmed),
        )
        formation = self._formation(formation_id, kind, session)
        real = kind.session_type == SessionType.REAL_SESSION
        course, two_courses = self._course(formation, session_id, session)
        course_rule = formation.rule
        course_id = session.history_course if session and session.history_released else None
        if course_id is not None and course.state in NO_COURSE:
            course = CourseAnswer(CourseState.MAPPED, course_id, 0)
            course_rule = OF_RELEASED_SESSION
        return Training(
            session=kind,
            session_confirmed=bool(session and session.confirmed and real),
            session_version=session.version if session else 0,
            course=course,
            course_rule=course_rule,
            session_code=session.code if session else "",
            session_starts_on=session.starts_on if session else "",
            session_ends_on=session.ends_on if session else "",
            session_deleted=bool(session and session.deleted),
            two_courses=two_courses,
            history_released=bool(session and session.history_released),
        )

    def formation_of(self, formation_id: str | None, session_id: str | None) -> str | None:
        """The formation whose mapping decides on the course of such a row."""
        session = self.sessions.get(session_id or "")
        training = self.training(formation_id, session_id)
        of_session = session.formation_id if session else None
        two = training.two_courses
        if two and not two.are_one and two.conflict.answer == ConflictChoice.COURSE_OF_SESSION:
            return of_session
        return self._formation(formation_id, training.session, session).formation_id

    def _formation(
        self, formation_id: str | None, kind: SessionKind, session: SessionAnswer | None
    ) -> NamedFormation:
        """A waiting session whose history is released has a course, too, for rows without their own."""
        session_type = kind.session_type
        if session and session.history_released and not formation_id:
            session_type = SessionType.REAL_SESSION
        return formation_of_row(
            formation_id, session_type, session.formation_id if session else None
        )

    def _course(
        self, formation: NamedFormation, session_id: str | None, session: SessionAnswer | None
    ) -> tuple[CourseAnswer, TwoCourses | None]:
        answer = self._course_of(formation.formation_id)
        if formation.rule != CourseState.CONFLICT:
            return answer, None
        two = TwoCourses(
            answer,
            self._course_of(session.formation_id if session else None),
            self.conflicts.get((formation.formation_id or "", session_id or ""), NOT_SETTLED),
        )
        return two.settled or answer._replace(state=CourseState.CONFLICT), two

    def _course_of(self, formation_id: str | None) -> CourseAnswer:
        if formation_id is None:
            return CourseAnswer(CourseState.NONE_NAMED, None, 0)
        missing = CourseAnswer(CourseState.NOT_IN_SOURCE, None, 0)
        return self.courses.get(formation_id, missing)


def load_mappings(connection_name: str, row: RowReferences | None = None) -> MappingIndex:
    """The answers of the mapping tables, for the courses and sessions that the source still has.

    `row`: only what a row with these references needs. A suggestion is an answer only while the
    platform's courses still suggest it.
    """
    catalogue = platform_courses()
    names = index_by_name(catalogue)
    courses = LegacyCourseMapping.objects.filter(connection_name=connection_name, in_source=True)
    # Of the sessions that the source does not have, those whose history was released.
    sessions = LegacySessionMapping.objects.filter(
        Q(in_source=True) | Q(rule=NOT_IN_SOURCE, history_released=True),
        connection_name=connection_name,
    )
    if row is not None:
        sessions = sessions.filter(legacy_session_id=row.session_id or "")
        of_session = sessions.values_list("legacy_formation_id", flat=True)
        formations = {row.formation_id, *of_session} - {None}
        courses = courses.filter(legacy_formation_id__in=formations)
    return MappingIndex(
        {mapping.legacy_formation_id: course_answer(mapping, names) for mapping in courses},
        {mapping.legacy_session_id: session_answer(mapping) for mapping in sessions},
        _status_answers(connection_name),
        _conflict_answers(connection_name),
        dict(catalogue),
    )


def course_answer(mapping: LegacyCourseMapping, index: Mapping[str, list[int]]) -> CourseAnswer:
    """The answer of one course mapping; `index`: folded name → courses of the platform."""
    answer = _course_answer(
        CourseMappingStatus(mapping.status),
        mapping.course_id,
        mapping.answer_version,
        unescaped(mapping.legacy_name),
        index,
    )
    return answer._replace(deleted=mapping.waits_as_deleted)


def session_answer(mapping: LegacySessionMapping) -> SessionAnswer:
    """The answer of one session mapping."""
    return SessionAnswer(
        SessionKind(SessionType(mapping.session_type), mapping.rule),
        mapping.legacy_formation_id,
        mapping.confirmed_at is not None,
        mapping.answer_version,
        unescaped(mapping.legacy_code),
        mapping.starts_on_raw,
        mapping.ends_on_raw,
        mapping.waits_as_deleted,
        mapping.history_released,
        mapping.history_course_id,
    )


def _status_answers(connection_name: str) -> dict[str, StatusAnswer]:
    statuses = LegacyStatusMapping.objects.filter(connection_name=connection_name)
    return {
        key: StatusAnswer(Classification(value) if value else None, version)
        for key, value, version in statuses.values_list(
            "status_key", "classification", "answer_version"
        )
    }


def _conflict_answers(connection_name: str) -> dict[tuple[str, str], ConflictAnswer]:
    conflicts = LegacyCourseConflict.objects.filter(connection_name=connection_name)
    return {
        (formation, session): ConflictAnswer(ConflictChoice(value) if value else None, version)
        for formation, session, value, version in conflicts.values_list(
            "legacy_formation_id", "legacy_session_id", "answer", "answer_version"
        )
    }


def mapping_stamp(connection_name: str) -> str:
    """Changes with every change of a mapping of this source: versions only grow."""
    counts = [
        model._default_manager.filter(connection_name=connection_name).aggregate(
            mappings=Count("pk"), versions=Sum("version")
        )
        for model in MAPPING_MODELS
    ]
    return " ".join(f"{count['mappings']}:{count['versions'] or 0}" for count in counts)


def answers_stamp(connection_name: str) -> tuple[object, ...]:
    """Changes with the answers of `load_mappings`: suggestions rest on the names of our courses, too."""
    return mapping_stamp(connection_name), *platform_courses()


def _course_answer(
    status: CourseMappingStatus,
    course_id: int | None,
    version: int,
    name: str,
    index: Mapping[str, list[int]],
) -> CourseAnswer:
    if status == CourseMappingStatus.SUGGESTED and suggest(name, index).course_id != course_id:
        return CourseAnswer(CourseState.UNMAPPED, None, -version, name)
    if status in MAPPED and course_id is not None:
        return CourseAnswer(CourseState.MAPPED, course_id, version, name)
    if status == CourseMappingStatus.KEPT_BY_NAME and name:
        return CourseAnswer(CourseState.KEPT_BY_NAME, None, version, name)
    if status in (CourseMappingStatus.NO_EQUIVALENT, CourseMappingStatus.KEPT_BY_NAME):
        return CourseAnswer(CourseState.NO_EQUIVALENT, None, version, name)
    return CourseAnswer(CourseState.UNMAPPED, None, version, name)
