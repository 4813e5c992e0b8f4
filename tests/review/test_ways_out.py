"""Every cell of the table of decisions, through plan and commit: no reason without a way out."""

import contextlib
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from legacy_import.choices import Classification, PlannedAction, ReviewDecision
from legacy_import.models import LegacyReviewDecision, LegacyStudentImport
from legacy_import.people.phone_search import find_people
from legacy_import.people.platform import contacts_of
from legacy_import.review.decisions import CourseArgument, decide
from legacy_import.review.offers import Offer, offers_of
from legacy_import.rules.decisions import Event
from legacy_import.rules.duplicates import Target
from legacy_import.rules.resolutions import RESOLUTIONS
from tests.factories import CrmLeadFactory
from tests.review.reviewing import LATER_ON, reviewer
from tests.review.rows_for_review import ROWS, a_school
from tests.stages.stages import plan_of, run_commit, run_plan
from trainings.models import Course, LegacyCompletedTraining, LegacyImportedEnrollment

pytestmark = pytest.mark.django_db

D, A = ReviewDecision, PlannedAction
MOST_DECISIONS = 3  # about one row, one after the other
STRANGER_S_PHONE = "0770123456"
WITHOUT_REVIEW = [action for action in A if action != A.REVIEW]
HISTORY = (A.CREATE_COMPLETED_TRAINING, A.CREATE_ENROLLMENT)
# Rows of history for which no decision need create the record: they are linked, or treated as a lead.
WITHOUT_RECORD = {"session_missing", "session_not_confirmed"}
WAITING_REGISTRATION = ("session_waiting", "registered")
CASES = sorted(ROWS)


@pytest.fixture
def me() -> User:
    return reviewer(username="nadia")


People = dict[
    Target | None, str
]  # whom a row can be about → the proof of having been found by phone


def people_for(row: LegacyStudentImport, me: User) -> People:
    """The first person of the evidence who is still there, and one whom the reviewer finds by phone."""
    targets = [(one["kind"], one["id"]) for one in row.duplicate_evidence.get("targets", [])]
    CrmLeadFactory(full_name="Karim Haddad", phone=STRANGER_S_PHONE)
    (found,) = find_people(row_id=row.pk, phone=STRANGER_S_PHONE, actor_id=me.pk)
    return {**dict.fromkeys(targets[:1], ""), found.target: found.proof}


def offered(row: LegacyStudentImport, people: People) -> list[Offer]:
    """What can be decided about the row, with each of these people."""
    row.refresh_from_db()
    courses = list(Course.objects.order_by("pk").values_list("pk", flat=True))
    offers: dict[Event, Offer] = {}
    for person in people:
        found = offers_of(row.legacy_import_run, row, person=person, courses=courses)
        offers |= {one.event: one for one in found.offers} if found else {}
    there = contacts_of([person for person in people if person])
    return [one for one in offers.values() if one.decision != D.LINK or one.event.person in there]


def take(row: LegacyStudentImport, offer: Offer, people: People, me: User) -> None:
    event = offer.event
    row.refresh_from_db()
    decide(
        row_id=row.pk, version=row.version, decision=event.decision, actor=me, now=LATER_ON,
        treat_as=event.treat_as, person=event.person, proof=people.get(event.person, ""),
        inactive=True,
        course=CourseArgument(event.course_id) if event.decision == D.SET_COURSE else None,
    )  # fmt: skip


@contextlib.contextmanager
def tried() -> Iterator[None]:
    """Whatever happens in here is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def assert_effect_comes_true(row: LegacyStudentImport, offer: Offer) -> None:
    """The plan answers what was shown before the click, and the commit does that."""
    answer = offer.effect.answer
    run_plan(row.legacy_import_run)
    assert plan_of(row) == (answer.action, answer.reason), offer.event
    assert row.settled is offer.effect.suffices
    run_commit(row.legacy_import_run)
    row.refresh_from_db()
    if not offer.effect.suffices:
        assert row.outcome == "review"
    elif answer.reason == "same_person_in_run":
        assert row.outcome in (answer.action, "pending")  # after the first row, which may wait
    else:
        assert row.outcome == answer.action, offer.event


@pytest.mark.parametrize(("reason", "kind"), CASES, ids=[": ".join(case) for case in CASES])
def test_what_is_offered_does_what_it_says_and_leads_out(reason: str, kind: str, me: User) -> None:
    a_school()
    row = ROWS[reason, kind]()
    assert plan_of(row) == ("review", reason)
    people = people_for(row, me)
    offers = offered(row, people)
    assert offers, "a reason without a way out"
    for offer in offers:
        assert offer.decision in RESOLUTIONS[reason]
        with tried():
            take(row, offer, people, me)
            row.refresh_from_db()
            assert row.settled is offer.effect.suffices
            assert_effect_comes_true(row, offer)
    history = row.classification in (
        Classification.COMPLETED, Classification.ARCHIVED_TRAINING, Classification.REGISTERED,
    )  # fmt: skip
    wanted = HISTORY if history and has_record(reason, kind) else WITHOUT_REVIEW
    ways = list(ways_out(row, people, me, MOST_DECISIONS))
    assert any(action in wanted for action in ways), ways


def has_record(reason: str, kind: str) -> bool:
    made_before = (reason, kind) == ("already_imported_changed", "trained before")
    return not (reason in WITHOUT_RECORD or (reason, kind) == WAITING_REGISTRATION or made_before)


def ways_out(
    row: LegacyStudentImport, people: People, me: User, depth: int
) -> Iterator[PlannedAction]:
    """Where up to `depth` decisions lead, a new plan after each."""
    if depth == 0:
        return
    for offer in offered(row, people):
        if offer.effect.suffices:
            yield offer.effect.answer.action
        elif offer.decision not in (D.TREAT_AS, D.LINK):
            with tried():
                take(row, offer, people, me)
                run_plan(row.legacy_import_run)
                yield from list(ways_out(row, people, me, depth - 1))


def test_every_cell_of_the_table_is_walked(me: User) -> None:
    a_school()
    walked: dict[str, set[ReviewDecision]] = {reason: set() for reason in RESOLUTIONS}
    for reason, kind in CASES:
        with tried():
            row = ROWS[reason, kind]()
            people = people_for(row, me)
            walked[reason] |= {offer.decision for offer in offered(row, people)}
    assert walked == {reason: set(decisions) for reason, decisions in RESOLUTIONS.items()}


def test_no_decision_creates_anything_but_imported_records(me: User) -> None:
    a_school()
    row = ROWS["already_imported_changed", "trained since"]()
    people = people_for(row, me)
    (offer,) = [one for one in offered(row, people) if one.decision == D.ADD_HISTORY]
    take(row, offer, people, me)
    assert_effect_comes_true(row, offer)
    (training,) = LegacyCompletedTraining.objects.all()
    assert training.origin == "legacy:stagiaires:7:training"
    lead = training.lead
    assert lead is not None, "attached to the lead that the row became"
    assert lead.origin == "legacy:stagiaires:7:lead"
    assert not LegacyImportedEnrollment.objects.exists()
    assert LegacyReviewDecision.objects.count() == 1
