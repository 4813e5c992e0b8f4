"""`/admin/legacy-imports/review`: what it shows, what each of its forms does, and to whom."""

import datetime
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import Outcome, ReviewDecision, RunStatus
from legacy_import.models import (
    LegacyAccessLog,
    LegacyImportRun,
    LegacyReviewBulk,
    LegacyReviewDecision,
    LegacyStudentImport,
    ReviewClaim,
    SavedFilter,
)
from legacy_import.review import search as row_search
from legacy_import.review.claims import claim
from legacy_import.review.reveal import PER_HOUR, reveal
from tests.factories import (
    NOW,
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    RunFactory,
    StagedLearnerFactory,
    UserFactory,
    legacy_row,
    spelled,
    stage_rows,
)
from tests.review.reviewing import queue_of_unknown, reviewer, rows_of, say
from tests.stages.stages import run_stages

pytestmark = pytest.mark.django_db

ADDRESS = "/admin/legacy-imports/review"
PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"
D = ReviewDecision


@pytest.fixture
def me():
    return reviewer("reveal_pii", "view_raw", "map", username="nadia", first_name="Nadia")


@pytest.fixture
def client(me):
    return signed_in(me)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, language: str = "en", **asked):
    return client.get(ADDRESS, asked, secure=True, headers={"accept-language": language})


def search(client: Client, **sent):
    return client.post(f"{ADDRESS}/search", sent, secure=True, headers={"accept-language": "en"})


def send(client: Client, row: LegacyStudentImport | int, what: str, language="en", **fields):
    """POST one of the row's forms, as the page of the whole queue sends it."""
    pk = row if isinstance(row, int) else row.pk
    fields.setdefault("filter", "focus=all")
    return client.post(
        f"{ADDRESS}/{pk}/{what}", fields, secure=True, headers={"accept-language": language}
    )


def send_bulk(client: Client, of: LegacyImportRun, **fields):
    told = {"run": of.pk, "filter": "focus=all", "decision": "skip", "scope": "all", **fields}
    return client.post(f"{ADDRESS}/bulk", told, secure=True, headers={"accept-language": "en"})


def text_of(response) -> str:
    """What the page says, without markup and surplus white space."""
    whole = response.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", whole))


def asked_of(response) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(response.url).query).items()}


def open_row(response) -> int:
    """The row that the page has open."""
    return int(re.search(r'id="li-row" data-row="(\d+)"', response.content.decode())[1])


def listed(response) -> list[int]:
    return [int(pk) for pk in re.findall(r'name="ids" value="(\d+)"', response.content.decode())]


@pytest.fixture
def matched():
    """A row with phone and e-mail, beside a lead of another name who has the same phone."""
    lead = CrmLeadFactory(full_name="Samir Bouzid", phone="0559 44 61 68")
    row = StagedLearnerFactory(
        legacy_id="7", full_name="Karim Haddad", phone=PHONE, email=EMAIL, status="nouveau"
    )
    run_stages(row.legacy_import_run)
    row.refresh_from_db()
    return row, lead


# --- Who may see it ----------------------------------------------------------------------------------


def test_nobody_signed_in_is_sent_to_the_sign_in():
    answer = page(Client())
    assert answer.status_code == 302
    assert "/login/" in answer.url


def test_without_the_permission_it_is_forbidden():
    assert page(signed_in(UserFactory(is_staff=True))).status_code == 403


FORMS = ["decide", "undo", "claim", "person", "reveal", "raw"]


@pytest.mark.parametrize("what", FORMS)
def test_a_form_needs_the_permission_and_is_a_post(what):
    row = rows_of(queue_of_unknown(1))[0]
    assert send(signed_in(UserFactory(is_staff=True)), row, what).status_code == 403
    allowed = signed_in(reviewer("reveal_pii", "view_raw"))
    look = allowed.get(f"{ADDRESS}/{row.pk}/{what}", secure=True)
    assert (look.status_code, look.url) == (302, f"{ADDRESS}/{row.pk}")
    assert send(allowed, 10**17, what).status_code == 404
    checked = Client(enforce_csrf_checks=True)
    checked.force_login(reviewer("reveal_pii", "view_raw"))
    assert send(checked, row, what).status_code == 403


@pytest.mark.parametrize(("what", "codename"), [("reveal", "reveal_pii"), ("raw", "view_raw")])
def test_looking_needs_its_own_permission(what, codename):
    row = rows_of(queue_of_unknown(1))[0]
    assert send(signed_in(reviewer()), row, what, reason="dossier").status_code == 403
    assert send(signed_in(reviewer(codename)), row, what, reason="dossier").status_code == 200


