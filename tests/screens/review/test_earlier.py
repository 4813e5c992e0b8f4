"""A row of which an earlier version was decided: what the page shows of it, and saying it again."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import Classification, Outcome, ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from tests.factories import RunFactory, earlier_commit, legacy_row, stage_rows
from tests.review.reviewing import assert_facets_hold, reviewer, rows_of, say
from tests.stages.stages import run_commit, run_stages

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/legacy-imports/review"
D = ReviewDecision
PHONES = ("0661482913", "0661517264")
EMAILS = ("amina.benali@exemple.dz", "a.benali@exemple.dz")
BEFORE: dict[str, Any] = {
    "table": "stagiaires", "legacy_id": "7", "full_name": "Amina Benali", "phone": PHONES[0],
    "email": EMAILS[0], "birth_date": "1994-03-12", "status": "rappeler 0770112233",
    "session_id": "4",
}  # fmt: skip
NOW = {
    **BEFORE, "full_name": "Amina Benali Saidi", "phone": PHONES[1], "email": EMAILS[1],
    "status": "autre", "session_id": "5",
}  # fmt: skip


@pytest.fixture
def me():
    return reviewer(username="nadia", first_name="Nadia", last_name="Fictive")


@pytest.fixture
def client(me) -> Client:
    client = Client()
    client.force_login(me)
    return client


def planned(*rows: dict[str, Any]) -> list[LegacyStudentImport]:
    run: LegacyImportRun = RunFactory()
    stage_rows(run, [legacy_row(**row) for row in rows])
    run_stages(run)
    return rows_of(run)


@pytest.fixture
def row(me) -> LegacyStudentImport:
    """Of its earlier version it was said how to treat it."""
    (before,) = planned(BEFORE)
    say(before, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY, note="vu au guichet")
    (now,) = planned(NOW)
    return now


def page(client: Client, row: LegacyStudentImport, **asked: str):
    address = {"run": row.legacy_import_run_id, "row": row.pk, "state": "all", "focus": "all"}
    return client.get(ADDRESS, {**address, **asked}, secure=True, headers={"accept-language": "en"})


def send(client: Client, row: LegacyStudentImport, what: str, **fields: Any):
    fields.setdefault("filter", "focus=all")
    return client.post(
        f"{ADDRESS}/{row.pk}/{what}", fields, secure=True, headers={"accept-language": "en"}
    )


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_old_and_new_values_are_side_by_side_and_masked(client, row):
    answer = page(client, row)
    words, whole = text_of(answer), answer.content.decode()
    assert "Decided about an earlier version of this row" in words
    assert "Treat as lead only – Nadia Fictive" in words
    assert "vu au guichet" in words
    assert "Name Amina Benali Amina Benali Saidi" in words
    assert "Phone 06•• ••• 913 06•• ••• 264" in words
    assert "E-mail a•••@exemple.dz a•••@exemple.dz" in words
    assert "Status rappeler 07•• ••• 233 autre" in words
    assert "Session 4 5" in words
    assert "Birth date 12" not in words.split("What changed since")[1].split("Columns of")[0]
    columns = words.split("Columns of the old platform that changed:")[1].split(
        "Repeat these decisions"
    )[0]
    assert [name.strip() for name in columns.split(",")] == [
        "email", "full_name", "phone", "session_id", "status",
    ]  # fmt: skip
    for contact in (*PHONES, *EMAILS, "0770112233"):
        assert contact not in whole


def test_a_row_of_which_nothing_was_said_before_shows_none_of_it(client, me):
    (row,) = planned(NOW)
    assert "earlier version of this row" not in text_of(page(client, row))


def test_a_row_that_changed_since_its_import_is_compared_with_what_was_committed(client):
    (before,) = planned({**BEFORE, "status": "nouveau", "session_id": None})
    run_commit(before.legacy_import_run)
    (now,) = planned({**BEFORE, "status": "Formée", "session_id": None, "phone": PHONES[1]})
    assert now.planned_reason == "already_imported_changed"
    words = text_of(page(client, now)).split("What changed since the import")[1]
    assert "Phone 06•• ••• 913 06•• ••• 264" in words
    assert "Status nouveau Formée" in words


def test_a_new_row_is_compared_with_nothing(client, row):
    assert "What changed since the import" not in text_of(page(client, row))


def test_one_form_says_it_again(client, me, row):
    assert 'id="li-repeat"' in page(client, row).content.decode()
    answer = send(client, row, "repeat", version=row.version)
    assert answer.status_code == 302
    event = LegacyReviewDecision.objects.latest("pk")
    assert (event.decision, event.treat_as, event.student_import_id, event.actor) == (
        "treat_as", "lead_only", row.pk, me,
    )  # fmt: skip
    assert "earlier version of this row" not in text_of(page(client, row))


def test_the_form_sent_twice_says_it_once(client, row):
    for _ in range(2):
        assert send(client, row, "repeat", version=row.version).status_code == 302
    assert LegacyReviewDecision.objects.count() == 2


@pytest.mark.parametrize(("version", "status"), [("x", 400), ("0", 400), ("99", 409)])
def test_a_form_without_the_row_as_it_is_writes_nothing(client, row, version, status):
    assert send(client, row, "repeat", version=version).status_code == status
    assert LegacyReviewDecision.objects.count() == 1


def test_contacts_of_a_purged_version_are_no_difference(client, row):
    LegacyStudentImport.objects.exclude(pk=row.pk).update(
        raw_payload={}, phone_raw="", phone_normalized=None, email_raw="", email_normalized=None
    )
    words = text_of(page(client, row))
    assert "were erased, so they are not compared" in words
    assert "Phone — " not in words.split("What changed since")[1]
    assert "Name Amina Benali Amina Benali Saidi" in words


def test_the_history_shows_the_decisions_of_all_runs(client, me, row):
    say(row, D.LATER, me)
    words = text_of(page(client, row)).split("Decisions, newest first")[1]
    first, second = LegacyReviewDecision.objects.order_by("pk")
    runs = [event.student_import.legacy_import_run_id for event in (second, first)]
    assert re.search(rf"later .* {runs[0]} .*treat as earlier version .* {runs[1]} ", words)


def test_the_filter_finds_them_and_a_bulk_says_it_again(client, me, row):
    (link,) = re.findall(
        r'href="([^"]+)">All rows of this cause', page(client, row).content.decode()
    )
    answer = client.get(unescape(link), secure=True)
    assert '<option value="repeat">' in answer.content.decode()
    sent = {
        "run": row.legacy_import_run_id, "decision": "repeat", "scope": "all",
        "filter": "focus=all&state=all&planned_reason=status_unknown&earlier_decision=treat_as",
    }  # fmt: skip
    asked = client.post(f"{ADDRESS}/bulk", sent, secure=True, headers={"accept-language": "en"})
    assert "repeat the earlier decision: 1 row" in text_of(asked)
    assert "The decisions about the earlier version of each row apply" in text_of(asked)
    client.post(f"{ADDRESS}/bulk", {**sent, "expected": 1}, secure=True)
    row.refresh_from_db()
    assert (row.decision, row.earlier_decision) == ("treat_as", "")
    assert_facets_hold(row.legacy_import_run)


def test_the_facet_is_shown_for_a_single_value_and_not_at_all_without_one(client, me, row):
    assert "Decided about an earlier version Treat as" in text_of(page(client, row))
    send(client, row, "repeat", version=row.version)
    assert "Decided about an earlier version Treat as" not in text_of(page(client, row))


def test_without_one_cause_a_bulk_does_not_offer_it(client, row):
    assert '<option value="repeat">' not in page(client, row).content.decode()


def test_a_decision_of_an_earlier_run_is_undone_on_the_row_at_hand(client, me):
    (before,) = planned(BEFORE)
    event = say(before, D.SKIP, me)
    earlier_commit(before, Outcome.SKIP)
    (now,) = planned(BEFORE)
    assert f"/review/{now.pk}/undo" in page(client, now).content.decode()
    answer = send(client, now, "undo", event=event.pk)
    assert f"row={now.pk}" in answer.url
    now.refresh_from_db()
    assert now.decision == ""


def test_the_number_of_queries_does_not_grow_with_the_decisions(client, me):
    def statements() -> int:
        (now,) = planned(NOW)
        page(client, now)
        with CaptureQueriesContext(connection) as queries:
            page(client, now)
        return len(queries)

    (before,) = planned(BEFORE)
    say(before, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    few = statements()
    for meaning in (Classification.REGISTERED, Classification.LEAD_ONLY):
        say(before, D.TREAT_AS, me, treat_as=meaning)
    assert statements() == few
