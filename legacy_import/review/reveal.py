"""Masked data in full: one row, one reason, one entry in the access log."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_noop as _

from legacy_import.choices import AccessKind
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyAccessLog, LegacyStudentImport
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.review.decisions import UnknownRow
from legacy_import.rules.validation import ERASED

PER_HOUR = 30
HOUR = datetime.timedelta(hours=1)


class NoReason(LegacyImportError):
    """A reveal without a reason."""

    exit_code = 2


class Erased(LegacyImportError):
    """The data of the row was erased or purged."""


class TooManyReveals(LegacyImportError):
    """The limit per hour is reached. `again_at`: when the next reveal is possible."""

    def __init__(self, again_at: datetime.datetime) -> None:
        super().__init__(_("You revealed 30 contacts within an hour; that is the limit."))
        self.again_at = again_at


@dataclass(frozen=True, slots=True)
class RevealedContact:
    """The contact of one row as in the old database. Never stored, never logged."""

    row: int
    phone: str
    email: str


def reveal(*, row_id: int, actor: User, reason: str, now: datetime.datetime) -> RevealedContact:
    """The unmasked contact of one row; its log entry is in the same transaction.

    Raises UnknownRow, NoReason, ContainsContact (the reason), Erased, TooManyReveals.
    """
    reason = contact_free_text(reason)
    if not reason:
        raise NoReason(_("Give the reason why you need this contact."))
    with transaction.atomic():
        # The reveals of one user are counted one after another.
        get_user_model()._default_manager.select_for_update().get(pk=actor.pk)
        row = _row(row_id)
        _require_within_limit(actor, now)
        _log(AccessKind.REVEAL, row, actor, reason, now)
    return RevealedContact(row.pk, row.phone_raw, row.email_raw)


def read_payload(
    *, row_id: int, actor: User, now: datetime.datetime, reason: str = ""
) -> dict[str, Any]:
    """The raw payload of one row, logged likewise. Raises UnknownRow, ContainsContact, Erased."""
    reason = contact_free_text(reason)
    with transaction.atomic():
        row = _row(row_id)
        _log(AccessKind.RAW_VIEW, row, actor, reason, now)
    return dict(row.raw_payload)


def _row(row_id: int) -> LegacyStudentImport:
    rows = LegacyStudentImport.objects.select_related("legacy_import_run")
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise UnknownRow(_("There is no such row."))
    if row.validation_issues == [ERASED]:
        raise Erased(_("This person was erased on request."))
    if row.legacy_import_run.purged_at is not None:
        raise Erased(_("Contacts and payloads of this run were purged after their retention."))
    return row


def _require_within_limit(actor: User, now: datetime.datetime) -> None:
    recent = LegacyAccessLog.objects.filter(
        actor=actor, kind=AccessKind.REVEAL, created_at__gt=now - HOUR
    )
    times = list(recent.order_by("-created_at").values_list("created_at", flat=True)[:PER_HOUR])
    if len(times) == PER_HOUR:
        raise TooManyReveals(times[-1] + HOUR)


def _log(
    kind: AccessKind, row: LegacyStudentImport, actor: User, reason: str, now: datetime.datetime
) -> None:
    LegacyAccessLog.objects.create(
        kind=kind,
        legacy_import_run_id=row.legacy_import_run_id,
        student_import=row,
        reason=reason,
        actor=actor,
        created_at=now,
    )