def test_no_cache_keeps_the_page(client):
    queue_of_unknown(1)
    assert "no-store" in page(client)["Cache-Control"]


# --- What it shows -----------------------------------------------------------------------------------


def test_the_first_row_of_the_queue_is_open(client):
    rows = rows_of(queue_of_unknown(3))
    answer = page(client, focus="all")
    assert listed(answer) == [row.pk for row in rows]
    assert open_row(answer) == rows[0].pk
    assert "the rules do not know this status" in text_of(answer)


def test_the_default_focus_comes_from_the_setting(client, settings):
    queue_of_unknown(1)
    assert not listed(page(client, state="pending"))
    settings.LEGACY_IMPORT_FOCUS_MODE_DEFAULT = "lead_only"
    whole = page(client, state="pending").content.decode()
    assert 'aria-current="true">Leads only' in whole


def test_contacts_are_masked_and_compared_on_the_server(client, matched):
    answer = page(client, focus="all")
    words = text_of(answer)
    assert "05•• ••• 168" in words
    assert "k•••@exemple.dz" in words
    assert "same phone 2135•••168" in words
    assert "Samir Bouzid" in words
    for secret in (PHONE, "559446168", "0559 44 61 68", EMAIL):
        assert secret not in answer.content.decode()
    lines = re.findall(
        r"<tr role=\"row\"( class=\"li-diff\")?>\s*<th scope=\"row\"[^>]*>(.*?)</th>"
        r".*?<td [^>]*><span[^>]*>(.*?)</span>",
        answer.content.decode(),
        re.S,
    )
    compared = {name: (bool(tinted), words) for tinted, name, words in lines}
    assert compared["Phone"] == (False, "same")
    assert compared["Name"] == (True, "different")
    assert compared["E-mail"] == (True, "on one side only")


def test_only_the_differences_are_shown_on_demand(client, matched):
    table = page(client, focus="all", diff="1").content.decode()
    table = table[table.index("li-compare") :].partition("</table>")[0]
    assert "Name" in table
    assert "Phone" not in table


def test_the_best_match_can_be_changed_for_another(client, matched):
    row, _ = matched
    other = CrmLeadFactory(full_name="Lina Fictive", phone=PHONE)
    run_stages(row.legacy_import_run)
    words = text_of(page(client, focus="all", row=row.pk, person=f"lead:{other.pk}"))
    assert "Known people who match" in words
    assert (
        f'value="lead:{other.pk}"'
        in page(client, focus="all", row=row.pk, person=f"lead:{other.pk}").content.decode()
    )


def test_a_contact_typed_into_another_column_is_dots(client):
    row = StagedLearnerFactory(full_name="Karim 0559446168", status="rappeler 0661 20 00 03")
    run_stages(row.legacy_import_run)
    for shown in (page(client, focus="all"), page(client, focus="all", language="ar")):
        whole = shown.content.decode()
        assert "0559446168" not in whole
        assert "0661 20 00 03" not in whole


def test_hostile_text_stays_text(client):
    row = StagedLearnerFactory(
        full_name="<script>alert(1)</script> \u202eevil", status="<img src=x onerror=alert(1)>"
    )
    run_stages(row.legacy_import_run)
    whole = page(client, focus="all").content.decode()
    assert "<script>alert" not in whole
    assert "<img src=x" not in whole
    assert "\u202e" not in whole


def test_facets_are_counted_under_the_other_filters(client):
    run = RunFactory()
    stage_rows(
        run,
        [
            legacy_row(table=table, legacy_id=str(n), full_name=f"Fictif {spelled(n)}",
                       status="mystère", phone=f"0661{300_000 + n}")
            for n, table in enumerate(["stagiaires"] * 3 + ["archives"] * 2, 1)
        ],
    )  # fmt: skip
    run_stages(run)
    say(rows_of(run)[0], D.SKIP, reviewer())
    whole = page(client, focus="all").content.decode()
    assert re.findall(r"<span>(Stagiaires|Archives)</span> <span>(\d+)</span>", whole) == [
        ("Archives", "2"), ("Stagiaires", "2"),
    ]  # fmt: skip
    whole = page(client, focus="all", source_table="archives").content.decode()
    assert re.findall(r"<span>(Stagiaires|Archives)</span> <span>(\d+)</span>", whole) == [
        ("Archives", "2"), ("Stagiaires", "2"),
    ]  # fmt: skip
    assert "Source table:" in text_of(page(client, focus="all", source_table="archives"))
    zero = page(client, focus="all", source_table="archives", state="decided").content.decode()
    assert re.search(r"li-facet-zero.*?<span>Archives</span> <span>0</span>", zero, re.S)


