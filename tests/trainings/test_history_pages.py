"""The pages of former learners: what they show, to whom, and what they never show."""

import datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import CrmLead
from ecoin.identity.masking import mask_email, mask_phone
from tests.factories import (
    CompletedTrainingFactory,
    CourseInterestFactory,
    CrmLeadFactory,
    EnrollmentFactory,
    LearnerProfileFactory,
    UserFactory,
)
from trainings import admin as trainings_admin
from trainings.models import HistoryAccessLog, LegacyCompletedTraining

pytestmark = pytest.mark.django_db

ROOT = "/admin/trainings/history"
KEY = "legacy:archives:5"
PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"
VIEW, REVEAL = "view_legacycompletedtraining", "reveal_history"
MOST_QUERIES = 12


def client_with(*codenames: str, staff: bool = True) -> Client:
    user = UserFactory(is_staff=staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


@pytest.fixture
def reader() -> Client:
    return client_with(VIEW)


@pytest.fixture
def karim() -> None:
    """A learner with a training of a user, one of a lead, one of nobody, an enrolment, an interest."""
    shared = {
        "learner_key": KEY, "learner_name": "Karim Haddad", "learner_phone": PHONE,
        "learner_email": EMAIL, "learner_birth_date": datetime.date(1999, 2, 3),
    }  # fmt: skip
    lead = CrmLeadFactory(full_name="Karim le prospect", phone="0661000111")
    CourseInterestFactory(
        lead=lead, legacy_course_name="Couture", origin="legacy:archives:8:interest"
    )
    CompletedTrainingFactory(
        origin=f"{KEY}:training", course__name="Infographie", legacy_course_name="INFO PAO",
        session_code="PAO-2019", session_starts_raw="2019-01-06", session_ends_raw="été 2019",
        dated_on=datetime.date(2019, 6, 30), dated_from="archived", completed_date_raw="été 2019",
        user=UserFactory(first_name="Karim", last_name="Utilisateur"), **shared,
    )  # fmt: skip
    CompletedTrainingFactory(course=None, legacy_course_name="Dactylo", lead=lead, **shared)
    EnrollmentFactory(
        course__name="Comptabilité", dated_on=datetime.date(2018, 1, 7),
        dated_from="session_start", **shared,
    )  # fmt: skip


# --- Search -------------------------------------------------------------------------------------------


def test_a_name_leads_to_the_page_of_the_learner(reader: Client, karim: None) -> None:
    answer = reader.post(f"{ROOT}/search", {"q": "حداد كريم"})
    assert answer.status_code == 302
    text = text_of(reader.get(answer.url))
    page = f"{ROOT}/learner?key={quote(KEY)}"
    assert f'<a href="{page}"><bdi>Karim Haddad</bdi></a>' in text
    for course in ("Infographie", "Dactylo", "Comptabilité"):
        assert course in text
    text_of(reader.get(page))


@pytest.mark.parametrize(
    ("typed", "masked"), [(PHONE, mask_phone(PHONE)), (EMAIL, mask_email(EMAIL))]
)
def test_a_contact_is_answered_masked_on_a_page_without_an_address(
    typed: str, masked: str, reader: Client, karim: None
) -> None:
    text = text_of(reader.post(f"{ROOT}/search", {"q": typed}))
    assert f'Looked up: <bdi dir="ltr">{masked}</bdi>' in text
    assert "Karim Haddad" in text
    assert typed not in text


@pytest.mark.parametrize("typed", [PHONE, EMAIL, "05 59 44 61 68", "tel 0559446168"])
def test_a_contact_in_an_address_is_refused_and_not_repeated(typed: str, reader: Client) -> None:
    text = text_of(reader.get(ROOT, {"q": typed}), 400)
    assert typed not in text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("05594461", "not a complete phone number"),
        ("0559446199", "No former learner was found."),
    ],
)
def test_who_is_not_found_is_said_to_be_so(
    typed: str, words: str, reader: Client, karim: None
) -> None:
    text = text_of(reader.post(f"{ROOT}/search", {"q": typed}))
    assert words in text
    assert "Karim" not in text


