"""Whose history it is: attached to a user or lead, moved, detached, ruled out; undone as a whole.

Everything is an event in an append-only log (HistoryAttachment). A record has a version: the later of
two people gets ChangedMeanwhile. `updated_at` of a record stays: with the attachment undone, the record
is again what the import created, and a rollback may delete it.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _

from crm.models import CrmLead
from ecoin.identity.masking import contains_contact
from trainings.models import (
    AttachedRecord,
    AttachmentAction,
    HistoryAttachment,
    ImportedHistory,
    OwnerState,
    PersonKind,
    ProbableOwner,
)
from trainings.owners import HISTORY, Person, propose_for_history, settle

MAX_REASON = 255  # characters
MOST_RECORDS = 500  # of one learner in one event
DECISIONS = {
    AttachmentAction.NOT_SAME: OwnerState.NOT_SAME,
    AttachmentAction.LATER: OwnerState.LATER,
}


class AttachmentRefused(Exception):
    """An attachment that is not possible. The message is marked for translation; `status` answers it."""

    status = 400

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class ChangedMeanwhile(AttachmentRefused):
    """The history changed since the page was opened. `latest`: the newest event about it, if any."""

    status = 409

    def __init__(self, learner_key: str) -> None:
        super().__init__(_("Another user changed this history while you had it open."))
        self.latest = latest_event(learner_key)


class OwnerGone(AttachmentRefused):
    """The pair is not on the work list any more: its person, or all its history, was deleted."""

    status = 404


class SeenRecord(NamedTuple):
    """A record with the version that the page showed."""

    origin: str
    version: int


class SeenOwner(NamedTuple):
    """A pair of the work list with the version that the page showed."""

    id: int
    version: int


def attach(
    *,
    records: Collection[SeenRecord],
    person: Person,
    reason: str,
    actor: User,
    now: datetime.datetime,
    owner: SeenOwner | None = None,
) -> HistoryAttachment:
    """Attach records of one learner to a user or lead, or move them there.

    `owner`: the pair of the work list that was decided. Raises AttachmentRefused, ChangedMeanwhile.
    """
    reason = checked_reason(reason)
    with transaction.atomic():
        _lock_person(person)
        locked = _lock_records(records)
        if owner is not None:
            pair = _lock_owner(owner)
            if (pair.person_kind, pair.person_id) != person:
                raise AttachmentRefused(_("This is not the person of this line."))
        changing = [record for record in locked if person_of(record) != person]
        if not changing:
            raise AttachmentRefused(_("This history is attached to this person already."))
        is_move = any(person_of(record) for record in changing)
        action = AttachmentAction.MOVE if is_move else AttachmentAction.ATTACH
        event = _event(action, changing[0].learner_key, person, reason, actor, now)
        _write(event, dict.fromkeys(changing, person))
        settle([event.learner_key])
        return event


def detach(
    *, records: Collection[SeenRecord], reason: str, actor: User, now: datetime.datetime
) -> HistoryAttachment:
    """Detach records of one learner from their people. Raises AttachmentRefused, ChangedMeanwhile."""
    reason = checked_reason(reason)
    with transaction.atomic():
        changing = [record for record in _lock_records(records) if person_of(record)]
        if not changing:
            raise AttachmentRefused(_("This history is attached to no one."))
        action = AttachmentAction.DETACH
        event = _event(action, changing[0].learner_key, None, reason, actor, now)
        _write(event, dict.fromkeys(changing))
        _propose(changing)
        return event


def decide_owner(
    *,
    owner: SeenOwner,
    action: AttachmentAction,
    actor: User,
    now: datetime.datetime,
    reason: str = "",
) -> HistoryAttachment:
    """NOT_SAME: the pair is never proposed again. LATER: it is put aside.

    Raises AttachmentRefused, ChangedMeanwhile.
    """
    reason = checked_reason(reason, required=False)
    with transaction.atomic():
        pair = _lock_owner(owner)
        person = (pair.person_kind, pair.person_id)
        event = _event(action, pair.learner_key, person, reason, actor, now)
        _set_state(pair, DECISIONS[action])
        return event


def undo(*, event_id: int, actor: User, now: datetime.datetime) -> HistoryAttachment:
    """Undo one event as a whole. Raises AttachmentRefused; ChangedMeanwhile if anything came after."""
    with transaction.atomic():
        event = HistoryAttachment.objects.filter(pk=event_id).first()
        if event is None or event.action == AttachmentAction.UNDO:
            raise AttachmentRefused(_("There is no such event, or it is an undo itself."))
        action = AttachmentAction(event.action)
        if action in DECISIONS:
            _reopen(event, DECISIONS[action])
            return _undo_event(event, actor, now)
        changes = list(event.records.order_by("pk"))
        for person in sorted({(one.old_kind, one.old_id) for one in changes if one.old_id}):
            _lock_person(person)
        seen_records = [SeenRecord(change.origin, change.version) for change in changes]
        records = {record.origin: record for record in _lock_records(seen_records)}
        if HistoryAttachment.objects.filter(undoes=event).exists() or _is_outdated(changes):
            raise ChangedMeanwhile(event.learner_key)
        reversal = _undo_event(event, actor, now)
        _write(
            reversal,
            {
                records[one.origin]: (one.old_kind, one.old_id) if one.old_id else None
                for one in changes
            },
        )
        _propose(records.values())
        return reversal


def latest_event(learner_key: str) -> HistoryAttachment | None:
    """The newest event about the history of this learner."""
    events = HistoryAttachment.objects.filter(learner_key=learner_key).select_related("actor")
    return events.order_by("-pk").first()


def person_of(record: ImportedHistory) -> Person | None:
    """To whom the record is attached."""
    if record.user_id:
        return PersonKind.USER.value, record.user_id
    return (PersonKind.LEAD.value, record.lead_id) if record.lead_id else None


def checked_reason(text: str, *, required: bool = True) -> str:
    """The reason, trimmed. Raises AttachmentRefused for a contact, a missing or an overlong reason."""
    reason = " ".join(text.replace("\x00", "").split())
    if required and not reason:
        raise AttachmentRefused(_("Give a reason."))
    if len(reason) > MAX_REASON:
        raise AttachmentRefused(_("This text is too long: 255 characters at most."))
    if contains_contact(reason):
        raise AttachmentRefused(
            _("This text contains a phone number or an e-mail address."),
            hint=_("No personal data here: the row already identifies the person."),
        )
    return reason


def _lock_person(person: Person) -> None:
    """No one deletes the user or lead until the transaction ends. Raises AttachmentRefused."""
    kind, pk = person
    model: Any = CrmLead if kind == PersonKind.LEAD else get_user_model()
    if not model._default_manager.select_for_update().filter(pk=pk).values_list("pk").first():
        raise AttachmentRefused(_("This person is no longer on the platform."))


def _lock_records(seen_records: Collection[SeenRecord]) -> list[ImportedHistory]:
    """The records, all of one learner and as they were seen, in a fixed order."""
    versions = dict(seen_records)
    if not 0 < len(versions) <= MOST_RECORDS:
        raise AttachmentRefused(_("Choose the records it is about."))
    records: list[ImportedHistory] = []
    for model in HISTORY:
        of_model = model._default_manager.filter(origin__in=versions).order_by("pk")
        records += of_model.select_for_update()
    learners = {record.learner_key for record in records}
    if len(learners) > 1:
        raise AttachmentRefused(_("These records belong to different learners."))
    if len(records) < len(versions) or any(one.version != versions[one.origin] for one in records):
        raise ChangedMeanwhile(learners.pop() if learners else "")
    return records


def _lock_owner(seen_owner: SeenOwner) -> ProbableOwner:
    pair = ProbableOwner.objects.select_for_update().filter(pk=seen_owner.id).first()
    if pair is None:
        raise OwnerGone(_("This line is no longer on the list."))
    if pair.version != seen_owner.version:
        raise ChangedMeanwhile(pair.learner_key)
    return pair


def _event(
    action: AttachmentAction,
    learner_key: str,
    person: Person | None,
    reason: str,
    actor: User,
    now: datetime.datetime,
) -> HistoryAttachment:
    kind, pk = person or ("", None)
    return HistoryAttachment.objects.create(
        action=action, learner_key=learner_key, person_kind=kind, person_id=pk, reason=reason,
        actor=actor, created_at=now,
    )  # fmt: skip


def _undo_event(event: HistoryAttachment, actor: User, now: datetime.datetime) -> HistoryAttachment:
    return HistoryAttachment.objects.create(
        action=AttachmentAction.UNDO, learner_key=event.learner_key,
        person_kind=event.person_kind, person_id=event.person_id, undoes=event, actor=actor,
        created_at=now,
    )  # fmt: skip


def _write(event: HistoryAttachment, people: Mapping[ImportedHistory, Person | None]) -> None:
    """Give each record to its person, and log both."""
    changes = []
    for record, person in people.items():
        old_kind, old_id = person_of(record) or ("", None)
        new_kind, new_id = person or ("", None)
        changes.append(
            AttachedRecord(
                attachment=event,
                origin=record.origin,
                old_kind=old_kind,
                old_id=old_id,
                new_kind=new_kind,
                new_id=new_id,
                version=record.version + 1,
            )
        )
        type(record)._default_manager.filter(pk=record.pk).update(
            user_id=new_id if new_kind == PersonKind.USER else None,
            lead_id=new_id if new_kind == PersonKind.LEAD else None,
            version=F("version") + 1,
        )
    AttachedRecord.objects.bulk_create(changes)


def _propose(records: Collection[ImportedHistory] | Any) -> None:
    """Put history that is attached to no one any more back on the work list."""
    propose_for_history({(one.learner_key, one.name_date_key) for one in records})


def _is_outdated(changes: Sequence[AttachedRecord]) -> bool:
    """Whether any of these records was attached or detached since.

    Its version does not always show it: a record that was rolled back and created again
    counts from the beginning.
    """
    later = AttachedRecord.objects.filter(origin__in={one.origin for one in changes})
    return later.filter(attachment__gt=changes[0].attachment_id).exists()


def _reopen(event: HistoryAttachment, state: OwnerState) -> None:
    """Put the pair of a decision back on the work list. Raises ChangedMeanwhile."""
    pair = (
        ProbableOwner.objects.select_for_update()
        .filter(
            learner_key=event.learner_key,
            person_kind=event.person_kind,
            person_id=event.person_id or 0,
            state=state,
        )
        .first()
    )
    if pair is None or HistoryAttachment.objects.filter(undoes=event).exists():
        raise ChangedMeanwhile(event.learner_key)
    _set_state(pair, OwnerState.OPEN)
    settle([pair.learner_key])


def _set_state(pair: ProbableOwner, state: OwnerState) -> None:
    ProbableOwner.objects.filter(pk=pair.pk).update(state=state, version=F("version") + 1)


def last_events(actor: User, number: int) -> Sequence[HistoryAttachment]:
    """The last events of a user, newest first."""
    events = HistoryAttachment.objects.filter(actor=actor).select_related("undone_by")
    return list(events.order_by("-pk")[:number])
