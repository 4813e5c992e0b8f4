"""The list of the queue: a heading for each cause, rows of one person together, old statuses."""

import re
from urllib.parse import quote

import pytest

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyReviewDecision
from legacy_import.review import counts as review_counts
from tests.factories import RunFactory, legacy_row, spelled, stage_rows
from tests.review.reviewing import queue_of_unknown, reviewer, rows_of, say
from tests.screens.review.test_views import (
    listed,
    open_row,
    page,
    send,
    send_bulk,
    signed_in,
    text_of,
)
from tests.stages.stages import run_stages

pytestmark = pytest.mark.django_db
D = ReviewDecision


@pytest.fixture
def me():
    return reviewer()


@pytest.fixture
def client(me):
    return signed_in(me)


def staged(*rows: dict) -> LegacyImportRun:
    """A planned run of these rows; each another person if it has no name."""
    run = RunFactory()
    stage_rows(run, [
        legacy_row(**{"table": "stagiaires", "legacy_id": str(place), "phone": f"0661{300_000 + place}",
                      "full_name": f"Fictif {spelled(place)}", **row})
        for place, row in enumerate(rows, 1)
    ])  # fmt: skip
    run_stages(run)
    return run


def headings(answer) -> list[str]:
    return re.findall(r'li-line-cause"><h3>(.*?)</h3>', answer.content.decode())


# --- Causes and people -----------------------------------------------------------------------------


def test_each_cause_has_one_heading_and_no_row_repeats_it(client):
    staged(
        *[{"status": "mystère"}] * 3,
        *[{"status": "Archivé", "table": "archives"}] * 2,
    )
    answer = page(client, focus="all")
    assert headings(answer) == ["The row refers to no course", "The rules do not know this status"]
    whole = answer.content.decode()
    assert "li-line-why" not in whole[: whole.index('id="row"')]


KARIM = {"full_name": "Karim Haddad", "phone": "0559446168", "birth_date": "1999-02-03"}


def test_rows_of_one_person_stand_together(client):
    run = staged(
        {**KARIM, "status": "Formée"},
        *[{"status": "Formée"}] * 30,
        {**KARIM, "status": "Archivé", "table": "archives"},
    )
    first, *others, last = rows_of(run)
    assert first.group_first_id == last.group_first_id == first.pk
    assert first.classification != last.classification
    answer = page(client, focus="all", planned_reason="formation_missing")
    # Archived rows come first in the order of the queue; the trained one would be on the next page.
    assert listed(answer)[:3] == [last.pk, first.pk, others[0].pk]
    assert answer.content.decode().count("li-line-fellow") == 1
    assert "same person" in text_of(answer)
    beyond = page(client, focus="all", planned_reason="formation_missing", after=others[-2].pk)
    assert listed(beyond) == [others[-1].pk]


def test_a_row_of_the_same_person_is_opened_where_it_is_listed(client):
    run = staged(
        {**KARIM, "status": "Formée"},
        *[{"status": "Formée"}] * 30,
        {**KARIM, "status": "Archivé", "table": "archives"},
    )
    first, *_, last = rows_of(run)
    whole = page(client, focus="all").content.decode()
    link = re.search(rf'<a href="([^"]*row={first.pk})"', whole)
    assert link is not None
    opened = client.get(link[1].replace("&amp;", "&"), secure=True)
    assert open_row(opened) == first.pk
    assert listed(opened)[:2] == [last.pk, first.pk]


def test_a_row_that_the_filter_excludes_is_not_listed_with_its_person(client, me):
    run = staged({**KARIM, "status": "Formée"}, {**KARIM, "status": "Archivé", "table": "archives"})
    first, last = rows_of(run)
    say(first, D.SKIP, me)
    assert listed(page(client, focus="all")) == [last.pk]
    assert listed(page(client, focus="all", state="all")) == [last.pk, first.pk]


def test_a_cause_of_another_row_of_the_person_is_shown_with_it(client):
    run = staged({**KARIM, "status": "Formée"}, {**KARIM, "status": "nouveau"})
    answer = page(client, focus="all")
    assert listed(answer) == [row.pk for row in rows_of(run)]
    assert headings(answer) == ["The row refers to no course"]
    assert "the same person was trained or registered in another row" in text_of(answer)


def test_a_decision_is_taken_for_the_other_row_of_the_person_too(client):
    run = staged({**KARIM, "status": "Formée"}, {**KARIM, "status": "Archivé", "table": "archives"})
    first, second = rows_of(run)
    answer = page(client, focus="all", row=first.pk)
    assert "Also for archives:2 , a row of the same person except: treat as" in text_of(answer)
    ticked = f"{second.pk}:{second.version}"
    assert f'name="also" value="{ticked}"' in answer.content.decode()
    fields = {"version": first.version, "decision": "skip", "also": ticked}
    for bad in ("x", f"{second.pk}", f"{second.pk}:x"):
        assert send(client, first, "decide", **{**fields, "also": bad}).status_code == 404
    refused = send(
        client, first, "decide", **{**fields, "decision": "treat_as", "treat_as": "lead_only"}
    )
    assert refused.status_code == 409
    assert "This decision does not apply to the other row; decide about each." in text_of(refused)
    box = re.search(rf'<input[^>]*value="{ticked}"[^>]*>', refused.content.decode())
    assert box is not None
    assert " checked" in box[0]
    done = send(client, first, "decide", **fields)
    words = text_of(client.get(done.url, secure=True, headers={"accept-language": "en"}))
    assert "– stagiaires:1, archives:2" in words
    assert "2 rows: skip" in words
    assert {row.decision for row in rows_of(run)} == {"skip"}