def test_a_search_finds_by_old_number_and_by_name(client):
    rows = rows_of(queue_of_unknown(3))
    assert listed(page(client, q="2")) == [rows[1].pk]
    assert len(listed(page(client, q="fictif"))) == 3


def test_a_search_keeps_the_filter_it_was_sent_from(client):
    run = queue_of_unknown(3)
    sent = {
        "run": run.pk,
        "q": " fictif ",
        "filter": f"run={run.pk}&focus=all&state=all&q=2&parts=1",
    }
    answer = search(client, **sent)
    assert answer.status_code == 302
    assert asked_of(answer) == {
        "run": str(run.pk), "focus": "all", "state": "all", "q": "fictif"
    }  # fmt: skip


@pytest.mark.parametrize("typed", [PHONE, EMAIL, "0559 44 61 68"])
def test_a_contact_that_is_searched_for_never_stands_in_an_address(client, typed):
    run = queue_of_unknown(2)
    sent = {"run": run.pk, "q": typed, "filter": f"run={run.pk}&focus=all&q=2"}
    answer = search(client, **sent)
    assert answer.status_code == 400
    assert "A phone or an e-mail is never searched for" in text_of(answer)
    assert typed not in answer.content.decode()
    assert len(listed(answer)) == 2, "the queue itself is still there"
    form = re.search(r"<form[^>]*role=.search.[^>]*>", answer.content.decode())
    assert form is not None
    assert 'method="post"' in form[0]


@pytest.mark.parametrize("run", ["", "x", "-1", "9" * 30, "999"])
def test_a_search_in_no_run_is_not_found(client, run):
    queue_of_unknown(1)
    assert search(client, run=run, q="fictif").status_code == 404


@pytest.mark.parametrize("typed", [PHONE, EMAIL, "0559 44 61 68"])
def test_a_contact_does_not_stay_in_the_address(client, typed):
    queue_of_unknown(1)
    answer = page(client, q=typed, focus="all")
    assert answer.status_code == 302
    assert asked_of(answer) == {"focus": "all"}


@pytest.mark.parametrize(
    "asked",
    [{"focus": "x"}, {"run": "9"}, {"run": "x"}, {"row": "9999"}, {"state": "gone"}],
    ids=str,
)
def test_what_does_not_exist_is_not_found(client, asked):
    queue_of_unknown(1)
    assert page(client, **asked).status_code == 404


def test_a_row_of_another_run_is_not_found(client):
    first, second = queue_of_unknown(1), queue_of_unknown(1)
    assert page(client, run=second.pk, row=rows_of(first)[0].pk).status_code == 404


# Whoever is not technical is told who does it; a command is for those who may commit.
@pytest.mark.parametrize(
    ("also", "said"),
    [
        ((), "A manager or an operator plans again when the review is done."),
        (("map",), "Plan again on the page of the run"),
        (("commit",), "manage.py legacy_dry_run --run"),
    ],
    ids=str,
)
def test_decisions_since_the_plan_are_counted_with_what_comes_next(also, said):
    me = reviewer(*also)
    run = queue_of_unknown(2)
    LegacyImportRun.objects.filter(pk=run.pk).update(planned_at=NOW - datetime.timedelta(days=1))
    for row in rows_of(run):
        say(row, D.SKIP, me)
    words = text_of(page(signed_in(me), focus="all"))
    assert "2 decisions since the plan" in words
    assert said in words
    assert ("manage.py" in words) == ("commit" in also)


def test_what_is_planned_is_said_in_plain_words(client):
    queue_of_unknown(1)
    words = text_of(page(client, focus="all"))
    assert "This row needs review" in words
    assert "legacy_" not in words


def test_rows_of_one_cause_lead_to_its_mapping(client):
    mapping = CourseMappingFactory(
        legacy_formation_id="5", legacy_name="Infographie PAO", course=None, status="unmapped"
    )
    run = RunFactory()
    stage_rows(run, [legacy_row(table="archives", legacy_id=str(n), full_name=f"Fictif {spelled(n)}",
                                status="Archivé", formation_id="5") for n in range(1, 4)])  # fmt: skip
    run_stages(run)
    answer = page(client, focus="all")
    assert "3 rows wait for the course ‹ Infographie PAO ›" in text_of(answer)
    assert f"/course-mapping/{mapping.pk}?run={run.pk}" in answer.content.decode()


