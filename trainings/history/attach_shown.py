"""Records and events of the attachment log as pages show them: masked, in the reader's language."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from ecoin.display import NOTHING, shown_name
from ecoin.identity.masking import mask_code, mask_text
from ecoin.lineage import PERMISSION as LINEAGE_PERMISSION
from ecoin.lineage import lineage_link
from trainings.attachments import person_of
from trainings.history.attach_forms import record_value
from trainings.models import AttachmentAction, HistoryAttachment, ImportedHistory, PersonKind

ATTACH = "trainings.attach_history"

# Why the import did not link a learner with a person it found, by the code that came with the history.
BLOCKERS = {
    "medium_match": _("same name and birth date, or same name and raw phone, as a known person"),
    "shared_contact_other_name": _("same phone or e-mail as a known person of another name"),
    "name_missing": _("no name, or one that cannot be read"),
    "name_incomplete": _("same contact, but only one word of the name to compare"),
    "name_only_similar": _(
        "same contact, but a name that is only similar, and no birth date that settles it"
    ),
    "name_in_other_script": _("same contact, the name in another script and not known in both"),
    "birth_date_conflict": _("same contact as a known person with another birth date"),
    "hot_key": _("a phone or e-mail that many different people have"),
    "role_mailbox": _("a school's or shop's mailbox, not a person's"),
    "person_inactive": _("the account of the person who matches is deactivated"),
    "several_targets": _("more than one known person matches"),
}


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """One record. `owner`: to whom it is attached, or ""; `value`: as a form sends it back."""

    value: str
    origin: str
    kind: str
    course: str
    session: str
    date: datetime.date | None
    owner: str
    lineage: SafeString | str


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One event of the log. `person`: "lead 12", or "" where it is about no one."""

    id: int
    action: str
    person: str
    reason: str
    actor: str
    at: datetime.datetime
    undone: bool
    can_be_undone: bool
    learner_key: str


def shown_record(record: ImportedHistory, reader: Any) -> ShownRecord:
    course = getattr(record, "course", None)
    may_trace = reader.has_perm(LINEAGE_PERMISSION)
    return ShownRecord(
        value=record_value(record),
        origin=record.origin,
        kind=str(record._meta.verbose_name),
        course=mask_text(course.name if course else record.legacy_course_name) or NOTHING,
        session=mask_code(record.session_code),
        date=record.dated_on,
        owner=_owner(record),
        lineage=lineage_link(record.origin) if may_trace else "",
    )


def shown_events(events: Iterable[HistoryAttachment]) -> list[ShownEvent]:
    return [shown_event(event) for event in events]


def shown_event(event: HistoryAttachment) -> ShownEvent:
    undone = hasattr(event, "undone_by")
    return ShownEvent(
        id=event.pk,
        action=event.get_action_display(),
        person=_person_words(event.person_kind, event.person_id),
        reason=mask_text(event.reason),
        actor=shown_name(event.actor.get_full_name().strip() or event.actor.get_username()),
        at=event.created_at,
        undone=undone,
        can_be_undone=not undone and event.action != AttachmentAction.UNDO,
        learner_key=event.learner_key,
    )


def blocker_words(code: str) -> str:
    """Why the import did not link, in the reader's language; "" for nothing, and unknown codes."""
    return gettext(BLOCKERS[code]) if code in BLOCKERS else ""


def _owner(record: ImportedHistory) -> str:
    kind, pk = person_of(record) or ("", None)
    return _person_words(kind, pk)


def _person_words(kind: str, pk: int | None) -> str:
    return f"{PersonKind(kind).label} {pk}" if kind and pk else ""
