"""The table of decisions: complete, without leftovers, and without a reason that has no way out."""

import pytest

from legacy_import.choices import ReviewDecision
from legacy_import.rules.commit_policy import DELETIONS
from legacy_import.rules.decisions import Event
from legacy_import.rules.resolutions import (
    CHANGES,
    PUT_ASIDE,
    RESOLUTIONS,
    WITHOUT_DECISION,
    candidates,
    is_possible,
)
from tests.rules.test_commit_policy import CASES, COMPLETED, LEAD, REGISTERED
from tests.rules.test_reasons import ACTION_REASONS, BLOCKERS, DOUBTS

D = ReviewDecision
REVIEW_REASONS = {
    *(reason for _, action, reason in CASES.values() if action == "review"),
    *(reason for reason in ACTION_REASONS if reason not in ("history", "registration")),
    *BLOCKERS,
    *DOUBTS,
    *DELETIONS,
}


def test_every_review_reason_has_a_way_out_or_says_why_not() -> None:
    assert {*RESOLUTIONS, *WITHOUT_DECISION} == REVIEW_REASONS
    assert not RESOLUTIONS.keys() & WITHOUT_DECISION.keys()


@pytest.mark.parametrize(("reason", "decisions"), RESOLUTIONS.items(), ids=RESOLUTIONS)
def test_a_way_out_is_more_than_to_put_the_row_aside(
    reason: str, decisions: tuple[ReviewDecision, ...]
) -> None:
    assert decisions
    assert not {*PUT_ASIDE, D.RESET} & {*decisions}
    assert len(set(decisions)) == len(decisions)


def test_every_decision_says_what_it_changes_and_is_offered_somewhere() -> None:
    assert set(CHANGES) == set(D)
    offered = {decision for decisions in RESOLUTIONS.values() for decision in decisions}
    assert offered == set(D) - {*PUT_ASIDE, D.RESET}


def test_candidates_of_two_reasons_are_each_listed_once() -> None:
    both = candidates("status_unknown", "session_waiting")
    assert both[0] == D.TREAT_AS
    assert len(set(both)) == len(both)
    assert candidates("no_such_reason") == ()


@pytest.mark.parametrize(
    ("facts", "possible"),
    [(COMPLETED, True), (REGISTERED, False), (LEAD, False)],
    ids=["completed", "registered", "lead"],
)
def test_only_history_is_released_from_its_session(facts, possible: bool) -> None:
    assert is_possible(Event(D.RELEASE_WITHOUT_SESSION), facts) is possible


@pytest.mark.parametrize(
    ("facts", "course", "by_name"),
    [(COMPLETED, True, True), (REGISTERED, True, False), (LEAD, False, False)],
    ids=["completed", "registered", "lead"],
)
def test_an_enrolment_needs_a_course_of_the_platform_and_a_lead_none(
    facts, course: bool, by_name: bool
) -> None:
    assert is_possible(Event(D.SET_COURSE, course_id=4), facts) is course
    assert is_possible(Event(D.SET_COURSE), facts) is by_name
