"""The contact of a former learner in full: one learner, one reason, one entry in the access log."""

import datetime
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_noop as _

from ecoin.identity.masking import contains_contact
from trainings.history.records import MODELS
from trainings.models import HistoryAccessLog

PERMISSION = "trainings.reveal_history"
PER_HOUR = 30
HOUR = datetime.timedelta(hours=1)
LONGEST_REASON = 255


class RevealRefused(Exception):
    """A contact is not shown. `message` is marked for translation; `status` answers the request."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownLearner(RevealRefused):
    """No imported record has this learner key."""

    status = 404


class TooManyLooks(RevealRefused):
    """The limit per hour is reached. `again_at`: when the next look is possible."""

    status = 429

    def __init__(self, again_at: datetime.datetime) -> None:
        super().__init__(_("You revealed 30 contacts within an hour; that is the limit."))
        self.again_at = again_at


@dataclass(frozen=True, slots=True)
class LearnerContact:
    """The contacts of a learner's records as in the old database. Never stored, never logged."""

    phones: list[str]
    emails: list[str]


def reveal_contact(
    *, learner_key: str, actor: User, reason: str, now: datetime.datetime
) -> LearnerContact:
    """The unmasked contacts of one learner; the log entry is in the same transaction.

    Raises UnknownLearner, TooManyLooks, RevealRefused (no reason, or one that contains a contact).
    """
    reason = _checked(reason)
    with transaction.atomic():
        # The looks of one user are counted one after another.
        get_user_model()._default_manager.select_for_update().get(pk=actor.pk)
        contacts = [
            contact
            for model in MODELS
            for contact in model._default_manager.filter(learner_key=learner_key)
            .order_by("pk")
            .values_list("learner_phone", "learner_email")
        ]
        if not contacts:
            raise UnknownLearner(_("There is no such learner."))
        _require_within_limit(actor, now)
        HistoryAccessLog.objects.create(
            learner_key=learner_key, reason=reason, actor=actor, created_at=now
        )
    return LearnerContact(
        list(dict.fromkeys(phone for phone, _email in contacts if phone)),
        list(dict.fromkeys(email for _phone, email in contacts if email)),
    )


def _checked(reason: str) -> str:
    """The reason, trimmed. Contacts in it would outlive every erasure."""
    reason = reason.strip()
    if not reason:
        raise RevealRefused(_("Give the reason why you need this contact."))
    if len(reason) > LONGEST_REASON:
        raise RevealRefused(_("This text is too long: 255 characters at most."))
    if contains_contact(reason):
        raise RevealRefused(_("This text contains a phone number or an e-mail address."))
    return reason


def _require_within_limit(actor: User, now: datetime.datetime) -> None:
    recent = HistoryAccessLog.objects.filter(actor=actor, created_at__gt=now - HOUR)
    times = list(recent.order_by("-created_at").values_list("created_at", flat=True)[:PER_HOUR])
    if len(times) == PER_HOUR:
        raise TooManyLooks(times[-1] + HOUR)
