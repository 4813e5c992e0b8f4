"""The training of a row once the reviewers' decisions on its session and course are applied."""

from legacy_import.choices import SessionType
from legacy_import.mapping.index import CourseAnswer, MappingIndex, Training
from legacy_import.rules.courses import CourseState
from legacy_import.rules.decisions import CourseOf, InForce
from legacy_import.rules.sessions import SessionKind
from legacy_import.stages.planning.plan_row import PlanRow

NO_NAME = "–"  # of a course that nothing in the row refers to
RELEASED = SessionKind(SessionType.NONE, "session:released_by_reviewer")


def decided_training(row: PlanRow, decisions: InForce, mappings: MappingIndex) -> Training:
    """The training of the row; by the mappings where no decision is about it."""
    training = mappings.training(row.legacy_formation_id, row.legacy_session_id)
    if decisions.release_without_session:
        training = training._replace(
            session=RELEASED, session_confirmed=False, session_deleted=False
        )
    choice, two = decisions.course, training.two_courses
    if choice and choice.of == CourseOf.REVIEWER:
        return training._replace(
            course=_course_of_choice(row, training, choice.course_id, mappings)
        )
    if choice and two:  # unless its course or its session is another by now
        return training._replace(course=two.of_row if choice.of == CourseOf.ROW else two.of_session)
    return training


def _course_of_choice(
    row: PlanRow, training: Training, course_id: int | None, mappings: MappingIndex
) -> CourseAnswer:
    """A course of the platform that still exists, or the old name. `deleted`: a person decided."""
    if course_id is None:
        # Where the old catalogue has no name, what else the row has about its training.
        name = training.course.name or training.session_code or row.legacy_formation_id
        return training.course._replace(
            state=CourseState.KEPT_BY_NAME, course_id=None, name=name or NO_NAME, deleted=False
        )
    exists = course_id in mappings.platform_courses
    return training.course._replace(
        state=CourseState.MAPPED if exists else CourseState.UNMAPPED,
        course_id=course_id if exists else None,
        deleted=False,
    )