# --- Empty states ------------------------------------------------------------------------------------


def test_without_a_run_or_a_plan_it_says_what_comes_next(client):
    operator = signed_in(reviewer("commit", username="operator"))
    assert "manage.py legacy_import" in text_of(page(operator))
    assert "An operator starts one, at a terminal." in text_of(page(client))
    run = RunFactory()
    assert f"manage.py legacy_validate --run {run.pk}" in text_of(page(operator))
    words = text_of(page(client))
    assert "An operator takes it one stage further." in words
    assert "manage.py" not in words


def test_a_search_says_how_it_found_and_goes_on(client, monkeypatch):
    monkeypatch.setattr(row_search, "READ_LIMIT", 2)
    run = queue_of_unknown(5)
    seen, address = [], f"{ADDRESS}?run={run.pk}&focus=all&q=fictif"
    for _ in range(3):
        answer = client.get(address, secure=True, headers={"accept-language": "en"})
        assert "each of these words occurs" in text_of(answer)
        seen += listed(answer)
        further = re.search(r'href="([^"]+)">Look through further rows', answer.content.decode())
        address = unescape(further[1]) if further else ""
    assert not address
    assert seen == [row.pk for row in rows_of(run)]
    name = rows_of(run)[0].full_name
    words = page(client, focus="all", q=name)
    assert "Rows with this name, in any order and spelling." in text_of(words)
    assert "parts=1" in words.content.decode()


def test_where_nothing_matches_the_filters_can_be_cleared(client):
    queue_of_unknown(1)
    words = text_of(page(client, focus="all", source_table="archives"))
    assert "Nothing matches these filters" in words
    assert "Clear filters" in words


def test_a_finished_queue_names_the_next_one(client, me):
    run = RunFactory()
    stage_rows(run, [
        legacy_row(table="archives", legacy_id="1", full_name="Fictif Un", status="Archivé"),
        legacy_row(table="stagiaires", legacy_id="2", full_name="Fictif Deux", status="mystère"),
    ])  # fmt: skip
    run_stages(run)
    first = next(row for row in rows_of(run) if row.classification != "unknown")
    answer = send(client, first, "decide", version=first.version, decision="skip",
                  filter="focus=historical_completed")  # fmt: skip
    words = text_of(client.get(answer.url, secure=True, headers={"accept-language": "en"}))
    assert "This queue is finished" in words
    assert "Next: other, 1 row to decide." in words


# --- Deciding ----------------------------------------------------------------------------------------


def test_a_decision_opens_the_next_row(client, me):
    first, second, _ = rows_of(queue_of_unknown(3))
    answer = send(client, first, "decide", version=first.version, decision="skip", note="vu")
    assert answer.status_code == 302
    assert asked_of(answer)["row"] == str(second.pk)
    event = LegacyReviewDecision.objects.get()
    assert (event.student_import_id, event.decision, event.note, event.actor) == (
        first.pk, D.SKIP, "vu", me,
    )  # fmt: skip


def test_after_the_last_row_the_queue_goes_on_from_its_beginning(client):
    first, _, last = rows_of(queue_of_unknown(3))
    answer = send(client, last, "decide", version=last.version, decision="later")
    assert asked_of(answer)["row"] == str(first.pk)


def test_the_filter_survives_the_decision(client):
    first, *_ = rows_of(queue_of_unknown(2))
    kept = "focus=other&state=pending&source_table=stagiaires"
    answer = send(client, first, "decide", version=first.version, decision="skip", filter=kept)
    told = asked_of(answer)
    assert (told["focus"], told["source_table"]) == ("other", "stagiaires")


def test_treat_as_says_as_what(client):
    (row,) = rows_of(queue_of_unknown(1))
    answer = send(client, row, "decide", version=row.version, decision="treat_as")
    assert answer.status_code == 409
    assert "Choose how the row is to be treated" in text_of(answer)
    send(client, row, "decide", version=row.version, decision="treat_as", treat_as="lead_only")
    assert LegacyReviewDecision.objects.get().treat_as == "lead_only"


@pytest.mark.parametrize(
    "fields",
    [{}, {"version": "x", "decision": "skip"}, {"version": "1", "decision": "commit"},
     {"version": "1"}, {"version": "1", "decision": "treat_as", "treat_as": "unknown"}],
    ids=str,
)  # fmt: skip
def test_an_incomplete_decision_is_said_to_be_so(client, fields):
    (row,) = rows_of(queue_of_unknown(1))
    assert send(client, row, "decide", **fields).status_code == 400
    assert not LegacyReviewDecision.objects.exists()


