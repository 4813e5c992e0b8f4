"""The one decision that plan and commit share, from its first rung to its last."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legacy_import.choices import (
    Classification,
    DuplicateConfidence,
    ImportAction,
    PlannedAction,
    ValidationStatus,
)
from legacy_import.rules.commit_policy import (
    GETS_PERSON,
    LADDER,
    Facts,
    Origin,
    Place,
    decide,
)
from legacy_import.rules.validation import DELETED

C, V, D = Classification, ValidationStatus, DuplicateConfidence
A, P, O = ImportAction, PlannedAction, Origin  # noqa: E741
TRAINED = (C.COMPLETED, C.ARCHIVED_TRAINING)
HISTORY = (*TRAINED, C.REGISTERED)

LEAD = Facts(
    classification=C.LEAD_ONLY,
    validation_status=V.VALID,
    doubt="",
    import_action=A.CREATE_COURSE_INTEREST,
    action_reason="lead",
    contact_trusted=True,
)
COMPLETED = replace(
    LEAD,
    classification=C.COMPLETED,
    import_action=A.CREATE_LEGACY_COMPLETED_TRAINING,
    action_reason="history",
)
REGISTERED = replace(
    LEAD,
    classification=C.REGISTERED,
    import_action=A.CREATE_LEGACY_ENROLLMENT,
    action_reason="registration",
    session_confirmed=True,
)
LINKABLE = {"confidence": D.HIGH, "linkable": True, "validation_status": V.DUPLICATE}
BLOCKED = {"confidence": D.HIGH, "blocker": "hot_key", "validation_status": V.DUPLICATE}

# name → facts, planned action, reason
CASES = {
    # reviewers first
    "skip": (replace(LEAD, skipped=True), P.SKIP, "reviewer_skip"),
    "skip-before-imported": (
        replace(LEAD, skipped=True, origin=O.CHANGED), P.SKIP, "reviewer_skip"),
    "skip-of-a-failed-row": (
        replace(LEAD, skipped=True, validation_status=V.FAILED), P.SKIP, "reviewer_skip"),
    "later": (replace(COMPLETED, postponed=True), P.REVIEW, "reviewer_later"),
    # erased on request
    "erased": (replace(LEAD, erased=True, validation_status=V.FAILED), P.SKIP, "erased_on_request"),
    "erased-though-linkable": (
        replace(COMPLETED, erased=True, **LINKABLE), P.SKIP, "erased_on_request"),
    "erased-and-postponed": (
        replace(LEAD, erased=True, postponed=True), P.SKIP, "erased_on_request"),
    "erased-and-changed-since-it-was-imported": (
        replace(LEAD, erased=True, origin=O.CHANGED), P.SKIP, "erased_on_request"),
    "erased-and-imported-before": (
        replace(LEAD, erased=True, origin=O.IMPORTED), P.SKIP, "already_imported"),
    "erased-and-gone": (
        replace(LEAD, erased=True, deletion="source_row_gone"), P.SKIP, "erased_on_request"),
    # this row's origin exists already
    "imported": (replace(COMPLETED, origin=O.IMPORTED), P.SKIP, "already_imported"),
    "imported-though-linkable": (
        replace(LEAD, origin=O.IMPORTED, **LINKABLE), P.SKIP, "already_imported"),
    "imported-and-changed": (
        replace(LEAD, origin=O.CHANGED), P.REVIEW, "already_imported_changed"),
    "imported-before-unknown": (
        replace(LEAD, origin=O.IMPORTED, classification=C.UNKNOWN), P.SKIP, "already_imported"),
    "deleted-since": (replace(LEAD, origin=O.DELETED), P.REVIEW, "imported_deleted"),
    "deleted-since-though-linkable": (
        replace(COMPLETED, origin=O.DELETED, **LINKABLE), P.REVIEW, "imported_deleted"),
    "skip-what-was-deleted": (
        replace(LEAD, skipped=True, origin=O.DELETED), P.SKIP, "reviewer_skip"),
    "interest-again": (replace(LEAD, origin=O.INTEREST_AGAIN), P.LINK_EXISTING, "interest_again"),
    "interest-again-of-history": (
        replace(COMPLETED, origin=O.INTEREST_AGAIN), P.REVIEW, "imported_deleted"),
    "interest-again-of-a-deleted-row": (
        replace(LEAD, origin=O.INTEREST_AGAIN, deletion=DELETED), P.REVIEW, "deleted_at_source"),
    "another-person": (
        replace(LEAD, origin=O.ANOTHER_PERSON), P.REVIEW, "row_is_another_person"),
    "another-person-though-linkable": (
        replace(LEAD, origin=O.ANOTHER_PERSON, **LINKABLE), P.REVIEW, "row_is_another_person"),
    "change-acknowledged": (
        replace(COMPLETED, origin=O.CHANGED, acknowledged=True), P.SKIP, "change_acknowledged"),
    "history-added": (
        replace(COMPLETED, origin=O.CHANGED, add_history=True, **LINKABLE),
        P.CREATE_COMPLETED_TRAINING, "history_added"),
    "history-added-without-a-person": (
        replace(COMPLETED, origin=O.CHANGED, add_history=True),
        P.CREATE_COMPLETED_TRAINING, "history_added"),
    "history-added-to-whom": (
        replace(COMPLETED, origin=O.CHANGED, add_history=True, **BLOCKED), P.REVIEW, "hot_key"),
    "registration-added": (
        replace(REGISTERED, origin=O.CHANGED, add_history=True, **LINKABLE),
        P.CREATE_ENROLLMENT, "registration_added"),
    "a-lead-has-nothing-to-add": (
        replace(LEAD, origin=O.CHANGED, add_history=True), P.REVIEW, "already_imported_changed"),
    "no-doubtful-history-is-added": (
        replace(COMPLETED, origin=O.CHANGED, add_history=True, validation_status=V.NEEDS_REVIEW,
                doubt="name_test"), P.REVIEW, "name_test"),
    # deleted on the old platform
    "deleted": (replace(COMPLETED, deletion=DELETED), P.REVIEW, "deleted_at_source"),
    "deleted-though-linkable": (
        replace(LEAD, deletion=DELETED, **LINKABLE), P.REVIEW, "deleted_at_source"),
    "deleted-before-unknown": (
        replace(LEAD, deletion=DELETED, classification=C.UNKNOWN), P.REVIEW, "deleted_at_source"),
    "deleted-and-skipped": (
        replace(LEAD, deletion=DELETED, skipped=True), P.SKIP, "reviewer_skip"),
    "deleted-since-it-was-imported": (
        replace(LEAD, deletion=DELETED, origin=O.CHANGED), P.REVIEW, "already_imported_changed"),
    "deleted-course": (
        replace(REGISTERED, deletion="course_deleted_at_source"),
        P.REVIEW, "course_deleted_at_source"),
    "deleted-session": (
        replace(COMPLETED, deletion="session_deleted_at_source"),
        P.REVIEW, "session_deleted_at_source"),
    # unknown, failed or needs_review
    "unknown": (replace(COMPLETED, classification=C.UNKNOWN), P.REVIEW, "status_unknown"),
    "unknown-though-linkable": (
        replace(LEAD, classification=C.UNKNOWN, **LINKABLE), P.REVIEW, "status_unknown"),
    "pending": (replace(LEAD, validation_status=V.PENDING), P.REVIEW, "not_validated"),
    "failed": (
        replace(COMPLETED, validation_status=V.FAILED, doubt="unreadable"), P.REVIEW, "unreadable"),
    "needs-review": (
        replace(COMPLETED, validation_status=V.NEEDS_REVIEW, doubt="text_damaged"),
        P.REVIEW, "text_damaged"),
    # completed and archived
    "completed": (COMPLETED, P.CREATE_COMPLETED_TRAINING, "history"),
    "archived": (
        replace(COMPLETED, classification=C.ARCHIVED_TRAINING),
        P.CREATE_COMPLETED_TRAINING, "history"),
    "completed-without-contact": (
        replace(COMPLETED, contact_trusted=False), P.CREATE_COMPLETED_TRAINING, "history"),
    "completed-with-a-medium-match": (
        replace(COMPLETED, confidence=D.MEDIUM), P.CREATE_COMPLETED_TRAINING, "history"),
    "completed-of-a-known-person": (
        replace(COMPLETED, **LINKABLE), P.CREATE_COMPLETED_TRAINING, "history_of_known_person"),
    "completed-of-a-known-person-whom-another-row-contradicts": (
        replace(COMPLETED, group_conflict=True, **LINKABLE), P.REVIEW, "group_conflict"),
    "completed-of-nobody-known-in-a-doubtful-group": (
        replace(COMPLETED, group_conflict=True), P.CREATE_COMPLETED_TRAINING, "history"),
    "completed-with-a-blocked-high": (replace(COMPLETED, **BLOCKED), P.REVIEW, "hot_key"),
    "completed-with-a-reviewer-s-link": (
        replace(COMPLETED, confidence=D.HIGH, linkable=True),
        P.CREATE_COMPLETED_TRAINING, "history_of_known_person"),
    "completed-as-a-follower": (
        replace(COMPLETED, place=Place.FOLLOWER, group_has_history=True),
        P.CREATE_COMPLETED_TRAINING, "history"),
    "completed-otherwise": (
        replace(COMPLETED, import_action=A.NEEDS_REVIEW, action_reason="session_waiting"),
        P.REVIEW, "session_waiting"),
    "completed-otherwise-though-linkable": (
        replace(COMPLETED, import_action=A.NEEDS_REVIEW, action_reason="course_unmapped",
                **LINKABLE),
        P.REVIEW, "course_unmapped"),
    # registered
    "registered": (REGISTERED, P.CREATE_ENROLLMENT, "registration"),
    "registered-nobody-confirmed": (
        replace(REGISTERED, session_confirmed=False), P.REVIEW, "session_not_confirmed"),
    "registered-nobody-confirmed-though-linkable": (
        replace(REGISTERED, session_confirmed=False, **LINKABLE),
        P.REVIEW, "session_not_confirmed"),
    "registered-of-a-known-person": (
        replace(REGISTERED, **LINKABLE), P.CREATE_ENROLLMENT, "registration_of_known_person"),
    "registered-of-a-known-person-whom-another-row-contradicts": (
        replace(REGISTERED, group_conflict=True, **LINKABLE), P.REVIEW, "group_conflict"),
    "registered-with-a-blocked-high": (replace(REGISTERED, **BLOCKED), P.REVIEW, "hot_key"),
    "registered-otherwise": (
        replace(REGISTERED, import_action=A.NEEDS_REVIEW, action_reason="session_missing",
                **LINKABLE),
        P.REVIEW, "session_missing"),
    # leads
    "lead-of-a-known-person": (replace(LEAD, **LINKABLE), P.LINK_EXISTING, "known_person"),
    "lead-linked-by-a-reviewer": (
        replace(LEAD, confidence=D.LOW, linkable=True), P.LINK_EXISTING, "known_person"),
    "lead-of-a-known-person-in-a-group-with-history": (
        replace(LEAD, place=Place.FOLLOWER, group_has_history=True, **LINKABLE),
        P.LINK_EXISTING, "known_person"),
    "lead-in-a-group-with-history": (
        replace(LEAD, place=Place.FIRST, group_has_history=True), P.REVIEW, "person_has_history"),
    "lead-follows-in-a-group-with-history": (
        replace(LEAD, place=Place.FOLLOWER, group_has_history=True, first_gets_person=True),
        P.REVIEW, "person_has_history"),
    "lead-in-a-doubtful-group": (replace(LEAD, group_conflict=True), P.REVIEW, "group_conflict"),
    "lead-follows": (
        replace(LEAD, place=Place.FOLLOWER, first_gets_person=True),
        P.LINK_EXISTING, "same_person_in_run"),
    "lead-follows-without-contact-of-its-own": (
        replace(LEAD, place=Place.FOLLOWER, first_gets_person=True, contact_trusted=False),
        P.LINK_EXISTING, "same_person_in_run"),
    "lead-waits-for-its-first": (
        replace(LEAD, place=Place.FOLLOWER), P.REVIEW, "first_of_group_waits"),
    "lead-alone": (LEAD, P.CREATE_CRM_LEAD, "new_lead"),
    "lead-first": (replace(LEAD, place=Place.FIRST), P.CREATE_CRM_LEAD, "new_lead"),
    # everything else
    "lead-with-a-blocked-high": (replace(LEAD, **BLOCKED), P.REVIEW, "hot_key"),
    "lead-with-a-medium-match": (
        replace(LEAD, confidence=D.MEDIUM), P.REVIEW, "medium_match"),
    "lead-with-a-low-match": (replace(LEAD, confidence=D.LOW), P.REVIEW, "low_match"),
    "lead-without-a-trusted-contact": (
        replace(LEAD, contact_trusted=False), P.REVIEW, "contact_not_trustworthy"),
    # a reviewer wants a lead although no contact is trustworthy
    "anyway": (
        replace(LEAD, contact_trusted=False, create_anyway=True),
        P.CREATE_CRM_LEAD, "new_lead_anyway"),
    "anyway-on-a-shared-phone": (
        replace(LEAD, create_anyway=True, **BLOCKED), P.CREATE_CRM_LEAD, "new_lead_anyway"),
    "anyway-but-perhaps-somebody-known": (
        replace(LEAD, create_anyway=True, confidence=D.HIGH, blocker="birth_date_conflict",
                validation_status=V.DUPLICATE), P.REVIEW, "birth_date_conflict"),
    "anyway-but-doubtful": (
        replace(LEAD, contact_trusted=False, create_anyway=True, doubt="name_test",
                validation_status=V.NEEDS_REVIEW), P.REVIEW, "name_test"),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "action", "reason"), CASES.values(), ids=CASES)
def test_the_ladder_is_read_from_the_top(facts: Facts, action: PlannedAction, reason: str) -> None:
    assert decide(facts) == (action, reason)


def test_every_rung_answers_for_some_case() -> None:
    answered = {next(rung for rung in LADDER if rung(facts)) for facts, *_ in CASES.values()}
    assert answered == set(LADDER)


def test_a_first_row_that_is_not_planned_to_have_a_person_gives_its_followers_none() -> None:
    reviews = [decide(facts) for facts, action, _ in CASES.values() if action == P.REVIEW]
    assert GETS_PERSON.isdisjoint(reviews)
    assert decide(LEAD) in GETS_PERSON
    assert decide(replace(LEAD, **LINKABLE)) in GETS_PERSON


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Facts as they can come: every combination, with a blocker wherever HIGH may not link."""
    flag = st.booleans()
    confidence = draw(st.sampled_from(D))
    linkable = draw(flag)
    blocked = confidence == D.HIGH and not linkable
    return Facts(
        classification=draw(st.sampled_from(C)),
        validation_status=draw(st.sampled_from(V)),
        doubt="text_damaged",
        import_action=draw(st.sampled_from(A)),
        action_reason="session_waiting",
        origin=draw(st.sampled_from(O)),
        session_confirmed=draw(flag),
        confidence=confidence,
        linkable=linkable,
        blocker="hot_key" if blocked else "",
        contact_trusted=draw(flag),
        place=draw(st.sampled_from(Place)),
        group_has_history=draw(flag),
        group_conflict=draw(flag),
        first_gets_person=draw(flag),
        skipped=draw(flag),
        postponed=draw(flag),
    )