def test_a_number_that_is_not_of_this_country_is_found_and_masked(reader: Client) -> None:
    CompletedTrainingFactory(learner_name="Karim Haddad", learner_phone="+33 7 56 78 43 21")
    text = text_of(reader.post(f"{ROOT}/search", {"q": "+33756784321"}))
    assert "Karim Haddad" in text
    assert "not a complete" not in text
    assert "33756784321" not in text


def test_an_unknown_name_says_what_to_try(reader: Client) -> None:
    assert "Try fewer words of the name" in text_of(reader.get(ROOT, {"q": "Ziani Amel"}))


def test_pages_of_a_name_follow_each_other(reader: Client) -> None:
    for number in range(30):
        CompletedTrainingFactory(learner_key=f"k:s:{number}", learner_name="Karim Haddad")
    text = text_of(reader.get(ROOT, {"q": "karim"}))
    assert (text.count("<bdi>Karim Haddad</bdi>"), "First page" in text) == (25, False)
    cursor = text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    text = text_of(reader.get(cursor))
    assert (text.count("<bdi>Karim Haddad</bdi>"), "First page" in text) == (5, True)
    assert 'rel="next"' not in text


# --- The learner --------------------------------------------------------------------------------------


def test_a_learner_s_page_shows_everything_in_time_and_no_contact(
    reader: Client, karim: None
) -> None:
    text = text_of(reader.get(f"{ROOT}/learner", {"key": KEY}))
    places = [text.index(word) for word in ("Comptabilité", "Infographie", "Dactylo", "Couture")]
    assert places == sorted(places)
    for shown in (
        "date on which the row was archived", "start of its session", "été 2019", "INFO PAO",
        "PAO-2019", "2019-01-06", "Karim Utilisateur", "Karim le prospect",
        mask_phone(PHONE), mask_email(EMAIL),
    ):  # fmt: skip
        assert shown in text, shown
    for hidden in (PHONE, EMAIL, "0661000111"):
        assert hidden not in text


def test_history_attached_to_the_same_person_is_shown_too(reader: Client, karim: None) -> None:
    lead = CrmLead.objects.get()
    CompletedTrainingFactory(learner_key="legacy:archives:7", course__name="Anglais", lead=lead)
    assert "Anglais" in text_of(reader.get(f"{ROOT}/learner", {"key": KEY}))
    CompletedTrainingFactory(learner_key="legacy:archives:9", course__name="Cuisine")
    assert "Cuisine" not in text_of(reader.get(f"{ROOT}/learner", {"key": KEY}))


def test_links_to_people_and_lineage_are_for_those_who_may_open_them(karim: None) -> None:
    lead = CrmLead.objects.get()
    page = reverse("admin:crm_crmlead_change", args=[lead.pk])
    user = reverse("admin:auth_user_change", args=[User.objects.get(last_name="Utilisateur").pk])
    for codenames, expected in (
        ((VIEW,), (False, False, False)),
        ((VIEW, "view_crmlead", "view"), (True, False, True)),
        ((VIEW, "change_crmlead", "view_user"), (True, True, False)),
    ):
        text = text_of(client_with(*codenames).get(f"{ROOT}/learner", {"key": KEY}))
        assert (page in text, user in text, "legacy-imports/lineage?" in text) == expected
    text = text_of(
        client_with(VIEW, "view_crmlead", staff=False).get(f"{ROOT}/learner", {"key": KEY})
    )
    assert page not in text


@pytest.mark.parametrize("key", ["", "legacy:archives:6", "é", "x" * 200, "a\x00b"])
def test_an_unknown_learner_is_not_found(key: str, reader: Client, karim: None) -> None:
    for page in ("learner", "learner/print"):
        assert reader.get(f"{ROOT}/{page}", {"key": key}).status_code == 404


def test_a_hostile_name_is_text(reader: Client) -> None:
    hostile = '<script>alert(1)</script> "\u202e'
    CompletedTrainingFactory(
        learner_key=KEY, learner_name=hostile, session_code=hostile, legacy_course_name=hostile,
        course=None, completed_date_raw=hostile,
    )  # fmt: skip
    for page in ("learner", "learner/print"):
        text = text_of(reader.get(f"{ROOT}/{page}", {"key": KEY}))
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


