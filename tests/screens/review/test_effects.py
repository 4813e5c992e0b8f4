"""What a decision leads to is shown before the click, and what was not sufficient comes back."""

import re

import pytest
from django.test import Client

from crm.models import CrmLead
from legacy_import.choices import Classification, ReviewDecision
from legacy_import.models import LegacyCourseMapping, LegacyReviewDecision
from legacy_import.review.decisions import CourseArgument, undo
from legacy_import.runs.overview import review_state
from tests.factories import NOW, RunFactory, legacy_row, stage_rows
from tests.review.reviewing import LATER_ON, assert_facets_hold, queue_of_unknown, reviewer, say
from tests.review.reviewing import rows_of as rows_of_run
from tests.review.rows_for_review import ROWS, TRAINED, a_school, staged
from tests.screens.review.test_views import page, send, send_bulk, text_of
from tests.stages.stages import plan_of, run_commit, run_plan, run_rollback, run_stages
from trainings.models import Course, LegacyCompletedTraining

pytestmark = pytest.mark.django_db
D = ReviewDecision


@pytest.fixture
def me():
    return reviewer("map", username="nadia", first_name="Nadia")


@pytest.fixture
def client(me) -> Client:
    client = Client()
    client.force_login(me)
    return client


def decided_page(client: Client, row, **asked) -> str:
    return text_of(page(client, run=row.legacy_import_run_id, row=row.pk, state="all", **asked))


def buttons(client: Client, row) -> list[str]:
    """The decisions that the page of the row offers, in their order."""
    whole = page(client, run=row.legacy_import_run_id, row=row.pk).content.decode()
    form = whole.partition('id="li-decide"')[2].partition("</form>")[0]
    return re.findall(r'name="decision" value="(\w+)"', form)


def test_the_effect_stands_under_its_button(client):
    a_school()
    row = ROWS["session_waiting", "trained"]()
    words = decided_page(client, row)
    assert "Release without session → creates" not in words, "its match is blocked too"
    assert "→ still waits for: same phone or e-mail as a known person of another name" in words
    assert (
        'aria-describedby="li-effect-release_without_session"'
        in page(client, run=row.legacy_import_run_id, row=row.pk).content.decode()
    )


def test_the_effect_names_course_and_month(client):
    a_school()
    Course.objects.filter(legacycoursemapping__legacy_formation_id="7").update(name="Bureautique")
    row = ROWS["birth_date_impossible", "trained"]()
    say_session(row)
    words = decided_page(client, row)
    assert "→ creates the completed training ‹ Bureautique ›, January 2019" in words


def say_session(row) -> None:
    """The row is in the real session 40, which ended in January 2019."""
    type(row).objects.filter(pk=row.pk).update(legacy_session_id="40")


def test_only_what_changes_the_row_is_offered(client):
    a_school()
    registration = ROWS["session_waiting", "registered"]()
    assert buttons(client, registration) == ["treat_as", "skip", "later"]
    whole = page(
        client, run=registration.legacy_import_run_id, row=registration.pk
    ).content.decode()
    options = re.findall(r'<option value="(\w+)"', whole.partition('id="li-treat-as"')[2])
    assert "registered" not in options[: options.index("lead_only") + 1]
    answer = send(
        client, registration, "decide", version=registration.version,
        decision="release_without_session",
    )  # fmt: skip
    assert answer.status_code == 409


def test_a_decision_that_is_not_sufficient_comes_back_with_what_is_missing(client, me):
    a_school()
    row = ROWS["status_unknown", "trained"]()
    row_of_unmapped_course(row)
    say(row, D.TREAT_AS, me, treat_as=Classification.COMPLETED)
    row.refresh_from_db()
    assert (row.decision, row.settled) == ("treat_as", False)
    words = decided_page(client, row)
    assert "Kept: treat as: completed training" in words
    assert "Still missing: the old course is not mapped" in words
    run = row.legacy_import_run
    assert_facets_hold(run)
    assert row.pk in listed(client, run, "pending")
    run_plan(run)
    assert row.pk in listed(client, run, "pending")
    assert review_state(run.pk).insufficient == 1
    say(row, D.SKIP, me)
    row.refresh_from_db()
    assert row.settled
    state = review_state(run.pk)
    assert (state.decided_rows, state.to_decide, state.insufficient) == (1, 0, 0)
    run_plan(run)
    assert plan_of(row) == ("skip", "reviewer_skip")
    assert review_state(run.pk).decided_rows == 1, "what left the queue stays decided"
    assert "1 / 1" in text_of(page(client, run=run.pk, focus="all"))


def row_of_unmapped_course(row) -> None:
    type(row).objects.filter(pk=row.pk).update(legacy_formation_id="9")


def listed(client: Client, run, state: str) -> list[int]:
    whole = page(client, run=run.pk, focus="all", state=state).content.decode()
    return [int(pk) for pk in re.findall(r'name="ids" value="(\d+)"', whole)]


