"""What was said of an earlier version of a row: said again, of one row or of many, and taken back."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import Classification, Outcome, ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.review.bulk import REPEAT, BulkReport, bulk
from legacy_import.review.decisions import (
    DecidedMeanwhile,
    NotPossible,
    RowCommitted,
    last_decisions,
    undo,
)
from legacy_import.review.earlier import repeat
from legacy_import.review.filter import RowFilter
from tests.factories import CrmLeadFactory, RunFactory, earlier_commit, legacy_row, stage_rows
from tests.review.reviewing import LATER_ON, assert_facets_hold, reviewer, rows_of, say
from tests.stages.stages import plan_of, run_plan, run_stages

pytestmark = pytest.mark.django_db
D = ReviewDecision
UNCLEAR = RowFilter(
    {"planned_reason": "status_unknown", "earlier_decision": "treat_as"}, state="all"
)


@pytest.fixture
def me():
    return reviewer(username="nadia")


def planned(*rows: dict[str, Any]) -> list[LegacyStudentImport]:
    """The rows in a planned run of their own; names and phones by their number."""
    run: LegacyImportRun = RunFactory()
    stage_rows(run, [legacy_row(**row) for row in rows])
    run_stages(run)
    return rows_of(run)


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {"table": "stagiaires", "legacy_id": str(number), "full_name": f"Fictif {'abcdefg'[number]}",
            "phone": f"0661{number:06d}", "status": "mystère", **fields}  # fmt: skip


def changed(number: int, **fields: Any) -> dict[str, Any]:
    """The same person with another status that says nothing either."""
    return person(number, status="autre", **fields)


def again(row: LegacyStudentImport, me) -> list[LegacyReviewDecision]:
    row.refresh_from_db()
    return repeat(row_id=row.pk, version=row.version, actor=me, now=LATER_ON)


def repeat_all(
    run: LegacyImportRun, me, *, expected: int, query: RowFilter = UNCLEAR
) -> BulkReport:
    return bulk(run=run, query=query, expected=expected, decision=REPEAT, actor=me, now=LATER_ON)


def test_it_is_said_again_with_its_arguments_and_its_note(me):
    (before,) = planned(person(1))
    say(before, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY, note="vu au guichet")
    (now,) = planned(changed(1))
    assert (now.decision, now.earlier_decision) == ("", "treat_as")
    (event,) = again(now, me)
    assert (event.treat_as, event.note, event.student_import_id) == (
        "lead_only", "vu au guichet", now.pk,
    )  # fmt: skip
    now.refresh_from_db()
    assert (now.decision, now.earlier_decision) == ("treat_as", "")
    assert_facets_hold(now.legacy_import_run)
    run_plan(now.legacy_import_run)
    assert plan_of(now)[0] == "create_crm_lead"


def test_all_that_was_said_is_said_again_in_its_order(me):
    (before,) = planned(person(1, birth_date="2094-03-12"))
    say(before, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    say(before, D.ACCEPT_DATA, me)
    (now,) = planned(changed(1, birth_date="2095-03-12"))
    assert [event.decision for event in again(now, me)] == [D.TREAT_AS, D.ACCEPT_DATA]
    run_plan(now.legacy_import_run)
    assert plan_of(now)[0] == "create_crm_lead"


def test_a_part_that_is_not_possible_any_more_refuses_the_whole(me):
    (before,) = planned(person(1, birth_date="2094-03-12"))
    say(before, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    say(before, D.ACCEPT_DATA, me)
    (now,) = planned(changed(1, birth_date="1994-03-12"))
    with pytest.raises(NotPossible):
        again(now, me)
    now.refresh_from_db()
    assert (now.decision, now.earlier_decision) == ("", "accept_data")
    assert LegacyReviewDecision.objects.count() == 2


def test_a_link_is_not_said_again_of_whoever_has_the_number_of_the_row_now(me):
    lead = CrmLeadFactory(full_name="Fictif Autre", phone="0661000001")
    (before,) = planned(person(1))
    say(before, D.LINK, me, person=("lead", lead.pk))
    (now,) = planned(person(1, full_name="Samia Ziani", phone="0776845160"))
    assert now.earlier_decision == "link"
    with pytest.raises(NotPossible):
        again(now, me)


def test_there_must_be_something_to_say_again(me):
    (row,) = planned(person(1))
    with pytest.raises(NotPossible):
        again(row, me)


def test_a_row_that_changed_since_it_was_opened_is_refused(me):
    (before,) = planned(person(1))
    say(before, D.SKIP, me)
    (now,) = planned(person(1, full_name="Samia Ziani", phone="0776845160"))
    say(now, D.LATER, reviewer())
    with pytest.raises(DecidedMeanwhile):
        repeat(row_id=now.pk, version=now.version - 1, actor=me, now=LATER_ON)


# --- Many rows ---------------------------------------------------------------------------------------


def test_it_is_said_again_of_all_rows_of_one_cause(me):
    for row, meaning in zip(
        planned(person(1), person(2), person(3)), ("lead_only", "lead_only", "registered"),
        strict=True,
    ):  # fmt: skip
        say(row, D.TREAT_AS, me, treat_as=Classification(meaning))
    now = planned(changed(1), changed(2), changed(3), changed(4))
    run = now[0].legacy_import_run
    assert repeat_all(run, me, expected=3) == BulkReport(3)
    assert [(row.decision, row.earlier_decision) for row in rows_of(run)] == [
        *[("treat_as", "")] * 3, ("", ""),
    ]  # fmt: skip
    events = LegacyReviewDecision.objects.filter(student_import__legacy_import_run=run)
    meanings = events.order_by("student_import").values_list("treat_as", flat=True)
    assert list(meanings) == ["lead_only", "lead_only", "registered"]
    assert_facets_hold(run)


def test_a_row_to_which_a_part_does_not_apply_is_left(me):
    before = planned(person(1), person(2, birth_date="2094-03-12"))
    for row in before:
        say(row, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    say(before[1], D.ACCEPT_DATA, me)
    say(before[1], D.TREAT_AS, me, treat_as=Classification.REGISTERED)
    now = planned(changed(1), changed(2, birth_date="1994-03-12"))
    assert repeat_all(now[0].legacy_import_run, me, expected=2) == BulkReport(1, 0, 1)


def test_links_are_never_said_again_of_many(me):
    lead = CrmLeadFactory(full_name="Fictif Autre", phone="0661000001")
    (before,) = planned(person(1))
    say(before, D.LINK, me, person=("lead", lead.pk))
    (now,) = planned(person(1, full_name="Samia Ziani", phone="0776845160"))
    query = RowFilter(
        {"planned_reason": now.planned_reason, "earlier_decision": "link"}, state="all"
    )
    assert repeat_all(now.legacy_import_run, me, expected=1, query=query) == BulkReport(0, 0, 1)


@pytest.mark.parametrize("facets", [{}, {"planned_reason": "status_unknown"},
                                    {"earlier_decision": "treat_as"}], ids=str)  # fmt: skip
def test_one_cause_and_one_decision_are_chosen_first(me, facets):
    (row,) = planned(person(1))
    with pytest.raises(NotPossible):
        repeat_all(row.legacy_import_run, me, expected=1, query=RowFilter(facets, state="all"))


def test_many_rows_take_as_many_statements_as_few(me):
    def statements(numbers: range) -> int:
        for row in planned(*map(person, numbers)):
            say(row, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
        run = planned(*map(changed, numbers))[0].legacy_import_run
        with CaptureQueriesContext(connection) as queries:
            repeat_all(run, me, expected=len(numbers))
        return len(queries)

    assert statements(range(1)) == statements(range(1, 6))


# --- Taking back ------------------------------------------------------------------------------


def test_an_undo_works_on_the_run_at_hand(me):
    """The row of the first run is committed; in the second the decision is carried over, and undone."""
    (before,) = planned(person(1))
    event = say(before, D.SKIP, me)
    earlier_commit(before, Outcome.SKIP)
    (now,) = planned(person(1))
    run = now.legacy_import_run
    (recent,) = last_decisions(me, run)
    assert (recent.row, recent.run, recent.committed) == (now.pk, run.pk, False)
    undone = undo(event_id=event.pk, actor=me, now=LATER_ON, run=run)
    assert (undone.student_import_id, undone.undoes_id) == (now.pk, event.pk)
    now.refresh_from_db()
    assert now.decision == ""
    assert_facets_hold(run)
    assert last_decisions(me, run)[0].undone


def test_without_a_run_at_hand_a_decision_is_undone_where_it_was_made(me):
    (before,) = planned(person(1))
    event = say(before, D.SKIP, me)
    earlier_commit(before, Outcome.SKIP)
    planned(person(1))
    with pytest.raises(RowCommitted):
        undo(event_id=event.pk, actor=me, now=LATER_ON)


def test_the_run_of_another_source_is_not_the_run_at_hand(me):
    (before,) = planned(person(1))
    say(before, D.SKIP, me)
    other: LegacyImportRun = RunFactory(connection_name="ailleurs")
    stage_rows(other, [legacy_row(**person(1))])
    (recent,) = last_decisions(me, other)
    assert recent.row == before.pk


def test_undoing_what_was_said_again_asks_again(me):
    (before,) = planned(person(1))
    say(before, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    (now,) = planned(changed(1))
    (event,) = again(now, me)
    undo(event_id=event.pk, actor=me, now=LATER_ON, run=now.legacy_import_run)
    now.refresh_from_db()
    assert (now.decision, now.earlier_decision) == ("", "treat_as")
    assert_facets_hold(now.legacy_import_run)
