"""Probable owners: who is proposed, when, and what leaves the work list or comes back to it."""

import datetime

import pytest

from crm.models import CrmLead
from tests.factories import CrmLeadFactory, LearnerProfileFactory
from tests.trainings.histories import BORN, NAME, NOW, again, history, secretary, seen
from trainings.attachments import (
    AttachmentRefused,
    ChangedMeanwhile,
    SeenOwner,
    attach,
    decide_owner,
    detach,
    person_of,
    undo,
)
from trainings.history.owner_list import owner_page
from trainings.models import AttachmentAction, OwnerState, ProbableOwner
from trainings.owners import (
    Pair,
    on_the_list,
    propose_blocked,
    propose_for_leads,
    rule_out,
)

pytestmark = pytest.mark.django_db

SWAPPED = datetime.date(1990, 4, 3)


def listed(state: OwnerState = OwnerState.OPEN) -> set[tuple[str, str, int]]:
    pairs = on_the_list(state).values_list("learner_key", "person_kind", "person_id")
    return set(pairs)


def the_pair() -> ProbableOwner:
    return ProbableOwner.objects.get()


def seen_pair() -> SeenOwner:
    return SeenOwner(the_pair().pk, the_pair().version)


@pytest.fixture
def actor():
    return secretary()


def twin(**values) -> CrmLead:
    lead: CrmLead = CrmLeadFactory(**{"full_name": "HADDAD Karim", "birth_date": BORN, **values})
    return lead


def test_people_who_were_there_before_are_proposed_when_history_comes():
    lead = twin()
    user = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", birth_date=SWAPPED
    ).user
    record = history()
    key = record.learner_key
    assert listed() == {(key, "lead", lead.pk), (key, "user", user.pk)}


def test_people_who_come_later_are_proposed_when_they_are_saved():
    key = history().learner_key
    profile = LearnerProfileFactory(user__first_name="Karim", birth_date=BORN)
    assert listed() == set()
    profile.user.last_name = "Haddad"
    profile.user.save()
    lead = twin()
    assert listed() == {(key, "lead", lead.pk), (key, "user", profile.user_id)}


def test_people_created_in_bulk_are_proposed_by_their_ids():
    key = history().learner_key
    lead = CrmLead(full_name=NAME, birth_date=BORN)
    lead.normalize()
    CrmLead.objects.bulk_create([lead])
    propose_for_leads([CrmLead.objects.get().pk])
    assert listed() == {(key, "lead", CrmLead.objects.get().pk)}


@pytest.mark.parametrize(
    "values",
    [
        {"full_name": "Karima Haddad"},
        {"birth_date": datetime.date(1990, 3, 5)},
        {"birth_date": None},
        {"full_name": "Karim"},
    ],
)
def test_another_name_or_date_is_not_proposed(values):
    twin(**values)
    history()
    assert listed() == set()


def test_history_that_is_attached_is_not_proposed():
    history(lead=CrmLeadFactory())
    twin()
    assert listed() == set()


def test_a_corrected_person_leaves_the_list_and_may_come_back():
    history()
    lead = twin()
    lead.full_name = "Kamel Bouzid"
    lead.save()
    assert ProbableOwner.objects.count() == 0
    lead.full_name = NAME
    lead.save()
    assert len(listed()) == 1


def test_a_deleted_person_leaves_the_list():
    history()
    lead = twin()
    user = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", birth_date=BORN
    ).user
    assert len(listed()) == 2
    lead.delete()
    user.delete()
    assert ProbableOwner.objects.count() == 0


def test_a_person_deleted_in_bulk_is_not_listed():
    history()
    twin()
    CrmLead.objects.all()._raw_delete("default")
    assert owner_page(OwnerState.OPEN).lines == []


def test_a_blocked_match_is_proposed_with_its_blocker():
    record, lead = history(), CrmLeadFactory()
    propose_blocked([Pair(record.learner_key, ("lead", lead.pk), "shared_contact_other_name")])
    assert listed() == {(record.learner_key, "lead", lead.pk)}
    assert (the_pair().reason, the_pair().blocker) == (
        "blocked_match",
        "shared_contact_other_name",
    )


