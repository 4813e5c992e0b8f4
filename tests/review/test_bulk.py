"""One decision about many rows: which decisions, which rows, and what is counted again."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import Classification, Outcome, ReviewDecision
from legacy_import.models import LegacyReviewBulk, LegacyReviewDecision, LegacyStudentImport
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.bulk import BulkReport, CountChanged, bulk
from legacy_import.review.bulk_undo import RecentBulk, UndoReport, last_answers, undo_bulk
from legacy_import.review.decisions import (
    DecidedMeanwhile,
    NotPossible,
    RowCommitted,
    decide,
)
from legacy_import.review.filter import PENDING, RowFilter, UnknownFilter
from legacy_import.review.saved_filters import NotSaved, delete_filter, filters_of, save_filter
from tests.factories import RunFactory, SessionMappingFactory, legacy_row, stage_rows
from tests.review.reviewing import (
    LATER_ON,
    assert_facets_hold,
    queue_of_unknown,
    reviewer,
    rows_of,
    say,
)
from tests.stages.stages import plan_of, run_plan, run_stages

pytestmark = pytest.mark.django_db
D = ReviewDecision
EVERYTHING = RowFilter(state=PENDING)
UNDONE = LATER_ON + datetime.timedelta(days=1)


@pytest.fixture
def me():
    return reviewer()


def do(run, actor, *, expected, decision=D.SKIP, query=EVERYTHING, ids=None) -> BulkReport:
    return bulk(
        run=run, query=query, expected=expected, decision=decision, actor=actor, now=LATER_ON,
        ids=ids,
    )  # fmt: skip


def queue_of_waiting(number: int):
    """A planned run of completed rows that a waiting list holds back, one of another cause last."""
    SessionMappingFactory(
        legacy_session_id="1", session_type="waiting_placeholder", rule="session:placeholder_id"
    )
    run = RunFactory()
    rows = [
        legacy_row(table="archives", legacy_id=str(place), full_name=f"Fictif {'bcdfgh'[place]}a",
                   status="Archivé", session_id="1", session_ecoin_id="1")
        for place in range(number)
    ]  # fmt: skip
    rows.append(
        legacy_row(table="archives", legacy_id="99", full_name="Fictif Zed", status="mystère")
    )
    stage_rows(run, rows)
    run_stages(run)
    return run


@pytest.mark.parametrize("decision", [D.SKIP, D.LATER, D.RESET])
def test_every_row_of_the_filter_gets_the_decision_and_an_event(me, decision):
    run = queue_of_unknown(3)
    versions = {row.pk: row.version for row in rows_of(run)}
    assert do(run, me, expected=3, decision=decision) == BulkReport(3)
    standing = "" if decision == D.RESET else decision.value
    assert {row.decision for row in rows_of(run)} == {standing}
    assert {row.pk: row.version - 1 for row in rows_of(run)} == versions
    events = LegacyReviewDecision.objects.values_list("decision", "actor_id", "created_at")
    assert list(events) == [(decision, me.pk, LATER_ON)] * 3
    assert_facets_hold(run)


def test_chosen_rows_only(me):
    run = queue_of_unknown(3)
    first, _, third = rows_of(run)
    do(run, me, expected=2, ids=[first.pk, third.pk])
    assert [row.decision for row in rows_of(run)] == ["skip", "", "skip"]


@pytest.mark.parametrize("decision", [D.LINK, D.NOT_SAME, D.TREAT_AS])
def test_what_is_decided_row_by_row_is_refused_in_bulk(me, decision):
    run = queue_of_unknown(2)
    with pytest.raises(NotPossible):
        do(run, me, expected=2, decision=decision)
    assert not LegacyReviewDecision.objects.exists()


@pytest.mark.parametrize("decision", [D.ACCEPT_DATA, D.RELEASE_WITHOUT_SESSION])
def test_accepting_and_releasing_need_one_cause(me, decision):
    run = queue_of_waiting(2)
    with pytest.raises(NotPossible):
        do(run, me, expected=3, decision=decision)


def test_rows_of_one_cause_are_released_and_planned(me):
    run = queue_of_waiting(2)
    cause = RowFilter(state=PENDING, facets={"planned_reason": "session_waiting"})
    assert do(run, me, expected=2, decision=D.RELEASE_WITHOUT_SESSION, query=cause) == BulkReport(2)
    run_plan(run)
    assert [row.planned_reason for row in rows_of(run)][:2] != ["session_waiting"] * 2


def test_rows_the_decision_says_nothing_about_are_left_out_and_counted(me):
    run = queue_of_unknown(2)
    cause = RowFilter(state=PENDING, facets={"planned_reason": "status_unknown"})
    report = do(run, me, expected=2, decision=D.RELEASE_WITHOUT_SESSION, query=cause)
    assert report == BulkReport(0, does_not_apply=2)
    assert not LegacyReviewDecision.objects.exists()


@pytest.mark.parametrize("expected", [0, 2, 4])
def test_another_number_than_was_shown_is_refused(me, expected):
    run = queue_of_unknown(3)
    with pytest.raises(CountChanged) as refused:
        do(run, me, expected=expected)
    assert (refused.value.expected, refused.value.actual) == (expected, 3)
    assert not LegacyReviewDecision.objects.exists()


def test_a_row_somebody_decided_meanwhile_changes_the_number(me):
    run = queue_of_unknown(2)
    say(rows_of(run)[0], D.SKIP, reviewer())
    with pytest.raises(CountChanged):
        do(run, me, expected=2)


def test_a_chosen_row_committed_meanwhile_is_left_out_and_reported(me):
    run = queue_of_unknown(3)
    ids = [row.pk for row in rows_of(run)]
    LegacyStudentImport.objects.filter(pk=ids[0]).update(outcome=Outcome.SKIP)
    assert do(run, me, expected=3, ids=ids) == BulkReport(2, committed_meanwhile=1)
    assert [row.decision for row in rows_of(run)] == ["", "skip", "skip"]


def test_rows_of_another_run_are_not_touched(me):
    run, other = queue_of_unknown(2), queue_of_unknown(2)
    with pytest.raises(CountChanged):
        do(run, me, expected=2, ids=[row.pk for row in rows_of(other)])


def test_more_than_a_thousand_rows_are_refused(me, monkeypatch):
    monkeypatch.setattr("legacy_import.review.bulk.MAX_ROWS", 3)
    run = queue_of_unknown(4)
    with pytest.raises(NotPossible):
        do(run, me, expected=4)


def test_many_rows_take_as_many_statements_as_few(me):
    def statements(number: int) -> int:
        run = queue_of_unknown(number, first=number)
        with CaptureQueriesContext(connection) as counted:
            do(run, me, expected=number)
        return len(counted)

    statements(1)  # from now on there are decisions to be read
    assert statements(3) == statements(60) <= 30


def test_a_form_opened_before_the_bulk_is_refused_after_it(me):
    run = queue_of_unknown(1)
    (seen,) = rows_of(run)
    do(run, me, expected=1)
    with pytest.raises(DecidedMeanwhile):
        decide(row_id=seen.pk, version=seen.version, decision=D.LATER, actor=me, now=LATER_ON)


# --- Undoing all of it --------------------------------------------------------------------------------


def undo_last(actor, run) -> UndoReport:
    (last, *_) = last_answers(actor, run)
    assert isinstance(last, RecentBulk)
    return undo_bulk(bulk_id=last.bulk, actor=actor, now=UNDONE, run=run)


def test_a_bulk_is_one_of_the_last_ten_and_undone_as_one(me):
    run = queue_of_unknown(3)
    first, *others = rows_of(run)
    say(first, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    do(run, me, expected=2, ids=[row.pk for row in others])
    bulk_line, single = last_answers(me, run)
    assert (bulk_line.rows, bulk_line.decision, bulk_line.can_be_undone) == (2, "skip", True)
    assert single.decision == D.TREAT_AS
    versions = [row.version for row in rows_of(run)]
    assert undo_last(me, run) == UndoReport(2)
    assert [row.decision for row in rows_of(run)] == ["treat_as", "", ""]
    assert [row.version - old for row, old in zip(rows_of(run), versions, strict=True)] == [0, 1, 1]
    assert_facets_hold(run)
    assert LegacyReviewDecision.objects.count() == 5, "an undo writes events and deletes none"
    assert LegacyReviewDecision.objects.standing().count() == 1
    assert last_answers(me, run)[0].undone
    with pytest.raises(NotPossible, match="undone already"):
        undo_last(me, run)


def test_what_was_decided_before_the_bulk_is_in_force_again(me):
    run = queue_of_unknown(2)
    (first, _) = rows_of(run)
    say(first, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    everything = RowFilter(state="all")
    do(run, me, expected=2, query=everything)
    assert [row.decision for row in rows_of(run)] == ["skip", "skip"]
    undo_last(me, run)
    assert [(row.decision, row.settled) for row in rows_of(run)] == [
        ("treat_as", True),
        ("", False),
    ]
    assert_facets_hold(run)
    run_plan(run)
    assert plan_of(first)[0] == "create_crm_lead"


def test_committed_rows_keep_the_decision_and_are_counted(me):
    run = queue_of_unknown(3)
    do(run, me, expected=3)
    committed = rows_of(run)[0].pk
    LegacyStudentImport.objects.filter(pk=committed).update(outcome=Outcome.SKIP)
    assert undo_last(me, run) == UndoReport(2, left=1)
    assert [row.decision for row in rows_of(run)] == ["skip", "", ""]


def test_a_bulk_of_committed_rows_is_not_undone(me):
    run = queue_of_unknown(2)
    do(run, me, expected=2)
    LegacyStudentImport.objects.update(outcome=Outcome.SKIP)
    with pytest.raises(RowCommitted):
        undo_last(me, run)
    assert LegacyReviewBulk.objects.count() == 1


def test_another_user_does_not_undo_it(me):
    run = queue_of_unknown(2)
    do(run, me, expected=2)
    with pytest.raises(NotPossible, match="Only your own"):
        undo_bulk(bulk_id=LegacyReviewBulk.objects.get().pk, actor=reviewer(), now=UNDONE, run=run)
    assert [row.decision for row in rows_of(run)] == ["skip", "skip"]


def test_a_bulk_of_an_earlier_import_is_undone_on_the_rows_of_this_one(me):
    before = queue_of_unknown(2)
    do(before, me, expected=2)
    run = queue_of_unknown(2)
    assert [row.decision for row in rows_of(run)] == ["skip", "skip"]
    assert undo_last(me, run) == UndoReport(2)
    assert [row.decision for row in rows_of(run)] == ["", ""]
    assert_facets_hold(run)


def test_undoing_many_rows_takes_as_many_statements_as_few(me):
    def statements(number: int) -> int:
        run = queue_of_unknown(number, first=number)
        do(run, me, expected=number)
        with CaptureQueriesContext(connection) as counted:
            undo_last(me, run)
        return len(counted)

    statements(2)  # from now on there are undone decisions to be read
    assert statements(3) == statements(60) < 45


# --- What an address may ask for --------------------------------------------------------------------


FILTERS = [
    ({}, 3),
    ({"focus": "other"}, 3),
    ({"focus": "lead_only"}, 0),
    ({"planned_reason": "status_unknown"}, 3),
    ({"planned_reason": "course_unmapped"}, 0),
    ({"without_course": "1"}, 3),
    ({"without_course": "0"}, 0),
    ({"to_classify": "0", "session_type": "none"}, 3),
    ({"q": "2"}, 1),
    ({"q": "fictif"}, 3),
    ({"q": "Fictif Karamella"}, 0),
    ({"q": "؟"}, 0),
    ({"state": "decided"}, 0),
    ({"state": "all"}, 3),
    ({"decision": "skip"}, 0),
]


@pytest.mark.parametrize(("asked", "found"), FILTERS, ids=str)
def test_a_filter_finds(asked, found):
    run = queue_of_unknown(3)
    query = RowFilter.parse(asked, queue=True)
    assert query.rows(run).count() == found
    assert RowFilter.parse(query.parameters(), queue=True) == query


@pytest.mark.parametrize(
    "asked",
    [
        {"focus": "everything"},
        {"state": "gone"},
        {"classification": "lead"},
        {"planned_reason": "1 OR 1"},
        {"without_course": "yes"},
        {"decision": "<script>"},
    ],
    ids=str,
)
def test_a_filter_that_does_not_exist_is_refused(asked):
    with pytest.raises(UnknownFilter):
        RowFilter.parse(asked, queue=True)


@pytest.mark.parametrize("typed", ["0559446168", "0559 44 61 68", "karim@exemple.dz"])
def test_a_contact_is_never_searched_for_in_an_address(typed):
    with pytest.raises(ContainsContact):
        RowFilter.parse({"q": typed}, queue=True)


# --- Saved filters -----------------------------------------------------------------------------------


def test_a_saved_filter_keeps_what_the_queue_filters_by_and_nothing_else(me):
    save_filter(actor=me, name="Cours", query="planned_reason=course_unmapped&row=7&next=//evil")
    (saved,) = filters_of(me)
    assert saved.query == "focus=all&state=pending&planned_reason=course_unmapped"


def test_the_same_name_replaces_and_others_filters_are_not_seen(me):
    save_filter(actor=me, name="A", query="state=later")
    save_filter(actor=me, name="A", query="state=all")
    save_filter(actor=reviewer(), name="A", query="")
    assert [saved.query for saved in filters_of(me)] == ["focus=all&state=all"]


@pytest.mark.parametrize(
    ("name", "query", "refusal"),
    [
        ("", "", NotSaved),
        ("0559446168", "", ContainsContact),
        ("A", "q=0559446168", ContainsContact),
        ("A", "q=karim%40exemple.dz", ContainsContact),
        ("A", "focus=nothing", UnknownFilter),
    ],
)
def test_such_a_filter_is_not_saved(me, name, query, refusal):
    with pytest.raises(refusal):
        save_filter(actor=me, name=name, query=query)
    assert filters_of(me) == []


def test_only_ones_own_filter_is_forgotten(me):
    saved = save_filter(actor=me, name="A", query="")
    assert not delete_filter(actor=reviewer(), filter_id=saved.pk)
    assert delete_filter(actor=me, filter_id=saved.pk)
    assert filters_of(me) == []


def test_a_reset_of_many_rows_takes_separate_rows_back_into_their_groups(me):
    run = RunFactory()
    karim = {"table": "stagiaires", "full_name": "Karim Haddad", "phone": "0559446168"}
    trained, asked = stage_rows(
        run,
        [
            legacy_row(**karim, legacy_id="3", status="Formée"),
            legacy_row(**karim, legacy_id="9", status="nouveau"),
        ],
    )
    run_stages(run)
    say(asked, D.SEPARATE, me)
    trained.refresh_from_db()
    assert trained.group_first_id is None
    bulk(run=run, query=RowFilter(state="all"), expected=1, ids=[asked.pk], decision=D.RESET,
         actor=me, now=LATER_ON)  # fmt: skip
    run_plan(run)
    assert plan_of(asked) == ("review", "person_has_history")
    trained.refresh_from_db()
    assert trained.group_first_id == asked.group_first_id == trained.pk
