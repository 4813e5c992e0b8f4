"""A session that ends takes no work with it; what was entered is shown again, to nobody else."""

import re
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from ecoin.pages import interrupted_forms
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyReviewDecision
from tests.factories import CourseMappingFactory, CrmLeadFactory
from tests.review.reviewing import queue_of_unknown, reviewer, rows_of, say
from tests.trainings.histories import history

pytestmark = pytest.mark.django_db

ROOT, HISTORY = "/admin/legacy-imports", "/admin/trainings/history"
PASSWORD = "un mot de passe fictif"
NOTE = "vu au secrétariat"
AGAIN = "Nothing was recorded: send it again."
ENDED = "Your session has ended and nothing was recorded."


def colleague(username: str, *codenames: str):
    user = reviewer(*codenames, username=username)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def nadia():
    return colleague("nadia", "map", "commit", "reveal_pii")


@pytest.fixture
def browser(nadia) -> Client:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(nadia)
    return browser


@pytest.fixture
def row(nadia):
    return rows_of(queue_of_unknown(3))[0]


def end_sessions() -> None:
    Session.objects.all().delete()


def sign_in(browser: Client, answer, username: str = "nadia"):
    """Through the page of the sign-in to which `answer` redirects, and on to the page after it."""
    assert answer.status_code == 302, answer.content
    assert answer.url.startswith("/admin/login/?next=")
    at_login = browser.get(answer.url)
    sent = browser.post(answer.url, {"username": username, "password": PASSWORD}, follow=True)
    return at_login.content.decode(), sent


