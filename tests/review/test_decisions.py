"""One reviewer's word about one row: what it writes, what it refuses, and how it is taken back."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    Classification,
    ReviewDecision,
    RunStatus,
    ValidationStatus,
)
from legacy_import.models import (
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
    ReviewClaim,
)
from legacy_import.people.phone_search import NoPhone, find_people
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.claims import claim, other_viewers
from legacy_import.review.decisions import (
    DecidedMeanwhile,
    NotPossible,
    RowCommitted,
    UnknownRow,
    decide,
    last_decisions,
    undo,
)
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.review.reviewing import (
    LATER_ON,
    assert_facets_hold,
    queue_of_unknown,
    reviewer,
    rows_of,
    say,
)
from tests.stages.stages import plan_of, run_commit, run_plan, run_stages

pytestmark = pytest.mark.django_db
D = ReviewDecision
SHARED = "0559446168"


@pytest.fixture
def me():
    return reviewer(username="nadia", first_name="Nadia", last_name="Fictive")


@pytest.fixture
def row():
    """A row whose status says nothing, in a planned run."""
    return rows_of(queue_of_unknown(1))[0]


@pytest.fixture
def matched():
    """A row with the phone of a lead of another name."""
    lead = CrmLeadFactory(full_name="Samir Bouzid", phone=SHARED)
    staged = StagedLearnerFactory(full_name="Karim Haddad", phone=SHARED, status="nouveau")
    run_stages(staged.legacy_import_run)
    staged.refresh_from_db()
    return staged, ("lead", lead.pk)


# --- What a decision writes ------------------------------------------------------------------------


def test_a_decision_is_appended_and_stands_beside_the_row(row, me):
    was = row.version
    say(row, D.SKIP, me, note="déjà vu avec l'accueil")
    row.refresh_from_db()
    event = LegacyReviewDecision.objects.get()
    assert (event.student_import_id, event.decision, event.actor) == (row.pk, D.SKIP, me)
    assert (event.note, event.created_at) == ("déjà vu avec l'accueil", LATER_ON)
    assert (row.decision, row.version) == (D.SKIP, was + 1)


def test_a_decision_moves_the_counts_and_changes_no_plan(row, me):
    before = plan_of(row)
    say(row, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    assert plan_of(row) == before
    assert_facets_hold(row.legacy_import_run)


def test_the_next_dry_run_uses_the_decision(row, me):
    assert plan_of(row) == ("review", "status_unknown")
    say(row, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    run_plan(row.legacy_import_run)
    assert plan_of(row) == ("create_crm_lead", "new_lead")


def test_a_row_decided_since_the_plan_is_left_out_of_the_commit(row, me):
    say(row, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    run_plan(row.legacy_import_run)
    say(row, D.SKIP, me)
    run_commit(row.legacy_import_run)
    row.refresh_from_db()
    assert row.outcome == "drifted"


def test_the_latest_word_is_the_one_that_stands(row, me):
    for decision in (D.LATER, D.SKIP, D.LATER):
        say(row, decision, me)
    row.refresh_from_db()
    assert row.decision == D.LATER
    assert LegacyReviewDecision.objects.count() == 3


def test_after_a_reset_nothing_stands(row, me):
    say(row, D.SKIP, me)
    say(row, D.RESET, me)
    row.refresh_from_db()
    assert row.decision == ""
    assert_facets_hold(row.legacy_import_run)


def test_a_decision_ends_the_reviewers_own_claim(row, me):
    claim(row_id=row.pk, actor=me, now=LATER_ON)
    say(row, D.LATER, me)
    assert not ReviewClaim.objects.exists()


# --- Two reviewers ---------------------------------------------------------------------------------


def test_the_second_of_two_reviewers_is_told_who_decided_what_and_when(row, me):
    seen = row.version
    say(row, D.SKIP, me)
    with pytest.raises(DecidedMeanwhile) as refused:
        decide(row_id=row.pk, version=seen, decision=D.LATER, actor=reviewer(), now=LATER_ON)
    said = refused.value.latest
    assert (said.decision, said.actor, said.created_at) == (D.SKIP, me, LATER_ON)
    row.refresh_from_db()
    assert row.decision == D.SKIP
    assert LegacyReviewDecision.objects.count() == 1


def test_a_row_that_changed_without_a_word_is_refused_too(row, me):
    with pytest.raises(DecidedMeanwhile) as refused:
        decide(row_id=row.pk, version=row.version + 7, decision=D.SKIP, actor=me, now=LATER_ON)
    assert refused.value.latest is None


# --- What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", COMMITTED_OUTCOMES)
def test_a_committed_row_is_not_decided(row, me, outcome):
    LegacyStudentImport.objects.filter(pk=row.pk).update(outcome=outcome)
    with pytest.raises(RowCommitted):
        say(row, D.SKIP, me)


@pytest.mark.parametrize("outcome", ["pending", "review", "drifted", "failed", "rolled_back"])
def test_a_row_that_left_nothing_on_the_platform_is_decided(row, me, outcome):
    LegacyStudentImport.objects.filter(pk=row.pk).update(outcome=outcome)
    say(row, D.SKIP, me)
    row.refresh_from_db()
    assert row.decision == D.SKIP


@pytest.mark.parametrize("status", ["importing", "failed", "rolling_back", "closed"])
def test_the_rows_of_such_a_run_are_not_decided(row, me, status):
    LegacyImportRun.objects.update(status=RunStatus(status))
    with pytest.raises(NotPossible):
        say(row, D.SKIP, me)
    assert not LegacyReviewDecision.objects.exists()


def test_an_unknown_row_is_refused(me):
    with pytest.raises(UnknownRow):
        decide(row_id=999, version=1, decision=D.SKIP, actor=me, now=LATER_ON)


@pytest.mark.parametrize("treat_as", [None, Classification.UNKNOWN])
def test_treating_a_row_as_nothing_known_is_refused(row, me, treat_as):
    with pytest.raises(NotPossible):
        say(row, D.TREAT_AS, me, treat_as=treat_as)


@pytest.mark.parametrize("decision", [D.LINK, D.NOT_SAME])
@pytest.mark.parametrize("person", [None, ("lead", 9_999), ("user", 1), ("staged", 1)])
def test_a_word_about_a_person_whom_nothing_shows_is_refused(row, me, decision, person):
    with pytest.raises(NotPossible):
        say(row, decision, me, person=person)


@pytest.mark.parametrize(
    "note",
    [
        "rappeler au 0559446168",
        "rappeler au 0559 44 61 68 demain",
        "tél ٠٥٥٩٤٤٦١٦٨",
        "écrire à karim.haddad@exemple.dz",
        "<karim@exemple.dz>",
        "x" * 256,
    ],
)
def test_a_note_with_personal_data_or_too_long_to_tell_is_refused(row, me, note):
    with pytest.raises(ContainsContact) as refused:
        say(row, D.SKIP, me, note=note)
    assert "0559" not in refused.value.message + refused.value.hint
    assert not LegacyReviewDecision.objects.exists()


@pytest.mark.parametrize("note", ["", "voir dossier 12 de 2019", "signé @accueil", "n° 4578"])
def test_an_ordinary_note_is_kept(row, me, note):
    say(row, D.SKIP, me, note=note)
    assert LegacyReviewDecision.objects.get().note == note


def test_data_without_doubt_cannot_be_accepted(row, me):
    with pytest.raises(NotPossible):
        say(row, D.ACCEPT_DATA, me)


def test_doubtful_data_is_accepted_and_then_counts_as_valid(me):
    row = StagedLearnerFactory(
        full_name="Karim Haddad", birth_date="2019-02-31", phone="0661200001", status="nouveau"
    )
    run_stages(row.legacy_import_run)
    row.refresh_from_db()
    assert row.validation_status == ValidationStatus.NEEDS_REVIEW
    say(row, D.ACCEPT_DATA, me)
    run_plan(row.legacy_import_run)
    assert plan_of(row) == ("create_crm_lead", "new_lead")


# --- Sessions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("session", ["1", "2", "235"])
def test_placeholder_sessions_are_released_but_never_made_real(me, session):
    SessionMappingFactory(
        legacy_session_id=session, session_type="waiting_placeholder", rule="session:placeholder_id"
    )
    CourseMappingFactory(legacy_formation_id="5")
    row = StagedLearnerFactory(
        status="Formée", session_ecoin_id=session, session_id=session, formation_id="5"
    )
    run_stages(row.legacy_import_run)
    assert plan_of(row) == ("review", "session_waiting")
    say(row, D.RELEASE_WITHOUT_SESSION, me)
    run_plan(row.legacy_import_run)
    row.training.refresh_from_db()
    assert plan_of(row) == ("create_completed_training", "history")
    assert row.training.session_type == "waiting_placeholder"


def test_a_row_that_no_session_holds_back_is_not_released(row, me):
    with pytest.raises(NotPossible):
        say(row, D.RELEASE_WITHOUT_SESSION, me)


# --- People ------------------------------------------------------------------------------------------


def test_a_row_is_linked_to_a_person_its_evidence_names(matched, me):
    row, lead = matched
    say(row, D.LINK, me, person=lead)
    run_plan(row.legacy_import_run)
    row.refresh_from_db()
    assert plan_of(row) == ("link_existing", "known_person")
    assert (row.planned_target_kind, row.planned_target_id) == lead


def test_a_person_ruled_out_is_not_proposed_again(matched, me):
    row, lead = matched
    say(row, D.NOT_SAME, me, person=lead)
    run_stages(row.legacy_import_run)
    row.refresh_from_db()
    assert row.decision == D.NOT_SAME
    assert "targets" not in row.duplicate_evidence
    assert plan_of(row) == ("create_crm_lead", "new_lead")


def test_a_person_who_is_gone_is_not_linked(matched, me):
    row, (_, pk) = matched
    CrmLeadFactory._meta.model.objects.filter(pk=pk).delete()
    with pytest.raises(NotPossible):
        say(row, D.LINK, me, person=("lead", pk))


@pytest.mark.parametrize("typed", ["0770 12 34 56", "+213770123456", "٠٧٧٠١٢٣٤٥٦"])
def test_a_person_found_by_full_phone_can_be_linked(row, me, typed):
    profile = LearnerProfileFactory(user__first_name="Lina", phone="0770123456")
    (found,) = find_people(row_id=row.pk, phone=typed, actor_id=me.pk)
    assert found.target == ("user", profile.user_id)
    say(row, D.LINK, me, person=found.target, proof=found.proof)
    event = LegacyReviewDecision.objects.get()
    assert (event.target_kind, event.target_id) == found.target


def test_what_was_found_for_one_row_proves_nothing_for_another(me):
    first, second = rows_of(queue_of_unknown(2))
    CrmLeadFactory(phone="0770123456")
    (found,) = find_people(row_id=first.pk, phone="0770123456", actor_id=me.pk)
    for actor, row in ((me, second), (reviewer(), first)):
        with pytest.raises(NotPossible):
            say(row, D.LINK, actor, person=found.target, proof=found.proof)


@pytest.mark.parametrize("typed", ["", "0770", "77012345", "0770123456 / 0661200001", "karim"])
def test_a_part_of_a_phone_finds_nobody(row, me, typed):
    CrmLeadFactory(phone="0770123456")
    with pytest.raises(NoPhone):
        find_people(row_id=row.pk, phone=typed, actor_id=me.pk)


# --- Undo --------------------------------------------------------------------------------------------


def test_an_undo_is_an_event_of_its_own_and_deletes_none(row, me):
    say(row, D.LATER, me)
    taken_back = say(row, D.SKIP, me)
    seen = taken_back.student_import.version
    undo(event_id=taken_back.pk, actor=me, now=LATER_ON)
    row.refresh_from_db()
    newest = LegacyReviewDecision.objects.latest("pk")
    assert (newest.decision, newest.undoes_id) == (D.RESET, taken_back.pk)
    assert LegacyReviewDecision.objects.count() == 3
    assert row.decision == D.LATER
    assert row.version == seen + 1
    assert_facets_hold(row.legacy_import_run)


def test_undoing_a_reset_brings_back_what_stood_before(row, me):
    say(row, D.SKIP, me)
    reset = say(row, D.RESET, me)
    undo(event_id=reset.pk, actor=me, now=LATER_ON)
    row.refresh_from_db()
    assert row.decision == D.SKIP


def test_a_decision_is_undone_once(row, me):
    said = say(row, D.SKIP, me)
    undo(event_id=said.pk, actor=me, now=LATER_ON)
    with pytest.raises(NotPossible):
        undo(event_id=said.pk, actor=me, now=LATER_ON)


def test_nobody_undoes_somebody_elses_decision(row, me):
    said = say(row, D.SKIP, reviewer())
    with pytest.raises(NotPossible):
        undo(event_id=said.pk, actor=me, now=LATER_ON)


def test_only_the_last_ten_decisions_are_undone(me):
    rows = rows_of(queue_of_unknown(11))
    events = [say(row, D.LATER, me).pk for row in rows]
    assert [recent.event for recent in last_decisions(me)] == events[:0:-1]
    undo(event_id=events[1], actor=me, now=LATER_ON)
    with pytest.raises(NotPossible):
        undo(event_id=events[0], actor=me, now=LATER_ON)


def test_a_committed_rows_decision_is_not_undone(row, me):
    said = say(row, D.SKIP, me)
    run_plan(row.legacy_import_run)
    run_commit(row.legacy_import_run)
    assert [recent.can_be_undone for recent in last_decisions(me)] == [False]
    with pytest.raises(RowCommitted):
        undo(event_id=said.pk, actor=me, now=LATER_ON)


def test_an_undone_decision_counts_for_no_plan(row, me):
    said = say(row, D.TREAT_AS, me, treat_as=Classification.LEAD_ONLY)
    undo(event_id=said.pk, actor=me, now=LATER_ON)
    run_plan(row.legacy_import_run)
    assert plan_of(row) == ("review", "status_unknown")


# --- Claims ------------------------------------------------------------------------------------------


def test_a_claim_lasts_five_minutes_and_stops_nobody(row, me):
    other = reviewer()
    assert claim(row_id=row.pk, actor=me, now=LATER_ON) == ""
    seen = claim(row_id=row.pk, actor=other, now=LATER_ON + datetime.timedelta(minutes=4))
    assert seen == "Nadia Fictive"
    after = LATER_ON + datetime.timedelta(minutes=5)
    assert other_viewers(row_ids=[row.pk], actor=other, now=after) == {}
    assert claim(row_id=row.pk, actor=other, now=after) == ""
    assert other_viewers(row_ids=[row.pk], actor=me, now=after)
    say(row, D.SKIP, me)
    row.refresh_from_db()
    assert row.decision == D.SKIP


def test_a_claim_on_no_row_shows_no_one(me):
    assert claim(row_id=999, actor=me, now=LATER_ON) == ""


def test_a_decision_takes_as_many_statements_in_a_long_queue(me):
    def statements(run) -> int:
        with CaptureQueriesContext(connection) as counted:
            say(rows_of(run)[0], D.SKIP, me)
        return len(counted)

    say(rows_of(queue_of_unknown(1, first=90))[0], D.SKIP, me)  # there are decisions to be read
    assert statements(queue_of_unknown(2, first=70)) == statements(queue_of_unknown(60)) < 40
