"""Search over all runs, from the list of runs: by old number or whole name, masked, never by contact."""

import re
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from legacy_import.models import LegacyStudentImport
from legacy_import.screens.runs.run_search import MOST_ROWS, find_in_runs
from tests.factories import RunFactory, StagedLearnerFactory
from tests.screens.runs.run_screens import ROOT, person, signed_in, text

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"


@pytest.fixture
def client() -> Client:
    return signed_in(person("view"))


@pytest.fixture
def runs():
    first, second = RunFactory(), RunFactory(connection_name="autre")
    for run in (first, second):
        StagedLearnerFactory(run=run, legacy_id="12", full_name="Karim Haddad", phone=PHONE,
                             email=EMAIL)  # fmt: skip
        StagedLearnerFactory(run=run, legacy_id="13", full_name="Lina Fictive")
    StagedLearnerFactory(run=second, legacy_id="12", table="archives", full_name="Nadia Fictive")
    return first, second


def names(text: str) -> list[tuple[int, str]]:
    found = find_in_runs(text)
    return [(row["legacy_import_run_id"], row["name"]) for row in found.rows]


def test_an_old_number_is_found_in_every_run_newest_first(runs) -> None:
    first, second = (run.pk for run in runs)
    assert names("12") == [
        (second, "stagiaires:12"),
        (second, "archives:12"),
        (first, "stagiaires:12"),
    ]
    assert names("archives:12") == [(second, "archives:12")]
    assert names("999") == []


@pytest.mark.parametrize("typed", ["Karim Haddad", "haddad karim", "HADAD  Karim", "Kerim Haddad"])
def test_a_name_is_found_in_any_order_and_spelling(runs, typed) -> None:
    assert {name for _, name in names(typed)} == {"stagiaires:12"}
    assert len(names(typed)) == 2


def test_the_list_of_runs_leads_to_the_rows_and_those_to_their_run(client, runs) -> None:
    first, second = runs
    listed = client.get(ROOT).content.decode()
    assert f'action="{ROOT}/search"' in listed
    sent = client.post(f"{ROOT}/search", {"q": " Karim Haddad "})
    assert (sent.status_code, sent.url) == (302, f"{ROOT}?q=Karim+Haddad")
    page = client.get(sent.url)
    links = re.findall(r'href="([^"]*students\?[^"]*)"', page.content.decode())
    assert links == [
        f"{ROOT}/students?run={run.pk}&amp;q=stagiaires%3A12" for run in (second, first)
    ]
    shown = client.get(links[0].replace("&amp;", "&"))
    assert "Karim Haddad" in text(shown)
    assert "Lina Fictive" not in text(shown)


def test_nothing_typed_leads_back_to_the_runs(client, runs) -> None:
    assert client.post(f"{ROOT}/search", {"q": "  "}).url == ROOT
    assert client.post(f"{ROOT}/search").url == ROOT


def test_nothing_found_says_so(client, runs) -> None:
    assert "No run has a row with this number or name." in text(
        client.get(f"{ROOT}?q=Zohra+Inconnue")
    )


@pytest.mark.parametrize(
    "contact", [PHONE, EMAIL, "+213 559 44 61 68", f"Karim {PHONE}", "x" * 300]
)
def test_a_contact_is_refused_and_not_repeated(client, runs, contact) -> None:
    for answer in (
        client.post(f"{ROOT}/search", {"q": contact}),
        client.get(f"{ROOT}?q={quote(contact)}"),
    ):
        assert answer.status_code == 400
        assert contact not in answer.content.decode()
        assert 'id="li-runs"' in answer.content.decode()  # the list is still there


def test_a_contact_in_a_name_is_masked(client, runs) -> None:
    LegacyStudentImport.objects.filter(legacy_id="13").update(full_name=f"Lina Fictive {PHONE}")
    page = client.get(f"{ROOT}?q=13").content.decode()
    assert "Lina Fictive" in page
    assert PHONE not in page


def test_only_the_first_rows_are_listed(client) -> None:
    for _ in range(MOST_ROWS + 3):
        StagedLearnerFactory(run=RunFactory(), legacy_id="7", full_name="Lina Fictive")
    found = find_in_runs("7")
    assert (len(found.rows), found.more) == (MOST_ROWS, True)
    assert len(find_in_runs("Lina Fictive").rows) == MOST_ROWS
    assert find_in_runs("Lina Fictive").more
    assert f"The first {MOST_ROWS} rows" in text(client.get(f"{ROOT}?q=7"))


def test_a_search_costs_three_queries_at_most(runs) -> None:
    for typed in ("12", "Karim Haddad"):
        with CaptureQueriesContext(connection) as queries:
            find_in_runs(typed)
        assert len(queries) <= 3


def test_those_who_may_not_view_are_refused(runs) -> None:
    other = signed_in(person())
    assert other.post(f"{ROOT}/search", {"q": "12"}).status_code == 403
    assert other.get(f"{ROOT}?q=12").status_code == 403
