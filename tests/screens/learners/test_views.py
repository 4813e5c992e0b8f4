"""`/admin/legacy-imports/students`: who may see it, what it shows, and what it never shows."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from legacy_import.models import LegacyAccessLog, LegacyImportRun, LegacyStudentImport
from legacy_import.screens.exports.files import SEPARATORS
from tests.factories import RunFactory, StagedLearnerFactory, UserFactory, legacy_row, stage_rows
from tests.screens.learners.test_listing import CANARY_FIELDS, CONTACTS, run_of
from tests.stages.stages import run_commit, run_stages

pytestmark = pytest.mark.django_db

LIST, SEARCH = "/admin/legacy-imports/students", "/admin/legacy-imports/students/search"
PHONE, EMAIL = "0559446482", "karim.haddad@exemple.dz"


@pytest.fixture
def reader() -> Client:
    return signed_in("Reader")


def signed_in(*groups: str, **fields) -> Client:
    user = UserFactory(is_staff=True, **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, language: str = "en", **query):
    return client.get(LIST, query, headers={"accept-language": language})


def look_for(client: Client, run: LegacyImportRun, text: str, facets: str = ""):
    sent = {"run": run.pk, "q": text, "filter": facets}
    return client.post(SEARCH, sent, headers={"accept-language": "en"})


def text_of(response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


@pytest.fixture
def karim() -> LegacyStudentImport:
    row = StagedLearnerFactory(legacy_id="7", full_name="Karim Haddad", phone=PHONE, email=EMAIL)
    run_stages(row.legacy_import_run)
    return row


# --- Who, and how ------------------------------------------------------------------------------------

ALLOWED = {"Reader": 200, "Reviewer": 200, "Manager": 200, "Operator": 200, "": 403}


@pytest.mark.parametrize(("group", "status"), ALLOWED.items())
def test_the_permission_to_view_opens_list_and_search(karim, group, status):
    client = signed_in(*filter(None, [group]))
    assert page(client).status_code == status
    assert look_for(client, karim.legacy_import_run, PHONE).status_code == status


def test_nobody_is_led_to_the_login(client, karim):
    for response in (page(client), look_for(client, karim.legacy_import_run, PHONE)):
        assert response.status_code == 302
        assert response.url.startswith("/admin/login/")


def test_a_search_needs_its_token(karim):
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(is_superuser=True))
    assert look_for(client, karim.legacy_import_run, PHONE).status_code == 403


@pytest.mark.parametrize(
    ("address", "method", "status"),
    [(LIST, "head", 200), (LIST, "post", 405), (LIST, "put", 405), (SEARCH, "get", 302),
     (SEARCH, "head", 302), (f"{LIST}/", "get", 302)],
)  # fmt: skip
def test_methods(reader, karim, address, method, status):
    assert getattr(reader, method)(address).status_code == status


def test_no_cache_keeps_a_page(reader, karim):
    for response in (page(reader), look_for(reader, karim.legacy_import_run, PHONE)):
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "query",
    [{"run": "9999"}, {"run": "x"}, {"after": "-1"}, {"before": "1e3"}, {"beyond": "1" * 30},
     {"classification": "x"}, {"outcome": "'"}, {"planned_reason": "<b>"}],
    ids=str,
)  # fmt: skip
def test_what_is_no_address_is_not_found(reader, karim, query):
    assert page(reader, **query).status_code == 404


@pytest.mark.parametrize("run", ["", "0", "x", "9999", "1" * 40])
def test_a_search_in_no_run_is_not_found(reader, karim, run):
    assert reader.post(SEARCH, {"run": run, "q": "Karim"}).status_code == 404


# --- What it shows -----------------------------------------------------------------------------------


def test_a_row_is_shown_masked_and_in_words(reader, karim):
    shown = text_of(page(reader))
    for words in ("Karim Haddad", "stagiaires:7", "05•• ••• 482", "k•••@exemple.dz", "nouveau",
                  "lead only", "valid", "create a lead", "1 row", "pending"):  # fmt: skip
        assert words in shown
    assert "create_crm_lead" not in shown


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_it_answers_in_every_language(reader, karim, language):
    response = page(reader, language)
    assert f'lang="{language}"' in response.content.decode()


def test_the_newest_run_is_shown_unless_another_is_asked_for(reader, karim):
    newer = StagedLearnerFactory(full_name="Amina Zerrouki").legacy_import_run
    assert "Amina Zerrouki" in text_of(page(reader))
    assert "Karim Haddad" in text_of(page(reader, run=karim.legacy_import_run_id))
    assert newer.pk > karim.legacy_import_run_id


def test_filters_are_chips_that_can_be_taken_off_and_stay_in_every_link(reader):
    run = run_of(130)
    query = {"run": run.pk, "classification": "lead_only", "source_table": "stagiaires"}
    html = unescape(page(reader, **query).content.decode())
    chips = re.findall(r'class="li-chip" href="([^"]+)"', html)
    assert set(chips) == {
        f"{LIST}?run={run.pk}&classification=lead_only",
        f"{LIST}?run={run.pk}&source_table=stagiaires",
        f"{LIST}?run={run.pk}",
    }
    for link in re.findall(r'class="li-facet" href="([^"]+)"', html):
        assert link.startswith(f"{LIST}?run={run.pk}")


def test_a_value_without_rows_is_told_and_leads_nowhere(reader):
    run_of(24)
    html = page(reader, classification="unknown").content.decode()
    assert re.search(r'<span class="li-facet li-facet-zero"><span>create a lead</span>', html)


def test_next_and_previous_lead_through_the_list(reader):
    run_of(120)
    found, address = [], LIST
    while address:
        html = unescape(reader.get(address, headers={"accept-language": "en"}).content.decode())
        found += re.findall(r'<bdi dir="ltr">((?:stagiaires|archives):\d+)</bdi>', html)
        nexts = re.findall(r'rel="next" href="([^"]+)"', html)
        address = nexts[0] if nexts else ""
    assert len(found) == len(set(found)) == 120


def test_a_reviewer_finds_the_way_to_the_queue_and_a_reader_does_not(reader):
    run = run_of(3)
    waiting = LegacyStudentImport.objects.get(legacy_import_run=run, raw_status="mystère")
    link = f"/admin/legacy-imports/review?run={run.pk}&focus=all&state=all&row={waiting.pk}"
    assert link in unescape(page(signed_in("Reviewer")).content.decode())
    assert "legacy-imports/review" not in page(reader).content.decode()
    assert signed_in("Reviewer").get(link).status_code == 200


def test_a_row_with_a_record_leads_to_its_lineage(reader, karim):
    run_commit(karim.legacy_import_run)
    html = unescape(page(reader).content.decode())
    link = re.search(r'href="(/admin/legacy-imports/lineage\?origin=[^"]+)"', html)
    assert link
    assert reader.get(link[1]).status_code == 200


def test_the_export_of_these_rows_is_offered_to_those_who_may(reader, karim):
    run = karim.legacy_import_run_id
    assert "export.csv" not in page(reader).content.decode()
    html = unescape(page(signed_in("Manager"), outcome="pending").content.decode())
    form = html[html.index(f'action="/admin/legacy-imports/{run}/export.csv"') :]
    form = form.partition("</form>")[0]
    assert '<input type="hidden" name="outcome" value="pending">' in form
    offered = re.findall(r'<option value="(\w+)">', form)
    assert offered == list(SEPARATORS)


def test_it_offers_nothing_that_writes(reader, karim):
    html = page(reader).content.decode()
    actions = re.findall(r'<form[^>]*action="([^"]+)"', html)
    assert set(actions) <= {SEARCH, "/admin/logout/", "/language"}


# --- Nothing to show ---------------------------------------------------------------------------------


def test_without_a_run_it_says_how_to_start_one(reader):
    response = page(reader)
    assert response.status_code == 200
    assert "An operator starts one, at a terminal." in text_of(response)
    assert ".venv/bin/python manage.py legacy_import" in text_of(page(signed_in("Operator")))


def test_without_rows_it_says_what_comes_next(reader):
    run = RunFactory(status="importing")
    assert f".venv/bin/python manage.py legacy_import --resume {run.pk}" in text_of(
        page(signed_in("Operator"))
    )
    assert "manage.py" not in text_of(page(reader))


def test_when_nothing_matches_the_filters_can_be_cleared(reader, karim):
    html = page(reader, outcome="skip").content.decode()
    assert "No row of this run is like that." in html
    assert f'class="li-button" href="{LIST}?run={karim.legacy_import_run_id}"' in html


def test_behind_the_last_page_there_is_a_way_back(reader, karim):
    response = page(reader, after=karim.pk)
    assert response.status_code == 200
    assert "There are no more rows here." in text_of(response)


# --- Search ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Karim Haddad", "haddad", "7", "stagiaires:7", "  karim "])
def test_an_id_or_a_name_leads_to_its_address(reader, karim, text):
    run = karim.legacy_import_run
    response = look_for(reader, run, text, facets="outcome=pending&after=3&q=old")
    assert response.status_code == 302
    assert response.url.startswith(f"{LIST}?run={run.pk}&outcome=pending&q=")
    assert "Karim Haddad" in text_of(reader.get(response.url))


def test_an_empty_search_shows_everything(reader, karim):
    response = look_for(reader, karim.legacy_import_run, " ")
    assert response.url == f"{LIST}?run={karim.legacy_import_run_id}"


@pytest.mark.parametrize(
    "typed", ["0559446482", "0559 44 64 82", "+213-559-446-482", "(0559) 446482", "٠٥٥٩٤٤٦٤٨٢"]
)
def test_a_full_phone_is_answered_by_post_and_is_nowhere_on_the_page(reader, karim, typed):
    response = look_for(reader, karim.legacy_import_run, typed)
    assert response.status_code == 200
    shown = response.content.decode()
    assert "Karim Haddad" in shown
    assert "05•• ••• 482" in shown
    assert typed not in shown
    assert "559446482" not in re.sub(r"\D", "", text_of(response))
    assert not LegacyAccessLog.objects.exists()


@pytest.mark.parametrize("typed", ["055944648", "5594464", "0559446483"])
def test_part_of_a_phone_finds_nobody(reader, karim, typed):
    shown = text_of(look_for(reader, karim.legacy_import_run, typed))
    assert "No row of this run has this number." in shown


@pytest.mark.parametrize(
    "typed", [EMAIL, f"Karim {PHONE}", f"tel {PHONE}", "karim＠exemple.dz", "x" * 300]
)
def test_a_contact_in_the_search_is_refused_in_words_and_not_repeated(reader, karim, typed):
    response = look_for(reader, karim.legacy_import_run, typed)
    assert response.status_code == 400
    assert "li-alert" in response.content.decode()
    assert typed not in response.content.decode()


@pytest.mark.parametrize("typed", CONTACTS)
def test_a_contact_in_the_address_is_refused_and_not_repeated(reader, karim, typed):
    response = page(reader, q=typed)
    assert response.status_code == 400
    assert typed not in unescape(response.content.decode())


def test_a_name_that_many_share_can_be_looked_for_by_parts(reader):
    run = RunFactory()
    names = ["Ali Haddad", "Ali Haddadi"]
    stage_rows(run, [legacy_row(table="archives", legacy_id=str(n), full_name=name, status="x")
                     for n, name in enumerate(names, start=1)])  # fmt: skip
    run_stages(run)
    html = unescape(page(reader, q="ali haddad").content.decode())
    assert "Ali Haddadi" not in html
    link = re.search(r'href="([^"]+parts=1)"', html)
    assert link
    assert "Ali Haddadi" in reader.get(link[1]).content.decode()


# --- Never -------------------------------------------------------------------------------------------


def test_a_contact_in_any_column_is_on_no_page(reader):
    run = run_of(3)
    LegacyStudentImport.objects.filter(legacy_import_run=run).update(**CANARY_FIELDS)
    client = signed_in(is_superuser=True)
    pages = [page(client), page(client, q="fictif"), page(client, q="1"), page(reader),
             look_for(client, run, "0661300000")]  # fmt: skip
    for response in pages:
        text = response.content.decode()
        assert response.status_code == 200
        assert "559446482" not in re.sub(r"\D", "", text_of(response))
        assert not any(spelled in text for spelled in (EMAIL, "karim.haddad", PHONE))


HOSTILE = "<script>alert(1)</script>\u202e&quot;\"' {{ x }}"


def test_hostile_names_are_text(reader):
    row = StagedLearnerFactory(full_name=HOSTILE, status=HOSTILE[:180])
    run_stages(row.legacy_import_run)
    html = page(reader).content.decode()
    assert "<script>alert" not in html
    assert html.count("<script") == html.count('<script type="module"') + html.count("<script src")
    assert "<bdi>&lt;script&gt;" in html


@pytest.mark.parametrize(
    "query", [{}, {"classification": "lead_only"}, {"q": "fictif"}, {"q": "1"}], ids=str
)
def test_a_page_costs_as_many_queries_at_500_rows_as_at_50(reader, query):
    counted = []
    for number in (50, 500):
        run = run_of(number)
        with CaptureQueriesContext(connection) as captured:
            assert page(reader, run=run.pk, **query).status_code == 200
        counted.append(len(captured))
    assert counted[0] == counted[1] <= 12
