"""The training of a row once the reviewers' decisions on its session and course are applied."""

from legacy_import.choices import SessionType
from legacy_import.mapping.index import CourseAnswer, MappingIndex, Training
from legacy_import.rules.courses import CourseState
from legacy_import.rules.decisions import CourseOf, InForce
from legacy_import.rules.sessions import SessionKind

RELEASED = SessionKind(SessionType.NONE, "session:released_by_reviewer")


def decided_training(training: Training, decisions: InForce, mappings: MappingIndex) -> Training:
    """The same training where no decision is about its session or course."""
    if decisions.release_without_session:
        training = training._replace(
            session=RELEASED, session_confirmed=False, session_deleted=False
        )
    return training._replace(course=_course(training, decisions, mappings))


def _course(training: Training, decisions: InForce, mappings: MappingIndex) -> CourseAnswer:
    choice, answer = decisions.course, training.course
    if choice is None:
        return answer
    if choice.of == CourseOf.REVIEWER:
        return _chosen(answer, choice.course_id, mappings)
    if training.two_courses is None:  # its course or its session is another by now
        return answer
    two = training.two_courses
    return two.of_row if choice.of == CourseOf.ROW else two.of_session


def _chosen(answer: CourseAnswer, course_id: int | None, mappings: MappingIndex) -> CourseAnswer:
    """A course of the platform that still exists, or the old name. `deleted`: a person decided."""
    if course_id is None:
        state = CourseState.KEPT_BY_NAME
    elif course_id in mappings.platform_courses:
        state = CourseState.MAPPED
    else:
        state, course_id = CourseState.UNMAPPED, None
    return answer._replace(state=state, course_id=course_id, deleted=False)