def test_a_note_with_a_phone_comes_back_with_the_reason(client):
    (row,) = rows_of(queue_of_unknown(1))
    answer = send(client, row, "decide", version=row.version, decision="skip", note=f"tél {PHONE}")
    assert answer.status_code == 400
    assert "contains a phone number or an e-mail address" in text_of(answer)


def test_the_loser_of_two_hears_who_decided_what_and_can_go_on(client, me):
    first, second = rows_of(queue_of_unknown(2))
    other = reviewer(first_name="Lina", last_name="Fictive")
    seen = first.version
    say(first, D.SKIP, other)
    answer = send(client, first, "decide", version=seen, decision="later", note="à voir")
    words = text_of(answer)
    assert answer.status_code == 409
    assert "Lina Fictive decided: skip" in words
    assert "your decision was not saved: later – à voir" in words
    assert "Keep theirs, next row" in words
    assert f"row={second.pk}" in answer.content.decode()
    assert f"row={first.pk}" in answer.content.decode()
    first.refresh_from_db()
    assert first.decision == D.SKIP


def test_the_same_decision_sent_twice_is_taken_once(client):
    first, second = rows_of(queue_of_unknown(2))
    for _ in range(2):
        answer = send(client, first, "decide", version=first.version, decision="skip")
        assert asked_of(answer)["row"] == str(second.pk)
    assert LegacyReviewDecision.objects.count() == 1


def test_another_choice_from_another_window_is_not_taken_for_the_first(client):
    first, _second = rows_of(queue_of_unknown(2))
    for treat_as, status in (("lead_only", 302), ("completed", 409)):
        answer = send(client, first, "decide", version=first.version, decision="treat_as",
                      treat_as=treat_as)  # fmt: skip
        assert answer.status_code == status
    words = text_of(answer)
    assert "You changed this row in another window." in words
    assert "your decision was not saved: treat as" in words
    assert "Keep theirs" not in words
    assert LegacyReviewDecision.objects.get().treat_as == "lead_only"


def test_a_committed_row_is_a_conflict(client):
    (row,) = rows_of(queue_of_unknown(1))
    LegacyStudentImport.objects.update(outcome=Outcome.SKIP)
    answer = send(client, row, "decide", version=row.version, decision="skip")
    assert answer.status_code == 409
    assert "only a rollback undoes that" in text_of(answer)


@pytest.mark.parametrize("status", [RunStatus.CLOSED, RunStatus.ROLLING_BACK])
def test_a_run_closed_to_review_offers_no_decision(client, status):
    queue_of_unknown(1)
    LegacyImportRun.objects.update(status=status)
    whole = page(client, focus="all").content.decode()
    assert 'name="decision" value="skip">' not in whole
    assert "cannot be decided in the state it is in" in whole


def test_a_link_to_the_person_of_the_evidence(client, matched):
    row, lead = matched
    send(client, row, "decide", version=row.version, decision="link", person=f"lead:{lead.pk}")
    event = LegacyReviewDecision.objects.get()
    assert (event.target_kind, event.target_id) == ("lead", lead.pk)


def test_a_person_is_found_by_full_phone_and_linked(client):
    (row,) = rows_of(queue_of_unknown(1))
    lead = CrmLeadFactory(full_name="Lina Fictive", phone="0770123456")
    answer = send(client, row, "person", phone="+213 770 12 34 56")
    whole = answer.content.decode()
    assert "Lina Fictive" in whole
    assert "0770123456" not in whole
    assert "770 12 34 56" not in whole
    proof = re.search(r'name="proof" value="([^"]+)"', whole)[1]
    told = {"decision": "link", "person": f"lead:{lead.pk}", "version": row.version}
    assert send(client, row, "decide", **told).status_code == 409
    assert send(client, row, "decide", proof=proof, **told).status_code == 302


@pytest.fixture
def inactive():
    """A row that matches a deactivated account, and the account as a form names it."""
    user = LearnerProfileFactory(
        user__first_name="Karim", user__last_name="Haddad", user__is_active=False, phone=PHONE
    ).user
    row = StagedLearnerFactory(full_name="Karim Haddad", phone=PHONE, status="nouveau")
    run_stages(row.legacy_import_run)
    row.refresh_from_db()
    return row, f"user:{user.pk}"


