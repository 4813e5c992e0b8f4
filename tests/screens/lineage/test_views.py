"""`/admin/legacy-imports/lineage`: who may see it, what it shows, and what it never shows."""

import datetime
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import translation

from crm.models import CourseInterest, CrmLead
from ecoin.identity.masking import mask_email, mask_phone
from legacy_import.choices import (
    Classification,
    LogAction,
    Outcome,
    PlannedAction,
    ReversalOutcome,
    ReviewDecision,
)
from legacy_import.models import LegacyImportCommitLog, LegacyStudentImport
from legacy_import.runs.progress import Silent
from legacy_import.stages.commit.commit import commit
from tests.factories import (
    CONNECTION,
    NOW,
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.stages.stages import run_stages

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/legacy-imports/lineage"
ORIGIN = f"{CONNECTION}:stagiaires:7:lead"
PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"


def page(client: Client, origin: str = ORIGIN, language: str = "en"):
    return client.get(
        ADDRESS, {"origin": origin}, secure=True, headers={"accept-language": language}
    )


def user_with(*permissions: str, staff: bool = True):
    """A user with these permissions, each as `app.codename`."""
    user = UserFactory(is_staff=staff)
    for name in permissions:
        app, _, codename = name.partition(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return user


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def entry_of(row: LegacyStudentImport, action: LogAction, **values) -> LegacyImportCommitLog:
    told = {"target_model": "", "target_id": None, "created_target": False, "reason": "new_lead"}
    return LegacyImportCommitLog.objects.create(
        legacy_import_run_id=row.legacy_import_run_id,
        student_import=row,
        training_import=row.training,
        action=action,
        actor="cli:test",
        created_at=NOW,
        **{**told, **values},
    )


@pytest.fixture
def row():
    """A planned row of the old platform of which a lead was made."""
    staged = StagedLearnerFactory(legacy_id="7", full_name="Karim Haddad", phone=PHONE, email=EMAIL)
    run_stages(staged.legacy_import_run)
    staged.refresh_from_db()
    return staged


@pytest.fixture
def lead(row):
    made = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE, email=EMAIL, origin=ORIGIN)
    entry_of(
        row,
        LogAction.CREATE_CRM_LEAD,
        target_model="crm.CrmLead",
        target_id=made.pk,
        created_target=True,
    )
    return made


# --- Who may see it ----------------------------------------------------------------------------------


VISITORS = {
    "nobody": lambda: None,
    "staff-without-permission": lambda: user_with(),
    "staff-with-another-permission": lambda: user_with("legacy_imports.review", "crm.view_crmlead"),
    "user-without-permission": lambda: user_with(staff=False),
    "reader": lambda: user_with("legacy_imports.view"),
    "reader-who-is-no-staff": lambda: user_with("legacy_imports.view", staff=False),
    "superuser": lambda: UserFactory(is_staff=True, is_superuser=True),
}
REFUSED, MAY = (403, 403, 403), (200, 405, 200)  # GET, POST, HEAD
ACCESS = {
    "nobody": (302, 302, 302),
    "staff-without-permission": REFUSED,
    "staff-with-another-permission": REFUSED,
    "user-without-permission": REFUSED,
    "reader": MAY,
    "reader-who-is-no-staff": MAY,
    "superuser": MAY,
}


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize(("place", "method"), [(0, "get"), (1, "post"), (2, "head")])
def test_who_may_see_it(lead, visitor, place, method):
    user = VISITORS[visitor]()
    client = signed_in(user) if user else Client()
    asked = f"{ADDRESS}?{urlencode({'origin': ORIGIN})}"
    answer = getattr(client, method)(asked, secure=True)
    assert answer.status_code == ACCESS[visitor][place]
    if answer.status_code == 302:
        assert urlsplit(answer.url).path == reverse("admin:login")
    if answer.status_code != 200 or method == "head":
        assert "Haddad" not in answer.content.decode()
    else:
        assert "Haddad" in answer.content.decode()


def test_the_address_belongs_to_its_name_and_a_slash_is_taken_off(admin_client):
    assert reverse("legacy_imports:lineage") == ADDRESS
    answer = admin_client.get(f"{ADDRESS}/", {"origin": ORIGIN}, secure=True)
    assert answer.status_code == 302
    assert urlsplit(answer.url).path == ADDRESS
    assert parse_qs(urlsplit(answer.url).query) == {"origin": [ORIGIN]}


# --- What it shows -----------------------------------------------------------------------------------


def test_it_shows_row_rules_plan_decisions_and_log(lead, row, admin_client):
    ReviewDecisionFactory(
        student_import=row,
        actor=UserFactory(username="lamia"),
        decision=ReviewDecision.TREAT_AS,
        treat_as=Classification.LEAD_ONLY,
    )
    answer = page(admin_client)
    text = answer.content.decode()
    for told in (
        f"{row.legacy_import_run_id} ({CONNECTION})", "stagiaires:7", "Karim Haddad",
        row.payload_hash, "the rules know this status", "the row refers to no session",
        row.planned_basis, "lamia",
        Classification.LEAD_ONLY.label, PlannedAction.CREATE_CRM_LEAD.label,
        ReviewDecision.TREAT_AS.label, LogAction.CREATE_CRM_LEAD.label, Outcome.PENDING.label,
        "cli:test", "valid, reachable, and no one on the platform matches",
    ):  # fmt: skip
        assert str(told) in text, told
    assert answer["Cache-Control"].count("no-store") == 1


def test_every_table_has_a_caption_and_every_heading_a_scope(lead, admin_client):
    text = page(admin_client).content.decode()
    main = text.partition('id="content"')[2]
    assert main.count("<table ") == main.count("<caption ") == 4
    assert not re.findall(r"<th(?!ead| scope=)", main)


def test_there_is_no_inline_script_and_no_inline_style(lead, admin_client):
    text = page(admin_client).content.decode()
    assert not re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize(
    ("language", "direction", "told"),
    [
        ("fr", "ltr", ("Provenance d’un enregistrement", "prospect créé", "en vigueur")),
        ("ar", "rtl", ("منشأ سجل", "تم إنشاء عميل محتمل", "ساري المفعول")),
        ("en", "ltr", ("Lineage of a record", "lead created", "in force")),
        ("de", "ltr", ("Provenance d’un enregistrement", "prospect créé", "en vigueur")),
    ],
    ids=["french", "arabic", "english", "french-by-default"],
)
def test_it_speaks_the_language_of_the_reader(lead, admin_client, language, direction, told):
    text = page(admin_client, language=language).content.decode()
    assert re.search(rf'<html[^>]* dir="{direction}"', text)
    for words in told:
        assert words in text


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_no_stored_value_of_a_vocabulary_is_shown_raw(lead, row, admin_client, language):
    taken = entry_of(row, LogAction.SKIP, reason="")
    taken.reversed_at, taken.reversal_outcome = NOW, ReversalOutcome.RELEASED
    taken.save()
    entry_of(row, LogAction.DRIFTED, reason="")
    ReviewDecisionFactory(student_import=row, decision=ReviewDecision.NOT_SAME, person=("lead", 4))
    text = page(admin_client, language=language).content.decode()
    main = text.partition('id="content"')[2]
    for value in ("create_crm_lead", "drifted", "not_same", "released", "lead_only", "pending"):
        assert value not in main
    with translation.override(language):
        for label in (LogAction.DRIFTED.label, ReversalOutcome.RELEASED.label):
            assert str(label) in main


def test_a_record_taken_back_says_when_and_how_and_has_no_link(lead, row, admin_client):
    moment = NOW + datetime.timedelta(days=3)
    LegacyImportCommitLog.objects.update(reversed_at=moment, reversal_outcome="deleted")
    text = page(admin_client).content.decode()
    assert "undone 03/04/2026" in text
    assert str(ReversalOutcome.DELETED.label) in text
    assert reverse("admin:crm_crmlead_change", args=[lead.pk]) not in text


# --- Links to the records ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permissions", "staff", "linked"),
    [
        (("legacy_imports.view", "crm.view_crmlead"), True, True),
        (("legacy_imports.view", "crm.change_crmlead"), True, True),
        (("legacy_imports.view",), True, False),
        (("legacy_imports.view", "crm.view_crmlead"), False, False),
    ],
    ids=["may-view-leads", "may-change-leads", "may-not", "not-in-the-admin"],
)
def test_records_are_linked_for_those_who_may_see_them(lead, permissions, staff, linked):
    answer = page(signed_in(user_with(*permissions, staff=staff)))
    assert answer.status_code == 200
    link = f'<a href="{reverse("admin:crm_crmlead_change", args=[lead.pk])}">'
    # Once as the record that the row made, once in the log.
    assert answer.content.decode().count(link) == (2 if linked else 0)


