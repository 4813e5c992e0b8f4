"""Records made in bulk: each origin's own record, and a fingerprint that any edit changes."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from crm import services as crm
from crm.models import CrmLead
from crm.services import LEAD_COLUMNS, NewLead
from ecoin.records import LAST_SAVE
from tests.factories import CrmLeadFactory

pytestmark = pytest.mark.django_db


def new_lead(number: int, name: str = "Karim Haddad") -> NewLead:
    return NewLead(f"legacy:stagiaires:{number}:lead", name, "0559446168", "", None)


def test_every_origin_gets_its_own_record_whoever_was_there_before() -> None:
    CrmLeadFactory.create_batch(3, origin=None)
    crm.create_leads([new_lead(1)], run_id=1, now=timezone.now())
    made = crm.create_leads([new_lead(2, "Amel"), new_lead(3)], run_id=1, now=timezone.now())
    assert {origin: record.id for origin, record in made.items()} == dict(
        CrmLead.objects.filter(origin__in=made).values_list("origin", "pk")
    )
    assert sorted(made) == ["legacy:stagiaires:2:lead", "legacy:stagiaires:3:lead"]


def test_an_untouched_record_keeps_its_fingerprint() -> None:
    made = crm.create_leads([new_lead(1)], run_id=1, now=timezone.now())
    (record,) = made.values()
    assert len(record.fingerprint) == 64
    for lock in (False, True):
        assert crm.LEADS.fingerprints([record.id], lock=lock) == {record.id: record.fingerprint}


OTHER: dict[str, Any] = {
    "full_name": "Karim Hadad", "phone": "0559446169", "email": "a@exemple.dz",
    "phone_normalized": "213559446169", "email_normalized": "a@exemple.dz",
    "birth_date": datetime.date(1999, 2, 3), "name_date_key": "1999-02-03|hadad karim",
    "origin": "legacy:stagiaires:2:lead",
    "legacy_import_run_id": 2, "created_at": timezone.now() + datetime.timedelta(microseconds=1),
}  # fmt: skip


def test_every_watched_column_has_its_edit() -> None:
    assert {*OTHER, LAST_SAVE} == set(LEAD_COLUMNS)


def test_a_save_without_a_change_is_no_edit() -> None:
    made = crm.create_leads([new_lead(1)], run_id=1, now=timezone.now())
    (record,) = made.values()
    CrmLead.objects.get(pk=record.id).save()
    assert crm.LEADS.fingerprints([record.id], lock=False)[record.id] == record.fingerprint


@pytest.mark.parametrize("column", OTHER)
def test_an_edit_of_any_watched_column_changes_the_fingerprint(column: str) -> None:
    made = crm.create_leads([new_lead(1)], run_id=1, now=timezone.now())
    (record,) = made.values()
    CrmLead.objects.filter(pk=record.id).update(**{column: OTHER[column]})
    assert crm.LEADS.fingerprints([record.id], lock=False)[record.id] != record.fingerprint


ALIKE = {
    "accent": ("Amelie", "Amélie"), "case": ("AMEL", "Amel"), "blank": ("Amel", "Amel "),
    "arabic": ("أمل", "امل"), "emoji": ("🎓", "🎒"), "quotes": ('"', "'"), "backslash": ("\\", "\\\\"),
    "null": ("", "null"), "parts": ('a", "b', "a"), "unknown": ("?", "م"),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_names_that_a_database_may_call_equal_have_different_fingerprints(
    one: str, other: str
) -> None:
    at = timezone.now()
    prints = set()
    for name in (one, other):
        lead = crm.create_leads([new_lead(1, name)], run_id=1, now=at)
        prints |= {record.fingerprint for record in lead.values()}
        CrmLead.objects.all().delete()
    assert len(prints) == 2


def test_a_missing_address_is_not_an_empty_one() -> None:
    made = crm.create_leads([new_lead(1)], run_id=1, now=timezone.now())
    (record,) = made.values()
    CrmLead.objects.update(email_normalized="")
    assert crm.LEADS.fingerprints([record.id], lock=False)[record.id] != record.fingerprint


def test_what_was_deleted_has_no_fingerprint() -> None:
    made = crm.create_leads([new_lead(1), new_lead(2)], run_id=1, now=timezone.now())
    gone, left = (record.id for record in made.values())
    CrmLead.objects.filter(pk=gone).delete()
    assert crm.LEADS.fingerprints([gone, left], lock=True).keys() == {left}