def test_a_deactivated_account_is_shown_and_linked_only_knowingly(client, inactive):
    row, person = inactive
    shown = page(client, row=row.pk)
    told = text_of(shown)
    assert "the account of the person who matches is deactivated" in told
    assert "deactivated account" in told
    assert "Link although this account is deactivated" in told
    link = {"decision": "link", "version": row.version, "person": person}
    refused = send(client, row, "decide", **link)
    assert (refused.status_code, LegacyReviewDecision.objects.count()) == (409, 0)
    assert "This account is deactivated: tick that you know it" in text_of(refused)
    assert send(client, row, "decide", inactive="1", **link).status_code == 302
    decision = LegacyReviewDecision.objects.get()
    assert (decision.decision, decision.target_inactive) == ("link", True)


def test_a_deactivated_account_that_is_found_by_phone_is_shown_as_such(client, inactive):
    row, person = inactive
    found = send(client, row, "person", phone=PHONE)
    form = found.content.decode().partition('class="li-found"')[2].partition("</form>")[0]
    assert f'value="{person}"' in form
    assert 'name="inactive"' in form
    assert "deactivated account" in form


def test_an_active_account_is_linked_without_further_questions(client, inactive):
    row, person = inactive
    User.objects.update(is_active=True)
    assert 'name="inactive"' not in page(client, row=row.pk).content.decode()
    link = {"decision": "link", "version": row.version, "person": person}
    assert send(client, row, "decide", inactive="1", **link).status_code == 302
    assert not LegacyReviewDecision.objects.get().target_inactive


@pytest.mark.parametrize("typed", ["", "0770", "Lina", "x" * 300])
def test_anything_but_one_full_phone_finds_nobody(client, typed):
    (row,) = rows_of(queue_of_unknown(1))
    answer = send(client, row, "person", phone=typed)
    assert answer.status_code == 400
    assert "Type one full phone number" in text_of(answer)


# --- Undo and claims ---------------------------------------------------------------------------------


def test_undo_opens_the_row_again(client, me):
    first, _ = rows_of(queue_of_unknown(2))
    event = say(first, D.SKIP, me).pk
    assert "Undo" in text_of(page(client, focus="all"))
    answer = send(client, first, "undo", event=event)
    assert asked_of(answer)["row"] == str(first.pk)
    first.refresh_from_db()
    assert first.decision == ""
    assert send(client, first, "undo", event=event).status_code == 409


def test_somebody_elses_decision_is_not_undone(client):
    (row,) = rows_of(queue_of_unknown(1))
    event = say(row, D.SKIP, reviewer()).pk
    assert send(client, row, "undo", event=event).status_code == 409
    assert send(client, row, "undo").status_code == 400


def test_a_colleague_who_is_looking_is_named(client, me):
    (row,) = rows_of(queue_of_unknown(1))
    now = datetime.datetime.now(tz=datetime.UTC)
    claim(row_id=row.pk, actor=reviewer(first_name="Lina"), now=now)
    assert "Lina is looking at this row" in text_of(page(client, focus="all", row=row.pk))
    answer = client.post(
        f"{ADDRESS}/{row.pk}/claim", secure=True,
        headers={"accept": "application/json", "accept-language": "en"},
    )  # fmt: skip
    assert answer.json() == {"other": "Lina is looking at this row."}


def test_looking_at_the_page_writes_only_who_has_the_row_open(client, me):
    (row,) = rows_of(queue_of_unknown(1))
    with CaptureQueriesContext(connection) as queries:
        page(client, focus="all")
    written = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert all(
        '"legacy_review_claims"' in sql or "`legacy_review_claims`" in sql for sql in written
    )
    held = ReviewClaim.objects.get()
    assert (held.actor, held.student_import_id) == (me, row.pk)
    assert not LegacyAccessLog.objects.exists()


def test_a_claim_without_script_returns_to_the_row(client, me):
    (row,) = rows_of(queue_of_unknown(1))
    assert asked_of(send(client, row, "claim"))["row"] == str(row.pk)
    assert ReviewClaim.objects.get().actor == me


# --- Looking at what is masked -----------------------------------------------------------------------


def test_a_reveal_shows_the_contact_once_and_logs_it(client, matched, me):
    row, _ = matched
    answer = send(client, row, "reveal", reason="dossier illisible")
    assert answer.status_code == 200
    assert PHONE in text_of(answer)
    assert EMAIL in text_of(answer)
    entry = LegacyAccessLog.objects.get()
    assert (entry.kind, entry.student_import_id, entry.reason, entry.actor) == (
        "reveal", row.pk, "dossier illisible", me,
    )  # fmt: skip
    assert PHONE not in page(client, focus="all", row=row.pk).content.decode()


