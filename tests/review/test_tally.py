"""How much was decided: today and in all, by everybody and by one reviewer. It never goes back."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.models import LegacyReviewDecision, LegacyStudentImport
from legacy_import.review import tally as tallies
from legacy_import.review.counts import count_rows
from legacy_import.review.decisions import undo
from legacy_import.review.filter import ALL, OTHER, PENDING, RowFilter
from legacy_import.review.tally import DecidedRows, midnight, tally, tally_of
from tests.review.reviewing import queue_of_unknown, reviewer, rows_of, say
from tests.stages.stages import run_plan

pytestmark = pytest.mark.django_db

D = ReviewDecision
NOON = datetime.datetime(2026, 11, 30, 11, 0, tzinfo=datetime.UTC)  # noon in Algiers
YESTERDAY = NOON - datetime.timedelta(days=1)


def of_all(run, *, focus=ALL, search=""):
    return tally(run, count_rows(run, RowFilter(focus=focus, state=PENDING, search=search)), NOON)


def test_today_begins_at_midnight_of_the_school():
    assert midnight(NOON).isoformat() == "2026-11-30T00:00:00+01:00"
    with timezone.override("America/Lima"):
        assert midnight(NOON).isoformat() == "2026-11-30T00:00:00+01:00"


def test_everybody_and_each_reviewer_are_counted():
    run = queue_of_unknown(5)
    rows, nadia, karim = rows_of(run), reviewer(), reviewer()
    assert (of_all(run), tally_of(run, RowFilter(), nadia, NOON)) == (DecidedRows(0, 0), None)
    say(rows[0], D.SKIP, nadia, now=YESTERDAY)
    say(rows[1], D.SKIP, nadia, now=NOON)
    say(rows[2], D.SKIP, karim, now=NOON)
    say(rows[3], D.LATER, nadia, now=NOON)  # postponed
    undone = say(rows[4], D.SKIP, nadia, now=NOON)
    undo(event_id=undone.pk, actor=nadia, now=NOON)
    assert of_all(run) == DecidedRows(2, 3)
    assert tally_of(run, RowFilter(), nadia, NOON) == DecidedRows(1, 2)
    assert tally_of(run, RowFilter(), karim, NOON) == DecidedRows(1, 1)
    say(rows[0], D.RESET, karim, now=NOON)
    assert of_all(run) == DecidedRows(2, 2)
    assert tally_of(run, RowFilter(), nadia, NOON) == DecidedRows(1, 1)


def test_a_row_that_is_decided_twice_is_one_row():
    run = queue_of_unknown(2)
    row, nadia = rows_of(run)[0], reviewer()
    say(row, D.TREAT_AS, nadia, treat_as=Classification.COMPLETED, now=NOON)  # without a course
    say(row, D.SKIP, nadia, now=NOON)
    assert of_all(run) == DecidedRows(1, 1)
    assert tally_of(run, RowFilter(), nadia, NOON) == DecidedRows(1, 1)


def test_a_new_plan_takes_nothing_away():
    """A row that leaves the queue stays counted; so does one whose decision was not sufficient."""
    run = queue_of_unknown(3)
    rows, nadia = rows_of(run), reviewer()
    say(rows[0], D.SKIP, nadia, now=NOON)
    say(rows[1], D.TREAT_AS, nadia, treat_as=Classification.COMPLETED, now=NOON)
    before = of_all(run), tally_of(run, RowFilter(), nadia, NOON)
    assert before == (DecidedRows(2, 2), DecidedRows(2, 2))
    run_plan(run)
    assert LegacyStudentImport.objects.get(pk=rows[0].pk).planned_action == "skip"
    assert LegacyStudentImport.objects.get(pk=rows[1].pk).planned_action == "review"
    assert (of_all(run), tally_of(run, RowFilter(), nadia, NOON)) == before


def test_a_focus_has_figures_of_its_own_and_a_search_has_not():
    run = queue_of_unknown(3)
    rows, nadia = rows_of(run), reviewer()
    say(rows[0], D.SKIP, nadia, now=NOON)
    lead = RowFilter(focus="lead_only", state=PENDING)
    assert (of_all(run, focus="lead_only"), tally_of(run, lead, nadia, NOON)) == (
        DecidedRows(0, 0),
        None,
    )
    assert of_all(run, focus=OTHER) == DecidedRows(1, 1)
    found = count_rows(run, RowFilter(state=PENDING, search=rows[2].full_name))
    assert found.total() == 1
    assert (tally(run, found, NOON), found.progress()[ALL]) == (DecidedRows(1, 1), (1, 3))


def test_decisions_of_another_source_are_none_of_this_run():
    run = queue_of_unknown(2)
    row, nadia = rows_of(run)[0], reviewer()
    say(row, D.SKIP, nadia, now=NOON)
    LegacyReviewDecision.objects.update(connection_name="another")
    assert tally_of(run, RowFilter(), nadia, NOON) is None


def test_a_page_counts_no_more_than_it_shows(monkeypatch):
    monkeypatch.setattr(tallies, "MOST_COUNTED", 2)
    run = queue_of_unknown(4)
    nadia = reviewer()
    for row in rows_of(run):
        say(row, D.SKIP, nadia, now=NOON)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert tally_of(run, RowFilter(), nadia, NOON) == DecidedRows(2, 2)
    assert len(queries) == 2
    assert all("LIMIT 2" in query["sql"] for query in queries)