def test_the_other_row_that_somebody_decided_meanwhile_is_named(client):
    run = staged({**KARIM, "status": "Formée"}, {**KARIM, "status": "Archivé", "table": "archives"})
    first, second = rows_of(run)
    ticked = f"{second.pk}:{second.version}"
    say(second, D.LATER, reviewer(first_name="Lina"))
    fields = {"version": first.version, "decision": "skip", "also": ticked}
    answer = send(client, first, "decide", **fields)
    assert answer.status_code == 409
    assert "Lina decided: later" in text_of(answer)
    assert "archives:2 – your decision was not saved: skip" in text_of(answer)


# --- Old statuses ----------------------------------------------------------------------------------


def statuses(answer) -> list[tuple[str, int]]:
    """The facet of old statuses."""
    facet = re.search(r"<h3>Old status</h3><ul>(.*?)</ul>", answer.content.decode(), re.S)
    if facet is None:
        return []
    values = re.findall(r"<span><bdi>(.*?)</bdi></span> <span>(\d+)</span>", facet[1])
    return [(value, int(rows)) for value, rows in values]


@pytest.fixture
def run() -> LegacyImportRun:
    return staged(
        *[{"status": "Mystère"}] * 2, {"status": "MYSTERE "}, {"status": "rappeler 0661 20 00 03"},
        {"status": ""}, *[{"status": "Formée"}] * 2, {"status": "archivé", "table": "archives"},
    )  # fmt: skip


def test_old_statuses_are_counted_as_typed_under_the_other_filters(client, run, me):
    assert statuses(page(client, focus="all")) == [
        ("Mystère", 3), ("Formée", 2), ("none", 1), ("archivé", 1), ("rappeler 06•• ••• 003", 1),
    ]  # fmt: skip
    assert statuses(page(client, focus="all", source_table="archives")) == []
    say(rows_of(run)[0], D.SKIP, me)
    answer = page(client, focus="all", planned_reason="status_unknown")
    assert statuses(answer)[0] == ("Mystère", 2)


@pytest.mark.parametrize(
    ("status", "places"),
    [("mystere", [0, 1, 2]), ("formee", [5, 6]), ("archive", [7]), ("-", [4]),
     ("rappeler (contact)", [3]), ("reporter", []), ("nothing of the kind", [])],
)  # fmt: skip
def test_one_old_status_is_a_filter(client, run, status, places):
    rows = rows_of(run)
    answer = page(client, focus="all", status=status)
    assert sorted(listed(answer)) == [rows[place].pk for place in places]
    assert "Old status:" in text_of(answer)
    assert len(statuses(answer)) == 5, "the other statuses can still be chosen"


def test_every_value_of_the_facet_leads_to_its_rows(client, run):
    whole = page(client, focus="all").content.decode()
    facet = re.search(r"<h3>Old status</h3><ul>(.*?)</ul>", whole, re.S)
    links = re.findall(r'href="([^"]+)"', facet[1])
    found = [len(listed(client.get(one.replace("&amp;", "&"), secure=True))) for one in links]
    assert found == [3, 2, 1, 1, 1]


@pytest.mark.parametrize("status", ["rappeler 0661200003", "karim@exemple.dz", "é", "x" * 191])
def test_a_contact_is_never_a_status_in_an_address(client, run, status):
    assert page(client, focus="all", status=status).status_code == 404


def test_too_many_rows_are_not_read_for_the_facet(client, run, monkeypatch):
    monkeypatch.setattr(review_counts, "MOST_ROWS", 7)
    all_rows = page(client, focus="all")
    assert statuses(all_rows) == []
    assert "Too many rows to list: choose another filter first." in text_of(all_rows)
    assert len(statuses(page(client, focus="all", planned_reason="status_unknown"))) == 3


def test_rows_of_one_old_status_are_treated_as_something_at_once(client, run):
    treat = {"decision": "treat_as", "treat_as": "lead_only"}
    refused = send_bulk(client, run, **treat)
    assert refused.status_code == 409
    assert "choose one of them among the filters first" in text_of(refused)
    filtered = {"filter": f"focus=all&status={quote('mystere')}", **treat}
    confirm = send_bulk(client, run, **filtered)
    assert "old status: mystere" in text_of(confirm)
    assert "treat as: 3 rows" in text_of(confirm)
    assert send_bulk(client, run, expected=3, **filtered).status_code == 302
    decided = LegacyReviewDecision.objects.filter(treat_as=Classification.LEAD_ONLY)
    assert decided.count() == 3
    assert not listed(page(client, focus="all", status="mystere"))


def test_a_search_within_one_old_status(client):
    run = queue_of_unknown(3)
    rows = rows_of(run)
    assert listed(page(client, q="2", status="mystere")) == [rows[1].pk]
    assert not listed(page(client, q="2", status="formee"))