@pytest.mark.parametrize("reason", ["", f"pour {PHONE}"])
def test_without_a_decent_reason_nothing_is_revealed(client, matched, reason):
    row, _ = matched
    answer = send(client, row, "reveal", reason=reason)
    assert answer.status_code == 400
    assert EMAIL not in answer.content.decode()
    assert not LegacyAccessLog.objects.exists()


def test_too_many_reveals_are_told_when_to_try_again(client, matched, me):
    row, _ = matched
    now = datetime.datetime.now(tz=datetime.UTC)
    for _ in range(PER_HOUR):
        reveal(row_id=row.pk, actor=me, reason="dossier", now=now)
    answer = send(client, row, "reveal", reason="dossier")
    assert answer.status_code == 429
    assert 3_500 < int(answer["Retry-After"]) <= 3_600
    assert "Try again from" in text_of(answer)
    assert EMAIL not in answer.content.decode()


def test_the_raw_payload_is_shown_once_and_logged(client, matched):
    row, _ = matched
    answer = send(client, row, "raw")
    assert "nouveau" in text_of(answer)
    assert PHONE in text_of(answer)
    assert LegacyAccessLog.objects.get().kind == "raw_view"


def test_long_values_and_bytes_of_a_payload_are_cut_and_shown_as_text(client):
    row = StagedLearnerFactory(full_name="Fictif Long", status="mystère")
    run_stages(row.legacy_import_run)
    payload = {"note": "a" * 1_000_000, "photo": {"hex": "ff00"}, "vide": None, "<b>": "<i>x</i>"}
    LegacyStudentImport.objects.filter(pk=row.pk).update(raw_payload=payload)
    answer = send(client, row, "raw")
    whole = answer.content.decode()
    assert "998,000 more characters" in whole
    assert len(whole) < 100_000
    assert "<i>x</i>" not in whole


def test_what_was_purged_is_said_to_be_gone(client, matched):
    row, _ = matched
    LegacyImportRun.objects.update(purged_at=NOW)
    assert send(client, row, "reveal", reason="dossier").status_code == 410
    assert send(client, row, "raw").status_code == 410
    assert "purged after their retention" in text_of(page(client, focus="all"))


# --- Many rows ---------------------------------------------------------------------------------------


def test_a_bulk_is_confirmed_on_a_page_that_repeats_filter_number_and_effect(client):
    run = queue_of_unknown(3)
    answer = send_bulk(client, run, filter="focus=all&source_table=stagiaires")
    words = text_of(answer)
    assert "skip: 3 rows" in words
    assert "source table: stagiaires" in words
    assert "The next plan skips these rows" in words
    assert not LegacyReviewDecision.objects.exists()


def test_a_confirmed_bulk_is_done_and_told(client):
    run = queue_of_unknown(3)
    answer = send_bulk(client, run, expected=3)
    assert answer.status_code == 302
    assert LegacyReviewDecision.objects.count() == 3
    words = text_of(client.get(answer.url, secure=True, headers={"accept-language": "en"}))
    assert "Skipped by Nadia – 3 rows." in words
    assert not any(f"{decision.label} –".capitalize() in words for decision in D)


def test_a_bulk_about_chosen_rows(client):
    run = queue_of_unknown(3)
    ids = [row.pk for row in rows_of(run)][:2]
    confirm = send_bulk(client, run, scope="chosen", ids=ids)
    assert re.findall(r'name="ids" value="(\d+)"', confirm.content.decode()) == list(map(str, ids))
    send_bulk(client, run, scope="chosen", ids=ids, expected=2)
    assert [row.decision for row in rows_of(run)] == ["skip", "skip", ""]


def test_a_bulk_is_one_line_of_the_last_ten_and_undone_as_one(client, me):
    run = queue_of_unknown(3)
    send_bulk(client, run, expected=3)
    side = page(client, focus="all").content.decode()
    side = side[side.index("Your last decisions") :].partition("</details>")[0]
    assert "3 rows: skip" in side
    assert side.count("<form") == 1
    bulk = re.search(r'id="li-undo".*?name="event" value="(\d+)"', side, re.S)[1]
    sent = {"run": run.pk, "filter": "focus=other", "event": bulk}
    undo = f"{ADDRESS}/bulk/undo"
    answer = client.post(undo, sent, secure=True, headers={"accept-language": "en"})
    assert asked_of(answer)["focus"] == "other"
    words = text_of(client.get(answer.url, secure=True, headers={"accept-language": "en"}))
    assert "Undone: 3 rows wait again." in words
    assert {row.decision for row in rows_of(run)} == {""}
    assert client.post(undo, sent, secure=True).status_code == 409
    assert client.post(undo, {"run": run.pk}, secure=True).status_code == 400


