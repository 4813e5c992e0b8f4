"""What a training row asks for: the ladder in its order."""

from itertools import product

import pytest

from legacy_import.choices import Classification, ImportAction, SessionType
from legacy_import.rules.courses import CourseState
from legacy_import.rules.import_action import decide

C, S, K = Classification, SessionType, CourseState
REVIEW = ImportAction.NEEDS_REVIEW
INTEREST = ImportAction.CREATE_COURSE_INTEREST
TRAINING = ImportAction.CREATE_LEGACY_COMPLETED_TRAINING
ENROLLMENT = ImportAction.CREATE_LEGACY_ENROLLMENT
TRAINED = (C.COMPLETED, C.ARCHIVED_TRAINING)
EVERYWHERE = list(product(SessionType, CourseState))


@pytest.mark.parametrize(("session_type", "course"), EVERYWHERE)
def test_unknown_always_needs_review(session_type: SessionType, course: CourseState) -> None:
    assert decide(C.UNKNOWN, session_type, course) == (REVIEW, "status_unknown")


@pytest.mark.parametrize(("session_type", "course"), EVERYWHERE)
def test_a_lead_is_never_held_back_by_its_session_or_course(
    session_type: SessionType, course: CourseState
) -> None:
    assert decide(C.LEAD_ONLY, session_type, course) == (INTEREST, "lead")


@pytest.mark.parametrize("course", CourseState)
@pytest.mark.parametrize("classification", [*TRAINED, C.REGISTERED])
@pytest.mark.parametrize(
    ("session_type", "reason"),
    [(S.WAITING_PLACEHOLDER, "session_waiting"), (S.UNKNOWN, "session_unknown")],
)
def test_a_waiting_or_unknown_session_stops_history_of_any_kind_before_its_course_is_asked(
    classification: Classification, course: CourseState, session_type: SessionType, reason: str
) -> None:
    assert decide(classification, session_type, course) == (REVIEW, reason)


@pytest.mark.parametrize("course", [one for one in K if one not in (K.MAPPED, K.KEPT_BY_NAME)])
@pytest.mark.parametrize("session_type", [S.REAL_SESSION, S.NONE])
@pytest.mark.parametrize("classification", [*TRAINED, C.REGISTERED])
def test_history_without_a_mapped_course_needs_review_and_says_why(
    classification: Classification, session_type: SessionType, course: CourseState
) -> None:
    assert decide(classification, session_type, course) == (REVIEW, course.value)


@pytest.mark.parametrize(
    ("classification", "session_type", "answer"),
    [
        pytest.param(C.COMPLETED, S.REAL_SESSION, (TRAINING, "history"), id="completed"),
        pytest.param(C.COMPLETED, S.NONE, (TRAINING, "history"), id="completed-no-session"),
        pytest.param(C.ARCHIVED_TRAINING, S.REAL_SESSION, (TRAINING, "history"), id="archived"),
        pytest.param(C.ARCHIVED_TRAINING, S.NONE, (TRAINING, "history"), id="archived-no-session"),
        pytest.param(C.REGISTERED, S.REAL_SESSION, (ENROLLMENT, "registration"), id="registered"),
        pytest.param(C.REGISTERED, S.NONE, (REVIEW, "session_missing"), id="registered-nowhere"),
    ],
)
def test_with_a_mapped_course_history_is_made_and_a_registration_needs_a_real_session(
    classification: Classification, session_type: SessionType, answer: tuple[ImportAction, str]
) -> None:
    assert decide(classification, session_type, K.MAPPED) == answer


@pytest.mark.parametrize("session_type", [S.REAL_SESSION, S.NONE])
def test_only_completed_history_is_kept_by_the_name_of_its_course(
    session_type: SessionType,
) -> None:
    for classification in TRAINED:
        assert decide(classification, session_type, K.KEPT_BY_NAME) == (TRAINING, "history")
    answer = decide(C.REGISTERED, session_type, K.KEPT_BY_NAME)
    assert answer == (REVIEW, "course_kept_by_name")


@pytest.mark.parametrize("session_type", SessionType)
@pytest.mark.parametrize("course", CourseState)
def test_a_release_frees_history_from_its_session_and_nothing_else(
    session_type: SessionType, course: CourseState
) -> None:
    for classification in Classification:
        released = decide(classification, session_type, course, history_released=True)
        if classification in TRAINED:
            assert released == decide(classification, S.NONE, course)
        else:
            assert released == decide(classification, session_type, course)


def test_the_ladder_is_total() -> None:
    cases = list(product(Classification, SessionType, CourseState))
    assert all(decide(*case).action in ImportAction for case in cases)
    assert len(cases) == 5 * 4 * 7
