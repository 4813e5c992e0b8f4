"""The plain admin of leads and trainings: lists mask contacts, staging is not there at all."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from ecoin.identity.masking import mask_email, mask_phone
from tests.factories import CompletedTrainingFactory, CrmLeadFactory, LearnerProfileFactory

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"


def listed(admin_client: Client, model: str) -> str:
    page = admin_client.get(reverse(f"admin:{model}_changelist"), secure=True)
    assert page.status_code == 200
    return page.content.decode()


def test_the_list_of_leads_masks_phone_and_address(admin_client: Client) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE, email=EMAIL)
    page = listed(admin_client, "crm_crmlead")
    assert mask_phone(PHONE) in page
    assert mask_email(EMAIL) in page
    assert PHONE not in page
    assert EMAIL not in page


def test_the_lists_of_trainings_mask_phones(admin_client: Client) -> None:
    LearnerProfileFactory(phone=PHONE)
    CompletedTrainingFactory(origin="legacy:stagiaires:7:training", learner_phone=PHONE)
    for model in ("trainings_learnerprofile", "trainings_legacycompletedtraining"):
        page = listed(admin_client, model)
        assert mask_phone(PHONE) in page
        assert PHONE not in page


def test_no_staging_model_is_registered_in_the_stock_admin() -> None:
    registered = {model._meta.app_label for model in admin.site._registry}
    assert {"crm", "trainings"} <= registered
    assert "legacy_imports" not in registered


def test_imported_history_is_never_added_by_hand(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:trainings_legacycompletedtraining_add"), secure=True)
    assert page.status_code == 403