def test_the_printed_page_has_everything_but_links_and_a_line_to_sign(
    reader: Client, karim: None
) -> None:
    text = text_of(reader.get(f"{ROOT}/learner/print", {"key": KEY}))
    for shown in ("Karim Haddad", "Infographie", "Dactylo", "Couture", "Date and signature"):
        assert shown in text
    assert 'href="/static/trainings/print.css"' in text
    assert "lineage?" not in text
    for hidden in (PHONE, EMAIL):
        assert hidden not in text


def test_the_printed_page_names_who_printed_it_without_an_address(karim: None) -> None:
    client = client_with(VIEW)
    User.objects.filter(pk=client.session["_auth_user_id"]).update(username="agent@exemple.dz")
    text = text_of(client.get(f"{ROOT}/learner/print?key={KEY}"))
    assert "agent@" not in text
    assert mask_email("agent@exemple.dz") in text


def test_a_learner_takes_few_queries_however_much_there_is(karim: None) -> None:
    for number in range(20):
        CompletedTrainingFactory(
            learner_key=KEY, user=UserFactory(), lead=CrmLeadFactory(), version=1,
            origin=f"{KEY}{number}:training",
        )  # fmt: skip
    reader = client_with(VIEW, REVEAL, "view", "view_crmlead", "view_user")
    for page in ("learner", "learner/print"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text_of(reader.get(f"{ROOT}/{page}", {"key": KEY}))
        assert len(queries) <= MOST_QUERIES, [one["sql"][:120] for one in queries]


# --- Reveal -------------------------------------------------------------------------------------------


def test_a_reveal_shows_the_contact_once_and_is_logged(karim: None) -> None:
    client = client_with(VIEW, REVEAL)
    sent = {"key": KEY, "reason": "attestation demandée"}
    text = text_of(client.post(f"{ROOT}/learner/reveal", sent))
    assert PHONE in text
    assert EMAIL in text
    (look,) = HistoryAccessLog.objects.all()
    assert (look.learner_key, look.reason) == (KEY, "attestation demandée")
    assert look.actor_id == int(client.session["_auth_user_id"])
    assert PHONE not in text_of(client.get(f"{ROOT}/learner", {"key": KEY}))


@pytest.mark.parametrize("reason", ["", "  ", f"pour {PHONE}", f"pour {EMAIL}", "x" * 256])
def test_a_reveal_without_a_reason_that_may_be_kept_shows_nothing(reason: str, karim: None) -> None:
    client = client_with(VIEW, REVEAL)
    text = text_of(client.post(f"{ROOT}/learner/reveal", {"key": KEY, "reason": reason}), 400)
    assert PHONE not in text
    assert not HistoryAccessLog.objects.exists()


def test_a_reveal_has_a_permission_of_its_own(reader: Client, karim: None) -> None:
    sent = {"key": KEY, "reason": "attestation"}
    assert reader.post(f"{ROOT}/learner/reveal", sent).status_code == 403
    assert "learner/reveal" not in text_of(reader.get(f"{ROOT}/learner", {"key": KEY}))
    assert client_with(REVEAL).post(f"{ROOT}/learner/reveal", sent).status_code == 403
    look = client_with(VIEW, REVEAL).get(f"{ROOT}/learner/reveal")
    assert (look.status_code, look.url) == (302, f"{ROOT}/learner")


def test_an_unknown_learner_is_not_revealed(karim: None) -> None:
    sent = {"key": "legacy:archives:6", "reason": "attestation"}
    assert client_with(VIEW, REVEAL).post(f"{ROOT}/learner/reveal", sent).status_code == 404
    assert not HistoryAccessLog.objects.exists()


def test_thirty_reveals_an_hour_are_the_limit_of_one_user(karim: None) -> None:
    client, sent = client_with(VIEW, REVEAL), {"key": KEY, "reason": "attestation"}
    for _ in range(30):
        text_of(client.post(f"{ROOT}/learner/reveal", sent))
    text = text_of(client.post(f"{ROOT}/learner/reveal", sent), 429)
    assert "Try again from" in text
    assert PHONE not in text
    text_of(client_with(VIEW, REVEAL).post(f"{ROOT}/learner/reveal", sent))
    assert HistoryAccessLog.objects.count() == 31


# --- The same history elsewhere -----------------------------------------------------------------------


def test_the_pages_of_user_profile_and_lead_show_the_history(karim: None) -> None:
    user = User.objects.get(last_name="Utilisateur")
    profile = LearnerProfileFactory(user=user)
    lead = CrmLead.objects.get()
    client = client_with(VIEW, "view_user", "view_crmlead", "view_learnerprofile")
    for page, pk in (
        ("auth_user", user.pk), ("trainings_learnerprofile", profile.pk), ("crm_crmlead", lead.pk)
    ):  # fmt: skip
        text = text_of(client.get(reverse(f"admin:{page}_change", args=[pk])))
        for course in ("Infographie", "Dactylo", "Comptabilité"):
            assert course in text, page
        assert f"{ROOT}/learner?key={quote(KEY)}" in text
        assert PHONE not in text


def test_a_lead_of_the_import_shows_the_history_of_its_row(karim: None) -> None:
    lead = CrmLeadFactory(origin=f"{KEY}:lead")
    client = client_with(VIEW, "view_crmlead")
    assert "Infographie" in text_of(client.get(reverse("admin:crm_crmlead_change", args=[lead.pk])))


def test_history_is_for_those_who_may_read_it(karim: None) -> None:
    lead = CrmLead.objects.get()
    client = client_with("view_crmlead")
    text = text_of(client.get(reverse("admin:crm_crmlead_change", args=[lead.pk])))
    assert "Infographie" not in text
    assert "Training history" not in text


def test_a_page_without_history_says_so_and_a_new_one_has_none() -> None:
    client = client_with(VIEW, "change_crmlead", "add_crmlead", "view_crmlead")
    lead = CrmLeadFactory()
    text = text_of(client.get(reverse("admin:crm_crmlead_change", args=[lead.pk])))
    assert "Nothing was imported for this person." in text
    assert "Nothing was imported" not in text_of(client.get(reverse("admin:crm_crmlead_add")))


# --- A lead with the contact of a former learner ------------------------------------------------------

LEAD_FORM = {
    "full_name": "Karim H.", "birth_date": "", "interests-TOTAL_FORMS": "0",
    "interests-INITIAL_FORMS": "0",
}  # fmt: skip


def saved_lead(client: Client, page: str, **fields: str) -> list[str]:
    """The messages after a lead was saved by its form."""
    answer = client.post(page, {**LEAD_FORM, "phone": "", "email": "", **fields})
    assert answer.status_code == 302, answer.content.decode()[:2_000]
    told = [str(one) for one in get_messages(answer.wsgi_request) if one.level_tag == "warning"]
    client.get(page)  # which shows them, and no later page does
    return told


@pytest.mark.parametrize("contact", [{"phone": "+213 559 44 61 68"}, {"email": EMAIL.upper()}])
def test_a_new_lead_with_the_contact_of_a_former_learner_says_so(
    contact: dict[str, str], karim: None
) -> None:
    client = client_with(VIEW, "add_crmlead", "change_crmlead", "view_crmlead")
    (warning,) = saved_lead(client, reverse("admin:crm_crmlead_add"), **contact)
    assert "Was trained here" in warning
    assert f"{ROOT}/learner?key={quote(KEY)}" in warning
    for hidden in (PHONE, EMAIL, "Karim"):
        assert hidden not in warning
    assert CrmLead.objects.count() == 2  # it was saved all the same


def test_only_a_changed_contact_is_looked_up_again(karim: None) -> None:
    client = client_with(VIEW, "add_crmlead", "change_crmlead", "view_crmlead")
    lead = CrmLeadFactory(full_name="Karim H.", phone="0770112233")
    page = reverse("admin:crm_crmlead_change", args=[lead.pk])
    assert len(saved_lead(client, page, phone=PHONE)) == 1
    assert saved_lead(client, page, phone=PHONE) == []


def test_who_may_not_read_history_is_warned_without_a_link(karim: None) -> None:
    client = client_with("add_crmlead", "change_crmlead", "view_crmlead")
    (warning,) = saved_lead(client, reverse("admin:crm_crmlead_add"), phone=PHONE)
    assert ("Was trained here" in warning, "href" in warning) == (True, False)


@pytest.mark.parametrize("contact", [{}, {"phone": "0770112233"}, {"phone": "05594461"}])
def test_another_contact_warns_of_nobody(contact: dict[str, str], karim: None) -> None:
    client = client_with(VIEW, "add_crmlead", "change_crmlead", "view_crmlead")
    assert saved_lead(client, reverse("admin:crm_crmlead_add"), **contact) == []


def test_a_lead_that_has_the_history_is_not_warned_of_itself() -> None:
    client = client_with(VIEW, "add_crmlead", "change_crmlead", "view_crmlead")
    lead = CrmLeadFactory(full_name="Karim H.")
    CompletedTrainingFactory(learner_key=KEY, learner_phone=PHONE, lead=lead)
    page = reverse("admin:crm_crmlead_change", args=[lead.pk])
    assert saved_lead(client, page, phone=PHONE) == []


# --- Lists of imported records ------------------------------------------------------------------------

LISTS = ("legacycompletedtraining", "legacyimportedenrollment")
every_list = pytest.mark.parametrize("model", LISTS)


def listed(client: Client, model: str, **query: str) -> str:
    return text_of(client.get(reverse(f"admin:trainings_{model}_changelist"), query))


@every_list
def test_a_list_shows_person_course_session_date_and_owner(model: str, karim: None) -> None:
    factory = CompletedTrainingFactory if model == LISTS[0] else EnrollmentFactory
    factory(
        learner_name="Amel Ziani", course__name="Anglais", session_code="ANG-1",
        dated_on=datetime.date(2017, 5, 4), dated_from="session_end", learner_phone=PHONE,
        user=UserFactory(first_name="Amel", last_name="Ziani"),
    )  # fmt: skip
    text = listed(client_with(f"view_{model}"), model)
    for shown in ("Amel Ziani", "Anglais", "ANG-1", "May 4, 2017", "end of its session", "user "):
        assert shown in text
    assert PHONE not in text


@every_list
def test_names_contacts_and_codes_keep_their_order_on_an_arabic_page(model: str) -> None:
    factory = CompletedTrainingFactory if model == LISTS[0] else EnrollmentFactory
    factory(learner_name="Karim Haddad", learner_phone=PHONE, session_code="PAO-2019",
            user=UserFactory(first_name="Amel", last_name="Ziani"))  # fmt: skip
    text = listed(client_with(f"view_{model}"), model)
    for shown in ("<bdi>Karim Haddad</bdi>", f'<bdi dir="ltr">{mask_phone(PHONE)}</bdi>',
                  '<bdi dir="ltr">PAO-2019</bdi>', "Amel Ziani</bdi>"):  # fmt: skip
        assert shown in text


def test_so_they_do_in_the_list_of_leads(karim: None) -> None:
    text = text_of(client_with("view_crmlead").get("/admin/crm/crmlead/"))
    assert f'<bdi dir="ltr">{mask_phone("0661000111")}</bdi>' in text
    assert "<bdi>Karim le prospect</bdi>" in text


@every_list
@pytest.mark.parametrize("typed", ["ziani amel", "زياني آمال", "Ziani", "legacy:archives:77"])
def test_a_list_is_searched_by_folded_name_or_learner_key(model: str, typed: str) -> None:
    factory = CompletedTrainingFactory if model == LISTS[0] else EnrollmentFactory
    factory(learner_name="Amal Ziani", learner_key="legacy:archives:77")
    factory(learner_name="Karim Haddad")
    text = listed(client_with(f"view_{model}"), model, q=typed)
    assert ("Amal Ziani" in text, "Karim Haddad" in text) == (True, False)


@every_list
def test_a_list_says_when_there_are_more_of_a_name_than_it_shows(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainings_admin, "MOST_FOUND", 3)
    factory = CompletedTrainingFactory if model == LISTS[0] else EnrollmentFactory
    for number in range(4):
        factory(learner_name="Karim Haddad", dated_on=datetime.date(2017 + number % 2, 5, 6))
    client = client_with(f"view_{model}")
    text = listed(client, model, q="haddad")
    assert text.count("Karim Haddad") == 3
    assert "Only the first 3 records" in text
    assert "Only the first" not in listed(client, model, q="haddad", year="2017")


@every_list
def test_a_list_is_filtered_by_year_and_course(model: str) -> None:
    factory = CompletedTrainingFactory if model == LISTS[0] else EnrollmentFactory
    old = factory(learner_name="Amel Ziani", dated_on=datetime.date(2017, 12, 31))
    factory(learner_name="Karim Haddad", dated_on=datetime.date(2019, 1, 1))
    factory(learner_name="Lina Kaci")
    client = client_with(f"view_{model}")
    for query, expected in (
        ({"year": "2017"}, "Amel Ziani"), ({"year": "2019"}, "Karim Haddad"),
        ({"year": "none"}, "Lina Kaci"), ({"course__id__exact": str(old.course_id)}, "Amel Ziani"),
    ):  # fmt: skip
        text = listed(client, model, **query)
        assert [one for one in ("Amel Ziani", "Karim Haddad", "Lina Kaci") if one in text] == [
            expected
        ]
    assert "?year=2018" in listed(client, model)


@every_list
@pytest.mark.parametrize("typed", [PHONE, EMAIL])
def test_a_contact_does_not_stay_in_the_address_of_a_list(model: str, typed: str) -> None:
    client = client_with(f"view_{model}")
    answer = client.get(
        reverse(f"admin:trainings_{model}_changelist"), {"q": typed, "year": "2017"}
    )
    assert answer.status_code == 302
    assert quote(typed) not in answer.url
    text = text_of(client.get(answer.url))
    assert typed not in text
    assert "searched in private" in text


@pytest.mark.parametrize(
    "asked",
    ["learner_phone__startswith=055", "phone_normalized=213559446168", "learner_email__contains=a",
     "email_normalized__gt=k", "second_phone__isnull=0", "learner_name__contains=0559", "user=1",
     "lead__phone__startswith=06", "completed_date_raw__contains=0"],
)  # fmt: skip
def test_no_list_is_filtered_by_a_contact_digit_by_digit(asked: str, karim: None) -> None:
    answer = client_with(VIEW).get(f"/admin/trainings/legacycompletedtraining/?{asked}")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "asked",
    ["crm/crmlead/?phone__startswith=06", "crm/crmlead/?email__contains=a", "crm/crmlead/?full_name=K",
     "crm/crmlead/?interests__legacy_course_name__contains=0", "crm/crmlead/?email_normalized=a@b.dz",
     "trainings/learnerprofile/?phone__regex=.", "trainings/learnerprofile/?phone_normalized__gt=2"],
)  # fmt: skip
def test_nor_is_a_list_of_people(asked: str, karim: None) -> None:
    reader = client_with("view_crmlead", "view_learnerprofile")
    assert reader.get(f"/admin/{asked}").status_code == 400


