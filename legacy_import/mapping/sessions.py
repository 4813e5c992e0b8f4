"""The kind of mapping for sessions: what an old session is. Ids 1, 2 and 235 can never become real."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ecoin.identity.masking import mask_code
from legacy_import.choices import NOT_IN_SOURCE, Classification, ReviewDecision, SessionType
from legacy_import.mapping.index import MappingIndex, SessionAnswer, session_answer
from legacy_import.mapping.mapping_kind import (
    Answer,
    AnswerChanges,
    DecisionInput,
    Fields,
    MappingDecision,
    MappingKind,
    MappingRefused,
)
from legacy_import.mapping.row_groups import RowGroup, passes_mappings
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
    LegacyTrainingImport,
)
from legacy_import.people.platform import platform_courses
from legacy_import.rules.commit_policy import SESSION_DELETED
from legacy_import.rules.sessions import PLACEHOLDER_IDS, SessionKind, classify_session

REAL = SessionKind(SessionType.REAL_SESSION, "session:real")
NOT_RELEASED: Fields = {"history_released": False, "history_course_id": None}
WITHOUT_CODE, WAITING_WORDS = "session:real_without_code", "session:waiting_words"
TYPES = (SessionType.REAL_SESSION, SessionType.WAITING_PLACEHOLDER, SessionType.UNKNOWN)


def add_missing_sessions(run: LegacyImportRun) -> None:
    """Add a mapping for every session that rows of the run refer to and the source does not have.

    It is unknown, and can never be real; but its history can be released.
    """
    trainings = LegacyTrainingImport.objects.filter(
        student_import__legacy_import_run=run, session_rule=NOT_IN_SOURCE
    )
    missing = set(trainings.order_by().values_list("legacy_session_id", flat=True).distinct())
    mappings = LegacySessionMapping.objects.filter(connection_name=run.connection_name)
    missing -= {None, *(mappings.values_list("legacy_session_id", flat=True) if missing else ())}
    LegacySessionMapping.objects.bulk_create(
        [
            LegacySessionMapping(
                connection_name=run.connection_name,
                legacy_session_id=session,
                legacy_code="",
                session_type=SessionType.UNKNOWN,
                rule=NOT_IN_SOURCE,
                in_source=False,
            )
            for session in sorted(filter(None, missing))
        ],
        batch_size=500,
        ignore_conflicts=True,
    )


def real_unconfirmed(connection_name: str) -> QuerySet[LegacySessionMapping]:
    """The sessions that are real by the rules and not confirmed yet."""
    return LegacySessionMapping.objects.filter(
        connection_name=connection_name,
        in_source=True,
        deleted_at_source=False,
        confirmed_at=None,
        **REAL._asdict(),
    ).exclude(legacy_session_id__in=PLACEHOLDER_IDS)


def maybe_real(connection_name: str) -> QuerySet[LegacySessionMapping]:
    """Those, and sessions without a code or with waiting words in it: none is confirmed yet."""
    return LegacySessionMapping.objects.filter(
        connection_name=connection_name,
        in_source=True,
        deleted_at_source=False,
        confirmed_at=None,
        rule__in=(REAL.rule, WITHOUT_CODE, WAITING_WORDS),
    ).exclude(legacy_session_id__in=PLACEHOLDER_IDS)


def _require_reasons(mappings: Sequence[LegacySessionMapping], user_input: DecisionInput) -> None:
    """A session whose code is about waiting is not real by the rules: to confirm it needs a reason."""
    if not user_input.note and any(mapping.rule == WAITING_WORDS for mapping in mappings):
        raise MappingRefused(
            "reason_missing", "An answer that contradicts the rule needs a reason."
        )


def rule_of(mapping: LegacySessionMapping) -> SessionKind:
    """The rule's answer for the session, regardless of decisions."""
    if mapping.rule == NOT_IN_SOURCE and not mapping.in_source:
        return SessionKind(SessionType.UNKNOWN, NOT_IN_SOURCE)
    formations = LegacyCourseMapping.objects.filter(
        connection_name=mapping.connection_name,
        in_source=True,
        legacy_formation_id=mapping.legacy_formation_id or "",
    )
    return classify_session(
        legacy_id=mapping.legacy_session_id,
        code=mapping.legacy_code,
        formation_id=mapping.legacy_formation_id,
        formations=set(formations.values_list("legacy_formation_id", flat=True)),
    )


