"""The name and birth date of users and leads as one key, stored whenever either changes."""

import datetime

import pytest

from crm.models import CrmLead
from tests.factories import CrmLeadFactory, LearnerProfileFactory
from trainings.models import LearnerProfile

pytestmark = pytest.mark.django_db

BORN = datetime.date(1990, 3, 4)


def key_of(model: type[CrmLead | LearnerProfile], pk: int) -> str | None:
    return model._default_manager.values_list("name_date_key", flat=True).get(pk=pk)


@pytest.mark.parametrize(
    ("name", "born"),
    [
        ("Mohamed Karim", BORN),
        ("KARIM Med", BORN),
        ("Karim Mohamed", datetime.date(1990, 4, 3)),  # day and month swapped
    ],
)
def test_the_same_person_has_the_same_key_as_lead_and_as_user(name, born):
    first, last = name.split()
    lead = CrmLeadFactory(full_name=name, birth_date=born)
    profile = LearnerProfileFactory(user__first_name=first, user__last_name=last, birth_date=born)
    expected = key_of(CrmLead, CrmLeadFactory(full_name="Mohamed Karim", birth_date=BORN).pk)
    assert expected is not None
    assert expected.startswith("1990-03-04|")
    assert key_of(CrmLead, lead.pk) == key_of(LearnerProfile, profile.pk) == expected


@pytest.mark.parametrize(
    ("name", "born"),
    [
        ("Mohamed Karim", None),
        ("Karim", BORN),
        ("", BORN),
        ("Mohamed Karim", datetime.date(1900, 1, 1)),
    ],
)
def test_half_a_name_and_a_date_that_says_nothing_have_no_key(name, born):
    lead = CrmLeadFactory(full_name=name, birth_date=born)
    assert key_of(CrmLead, lead.pk) is None


def test_the_key_follows_every_edit():
    profile = LearnerProfileFactory(user__first_name="Amel", user__last_name="Haddad")
    assert key_of(LearnerProfile, profile.pk) is None
    profile.birth_date = BORN
    profile.save()
    before = key_of(LearnerProfile, profile.pk)
    assert before == "1990-03-04|amal hadad"
    profile.user.last_name = "Bouzid"
    profile.user.save()
    after = key_of(LearnerProfile, profile.pk)
    assert after is not None
    assert after != before


def test_a_sign_in_writes_no_profile(django_assert_num_queries):
    user = LearnerProfileFactory(user__first_name="Amel", birth_date=BORN).user
    with django_assert_num_queries(1):
        user.save(update_fields=["last_login"])
