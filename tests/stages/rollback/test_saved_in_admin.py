"""Staff open an imported record in the admin and press "save": nothing changed, so nothing is kept."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client

from crm.models import CourseInterest, CrmLead
from tests.factories import CourseMappingFactory, RunFactory, StagedLearnerFactory
from tests.stages.stages import run_commit, run_rollback, run_stages

pytestmark = pytest.mark.django_db

# As typed on the old platform, with blanks that a form drops.
PADDED: dict[str, Any] = {
    "legacy_id": "7", "full_name": " Karim  Haddad ", "phone": "\t0559 44 61 68 ",
    "email": " Karim@exemple.dz ", "birth_date": "1999-02-03", "formation_id": "7",
}  # fmt: skip


def form_data(response: Any) -> dict[str, Any]:
    """What a browser sends of the page as it is."""
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    return {
        form.add_prefix(name): "" if form[name].value() is None else form[name].value()
        for form in forms
        for name in form.fields
        if name != "DELETE"  # an unticked box is not sent
    }


def save_in_admin(client: Client, record: Model, **changed: str) -> None:
    options = record._meta
    address = f"/admin/{options.app_label}/{options.model_name}/{record.pk}/change/"
    data = form_data(client.get(address, secure=True)) | changed
    assert client.post(address, data, secure=True).status_code == 302


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin-fictif"))
    return client


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        pytest.param({}, 0, id="unchanged"),
        pytest.param({"full_name": "Karim Haddad Bey"}, 1, id="edited"),
    ],
)
def test_a_lead_that_was_only_saved_is_deleted(
    changed: dict[str, str], left: int, client: Client
) -> None:
    CourseMappingFactory(legacy_formation_id="7")
    run = RunFactory()
    StagedLearnerFactory(run=run, **PADDED)
    run_stages(run)
    run_commit(run)
    lead = CrmLead.objects.get()
    save_in_admin(client, lead, **changed)
    assert CrmLead.objects.get().updated_at > lead.updated_at
    report = run_rollback(run)
    assert (CrmLead.objects.count(), CourseInterest.objects.count()) == (left, left)
    assert {word for _, word in report.records} == {"kept_edited" if left else "deleted"}
