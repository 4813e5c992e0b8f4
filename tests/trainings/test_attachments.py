"""Whose history it is: attached, moved, detached and undone, each an event; two people at once."""

import datetime

import pytest

from tests.factories import CrmLeadFactory, LearnerProfileFactory
from tests.trainings.histories import NOW, again, history, secretary, seen
from trainings.attachments import (
    AttachmentRefused,
    ChangedMeanwhile,
    SeenRecord,
    attach,
    detach,
    person_of,
    undo,
)
from trainings.models import AttachedRecord, HistoryAttachment

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor():
    return secretary()


@pytest.fixture
def lead():
    return CrmLeadFactory(full_name="Karim Haddad")


def attached(records, person, actor, reason="même dossier papier"):
    return attach(records=seen(*records), person=person, reason=reason, actor=actor, now=NOW)


def test_one_record_is_attached_and_the_others_stay(actor, lead):
    one, other = history(1), history(2, key="legacy:stagiaires:1")
    event = attached([one], ("lead", lead.pk), actor)
    assert (event.action, event.person_kind, event.person_id) == ("attach", "lead", lead.pk)
    assert (event.reason, event.actor, event.created_at) == ("même dossier papier", actor, NOW)
    assert person_of(again(one)) == ("lead", lead.pk)
    assert person_of(again(other)) is None
    (change,) = event.records.all()
    assert (change.origin, change.old_id, change.new_id) == (one.origin, None, lead.pk)


def test_all_of_a_learner_is_attached_in_one_event(actor):
    user = LearnerProfileFactory().user
    records = [history(1), history(2, key="legacy:stagiaires:1", enrollment=True)]
    event = attached(records, ("user", user.pk), actor)
    assert event.records.count() == 2
    assert {person_of(again(one)) for one in records} == {("user", user.pk)}


def test_a_move_keeps_whose_it_was(actor, lead):
    record, user = history(1), LearnerProfileFactory().user
    attached([record], ("lead", lead.pk), actor)
    event = attached([record], ("user", user.pk), actor)
    assert event.action == "move"
    assert (again(record).user_id, again(record).lead_id) == (user.pk, None)
    (change,) = event.records.all()
    assert (change.old_kind, change.old_id) == ("lead", lead.pk)


def test_a_detachment_leaves_it_with_no_one(actor, lead):
    record = history(1)
    attached([record], ("lead", lead.pk), actor)
    event = detach(records=seen(record), reason="homonyme", actor=actor, now=NOW)
    assert (event.action, event.person_id) == ("detach", None)
    assert person_of(again(record)) is None


def test_only_what_changes_is_logged(actor, lead):
    one, other = history(1), history(2, key="legacy:stagiaires:1")
    attached([one], ("lead", lead.pk), actor)
    event = attached([one, other], ("lead", lead.pk), actor)
    assert [change.origin for change in event.records.all()] == [other.origin]
    assert event.action == "attach"


@pytest.mark.parametrize("steps", ["attach", "move", "detach"])
def test_an_undo_is_a_new_event_that_gives_everything_back(actor, lead, steps):
    record, user = history(1), LearnerProfileFactory().user
    event = attached([record], ("lead", lead.pk), actor)
    before = None
    if steps == "move":
        before, event = ("lead", lead.pk), attached([record], ("user", user.pk), actor)
    if steps == "detach":
        before = ("lead", lead.pk)
        event = detach(records=seen(record), reason="erreur", actor=actor, now=NOW)
    count = HistoryAttachment.objects.count()
    reversal = undo(event_id=event.pk, actor=secretary("autre"), now=NOW)
    assert person_of(again(record)) == before
    assert (reversal.action, reversal.undoes) == ("undo", event)
    assert HistoryAttachment.objects.count() == count + 1


def test_nothing_is_undone_twice_nor_an_undo_itself(actor, lead):
    record = history(1)
    event = attached([record], ("lead", lead.pk), actor)
    reversal = undo(event_id=event.pk, actor=actor, now=NOW)
    for number in (event.pk, reversal.pk, 987_654):
        with pytest.raises(AttachmentRefused):
            undo(event_id=number, actor=actor, now=NOW)
    assert person_of(again(record)) is None
    assert HistoryAttachment.objects.count() == 2