def with_course_names() -> QuerySet[Any]:
    """All sessions, with the name of their course in the old catalogue as `course_name`."""
    courses = LegacyCourseMapping.objects.filter(
        connection_name=OuterRef("connection_name"),
        legacy_formation_id=OuterRef("legacy_formation_id"),
    )
    name = Coalesce(Subquery(courses.values("legacy_name")), Value(""))
    return LegacySessionMapping.objects.annotate(course_name=name)


def _answer(mapping: LegacySessionMapping) -> Answer:
    real = mapping.session_type == SessionType.REAL_SESSION
    released = mapping.history_released, mapping.history_course_id
    recorded = mapping.session_type, mapping.waits_as_deleted, released
    return Answer(recorded, real and mapping.confirmed_at is not None)


def _rows_of_sessions(connection_name: str, changes: AnswerChanges) -> Q:
    """All rows of a session that is of another type now; if it is only confirmed, registrations."""
    retyped = [
        legacy_id for legacy_id, (old, new) in changes.items() if old.recorded != new.recorded
    ]
    registered = Q(classification=Classification.REGISTERED) | Q(decision=ReviewDecision.TREAT_AS)
    return Q(legacy_session_id__in=retyped) | registered & Q(legacy_session_id__in=list(changes))


def _require_possible(
    session_type: SessionType, mapping: LegacySessionMapping, user_input: DecisionInput
) -> Fields:
    if session_type == SessionType.REAL_SESSION and mapping.legacy_session_id in PLACEHOLDER_IDS:
        raise MappingRefused(
            "placeholder_id", f"Session {mapping.legacy_session_id} can never become a real one."
        )
    if session_type == SessionType.REAL_SESSION and not mapping.in_source:
        raise MappingRefused(
            "not_in_source", "A session that the old platform does not have can never become real."
        )
    if session_type != rule_of(mapping).session_type and not user_input.note:
        raise MappingRefused(
            "reason_missing", "An answer that contradicts the rule needs a reason."
        )
    return {}


def _require_waiting(mapping: LegacySessionMapping, user_input: DecisionInput) -> Fields:
    if mapping.session_type == SessionType.REAL_SESSION:
        raise MappingRefused(
            "session_is_real", "History of a real session is recorded with it: nothing to release."
        )
    course = user_input.choice
    if course is not None and course not in dict(platform_courses()):
        raise MappingRefused("no_such_course", "The platform has no such course.")
    return {"history_course_id": course}


def _rule_answer(mapping: LegacySessionMapping) -> Fields:
    return rule_of(mapping)._asdict() | NOT_RELEASED


def _frees(group: RowGroup, index: MappingIndex) -> bool:
    if group.session is None:
        return False
    unknown = SessionKind(SessionType.UNKNOWN, NOT_IN_SOURCE)
    session = index.sessions.get(group.session)
    if session is None:
        released = SessionAnswer(unknown, None, True, 0, history_released=True)
        return passes_mappings(group, replace(index, sessions={group.session: released}))
    answers = (
        SessionAnswer(REAL, session.formation_id, True, 0),
        session._replace(confirmed=True, deleted=False, history_released=True),
    )
    return any(
        passes_mappings(group, replace(index, sessions={group.session: answer}))
        for answer in answers
    )


def _index_with(index: MappingIndex, mappings: Collection[LegacySessionMapping]) -> MappingIndex:
    return replace(
        index,
        sessions=index.sessions
        | {mapping.legacy_session_id: session_answer(mapping) for mapping in mappings},
    )


SESSIONS = MappingKind(
    name="session",
    model=LegacySessionMapping,
    answer_field="decided_as",
    note_field="reason",
    # The rule's name stays on a decided session.
    decisions={
        **{
            value.value: MappingDecision(
                {"session_type": value} | NOT_RELEASED,
                partial(_require_possible, value),
            )
            for value in TYPES
        },
        # Not even this makes one of the three placeholders a real session.
        "released": MappingDecision({"history_released": True}, _require_waiting),
    },
    rule_answer=_rule_answer,
    answer=_answer,
    bulk=real_unconfirmed,
    bulk_fields={"session_type": SessionType.REAL_SESSION} | NOT_RELEASED,
    exact=SessionType.REAL_SESSION.value,
    offered=maybe_real,
    bulk_check=_require_reasons,
    mask=mask_code,
    mappings=with_course_names,
    searched=("display_name", "course_name"),
    affected_rows=_rows_of_sessions,
    causes=("session_not_confirmed", "session_waiting", "session_unknown", SESSION_DELETED),
    other_causes=("session_missing",),
    legacy_id_of=lambda group, index: group.session,
    frees=_frees,
    index_with=_index_with,
)