@settings(max_examples=2_000)
@given(any_facts())
def test_whatever_the_facts_nothing_unsafe_is_planned(facts: Facts) -> None:
    action, reason = decide(facts)
    assert action in PlannedAction
    assert reason
    if facts.classification in HISTORY:
        assert action not in (P.LINK_EXISTING, P.CREATE_CRM_LEAD), "history consumed by a link"
    if action == P.CREATE_CRM_LEAD:
        assert facts.classification == C.LEAD_ONLY
        assert facts.confidence == D.NONE
        assert not facts.linkable
        assert facts.contact_trusted
        assert facts.validation_status == V.VALID
        assert not facts.group_has_history, "somebody trained became a mere lead"
        assert not facts.group_conflict
        assert facts.place != Place.FOLLOWER
    if action == P.CREATE_COMPLETED_TRAINING:
        assert facts.classification in TRAINED
        assert facts.import_action == A.CREATE_LEGACY_COMPLETED_TRAINING
    if action == P.CREATE_ENROLLMENT:
        assert facts.classification == C.REGISTERED
        assert facts.session_confirmed
    if action == P.LINK_EXISTING:
        assert facts.linkable or facts.place == Place.FOLLOWER or facts.origin == O.INTEREST_AGAIN
    if action not in (P.REVIEW, P.SKIP):
        assert facts.origin in (O.NEW, O.INTEREST_AGAIN)
        assert not facts.deletion
        assert facts.validation_status in (V.VALID, V.DUPLICATE)
        follows = (action, reason) == (P.LINK_EXISTING, "same_person_in_run")
        own = reason == "interest_again"
        assert facts.linkable or facts.confidence != D.HIGH or follows or own, (
            "a blocked HIGH acted"
        )
    if action == P.SKIP:
        assert facts.skipped or facts.erased or facts.origin == O.IMPORTED
