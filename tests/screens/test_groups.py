"""Each group, signed in with the rights that the migration gives, walks its steps of the runbook."""

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from crm.models import CrmLead
from ecoin.identity.masking import mask_email, mask_phone
from legacy_import.choices import Outcome, RunStatus
from legacy_import.models import LegacyCourseMapping, LegacyImportRun, LegacyStudentImport
from legacy_import.permissions import GROUPS, PLATFORM_PERMISSIONS
from tests.factories import (
    CourseFactory,
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.legacy_database import as_legacy, sqlite_legacy, tables
from tests.screens.runs.run_screens import ROOT, form_of, send
from tests.stages.stages import run_commit, run_stages
from trainings.models import Course, LegacyCompletedTraining

pytestmark = pytest.mark.django_db

PHONE, EMAIL, NAME = "0559446168", "karim.haddad@exemple.dz", "Karim Haddad"
LINK = re.compile(r'href="([^"#]+)"')


def member_of(group: str) -> Any:
    user = UserFactory(is_staff=True, username=f"essai.{group.lower()}")
    user.groups.add(Group.objects.get(name=group))
    return user


def signed_in(group: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(member_of(group))
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def links(address: str, text: str) -> list[str]:
    return [urljoin(address, unescape(link)) for link in LINK.findall(text)]


def link_to(address: str, text: str, path: str) -> str:
    """The one link of the page that begins with this path."""
    found = {link for link in links(address, text) if link.startswith(path)}
    assert len(found) == 1, (path, found)
    return found.pop()


@pytest.fixture
def planned() -> LegacyImportRun:
    """A trained row, a lead, and a trained row that waits for a course the platform does not have."""
    run: LegacyImportRun = RunFactory()
    CourseMappingFactory(legacy_formation_id="7", course__name="Gestion", course__code="GES")
    CourseMappingFactory(
        legacy_formation_id="8", legacy_name="Infographie PAO", course=None, status="unmapped",
        rule="course:no_exact_name",
    )  # fmt: skip
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    SessionMappingFactory(legacy_session_id="43", legacy_formation_id="8")
    StagedLearnerFactory(run=run, status="Formée", full_name=NAME, phone=PHONE, email=EMAIL,
                         formation_id="7", session_id="42")  # fmt: skip
    StagedLearnerFactory(run=run, full_name="Lina Fictive", phone="0661777888")
    StagedLearnerFactory(run=run, status="Formée", formation_id="8", session_id="43")
    run_stages(run)
    run.refresh_from_db()
    return run


@pytest.fixture
def committed(planned: LegacyImportRun) -> LegacyImportRun:
    run_commit(planned)
    planned.refresh_from_db()
    return planned


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_exactly_its_rights_on_the_platform(group: str) -> None:
    rights = member_of(group).get_all_permissions()
    on_the_platform = {right for right in rights if not right.startswith("legacy_imports.")}
    assert on_the_platform == set(PLATFORM_PERMISSIONS[group])


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_finds_what_was_imported_and_where_it_came_from(group, committed) -> None:
    """Step 8: open the new records in the admin; each has a link back to its row."""
    client = signed_in(group)
    index = page(client, "/admin/")
    for model, record in (
        ("trainings_legacycompletedtraining", LegacyCompletedTraining.objects.get()),
        ("crm_crmlead", CrmLead.objects.get(full_name="Lina Fictive")),
    ):
        changelist = reverse(f"admin:{model}_changelist")
        assert changelist in links("/admin/", index)
        listed = page(client, changelist)
        address = reverse(f"admin:{model}_change", args=[record.pk])
        assert address in {urlsplit(link).path for link in links(changelist, listed)}
        shown = page(client, address)
        lineage = link_to(address, shown, f"{ROOT}/lineage?")
        assert record.origin.rpartition(":")[0].rpartition(":")[2] in page(client, lineage)
        assert 'name="_save"' not in shown
        assert client.post(address, {"full_name": "Changed"}).status_code == 403
        assert client.post(reverse(f"admin:{model}_delete", args=[record.pk])).status_code == 403


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_finds_a_former_learner_and_managers_their_owners(group, committed) -> None:
    client = signed_in(group)
    assert reverse("trainings:history") in links("/admin/", page(client, "/admin/"))
    page(client, reverse("trainings:history"))
    key = LegacyCompletedTraining.objects.get().learner_key
    shown = page(client, f"{reverse('trainings:history-learner')}?key={key}")
    assert PHONE not in shown
    may_attach = group in ("Manager", "Operator")
    assert client.get(reverse("trainings:history-owners")).status_code == (
        200 if may_attach else 403
    )


@pytest.mark.parametrize("group", GROUPS)
def test_the_pages_that_a_group_may_only_view_mask_contacts(group, committed) -> None:
    LegacyCompletedTraining.objects.update(
        learner_name=f"{NAME} {PHONE}", user=UserFactory(username=EMAIL),
        completed_date_raw=f"2019, tél. {PHONE}",
    )  # fmt: skip
    training = LegacyCompletedTraining.objects.get()
    lead = CrmLeadFactory(full_name=f"{NAME} {EMAIL}", phone=PHONE, email=EMAIL)
    lead.interests.create(legacy_course_name=f"PAO {PHONE}")
    client = signed_in(group)
    for model, record in (("trainings_legacycompletedtraining", training), ("crm_crmlead", lead)):
        for name in ("change", "history"):
            text = page(client, reverse(f"admin:{model}_{name}", args=[record.pk]))
            assert PHONE not in text
            assert EMAIL not in text
        shown = page(client, reverse(f"admin:{model}_change", args=[record.pk]))
        assert mask_phone(PHONE) in shown
        assert mask_email(EMAIL) in shown


def test_a_page_behind_the_change_permission_shows_contacts(admin_client, committed) -> None:
    lead = CrmLeadFactory(full_name=NAME, phone=PHONE, email=EMAIL)
    shown = page(admin_client, reverse("admin:crm_crmlead_change", args=[lead.pk]))
    assert PHONE in shown
    assert EMAIL in shown


@pytest.mark.parametrize("group", GROUPS)
def test_only_what_the_import_concerns_is_open_to_a_group(group) -> None:
    profile = LearnerProfileFactory(phone=PHONE)
    client = signed_in(group)
    for address in (
        reverse("admin:trainings_learnerprofile_changelist"),
        reverse("admin:trainings_learnerprofile_change", args=[profile.pk]),
        reverse("admin:trainings_session_changelist"),
        reverse("admin:auth_user_changelist"),
        reverse("admin:auth_group_changelist"),
        reverse("admin:crm_crmlead_add"),
    ):
        assert client.get(address).status_code == 403, address


@pytest.mark.parametrize("group", ["Reader", "Reviewer"])
def test_readers_and_reviewers_see_courses_and_add_none(group) -> None:
    CourseFactory(name="Gestion", code="GES")
    client = signed_in(group)
    assert "Gestion" in page(client, reverse("admin:trainings_course_changelist"))
    add = reverse("admin:trainings_course_add")
    assert client.get(add).status_code == 403
    assert client.post(add, {"name": "Cuisine", "code": "CUI"}).status_code == 403
    assert Course.objects.count() == 1


def test_a_reviewer_walks_the_queue(planned) -> None:
    """Step 7: the review queue, one decision, and the next row."""
    client = signed_in("Reviewer")
    runs = page(client, ROOT)
    assert f"{ROOT}/{planned.pk}" in links(ROOT, runs)
    queue = f"{ROOT}/review?run={planned.pk}"
    assert page(client, queue)
    row = LegacyStudentImport.objects.get(legacy_import_run=planned, planned_action="review")
    decided = client.post(
        f"{ROOT}/review/{row.pk}/decide",
        {"version": row.version, "decision": "skip", "filter": "focus=all"},
    )
    assert decided.status_code == 302
    assert client.get(f"{ROOT}/course-mapping?run={planned.pk}").status_code == 403


@pytest.mark.parametrize("group", ["Manager", "Operator"])
def test_a_manager_adds_a_missing_course_and_comes_back_to_map_it(group, planned) -> None:
    """Step 7: courses, sessions, plan again; the course that is missing is added on the way."""
    client = signed_in(group)
    mapping = LegacyCourseMapping.objects.get(legacy_formation_id="8")
    one = f"{ROOT}/course-mapping/{mapping.pk}?run={planned.pk}"
    add = link_to(one, page(client, one), reverse("admin:trainings_course_add"))
    form = page(client, add)
    assert 'value="Infographie PAO"' in form
    assert one in links(add, form)  # the way back without adding anything
    saved = client.post(add, {"name": "Arts graphiques", "code": "ART", "_save": "Save"})
    course = Course.objects.get(code="ART")
    assert (saved.status_code, saved.url) == (302, f"{one}&new_course={course.pk}")
    assert re.search(rf'value="{course.pk}" required checked', page(client, saved.url))
    chosen = client.post(
        f"{ROOT}/course-mapping/{mapping.pk}/decide?run={planned.pk}",
        {"decision": "choose", "course": course.pk, "version": mapping.version},
    )
    assert chosen.status_code == 302
    again = client.post(f"{ROOT}/course-mapping/again?run={planned.pk}", {})
    assert again.status_code == 302
    row = LegacyStudentImport.objects.get(
        legacy_import_run=planned,
        legacy_formation_id="8",
        planned_action="create_completed_training",
    )
    assert row.outcome == Outcome.PENDING
    for screen in ("session-mapping", "status-mapping"):
        assert page(client, f"{ROOT}/{screen}?run={planned.pk}")
    assert client.get(f"{ROOT}/{planned.pk}/export.csv").status_code == 200


def test_the_list_of_old_courses_links_to_the_form_and_back(planned) -> None:
    client = signed_in("Manager")
    listing = f"{ROOT}/course-mapping?run={planned.pk}"
    add = link_to(listing, page(client, listing), reverse("admin:trainings_course_add"))
    saved = client.post(add, {"name": "Cuisine", "code": "CUI", "_save": "Save"})
    assert saved.url.startswith(listing)
    assert page(client, saved.url)
    mapper_only = UserFactory(is_staff=True)
    mapper_only.user_permissions.set(
        Group.objects.get(name="Manager").permissions.filter(codename="map")
    )
    client.force_login(mapper_only)
    assert reverse("admin:trainings_course_add") not in page(client, listing)


@pytest.mark.parametrize("back", [
    "https://elsewhere.example/admin/", "//elsewhere.example/admin/", "/language", "javascript:alert(1)",
    "",
])  # fmt: skip
def test_the_form_leads_back_into_the_admin_only(admin_client, back) -> None:
    add = reverse("admin:trainings_course_add")
    shown = admin_client.get(add, {"back": back}).content.decode()
    assert "Retour à la page" not in shown
    saved = admin_client.post(f"{add}?back={back}", {"name": "Cuisine", "code": "CUI"})
    assert saved.url == reverse("admin:trainings_course_changelist")


def test_a_phone_in_an_old_name_does_not_reach_the_address_of_the_form(planned) -> None:
    LegacyCourseMapping.objects.filter(legacy_formation_id="8").update(legacy_name=f"PAO {PHONE}")
    mapping = LegacyCourseMapping.objects.get(legacy_formation_id="8")
    text = page(signed_in("Manager"), f"{ROOT}/course-mapping/{mapping.pk}?run={planned.pk}")
    assert PHONE not in text


def test_an_operator_commits_proves_and_rolls_back(planned, tmp_path) -> None:
    """Steps 8 to 10: the small wave, its records, the proof, and the drill."""
    client = signed_in("Operator")
    commit = f"{ROOT}/{planned.pk}/commit"
    assert commit in links("", page(client, f"{ROOT}/{planned.pk}"))
    done = send(client, planned, **form_of(client.get(commit)))
    assert done.status_code == 303
    training = LegacyCompletedTraining.objects.get()
    assert page(
        client, reverse("admin:trainings_legacycompletedtraining_change", args=[training.pk])
    )
    with as_legacy(sqlite_legacy(tmp_path / "legacy.sqlite3", tables())):
        assert client.post(f"{ROOT}/{planned.pk}/reconcile").status_code == 200
    form = form_of(client.get(f"{ROOT}/{planned.pk}/rollback"))
    assert send(client, planned, "rollback", **form).status_code == 303
    assert not LegacyCompletedTraining.objects.exists()
    planned.refresh_from_db()
    assert planned.status == RunStatus.ROLLED_BACK
