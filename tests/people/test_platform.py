"""The only reader of the platform's people and courses."""

import datetime
from typing import Any

import pytest

from legacy_import.conf import import_conf
from legacy_import.people import platform
from tests.factories import (
    CompletedTrainingFactory,
    CourseFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    RunFactory,
    StagedLearnerFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def test_people_who_are_gone_are_absent() -> None:
    lead, user = CrmLeadFactory(full_name="Karim Haddad"), UserFactory(first_name="Amel")
    wanted = [("lead", lead.pk), ("user", user.pk), ("lead", 987_654), ("user", 987_654)]
    found = platform.platform_people(wanted, import_conf())
    assert set(found) == {("lead", lead.pk), ("user", user.pk)}
    assert found["lead", lead.pk].person.fold == "hadad karim"


@pytest.mark.parametrize("changed", ["full_name", "phone", "email", "birth_date"])
def test_a_fingerprint_changes_with_anything_identity_is_made_of(changed: str) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone="0559446168")

    def fingerprint() -> str:
        return platform.fingerprints_of([("lead", lead.pk)])["lead", lead.pk]

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
    found = platform.imported_rows("legacy", ids.keys())
    assert {ids[pk] for pk in found} == {"stagiaires:1", "stagiaires:2", "archives:3"}
    assert platform.imported_rows("legacy", [rows["stagiaires:2"].pk]) == {rows["stagiaires:2"].pk}
    assert not platform.imported_rows("other", ids.keys())
    assert platform.any_origin_of("legacy")
    assert not platform.any_origin_of("leg")
    assert not platform.any_origin_of("other")


def test_a_platform_without_imports_has_no_origin() -> None:
    CrmLeadFactory()
    assert not platform.any_origin_of("legacy")


def test_courses_come_with_id_and_name() -> None:
    course = CourseFactory(name="Comptabilité")
    assert (course.pk, "Comptabilité") in platform.platform_courses()