def test_rows_that_were_committed_since_are_said_to_keep_the_decision(client, me):
    run = queue_of_unknown(2)
    send_bulk(client, run, expected=2)
    LegacyStudentImport.objects.filter(pk=rows_of(run)[0].pk).update(outcome=Outcome.SKIP)
    sent = {"run": run.pk, "filter": "focus=all", "event": LegacyReviewBulk.objects.get().pk}
    english = {"accept-language": "en"}
    answer = client.post(f"{ADDRESS}/bulk/undo", sent, secure=True, headers=english)
    words = text_of(client.get(answer.url, secure=True, headers={"accept-language": "en"}))
    assert "Undone: 1 row waits again." in words
    assert "1 row keeps its decision: it is committed, or not in this run." in words


def test_a_number_that_changed_is_refused(client, me):
    run = queue_of_unknown(3)
    say(rows_of(run)[0], D.LATER, me)
    answer = send_bulk(client, run, expected=3)
    assert answer.status_code == 409
    assert "You confirmed 3 rows; 2 match now" in text_of(answer)
    assert LegacyReviewDecision.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"decision": "link"}, 400), ({"decision": "treat_as"}, 409), ({"scope": "chosen"}, 400),
     ({"decision": "accept_data"}, 409), ({"run": "x"}, 404), ({"run": "999"}, 404),
     ({"scope": "chosen", "ids": "x"}, 404)],
    ids=str,
)  # fmt: skip
def test_such_a_bulk_is_refused(client, fields, status):
    run = queue_of_unknown(2)
    assert send_bulk(client, run, **fields).status_code == status
    assert not LegacyReviewDecision.objects.exists()


# --- Saved filters -----------------------------------------------------------------------------------


def filters(client, run, **fields):
    told = {"run": run.pk, "filter": "focus=other&state=later", **fields}
    return client.post(f"{ADDRESS}/filters", told, secure=True, headers={"accept-language": "en"})


def test_a_filter_is_saved_listed_and_deleted(client):
    run = queue_of_unknown(1)
    assert filters(client, run, name="Mes reports").status_code == 302
    saved = SavedFilter.objects.get()
    assert saved.query == "focus=other&state=later"
    whole = page(client, focus="all").content.decode()
    assert f"?run={run.pk}&amp;focus=other&amp;state=later" in whole
    filters(client, run, forget=saved.pk)
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("name", ["", PHONE, EMAIL])
def test_such_a_name_is_refused(client, name):
    assert filters(client, queue_of_unknown(1), name=name).status_code == 400
    assert not SavedFilter.objects.exists()


# --- Paging and scale --------------------------------------------------------------------------------


def test_pages_follow_each_other_and_lead_back(client):
    rows = [row.pk for row in rows_of(queue_of_unknown(60))]
    first = page(client, focus="all")
    assert listed(first) == rows[:25]
    second = page(client, focus="all", after=rows[24])
    assert listed(second) == rows[25:50]
    assert open_row(second) == rows[25]
    third = page(client, focus="all", after=rows[49])
    assert listed(third) == rows[50:]
    back = page(client, focus="all", before=rows[50])
    assert listed(back) == rows[25:50]
    assert open_row(back) == rows[49]


def test_a_row_far_down_is_shown_where_it_is(client):
    rows = [row.pk for row in rows_of(queue_of_unknown(60))]
    answer = page(client, focus="all", row=rows[40])
    assert listed(answer) == rows[40:]
    assert open_row(answer) == rows[40]


def test_the_page_takes_as_many_queries_for_fifty_rows_as_for_five_hundred(client):
    def queries(run) -> list[str]:
        row = rows_of(run)[30]
        with CaptureQueriesContext(connection) as counted:
            assert page(client, run=run.pk, focus="all", row=row.pk).status_code == 200
        return [query["sql"] for query in counted]

    queue_of_unknown(1)  # each of the two has other runs
    few, many = queries(queue_of_unknown(50)), queries(queue_of_unknown(500))
    # Of these, fifteen for the effects of decisions, two for the next row, six for claims, two for
    # old statuses.
    assert len(few) == len(many) <= 51
    # Of all counts only that of old statuses reads rows, and of no more than old_status.MOST_ROWS.
    counting = [sql for sql in many if "COUNT(" in sql and "legacy_review_decisions" not in sql]
    assert [sql for sql in counting if "status_key" not in sql] == []