def test_what_came_later_is_not_undone_with_it(actor, lead):
    record, other = history(1), CrmLeadFactory()
    first = attached([record], ("lead", lead.pk), actor)
    attached([record], ("lead", other.pk), actor)
    with pytest.raises(ChangedMeanwhile) as refusal:
        undo(event_id=first.pk, actor=actor, now=NOW)
    assert refusal.value.latest.action == "move"
    assert person_of(again(record)) == ("lead", other.pk)


def test_a_record_that_was_created_again_is_not_undone_by_an_old_event(actor, lead):
    """Its versions begin again, so that one of them is that of the old event."""
    other = CrmLeadFactory()
    record = history()
    first = attach(records=seen(record), person=("lead", lead.pk), reason="a", actor=actor, now=NOW)
    detach(records=seen(record), reason="b", actor=actor, now=NOW)
    record.delete()
    record = history()
    attach(records=seen(record), person=("lead", other.pk), reason="c", actor=actor, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        undo(event_id=first.pk, actor=actor, now=NOW)
    assert person_of(again(record)) == ("lead", other.pk)


def test_the_later_of_two_people_is_told_who_was_first(actor, lead):
    record, other = history(1), CrmLeadFactory()
    page = seen(record)
    attached([record], ("lead", lead.pk), secretary("premiere"))
    for late in (
        lambda: attach(records=page, person=("lead", other.pk), reason="x", actor=actor, now=NOW),
        lambda: detach(records=page, reason="x", actor=actor, now=NOW),
    ):
        with pytest.raises(ChangedMeanwhile) as refusal:
            late()
        assert refusal.value.latest.actor.username == "premiere"
    assert person_of(again(record)) == ("lead", lead.pk)
    assert HistoryAttachment.objects.count() == 1


def test_one_changed_record_refuses_all_of_them(actor, lead):
    one, other = history(1), history(2, key="legacy:stagiaires:1")
    page = seen(one, other)
    attached([other], ("lead", lead.pk), actor)
    with pytest.raises(ChangedMeanwhile):
        attach(records=page, person=("lead", CrmLeadFactory().pk), reason="x", actor=actor, now=NOW)
    assert person_of(again(one)) is None


@pytest.mark.parametrize(
    "reason", ["", "   ", "\x00", "appeler le 0559446168", "karim@exemple.dz", "x" * 256]
)
def test_a_reason_is_needed_and_contains_no_contact(actor, lead, reason):
    record = history(1)
    with pytest.raises(AttachmentRefused):
        attached([record], ("lead", lead.pk), actor, reason=reason)
    with pytest.raises(AttachmentRefused):
        detach(records=seen(record), reason=reason, actor=actor, now=NOW)
    assert HistoryAttachment.objects.count() == 0


@pytest.mark.parametrize("kind", ["user", "lead"])
def test_history_is_attached_to_existing_people_only(actor, kind):
    with pytest.raises(AttachmentRefused):
        attached([history(1)], (kind, 987_654), actor)


def test_records_of_two_learners_are_not_decided_together(actor, lead):
    with pytest.raises(AttachmentRefused):
        attached([history(1), history(2)], ("lead", lead.pk), actor)


def test_a_record_that_is_gone_refuses(actor, lead):
    with pytest.raises(ChangedMeanwhile):
        attach(
            records=[SeenRecord("legacy:stagiaires:9:training", 0)], person=("lead", lead.pk),
            reason="x", actor=actor, now=NOW,
        )  # fmt: skip


def test_nothing_to_do_is_said(actor, lead):
    record = history(1)
    with pytest.raises(AttachmentRefused):
        detach(records=seen(record), reason="x", actor=actor, now=NOW)
    attached([record], ("lead", lead.pk), actor)
    with pytest.raises(AttachmentRefused):
        attached([record], ("lead", lead.pk), actor)
    with pytest.raises(AttachmentRefused):
        attach(records=[], person=("lead", lead.pk), reason="x", actor=actor, now=NOW)
    assert AttachedRecord.objects.count() == 1


def test_the_record_itself_is_not_edited(actor, lead):
    """So that a rollback finds it as the import created it, once the attachment is undone."""
    record = history(1)
    before = again(record).updated_at
    event = attached([record], ("lead", lead.pk), actor)
    undo(event_id=event.pk, actor=actor, now=NOW + datetime.timedelta(hours=1))
    assert again(record).updated_at == before