@pytest.mark.parametrize(
    "model", ["crm.CourseInterest", "gone.Model", "nonsense"], ids=["no-page", "no-app", "no-label"]
)
def test_a_record_without_a_page_is_named_without_a_link(lead, row, admin_client, model):
    entry_of(row, LogAction.CREATE_COURSE_INTEREST, target_model=model, target_id=777)
    text = page(admin_client).content.decode()
    assert '<bdi dir="ltr">777</bdi>' in text
    assert not re.search(r'<a href="[^"]*777', text)


# --- What it never shows -----------------------------------------------------------------------------


def test_contacts_are_masked_wherever_they_were_stored(admin_client):
    row = StagedLearnerFactory(
        legacy_id="7", phone=f"{PHONE} / 0661000111", email=EMAIL, remarque=f"call {PHONE}"
    )
    other = StagedLearnerFactory(run=row.legacy_import_run, legacy_id="8", phone=PHONE, email=EMAIL)
    run_stages(row.legacy_import_run)
    ReviewDecisionFactory(student_import=row, note=f"reached at {PHONE}, {EMAIL}")
    entry_of(
        row, LogAction.CREATE_CRM_LEAD, target_model="crm.CrmLead", target_id=5, created_target=True
    )
    text = page(admin_client).content.decode()
    assert mask_phone(f"{PHONE} / 0661000111") in text
    assert mask_email(EMAIL) in text
    for secret in (PHONE, "559446168", "0661000111", "661000111", EMAIL, "karim.haddad"):
        assert secret not in text
    assert other.full_name not in text


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ request }}{% debug %}"],
    ids=["script", "attribute", "template"],
)
def test_a_hostile_name_is_text(lead, row, admin_client, name):
    LegacyStudentImport.objects.filter(pk=row.pk).update(full_name=name)
    LegacyImportCommitLog.objects.update(actor=name, reason=name)
    text = page(admin_client).content.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    shown = name.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert text.count(f"<bdi>{shown}</bdi>") == 2  # the learner and the actor