def test_an_undo_opens_the_row_again(me):
    row = rows_of_run(queue_of_unknown(1))[0]
    event = say(row, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    row.refresh_from_db()
    assert row.settled
    undo(event_id=event.pk, actor=me, now=LATER_ON)
    row.refresh_from_db()
    assert (row.decision, row.settled) == ("", False)
    assert_facets_hold(row.legacy_import_run)


def test_what_a_sufficient_decision_leads_to_is_shown_on_the_row(client, me):
    row = rows_of_run(queue_of_unknown(1))[0]
    say(row, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    assert "The next plan: → creates a lead" in decided_page(client, row)


def test_a_bulk_shows_its_effect_in_numbers(client):
    run = queue_of_unknown(3)
    words = text_of(send_bulk(client, run, decision="treat_as", treat_as="lead_only"))
    assert "→ creates a lead: 3 rows" in words
    words = text_of(send_bulk(client, run, decision="treat_as", treat_as="registered"))
    assert "→ still waits for: the row refers to no course: 3 rows" in words


def test_many_rows_of_one_old_status_are_treated_alike_and_of_two_are_not(client):
    run = queue_of_unknown(3)
    fields = {"decision": "treat_as", "treat_as": "lead_only", "expected": "3"}
    assert send_bulk(client, run, **fields).status_code == 302
    assert {row.settled for row in rows_of_run(run)} == {True}
    assert_facets_hold(run)
    mixed = RunFactory()
    stage_rows(mixed, [
        legacy_row(table="stagiaires", legacy_id=str(n), full_name=f"Fictif {name}", status=status)
        for n, (name, status) in enumerate([("Ab", "mystère"), ("Cd", "énigme")], 1)
    ])  # fmt: skip
    run_stages(mixed)
    assert send_bulk(client, mixed, **{**fields, "expected": "2"}).status_code == 409


def test_leads_without_a_contact_of_their_own_are_created_anyway_in_bulk(client):
    a_school()
    row = ROWS["contact_not_trustworthy", "lead"]()
    sent = {
        "filter": "focus=all&planned_reason=contact_not_trustworthy", "decision": "create_anyway",
    }  # fmt: skip
    assert "→ creates a lead: 1 row" in text_of(send_bulk(client, row.legacy_import_run, **sent))
    done = send_bulk(client, row.legacy_import_run, **sent, expected="1")
    assert done.status_code == 302
    run_plan(row.legacy_import_run)
    assert plan_of(row) == ("create_crm_lead", "new_lead_anyway")
    run_commit(row.legacy_import_run)
    assert CrmLead.objects.count() == 1
    run_rollback(row.legacy_import_run)
    assert not CrmLead.objects.exists()


@pytest.mark.parametrize(
    ("course", "shown"), [("name", "keep the old name"), ("ours", "Comptabilité")]
)
def test_the_course_is_set_and_stands_in_the_history(client, course, shown):
    a_school()
    row = ROWS["course_unmapped", "registered" if course == "ours" else "trained"]()
    type(row).objects.filter(pk=row.pk).update(classification="completed")
    ours = Course.objects.get(name="Comptabilité")
    value = str(ours.pk) if course == "ours" else "name"
    row.refresh_from_db()
    answer = send(client, row, "decide", version=row.version, decision="set_course", course=value)
    assert answer.status_code == 302
    event = LegacyReviewDecision.objects.latest("pk")
    assert event.course_id == (ours.pk if course == "ours" else None)
    assert shown in decided_page(client, row)


def test_a_course_has_to_be_chosen(client):
    a_school()
    row = ROWS["course_unmapped", "trained"]()
    answer = send(client, row, "decide", version=row.version, decision="set_course", course="")
    assert answer.status_code == 409
    assert "Choose a course" in text_of(answer)


def test_history_kept_by_name_has_no_course_and_is_rolled_back(me):
    a_school()
    row = ROWS["formation_missing", "trained"]()
    say(row, D.NOT_SAME, me, person=the_sister())
    say(row, D.SET_COURSE, me, course=CourseArgument(None))
    run_plan(row.legacy_import_run)
    assert plan_of(row) == ("create_completed_training", "history")
    run_commit(row.legacy_import_run)
    training = LegacyCompletedTraining.objects.get()
    assert (training.course_id, training.legacy_course_name) == (None, "–")
    run_rollback(row.legacy_import_run)
    assert not LegacyCompletedTraining.objects.exists()


def the_sister() -> tuple[str, int]:
    return "lead", CrmLead.objects.get(full_name="Nadia Haddad").pk


def test_added_history_is_taken_back_and_the_lead_stays(me):
    a_school()
    row = ROWS["already_imported_changed", "trained since"]()
    say(row, D.ADD_HISTORY, me)
    run_plan(row.legacy_import_run)
    run_commit(row.legacy_import_run)
    assert LegacyCompletedTraining.objects.get().lead == CrmLead.objects.get()
    run_rollback(row.legacy_import_run)
    assert not LegacyCompletedTraining.objects.exists()
    assert CrmLead.objects.count() == 1, "an earlier run created it"


def test_a_separate_row_leaves_its_group_at_once_and_comes_back_with_the_undo(me):
    a_school()
    row = ROWS["person_has_history", "lead"]()
    assert row.group_first_id is not None
    first = row.group_first_id
    event = say(row, D.SEPARATE, me)
    row.refresh_from_db()
    assert row.group_first_id is None
    run_plan(row.legacy_import_run)
    assert plan_of(row) == ("create_crm_lead", "new_lead")
    undo(event_id=event.pk, actor=me, now=NOW)
    row.refresh_from_db()
    assert row.group_first_id == first


def test_two_spellings_of_one_course_are_no_conflict():
    a_school()
    course = LegacyCourseMapping.objects.get(legacy_formation_id="7").course
    LegacyCourseMapping.objects.filter(legacy_formation_id="8").update(course=course)
    assert plan_of(staged(**TRAINED, session_id="43")) == ("create_completed_training", "history")