def test_not_the_same_is_remembered_for_good(actor):
    record, lead = history(), twin()
    decide_owner(owner=seen_pair(), action=AttachmentAction.NOT_SAME, actor=actor, now=NOW)
    lead.save()
    propose_blocked([Pair(record.learner_key, ("lead", lead.pk), "hot_key")])
    type(record)._default_manager.all().delete()  # a rollback and a new commit
    history()
    assert listed() == set()
    assert the_pair().state == OwnerState.NOT_SAME


def test_what_a_reviewer_ruled_out_is_never_proposed():
    lead = twin()
    rule_out([Pair("legacy:stagiaires:1", ("lead", lead.pk))])
    history()
    assert listed() == set()


def test_later_puts_aside_and_an_undo_brings_back(actor):
    history()
    twin()
    event = decide_owner(owner=seen_pair(), action=AttachmentAction.LATER, actor=actor, now=NOW)
    assert listed() == set()
    assert len(listed(OwnerState.LATER)) == 1
    undo(event_id=event.pk, actor=actor, now=NOW)
    assert len(listed()) == 1


def test_not_the_same_can_be_undone_once(actor):
    history()
    twin()
    event = decide_owner(owner=seen_pair(), action=AttachmentAction.NOT_SAME, actor=actor, now=NOW)
    undo(event_id=event.pk, actor=actor, now=NOW)
    assert len(listed()) == 1
    with pytest.raises(ChangedMeanwhile):
        undo(event_id=event.pk, actor=actor, now=NOW)


def test_attached_history_leaves_the_list_with_all_its_lines(actor):
    record, lead = history(), twin()
    twin()
    pair = ProbableOwner.objects.get(person_id=lead.pk)
    event = attach(
        records=seen(record), person=("lead", lead.pk), reason="même personne", actor=actor,
        now=NOW, owner=SeenOwner(pair.pk, pair.version),
    )  # fmt: skip
    assert listed() == set()
    assert person_of(again(record)) == ("lead", lead.pk)
    undo(event_id=event.pk, actor=actor, now=NOW)
    assert len(listed()) == 2
    attach(records=seen(record), person=("lead", lead.pk), reason="x", actor=actor, now=NOW)
    detach(records=seen(record), reason="x", actor=actor, now=NOW)
    assert len(listed()) == 2


def test_a_learner_stays_on_the_list_until_everything_is_attached(actor):
    lead = twin()
    one, other = history(1), history(2, key="legacy:stagiaires:1", enrollment=True)
    attach(records=seen(one), person=("lead", lead.pk), reason="x", actor=actor, now=NOW)
    assert len(listed()) == 1
    attach(records=seen(other), person=("lead", lead.pk), reason="x", actor=actor, now=NOW)
    assert listed() == set()
    history(3, key="legacy:stagiaires:1")
    assert len(listed()) == 1


def test_the_later_of_two_decisions_on_a_line_is_refused(actor):
    record, lead = history(), twin()
    page, records = seen_pair(), seen(record)
    decide_owner(owner=page, action=AttachmentAction.NOT_SAME, actor=secretary("premiere"), now=NOW)
    for late in (
        lambda: decide_owner(owner=page, action=AttachmentAction.LATER, actor=actor, now=NOW),
        lambda: attach(
            records=records, person=("lead", lead.pk), reason="x", actor=actor, now=NOW, owner=page
        ),
    ):
        with pytest.raises(ChangedMeanwhile) as refusal:
            late()
        assert refusal.value.latest.actor.username == "premiere"
    assert the_pair().state == OwnerState.NOT_SAME
    assert person_of(again(record)) is None


def test_a_line_decides_about_its_own_person_only(actor):
    record = history()
    twin()
    with pytest.raises(AttachmentRefused):
        attach(
            records=seen(record), person=("lead", CrmLeadFactory().pk), reason="x", actor=actor,
            now=NOW, owner=seen_pair(),
        )  # fmt: skip


def test_learners_without_history_are_forgotten_unless_decided(actor):
    record, other = history(), history(2, key="legacy:stagiaires:1", enrollment=True)
    twin()
    record.delete()
    assert len(listed()) == 1
    other.delete()
    assert ProbableOwner.objects.count() == 0