def test_a_name_with_bidi_controls_stands_alone(lead, row, admin_client):
    name = "Haddad\u202egnp.exe\u2069 Samira"
    LegacyStudentImport.objects.filter(pk=row.pk).update(full_name=name)
    text = page(admin_client).content.decode()
    assert "<bdi>Haddadgnp.exe Samira</bdi>" in text
    assert not {"\u202e", "\u2069"} & set(text)


@pytest.mark.parametrize(
    "origin",
    ["", "nonsense", PHONE, EMAIL, f"{CONNECTION}:stagiaires:99:lead", "<script>alert(1)</script>"],
)
@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_origin_is_not_found_and_not_repeated(
    lead, admin_client, settings, origin, debug
):
    settings.DEBUG = debug
    answer = page(admin_client, origin=origin)
    assert answer.status_code == 404
    text = answer.content.decode()
    assert "No import created a record with this origin." in text
    assert not origin or origin not in text
    assert "Haddad" not in text


def test_without_an_origin_nothing_is_found(lead, admin_client):
    assert admin_client.get(ADDRESS, secure=True).status_code == 404


# --- Cost and the whole way --------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow_with_the_log(lead, row, django_assert_num_queries):
    client = signed_in(user_with("legacy_imports.view", "crm.view_crmlead"))
    for number in range(15):
        entry_of(row, LogAction.REVIEW, batch=number)
        ReviewDecisionFactory(student_import=row)
    with django_assert_num_queries(8):  # session, user, two for permissions, four for the lineage
        assert page(client).status_code == 200


def test_what_a_commit_made_is_followed_from_the_record_to_the_row_and_back(admin_client):
    CourseMappingFactory(legacy_formation_id="3")
    row = StagedLearnerFactory(legacy_id="7", formation_id="3")
    run = row.legacy_import_run
    run_stages(run)
    commit(run_id=run.pk, actor="cli:test", now=NOW, progress=Silent())
    lead = CrmLead.objects.get(origin=ORIGIN)
    interest = CourseInterest.objects.get(lead=lead)
    for origin in (lead.origin, interest.origin):
        text = page(admin_client, origin=origin).content.decode()
        assert row.payload_hash in text
        assert str(Outcome.CREATE_CRM_LEAD.label) in text
        assert reverse("admin:crm_crmlead_change", args=[lead.pk]) in text
        assert f'{interest._meta.verbose_name} <bdi dir="ltr">{interest.pk}</bdi>' in text
        assert "finished" in text
