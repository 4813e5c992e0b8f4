"""Unmasking one row: a reason, an entry in the same transaction, a limit, and what is gone is gone."""

import datetime

import pytest
from django.db import DatabaseError, connection

from legacy_import.choices import RunStatus
from legacy_import.models import LegacyAccessLog, LegacyImportRun
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.privacy.purge import purge
from legacy_import.privacy.subject import Subject, erase_subject
from legacy_import.review.decisions import UnknownRow
from legacy_import.review.reveal import (
    PER_HOUR,
    Erased,
    NoReason,
    RevealedContact,
    TooManyReveals,
    read_payload,
    reveal,
)
from legacy_import.runs.progress import Silent
from tests.factories import NOW, StagedLearnerFactory
from tests.review.reviewing import LATER_ON, reviewer

pytestmark = pytest.mark.django_db
PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"
REASON = "dossier papier illisible"


@pytest.fixture
def me():
    return reviewer("reveal_pii", "view_raw")


@pytest.fixture
def row():
    return StagedLearnerFactory(legacy_id="7", full_name="Karim Haddad", phone=PHONE, email=EMAIL)


def logged() -> list[tuple]:
    return list(
        LegacyAccessLog.objects.order_by("pk").values_list(
            "kind", "student_import_id", "reason", "actor_id", "created_at"
        )
    )


def test_a_reveal_shows_the_contact_as_found_and_is_logged(row, me):
    shown = reveal(row_id=row.pk, actor=me, reason=f" {REASON} ", now=LATER_ON)
    assert shown == RevealedContact(row.pk, PHONE, EMAIL)
    assert logged() == [("reveal", row.pk, REASON, me.pk, LATER_ON)]


def test_a_raw_view_shows_the_payload_and_is_logged(row, me):
    shown = read_payload(row_id=row.pk, actor=me, now=LATER_ON)
    assert shown == row.raw_payload
    assert logged() == [("raw_view", row.pk, "", me.pk, LATER_ON)]


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        ("", NoReason),
        ("   ", NoReason),
        (f"appeler {PHONE}", ContainsContact),
        (EMAIL, ContainsContact),
    ],
)
def test_without_a_decent_reason_nothing_is_shown(row, me, reason, refusal):
    with pytest.raises(refusal):
        reveal(row_id=row.pk, actor=me, reason=reason, now=LATER_ON)
    assert logged() == []


def test_an_unknown_row_is_refused(me):
    with pytest.raises(UnknownRow):
        reveal(row_id=999, actor=me, reason=REASON, now=LATER_ON)
    with pytest.raises(UnknownRow):
        read_payload(row_id=999, actor=me, now=LATER_ON)


def test_thirty_reveals_an_hour_and_person(row, me):
    for minute in range(PER_HOUR):
        reveal(row_id=row.pk, actor=me, reason=REASON, now=NOW + datetime.timedelta(minutes=minute))
    with pytest.raises(TooManyReveals) as refused:
        reveal(row_id=row.pk, actor=me, reason=REASON, now=NOW + datetime.timedelta(minutes=59))
    again = NOW + datetime.timedelta(hours=1)
    assert refused.value.again_at == again
    assert len(logged()) == PER_HOUR
    reveal(row_id=row.pk, actor=reviewer(), reason=REASON, now=LATER_ON)
    reveal(row_id=row.pk, actor=me, reason=REASON, now=again)


def test_nothing_is_shown_when_it_cannot_be_logged(row, me):
    def refuse(execute, sql, params, many, context):
        if "INSERT INTO" in sql and "legacy_access_log" in sql:
            raise DatabaseError("disk full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse), pytest.raises(DatabaseError, match="disk full"):
        reveal(row_id=row.pk, actor=me, reason=REASON, now=LATER_ON)


def test_an_erased_person_is_not_revealed(row, me):
    erase_subject(
        subject=Subject("legacy", "stagiaires", "7"), actor="cli:test", reason="asked", now=NOW,
        progress=Silent(),
    )  # fmt: skip
    for look in (lambda: reveal(row_id=row.pk, actor=me, reason=REASON, now=LATER_ON),
                 lambda: read_payload(row_id=row.pk, actor=me, now=LATER_ON)):  # fmt: skip
        with pytest.raises(Erased, match="erased on request"):
            look()
    assert logged() == []


def test_a_purged_run_reveals_nothing(row, me):
    closed = NOW - datetime.timedelta(days=4_000)
    LegacyImportRun.objects.update(status=RunStatus.CLOSED, finished_at=closed)
    purge(
        run_ids=[row.legacy_import_run_id], actor="cli:test", reason="due", now=NOW,
        progress=Silent(),
    )  # fmt: skip
    with pytest.raises(Erased, match="purged"):
        reveal(row_id=row.pk, actor=me, reason=REASON, now=LATER_ON)
