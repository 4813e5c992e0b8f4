"""The plain admin of leads and trainings: lists mask contacts, staging is not there at all."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import include, path, reverse

from ecoin import lineage
from ecoin.identity.masking import mask_email, mask_phone
from legacy_import.permissions import APP_LABEL, VIEW
from tests.factories import (
    CompletedTrainingFactory,
    CourseFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    UserFactory,
)
from trainings.models import LegacyImportedEnrollment

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


@pytest.mark.parametrize("model", ["crm_crmlead", "trainings_learnerprofile"])
@pytest.mark.parametrize("contact", [PHONE, EMAIL, "Karim 0559 44 61 68"])
def test_a_contact_typed_into_a_search_does_not_stay_in_the_address(
    admin_client: Client, model: str, contact: str
) -> None:
    listing = reverse(f"admin:{model}_changelist")
    answer = admin_client.get(listing, {"q": contact, "o": "1"}, secure=True)
    assert (answer.status_code, answer.url) == (302, f"{listing}?o=1")
    assert contact not in admin_client.get(answer.url, secure=True).content.decode()
    assert admin_client.get(listing, {"q": "Karim"}, secure=True).status_code == 200


def test_no_staging_model_is_registered_in_the_stock_admin() -> None:
    registered = {model._meta.app_label for model in admin.site._registry}
    assert {"crm", "trainings"} <= registered
    assert "legacy_imports" not in registered


def test_imported_history_is_never_added_by_hand(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:trainings_legacycompletedtraining_add"), secure=True)
    assert page.status_code == 403


# --- Where a record came from ------------------------------------------------------------------------


def enrollment(origin: str) -> LegacyImportedEnrollment:
    return LegacyImportedEnrollment.objects.create(
        origin=origin, legacy_import_run_id=1, course=CourseFactory(), legacy_session_id="9"
    )


IMPORTED = {
    "crm_crmlead": (lambda origin: CrmLeadFactory(origin=origin), "lead"),
    "trainings_legacycompletedtraining": (
        lambda origin: CompletedTrainingFactory(origin=origin),
        "training",
    ),
    "trainings_legacyimportedenrollment": (enrollment, "enrollment"),
}
OBJECT_PAGES = pytest.mark.parametrize("model", IMPORTED)


def made(model: str) -> tuple[str, str]:
    """(origin, address of the object page) of an imported record."""
    make, effect = IMPORTED[model]
    record = make(f"legacy:stagiaires:7:{effect}")
    return record.origin, reverse(f"admin:{model}_change", args=[record.pk])


def link_to(origin: str) -> str:
    return f'<a href="/admin/legacy-imports/lineage?origin={origin.replace(":", "%3A")}">'


def staff(*codenames: str) -> Client:
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_the_link_names_the_page_and_the_permission_of_the_import() -> None:
    assert reverse(lineage.PAGE)
    assert f"{APP_LABEL}.{VIEW}" == lineage.PERMISSION


@OBJECT_PAGES
def test_an_imported_record_links_to_its_lineage(admin_client: Client, model: str) -> None:
    origin, page = made(model)
    assert link_to(origin) in admin_client.get(page, secure=True).content.decode()


@OBJECT_PAGES
@pytest.mark.parametrize("may", [True, False], ids=["may-see-imports", "may-not"])
def test_the_link_is_for_those_who_may_see_imports(model: str, may: bool) -> None:
    origin, page = made(model)
    name = model.partition("_")[2]
    client = staff(f"view_{name}", *(["view"] if may else []))
    answer = client.get(page, secure=True, headers={"accept-language": "en"})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert (link_to(origin) in text) == may
    assert ("Where this came from" in text) == may


def test_a_record_typed_by_hand_came_from_nowhere(admin_client: Client) -> None:
    lead = CrmLeadFactory(origin=None)
    for page in (
        reverse("admin:crm_crmlead_change", args=[lead.pk]),
        reverse("admin:crm_crmlead_add"),
    ):
        answer = admin_client.get(page, secure=True)
        assert answer.status_code == 200
        assert "legacy-imports/lineage" not in answer.content.decode()


def test_each_interest_of_a_lead_has_its_own_link_or_a_dash(admin_client: Client) -> None:
    lead = CrmLeadFactory(origin=None)
    CourseInterestFactory(lead=lead, origin="legacy:stagiaires:8:interest")
    CourseInterestFactory(lead=lead, origin=None)
    page = reverse("admin:crm_crmlead_change", args=[lead.pk])
    text = admin_client.get(page, secure=True).content.decode()
    assert text.count("legacy-imports/lineage?") == 2  # in the form, and in the person's history
    assert link_to("legacy:stagiaires:8:interest") in text
    dashes = text.count(f'<div class="readonly">{lineage.NOTHING}</div>')
    assert dashes == 2  # one of the lead, one of the other interest


def test_a_hostile_origin_is_text(admin_client: Client) -> None:
    lead = CrmLeadFactory(origin='"><script>alert(1)</script>&x=1')
    page = reverse("admin:crm_crmlead_change", args=[lead.pk])
    text = admin_client.get(page, secure=True).content.decode()
    assert "<script>alert" not in text
    assert '?origin=%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E%26x%3D1"' in text


class WithoutTheImport:
    urlpatterns = [
        path("admin/", include("trainings.history.urls")),
        path("admin/", include((admin.site.urls[0], "admin"), namespace="admin")),
    ]


def test_without_the_page_there_is_a_dash(admin_client: Client, settings) -> None:
    origin, page = made("crm_crmlead")
    settings.ROOT_URLCONF = WithoutTheImport
    text = admin_client.get(page, secure=True).content.decode()
    assert lineage.lineage_link(origin) == "—"
    assert "legacy-imports" not in text