def value_of(page, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>([^<]*)<', page.content.decode())
    found = found or re.search(
        rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page.content.decode()
    )
    return unescape(found[1]).strip() if found else ""


def decide(browser: Client, row, **fields):
    sent = {
        "filter": "focus=all",
        "version": row.version,
        "decision": "skip",
        "note": NOTE,
        **fields,
    }
    return browser.post(f"{ROOT}/review/{row.pk}/decide", sent)


def test_a_note_is_there_again_after_signing_in_and_is_never_sent_by_itself(browser, row):
    browser.get(f"{ROOT}/review", {"run": row.legacy_import_run_id, "row": row.pk})
    end_sessions()
    told, page = sign_in(browser, decide(browser, row))
    assert ENDED in told
    assert page.request["QUERY_STRING"].endswith(f"row={row.pk}")
    assert AGAIN in page.content.decode()
    assert value_of(page, "note") == NOTE
    assert not LegacyReviewDecision.objects.exists()
    # Once: opened again, the page is an ordinary one.
    again = browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    assert (AGAIN in again.content.decode(), value_of(again, "note")) == (False, "")
    assert decide(browser, row).status_code == 302
    assert LegacyReviewDecision.objects.get().note == NOTE


def test_the_page_comes_back_as_it_was_filtered(browser, row):
    place = f"{ROOT}/review?run={row.legacy_import_run_id}&focus=other&diff=1"
    browser.get(place)
    end_sessions()
    browser.defaults["HTTP_REFERER"] = f"http://testserver{place}"
    _, page = sign_in(browser, decide(browser, row))
    asked = page.request["QUERY_STRING"]
    assert {"focus=other", "diff=1", f"row={row.pk}"} <= set(asked.split("&"))
    assert value_of(page, "note") == NOTE


@pytest.mark.parametrize(
    "elsewhere",
    ["http://evil.example/admin/legacy-imports/review", "javascript:alert(1)", "//evil.example",
     "http://testserver/admin/auth/user/", "http://testserver/nothing"],
)  # fmt: skip
def test_no_other_place_is_returned_to(browser, row, elsewhere):
    browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    end_sessions()
    browser.defaults["HTTP_REFERER"] = elsewhere
    answer = decide(browser, row)
    assert answer.url == f"/admin/login/?next={ROOT}/review/{row.pk}"


def test_another_user_of_the_machine_does_not_get_it(browser, row, nadia):
    colleague("karim")
    browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    end_sessions()
    _, page = sign_in(browser, decide(browser, row), "karim")
    assert page.status_code == 200
    assert (AGAIN in page.content.decode(), value_of(page, "note")) == (False, "")
    browser.force_login(nadia)  # nor the first one afterwards, with the other's leave
    again = browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    assert (AGAIN in again.content.decode(), value_of(again, "note")) == (False, "")


def test_of_a_browser_that_no_one_signed_in_with_nothing_is_kept(row):
    stranger = Client(headers={"accept-language": "en"})
    answer = decide(stranger, row)
    assert answer.url == f"/admin/login/?next={ROOT}/review/{row.pk}"
    stranger.cookies[interrupted_forms.COOKIE] = "1:forged"
    assert decide(stranger, row).status_code == 302
    assert not Session.objects.exists()


def test_contacts_searches_confirmations_and_tokens_are_not_kept(browser, row):
    browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    end_sessions()
    decide(
        browser, row, note="rappeler le 0559 44 61 68", q="Haddad", phone="12", database="app",
        csrfmiddlewaretoken="x" * 64, reason="dossier", ids=["1234567", "7654321"], password="p",
    )  # fmt: skip
    kept = Session.objects.get().get_decoded()[interrupted_forms.KEY]["fields"]
    assert kept["reason"] == ["dossier"]
    assert kept["ids"] == ["1234567", "7654321"]
    assert not {"note", "q", "phone", "database", "csrfmiddlewaretoken", "password"} & set(kept)


def test_it_is_kept_for_an_hour_and_no_longer(browser, row, monkeypatch):
    browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    end_sessions()
    answer = decide(browser, row)
    assert 3500 < browser.session.get_expiry_age() <= 3600
    now = interrupted_forms.time.time() + 3700
    monkeypatch.setattr(interrupted_forms.time, "time", lambda: now)
    _, page = sign_in(browser, answer)
    assert (AGAIN in page.content.decode(), value_of(page, "note")) == (False, "")
    assert browser.session.get_expiry_age() > 3600


def test_a_script_that_renews_a_claim_replaces_nothing(browser, row):
    browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    end_sessions()
    answer = decide(browser, row)
    browser.post(f"{ROOT}/review/{row.pk}/claim", headers={"accept": "application/json"})
    _, page = sign_in(browser, answer)
    assert value_of(page, "note") == NOTE


def test_a_form_that_is_too_long_is_not_kept(browser, row):
    browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    end_sessions()
    _, page = sign_in(browser, decide(browser, row, note="x" * 70_000))
    assert AGAIN in page.content.decode()
    assert value_of(page, "note") == ""


def test_it_works_for_mappings(browser, row):
    mapping = CourseMappingFactory(connection_name=row.legacy_import_run.connection_name)
    where = f"{ROOT}/course-mapping/{mapping.pk}"
    run = f"?run={row.legacy_import_run_id}"
    browser.get(where + run)
    end_sessions()
    _, page = sign_in(
        browser, browser.post(f"{where}/decide{run}", {"decision": "no_equivalent", "note": NOTE})
    )
    assert page.request["PATH_INFO"] == where
    assert AGAIN in page.content.decode()
    assert value_of(page, "note") == NOTE


def test_it_works_for_operations_but_for_the_confirmation(browser, row):
    where = f"{ROOT}/{row.legacy_import_run_id}/commit"
    browser.get(where)
    end_sessions()
    sent = {"token": "x", "focus": "lead_only", "batch": "37", "database": "app"}
    _, page = sign_in(browser, browser.post(where, sent))
    assert page.request["PATH_INFO"] == where
    assert AGAIN in page.content.decode()
    assert "app" not in value_of(page, "database")


def test_it_works_for_the_history_of_a_learner(browser, nadia):
    from django.contrib.auth.models import Permission

    nadia.user_permissions.set(Permission.objects.filter(content_type__app_label="trainings"))
    record = history(7_001, learner_name="Nadir Fictif")
    lead = CrmLeadFactory(full_name="Nadir Fictif")
    key = record.learner_key
    browser.get(f"{HISTORY}/attach", {"key": key})
    end_sessions()
    sent = {"key": key, "record": f"{record.origin} 0", "person": f"lead:{lead.pk}",
            "reason": NOTE, "action": "attach"}  # fmt: skip
    _, page = sign_in(browser, browser.post(f"{HISTORY}/attach?key={key}", sent))
    assert page.request["PATH_INFO"] == f"{HISTORY}/attach"
    assert AGAIN in page.content.decode()
    assert value_of(page, "reason") == NOTE


# --- A form that another user was faster with ---------------------------------------------------------


def test_a_conflict_keeps_the_note_until_the_row_is_opened_again(browser, row):
    say(row, ReviewDecision.SKIP, colleague("karim"))  # after Nadia opened it
    answer = decide(browser, row, decision="treat_as", treat_as="lead_only")
    assert answer.status_code == 409
    assert NOTE in answer.content.decode()
    # The next row has a form of its own.
    following = browser.get(f"{ROOT}/review/{row.pk + 1}", follow=True)
    assert (value_of(following, "note"), following.status_code) == ("", 200)
    page = browser.get(f"{ROOT}/review/{row.pk}", follow=True)
    assert value_of(page, "note") == NOTE
    assert re.search(r'<option value="lead_only" selected', page.content.decode())
    assert AGAIN not in page.content.decode()


def test_a_refused_form_keeps_what_was_entered(browser, row):
    mapping = CourseMappingFactory(connection_name=row.legacy_import_run.connection_name)
    where = f"{ROOT}/course-mapping/{mapping.pk}/decide?run={row.legacy_import_run_id}"
    answer = browser.post(where, {"decision": "no_equivalent", "note": NOTE, "version": 9})
    assert answer.status_code == 409
    assert value_of(answer, "note") == NOTE
