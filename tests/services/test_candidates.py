"""The only reader of the platform's people and courses."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.conf import import_conf
from legacy_import.models import PLATFORM, IdentityKey
from legacy_import.progress import Silent
from legacy_import.services import candidates
from tests.factories import (
    CompletedTrainingFactory,
    CourseFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    RunFactory,
    StagedLearnerFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def keys_of(kind: str, pk: int) -> set[tuple[str, str]]:
    found = IdentityKey.objects.filter(scope=PLATFORM, owner_kind=kind, owner_id=pk)
    return set(found.values_list("kind", "value"))


KARIM_KEYS = {
    ("P", "213559446168"), ("E", "k.haddad@exemple.dz"), ("D", "hadad karim|1999-02-03"),
    ("S", "hdd krm"),
}  # fmt: skip


def test_users_and_leads_get_the_keys_a_staged_row_would_get() -> None:
    born = datetime.date(1999, 2, 3)
    user = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", user__email="K.Haddad@exemple.dz",
        phone="0559 44 61 68", birth_date=born,
    ).user  # fmt: skip
    lead = CrmLeadFactory(full_name="HADDAD Karim", email="k.haddad@exemple.dz",
                          phone="+213559446168", birth_date=born)  # fmt: skip
    row = StagedLearnerFactory(full_name="Karim Haddad", email="k.haddad@exemple.dz",
                               phone="0559446168", birth_date="03/02/1999")  # fmt: skip
    assert candidates.refresh_platform_keys(import_conf(), Silent()) == 2
    assert keys_of("user", user.pk) == keys_of("lead", lead.pk) == KARIM_KEYS
    staged = IdentityKey.objects.filter(scope=row.legacy_import_run_id, owner_id=row.pk)
    assert set(staged.values_list("kind", "value")) == KARIM_KEYS


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        pytest.param({"email": "amel@exemple.dz"}, {"E"}, id="an-address-of-its-own"),
        pytest.param({"first_name": "Amel", "last_name": "Haddad"}, {"S"}, id="a-name-of-its-own"),
        pytest.param({}, set(), id="neither"),
    ],
)
def test_a_user_without_a_profile_counts_by_address_or_name(
    fields: dict[str, str], kinds: set[str]
) -> None:
    user = UserFactory(**fields)
    candidates.refresh_platform_keys(import_conf(), Silent())
    assert {kind for kind, _ in keys_of("user", user.pk)} == kinds


def test_keys_are_computed_anew_and_those_of_staged_rows_stay() -> None:
    lead, gone = CrmLeadFactory(phone="0559446168"), CrmLeadFactory(phone="0776845160")
    row = StagedLearnerFactory()
    staged = IdentityKey.objects.filter(scope=row.legacy_import_run_id)
    before = staged.count()
    candidates.refresh_platform_keys(import_conf(), Silent())
    lead.phone = "0661223344"
    lead.save()
    gone_id = gone.pk
    gone.delete()
    candidates.refresh_platform_keys(import_conf(), Silent())
    assert ("P", "213661223344") in keys_of("lead", lead.pk)
    assert ("P", "213559446168") not in keys_of("lead", lead.pk)
    assert keys_of("lead", gone_id) == set()
    assert staged.count() == before > 0


def test_people_are_read_page_by_page_and_nobody_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(candidates, "PEOPLE_PER_PAGE", 2)
    leads = [CrmLeadFactory(phone=f"066122334{n}") for n in range(5)]
    users = [UserFactory(email=f"personne{n}@exemple.dz") for n in range(3)]
    assert candidates.refresh_platform_keys(import_conf(), Silent()) == 8
    assert all(keys_of("lead", lead.pk) for lead in leads)
    assert all(keys_of("user", user.pk) for user in users)


def test_the_configured_placeholders_and_mailboxes_count(settings: Any) -> None:
    settings.LEGACY_IMPORT_PLACEHOLDER_EMAILS = ["ECOLE@exemple.dz"]
    lead = CrmLeadFactory(email="ecole@exemple.dz")
    candidates.refresh_platform_keys(import_conf(), Silent())
    assert "E" not in {kind for kind, _ in keys_of("lead", lead.pk)}


def test_people_who_are_gone_are_absent() -> None:
    lead, user = CrmLeadFactory(full_name="Karim Haddad"), UserFactory(first_name="Amel")
    wanted = [("lead", lead.pk), ("user", user.pk), ("lead", 987_654), ("user", 987_654)]
    found = candidates.platform_people(wanted, import_conf())
    assert set(found) == {("lead", lead.pk), ("user", user.pk)}
    assert found["lead", lead.pk].person.fold == "hadad karim"


@pytest.mark.parametrize("changed", ["full_name", "phone", "email", "birth_date"])
def test_a_fingerprint_changes_with_anything_identity_is_made_of(changed: str) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")

    def fingerprint() -> str:
        found = candidates.platform_people([("lead", lead.pk)], import_conf())
        return found["lead", lead.pk].fingerprint

    before = fingerprint()
    assert fingerprint() == before
    value: Any = datetime.date(1999, 2, 3) if changed == "birth_date" else "amel@exemple.dz"
    setattr(lead, changed, value)
    lead.save()
    assert fingerprint() != before


def test_origins_are_found_in_every_table_of_the_platform() -> None:
    CrmLeadFactory(origin="legacy:stagiaires:1:lead")
    CourseInterestFactory(origin="legacy:stagiaires:2:interest")
    CompletedTrainingFactory(origin="legacy:archives:3:training")
    run = RunFactory()
    rows = {
        name: StagedLearnerFactory(run=run, table=name.partition(":")[0], legacy_id=name[-1])
        for name in ("stagiaires:1", "stagiaires:2", "archives:3", "archives:1", "stagiaires:3")
    }
    ids = {row.pk: name for name, row in rows.items()}
    found = candidates.imported_rows("legacy", ids.keys())
    assert {ids[pk] for pk in found} == {"stagiaires:1", "stagiaires:2", "archives:3"}
    assert candidates.imported_rows("legacy", [rows["stagiaires:2"].pk]) == {
        rows["stagiaires:2"].pk
    }
    assert not candidates.imported_rows("other", ids.keys())
    assert candidates.any_origin_of("legacy")
    assert not candidates.any_origin_of("leg")
    assert not candidates.any_origin_of("other")


def test_a_platform_without_imports_has_no_origin() -> None:
    CrmLeadFactory()
    assert not candidates.any_origin_of("legacy")


def test_courses_come_with_id_and_name() -> None:
    course = CourseFactory(name="Comptabilité")
    assert (course.pk, "Comptabilité") in candidates.platform_courses()


def test_where_nothing_changed_no_key_is_written_again() -> None:
    CrmLeadFactory.create_batch(3)
    candidates.refresh_platform_keys(import_conf(), Silent())
    with CaptureQueriesContext(connection) as captured:
        candidates.refresh_platform_keys(import_conf(), Silent())
    assert not [q for q in captured.captured_queries if q["sql"].startswith("INSERT")]
