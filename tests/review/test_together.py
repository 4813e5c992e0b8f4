"""One decision about several rows of a person: what is offered, all or nothing, undone together."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import Classification, Outcome, ReviewDecision
from legacy_import.models import LegacyReviewBulk, LegacyReviewDecision, LegacyStudentImport
from legacy_import.review.bulk_undo import UndoReport, last_answers, undo_bulk
from legacy_import.review.decisions import DecidedMeanwhile, NotPossible
from legacy_import.review.together import OtherRow, decide_together, fellows_of
from tests.factories import CrmLeadFactory, RunFactory, legacy_row, stage_rows
from tests.review.reviewing import LATER_ON, assert_facets_hold, reviewer, rows_of, say
from tests.stages.stages import run_plan, run_stages

pytestmark = pytest.mark.django_db
D = ReviewDecision
EVERY = tuple(D)
KARIM = {"full_name": "Karim Haddad", "phone": "0559446168", "birth_date": "1999-02-03"}
ARCHIVED = {"table": "archives", "status": "Archivé"}
UNDONE = LATER_ON + datetime.timedelta(days=1)


@pytest.fixture
def me():
    return reviewer()


def staged(*rows: dict) -> list[LegacyStudentImport]:
    """Rows of Karim in a planned run, each without a course."""
    run = RunFactory()
    stage_rows(run, [
        legacy_row(**{"table": "stagiaires", "status": "Formée", **KARIM, **row,
                      "legacy_id": str(place)})
        for place, row in enumerate(rows, 1)
    ])  # fmt: skip
    run_stages(run)
    return rows_of(run)


def offered(row, person=None) -> dict[str, set[ReviewDecision]]:
    fellows = fellows_of(row.legacy_import_run, row, EVERY, person)
    return {fellow.name: set(fellow.decisions) for fellow in fellows}


def decide(row, others, actor, decision=D.SKIP, **arguments):
    return decide_together(
        row_id=row.pk, version=row.version, decision=decision, actor=actor, now=LATER_ON,
        others=[OtherRow(one.pk, one.version) for one in others], **arguments,
    )  # fmt: skip


def test_what_applies_to_the_other_row_too_is_offered():
    first, second = staged({}, ARCHIVED)
    assert first.group_first_id == second.group_first_id == first.pk
    assert offered(first) == {"archives:2": {D.SET_COURSE, D.SKIP, D.LATER}}
    assert offered(second) == {"stagiaires:1": {D.SET_COURSE, D.SKIP, D.LATER}}


def test_a_meaning_extends_to_the_same_old_status_and_a_course_to_the_same_course():
    first, *_ = staged({}, {"formation_id": "9"}, ARCHIVED)
    assert offered(first) == {
        "stagiaires:2": {D.TREAT_AS, D.SKIP, D.LATER},
        "archives:3": {D.SET_COURSE, D.SKIP, D.LATER},
    }


def test_a_person_is_offered_where_the_other_row_matches_them_too():
    lead = CrmLeadFactory(full_name="Samir Bouzid", phone=KARIM["phone"])
    first, *_ = staged({}, {"phone": ""})
    person = ("lead", lead.pk)
    assert offered(first, person) == {"stagiaires:2": {D.TREAT_AS, D.SET_COURSE, D.SKIP, D.LATER}}
    first, *_ = staged({}, ARCHIVED)
    assert {D.LINK, D.NOT_SAME} <= offered(first, person)["archives:2"]


def test_a_row_that_is_decided_or_committed_or_alone_is_not_offered(me):
    first, second, third = staged({}, {}, {})
    say(second, D.SKIP, me)
    LegacyStudentImport.objects.filter(pk=third.pk).update(outcome=Outcome.SKIP)
    assert offered(first) == {}
    (alone,) = staged({})
    assert offered(alone) == {}


def test_each_row_gets_its_own_event_and_version(me):
    rows = first, second = staged({}, ARCHIVED)
    events = decide(first, [second], me, note="vu")
    assert [(one.student_import_id, one.decision, one.note) for one in events] == [
        (first.pk, D.SKIP, "vu"), (second.pk, D.SKIP, "vu"),
    ]  # fmt: skip
    for row, before in zip(rows_of(first.legacy_import_run), rows, strict=True):
        assert (row.decision, row.settled, row.version) == ("skip", True, before.version + 1)
    assert_facets_hold(first.legacy_import_run)
    run_plan(first.legacy_import_run)
    assert {row.planned_reason for row in rows_of(first.legacy_import_run)} == {"reviewer_skip"}


def test_one_link_links_both_rows(me):
    lead = CrmLeadFactory(full_name="Samir Bouzid", phone=KARIM["phone"])
    first, second = staged({}, ARCHIVED)
    decide(first, [second], me, D.LINK, person=("lead", lead.pk))
    links = LegacyReviewDecision.objects.values_list("student_import_id", "target_id")
    assert list(links) == [(first.pk, lead.pk), (second.pk, lead.pk)]


def test_it_is_one_of_the_last_ten_and_undone_together(me):
    first, second = staged({}, ARCHIVED)
    decide(first, [second], me)
    (line,) = last_answers(me, first.legacy_import_run)
    assert (line.rows, line.decision) == (2, "skip")
    report = undo_bulk(bulk_id=line.bulk, actor=me, now=UNDONE, run=first.legacy_import_run)
    assert report == UndoReport(2)
    assert {row.decision for row in rows_of(first.legacy_import_run)} == {""}
    assert_facets_hold(first.legacy_import_run)


def test_without_other_rows_it_is_a_decision_like_any_other(me):
    first, _ = staged({}, ARCHIVED)
    decide(first, [], me)
    assert not LegacyReviewBulk.objects.exists()
    assert last_answers(me)[0].name == "stagiaires:1"


def test_another_version_of_the_other_row_refuses_both(me):
    first, second = staged({}, ARCHIVED)
    say(LegacyStudentImport.objects.get(pk=second.pk), D.LATER, reviewer())
    with pytest.raises(DecidedMeanwhile) as refused:
        decide(first, [second], me)
    assert refused.value.row_id == second.pk
    assert [row.decision for row in rows_of(first.legacy_import_run)] == ["", "later"]


@pytest.mark.parametrize(
    ("decision", "arguments"),
    [(D.TREAT_AS, {"treat_as": Classification.LEAD_ONLY}), (D.SEPARATE, {}), (D.ACCEPT_DATA, {})],
    ids=str,
)
def test_what_does_not_apply_to_both_is_decided_about_none(me, decision, arguments):
    first, second = staged({}, ARCHIVED)
    with pytest.raises(NotPossible):
        decide(first, [second], me, decision, **arguments)
    assert not LegacyReviewDecision.objects.exists()
    assert not LegacyReviewBulk.objects.exists()


def test_rows_of_other_people_and_runs_are_refused(me):
    first, _ = staged({}, ARCHIVED)
    stranger, *_ = staged({"full_name": "Nadia Saadi", "phone": "0661200003"})
    for other in (stranger, first):
        with pytest.raises(NotPossible, match="no longer one of the same person"):
            decide(first, [other], me)
    assert not LegacyReviewDecision.objects.exists()


def test_nine_other_rows_take_as_many_queries_as_one():
    def statements(number: int) -> int:
        first, *_ = staged(*[{}] * number)
        with CaptureQueriesContext(connection) as counted:
            assert len(fellows_of(first.legacy_import_run, first, EVERY, None)) == number - 1
        return len(counted)

    statements(2)  # from now on there is an earlier run to be read
    assert statements(2) == statements(10) < 20
