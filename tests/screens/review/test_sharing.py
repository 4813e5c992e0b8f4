"""Two reviewers decide at the same time, each in a browser: each goes from free row to free row."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from legacy_import.models import LegacyReviewDecision, ReviewClaim
from legacy_import.review.claims import CLAIM, take
from tests.review.reviewing import queue_of_unknown, reviewer, rows_of
from tests.screens.review.test_views import open_row, page, send, signed_in, text_of

pytestmark = pytest.mark.django_db

EACH = 30  # decisions of each reviewer


def decide_open_row(client: Client, answer) -> tuple[int, int, Client]:
    """Skip the row that the page has open, as its form does; (row, status, the page after it)."""
    whole, row = answer.content.decode(), open_row(answer)
    form = whole.partition('id="li-decide"')[2].partition("</form>")[0]
    version = re.search(r'name="version" value="(\d+)"', form)[1]
    here = re.search(r'name="filter" value="([^"]*)"', form)[1].replace("&amp;", "&")
    decided = send(client, row, "decide", version=version, decision="skip", filter=here)
    if decided.status_code != 302:
        return row, decided.status_code, decided
    return row, 302, client.get(decided.url.partition("#")[0], secure=True)


def test_two_reviewers_open_two_rows_and_go_on_to_two_others():
    first, second, third, fourth = (row.pk for row in rows_of(queue_of_unknown(4)))
    nadia, karim = signed_in(reviewer()), signed_in(reviewer())
    pages = {client: page(client, focus="all") for client in (nadia, karim)}
    assert [open_row(pages[client]) for client in (nadia, karim)] == [first, second]
    row, _, after = decide_open_row(nadia, pages[nadia])
    assert (row, open_row(after)) == (first, third)
    row, _, after = decide_open_row(karim, pages[karim])
    assert (row, open_row(after)) == (second, fourth)


def test_the_row_that_is_requested_ahead_is_free_too():
    first, second, third = (row.pk for row in rows_of(queue_of_unknown(3)))
    take(row_id=second, actor=reviewer(), now=timezone.now())
    ahead = re.search(
        r'data-next="([^"]*)"', page(signed_in(reviewer()), focus="all").content.decode()
    )
    assert ahead[1].endswith(f"row={third}")
    assert not ReviewClaim.objects.filter(student_import=third).exists()
    assert ReviewClaim.objects.filter(student_import=first).exists()


def test_a_row_that_is_asked_for_opens_whoever_has_it():
    first, second = (row.pk for row in rows_of(queue_of_unknown(2)))
    lina = reviewer(first_name="Lina")
    take(row_id=first, actor=lina, now=timezone.now())
    client = signed_in(reviewer())
    assert open_row(page(client, focus="all")) == second
    asked = page(client, focus="all", row=first)
    assert open_row(asked) == first
    assert "Lina is looking at this row" in text_of(asked)
    assert ReviewClaim.objects.get(student_import=first).actor == lina


@pytest.mark.parametrize("rows", [2, 30])
def test_when_others_have_all_rows_the_page_says_so(monkeypatch, rows):
    monkeypatch.setattr("legacy_import.review.claims.MOST_CLAIMS", rows)
    run = queue_of_unknown(rows)
    lina = reviewer(first_name="Lina")
    for row in rows_of(run):
        take(row_id=row.pk, actor=lina, now=timezone.now())
    client = signed_in(reviewer())
    whole = page(client, focus="all")
    words = text_of(whole)
    assert "Other users have every row that is left open." in words
    assert "Lina is looking" in words
    for other in ("No row waits here.", "This queue is finished", 'id="li-row"'):
        assert other not in words + whole.content.decode()
    # A claim ends by itself.
    ReviewClaim.objects.update(expires_at=timezone.now() - CLAIM)
    assert open_row(page(client, focus="all")) == rows_of(run)[0].pk


def test_the_page_before_begins_at_its_end_with_a_free_row():
    rows = [row.pk for row in rows_of(queue_of_unknown(30))]
    take(row_id=rows[24], actor=reviewer(), now=timezone.now())
    client = signed_in(reviewer())
    assert open_row(page(client, focus="all", before=rows[25])) == rows[23]


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_decide_thirty_rows_each_at_once_without_a_conflict():
    queue_of_unknown(2 * EACH + 2)  # each also opens the row after the last
    start = threading.Barrier(2)

    def work(client: Client) -> list[tuple[int, int]]:
        try:
            start.wait(timeout=60)
            answer, decided = page(client, focus="all"), []
            for _ in range(EACH):
                row, status, answer = decide_open_row(client, answer)
                decided.append((row, status))
            return decided
        finally:
            connection.close()

    clients = [signed_in(reviewer()), signed_in(reviewer())]
    with ThreadPoolExecutor(max_workers=2) as pool:
        mine, theirs = pool.map(work, clients)
    assert {status for _row, status in mine + theirs} == {302}
    rows = [row for row, _status in mine + theirs]
    assert len(set(rows)) == 2 * EACH
    assert LegacyReviewDecision.objects.count() == 2 * EACH
    actors = LegacyReviewDecision.objects.values_list("actor", flat=True).distinct()
    assert len(set(actors)) == 2