def test_a_list_is_still_narrowed_by_its_own_filters_and_by_number(karim: None) -> None:
    training = LegacyCompletedTraining.objects.exclude(course=None).get()
    for asked in (f"course__id__exact={training.course_id}", "course__isnull=True", "year=2019",
                  f"id={training.pk}", f"pk__in={training.pk}"):  # fmt: skip
        answer = client_with(VIEW).get(f"/admin/trainings/legacycompletedtraining/?{asked}")
        assert answer.status_code == 200, asked


@pytest.mark.parametrize("people", ["crm/crmlead", "trainings/learnerprofile"])
def test_a_phone_typed_into_a_list_of_people_shows_the_way_to_former_learners(people: str) -> None:
    page = f"/admin/{people}/"
    view = "view_crmlead", "view_learnerprofile"
    text = text_of(client_with(*view, VIEW).get(page, {"q": PHONE}, follow=True))
    assert f'private. <a href="{ROOT}">Find a former learner</a>' in text
    assert PHONE not in text
    text = text_of(client_with(*view).get(page, {"q": PHONE}, follow=True))
    assert "searched in private" in text
    assert f'href="{ROOT}"' not in text


@every_list
def test_a_list_speaks_the_language_of_its_reader(model: str) -> None:
    factory = CompletedTrainingFactory if model == LISTS[0] else EnrollmentFactory
    record = factory(learner_name="Amel Ziani")
    client = client_with(f"view_{model}")
    for page in (
        reverse(f"admin:trainings_{model}_changelist"),
        reverse(f"admin:trainings_{model}_change", args=[record.pk]),
    ):
        text = text_of(client.get(page, headers={"accept-language": "fr"}))
        for english in ("Origin:", "Legacy import run", "Learner key", "Attached", "Created at"):
            assert english not in text, english
