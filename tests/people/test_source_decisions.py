"""Decisions of other runs: in force while the row is the same person and the subject is unchanged."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import CrmLead
from legacy_import.choices import Classification, Outcome, ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.people import source_decisions
from legacy_import.people.ruled_out import people_ruled_out
from legacy_import.people.source_decisions import decisions_on
from legacy_import.privacy.subject import Subject, erase_subject
from legacy_import.review.decisions import undo
from legacy_import.rules.drift import Drift
from legacy_import.runs.progress import Silent
from tests.factories import (
    NOW,
    CourseMappingFactory,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    StagedLearnerFactory,
    earlier_commit,
    legacy_row,
    stage_rows,
)
from tests.legacy_database import MakeLegacy, learner, tables
from tests.review.reviewing import LATER_ON, assert_facets_hold, reviewer, say
from tests.stages.importing import import_from, staged
from tests.stages.stages import last_reason, outcome_of, plan_of, run_commit, run_plan, run_stages

pytestmark = pytest.mark.django_db
D = ReviewDecision
SHARED = "0559446168"
AMINA: dict[str, Any] = {
    "table": "stagiaires", "legacy_id": "7", "full_name": "Amina Benali", "phone": SHARED,
    "email": "amina.benali@example.org", "birth_date": "1994-03-12", "status": "nouveau",
}  # fmt: skip
KARIM = {
    **AMINA, "full_name": "Karim Saidi", "phone": "0776845160", "email": "", "birth_date": "1988-11-30",
}  # fmt: skip


def staged_row(fields: dict[str, Any], run: LegacyImportRun | None = None) -> LegacyStudentImport:
    """The row, in a planned run of its own."""
    run = run or RunFactory()
    (row,) = stage_rows(run, [legacy_row(**fields)])
    run_stages(run)
    row.refresh_from_db()
    return row


def said(row: LegacyStudentImport, decision: ReviewDecision, **fields: Any) -> LegacyReviewDecision:
    event: LegacyReviewDecision = ReviewDecisionFactory(
        student_import=row, decision=decision, **fields
    )
    return event


def standing(row: LegacyStudentImport) -> tuple[str, str]:
    row.refresh_from_db()
    return row.decision, row.earlier_decision


# --- The same row again ---------------------------------------------------------------------------


def test_who_asked_not_to_be_recorded_is_skipped_by_the_next_import_too() -> None:
    said(staged_row(AMINA), D.SKIP)
    again = staged_row(AMINA)
    assert plan_of(again)[0] == "skip"
    run_commit(again.legacy_import_run)
    assert not CrmLead.objects.exists()


@pytest.mark.parametrize(
    ("fields", "decision", "arguments", "plan"),
    [
        ({"status": "mystère"}, D.TREAT_AS, {"treat_as": Classification.LEAD_ONLY},
         "create_crm_lead"),
        ({"birth_date": "2094-03-12"}, D.ACCEPT_DATA, {}, "create_crm_lead"),
        ({}, D.SKIP, {}, "skip"),
        ({}, D.LATER, {}, "review"),
    ],
    ids=["treat_as", "accept_data", "skip", "later"],
)  # fmt: skip
def test_a_decision_is_in_force_in_the_next_import_of_the_same_row(
    fields: dict[str, Any], decision: ReviewDecision, arguments: dict[str, Any], plan: str
) -> None:
    first = staged_row({**AMINA, **fields})
    assert plan_of(first)[0] != plan
    said(first, decision, **arguments)
    again = staged_row({**AMINA, **fields})
    assert plan_of(again)[0] == plan
    assert standing(again) == (decision, "")


def test_a_release_is_in_force_in_the_next_import_too() -> None:
    CourseMappingFactory(legacy_formation_id="3")
    waiting = {**AMINA, "status": "Formée", "formation_id": "3", "session_id": "1"}
    first = staged_row(waiting)
    assert plan_of(first) == ("review", "session_waiting")
    said(first, D.RELEASE_WITHOUT_SESSION)
    assert plan_of(staged_row(waiting))[0] == "create_completed_training"


def test_a_link_is_in_force_and_a_person_who_is_gone_goes_to_review() -> None:
    lead = CrmLeadFactory(full_name="Samir Bouzid", phone=SHARED)
    said(staged_row(AMINA), D.LINK, person=("lead", lead.pk))
    assert plan_of(staged_row(AMINA)) == ("link_existing", "known_person")
    lead.delete()
    assert plan_of(staged_row(AMINA)) == ("review", "person_gone")


def test_the_decisions_of_several_runs_are_folded_in_their_order() -> None:
    first = staged_row({**AMINA, "status": "mystère"})
    said(first, D.TREAT_AS, treat_as=Classification.LEAD_ONLY)
    second = staged_row({**AMINA, "status": "mystère"})
    said(second, D.SKIP)
    third = staged_row({**AMINA, "status": "mystère"})
    assert plan_of(third)[0] == "skip"
    said(third, D.RESET)
    fourth = staged_row({**AMINA, "status": "mystère"})
    assert plan_of(fourth) == ("review", "status_unknown")
    assert standing(fourth) == ("", "")


def test_an_undo_in_an_earlier_run_is_remembered() -> None:
    first = staged_row(AMINA)
    event = said(first, D.SKIP)
    said(first, D.RESET, undoes=event)
    assert standing(staged_row(AMINA)) == ("", "")


def test_a_row_is_in_its_group_again_once_its_separation_is_undone_in_another_run() -> None:
    def planned_pair() -> tuple[LegacyStudentImport, LegacyStudentImport]:
        run = RunFactory()
        trained, asked = stage_rows(
            run,
            [legacy_row(**AMINA | {"status": "Formée"}), legacy_row(**AMINA | {"legacy_id": "9"})],
        )
        run_stages(run)
        return trained, asked

    me = reviewer()
    _, before = planned_pair()
    event = say(before, D.SEPARATE, me)
    trained, asked = planned_pair()
    assert plan_of(asked) == ("create_crm_lead", "new_lead")
    undo(event_id=event.pk, actor=me, now=LATER_ON)
    run_plan(asked.legacy_import_run)
    assert plan_of(asked) == ("review", "person_has_history")
    trained.refresh_from_db()
    assert trained.group_first_id == asked.group_first_id == trained.pk


def test_an_older_run_reads_what_was_said_in_a_newer_one() -> None:
    older = staged_row(AMINA)
    said(staged_row(AMINA), D.SKIP)
    run_plan(older.legacy_import_run)
    assert plan_of(older)[0] == "skip"
    assert standing(older) == (D.SKIP, "")


def test_a_decision_since_the_plan_made_in_another_run_drifts_the_row() -> None:
    older = staged_row(AMINA)
    assert plan_of(older)[0] == "create_crm_lead"
    said(staged_row(AMINA), D.SKIP)
    run_commit(older.legacy_import_run)
    assert (outcome_of(older), last_reason(older)) == (Outcome.DRIFTED, Drift.DECISION)
    assert not CrmLead.objects.exists()


def test_what_was_said_about_another_source_is_not_in_force() -> None:
    said(staged_row(AMINA), D.SKIP)
    assert standing(staged_row(AMINA, RunFactory(connection_name="ailleurs"))) == ("", "")


def test_a_row_of_the_other_table_with_the_same_number_is_another_row() -> None:
    said(staged_row(AMINA), D.SKIP)
    assert standing(staged_row({**AMINA, "table": "archives"})) == ("", "")


# --- The row changed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"full_name": "Amina Benali Saidi"}, {"phone": "0661000111"}, {"birth_date": "1994-12-03"},
     {"email": "", "phone": "0661000111"}],
    ids=str,
)  # fmt: skip
def test_a_person_whose_data_was_corrected_stays_skipped(change: dict[str, Any]) -> None:
    said(staged_row(AMINA), D.SKIP)
    assert plan_of(staged_row({**AMINA, **change}))[0] == "skip"


def test_nothing_is_in_force_for_another_person_with_the_number_of_the_row() -> None:
    said(staged_row(AMINA), D.SKIP)
    typed_over = staged_row(KARIM)
    assert plan_of(typed_over)[0] == "create_crm_lead"
    assert standing(typed_over) == ("", D.SKIP)


def test_a_decision_comes_back_with_its_person() -> None:
    said(staged_row(AMINA), D.SKIP)
    staged_row(KARIM)
    assert plan_of(staged_row({**AMINA, "phone": ""}))[0] == "skip"


@pytest.mark.parametrize(
    ("before", "after", "decision", "arguments"),
    [
        ({"status": "mystère"}, {"status": "autre"}, D.TREAT_AS,
         {"treat_as": Classification.LEAD_ONLY}),
        ({"birth_date": "2094-03-12"}, {"birth_date": "2095-03-12"}, D.ACCEPT_DATA, {}),
        ({"session_id": "1", "status": "Formée"}, {"session_id": "2", "status": "Formée"},
         D.RELEASE_WITHOUT_SESSION, {}),
    ],
    ids=["status", "payload", "session"],
)  # fmt: skip
def test_a_decision_whose_subject_changed_is_asked_again(
    before: dict[str, Any],
    after: dict[str, Any],
    decision: ReviewDecision,
    arguments: dict[str, Any],
) -> None:
    said(staged_row({**AMINA, **before}), decision, **arguments)
    again = staged_row({**AMINA, **after})
    assert plan_of(again)[0] == "review"
    assert standing(again) == ("", decision)


def test_the_decisions_about_one_version_apply_each_for_itself() -> None:
    first = staged_row({**AMINA, "status": "mystère", "birth_date": "2094-03-12"})
    said(first, D.TREAT_AS, treat_as=Classification.LEAD_ONLY)
    said(first, D.ACCEPT_DATA)
    again = staged_row({**AMINA, "status": "mystère", "birth_date": "2095-03-12"})
    assert standing(again) == (D.TREAT_AS, D.ACCEPT_DATA)


def test_what_was_said_of_an_earlier_version_is_settled_by_a_decision_about_a_newer_one() -> None:
    said(staged_row(AMINA), D.SKIP)
    said(staged_row(KARIM), D.LATER)
    assert standing(staged_row(KARIM)) == (D.LATER, "")


def test_a_reset_said_of_an_earlier_version_leaves_nothing_to_repeat() -> None:
    first = staged_row(AMINA)
    said(first, D.SKIP)
    said(first, D.RESET)
    assert standing(staged_row(KARIM)) == ("", "")


def test_skip_and_link_of_an_earlier_version_replace_each_other() -> None:
    first = staged_row(AMINA)
    said(first, D.LINK, person=("lead", CrmLeadFactory().pk))
    said(first, D.SKIP)
    typed_over = staged_row(KARIM)
    rows = LegacyStudentImport.objects.filter(pk=typed_over.pk)
    of_row = decisions_on(rows, "legacy")[typed_over.pk]
    assert [made.decision for made in of_row.earlier] == [D.SKIP]


def test_of_a_person_who_was_erased_nothing_is_in_force_or_said_again() -> None:
    said(staged_row({**AMINA, "status": "mystère"}), D.TREAT_AS, treat_as=Classification.LEAD_ONLY)
    erase_subject(
        subject=Subject("legacy", "stagiaires", "7"), actor="cli:test", reason="demande", now=NOW,
        progress=Silent(),
    )  # fmt: skip
    erased = staged_row({**AMINA, "status": "autre"})
    assert plan_of(erased) == ("skip", "erased_on_request")
    assert standing(erased) == ("", "")


# --- Not the same person -----------------------------------------------------------------------------


def test_not_same_is_in_force_while_the_row_is_that_person() -> None:
    lead = CrmLeadFactory(full_name="Amina Benali", phone=SHARED)
    said(staged_row(AMINA), D.NOT_SAME, person=("lead", lead.pk))
    again = staged_row({**AMINA, "email": "", "birth_date": "1994-03-21"})
    assert people_ruled_out(again.legacy_import_run) == {again.pk: {("lead", lead.pk)}}
    assert again.duplicate_confidence == "none"


def test_not_same_never_passes_to_whoever_has_the_number_of_the_row_now() -> None:
    """Karim got the number of Amina, of whom it was said that she is not the lead with his phone."""
    lead = CrmLeadFactory(full_name="Karim Saidi", phone="0776845160", birth_date=None)
    said(staged_row(AMINA), D.NOT_SAME, person=("lead", lead.pk))
    karim = staged_row(KARIM)
    assert people_ruled_out(karim.legacy_import_run) == {}
    assert plan_of(karim)[0] == "link_existing"
    run_commit(karim.legacy_import_run)
    assert list(CrmLead.objects.values_list("pk", flat=True)) == [lead.pk]


def test_a_later_link_to_the_person_takes_not_same_back_in_every_run() -> None:
    lead = CrmLeadFactory(full_name="Amina Benali", phone=SHARED)
    first = staged_row(AMINA)
    said(first, D.NOT_SAME, person=("lead", lead.pk))
    said(staged_row(AMINA), D.LINK, person=("lead", lead.pk))
    assert people_ruled_out(staged_row(AMINA).legacy_import_run) == {}


# --- Where it is stored ------------------------------------------------------------------------------


def test_the_facets_of_a_new_run_show_the_decisions_right_after_its_import(
    make_legacy: MakeLegacy,
) -> None:
    rows = [learner(number, telephone=f"0661{number:06d}") for number in range(1, 5)]
    database = make_legacy(tables(rows))
    first = staged(import_from(database).run)
    said(first["stagiaires", "1"], D.SKIP)
    said(first["stagiaires", "2"], D.LATER)
    said(first["stagiaires", "3"], D.TREAT_AS, treat_as=Classification.LEAD_ONLY)
    rows[2]["statut"] = "autre chose"
    report = import_from(make_legacy(tables(rows)), new=True, allow_another=True)
    again = staged(report.run)
    assert {legacy_id: standing(row) for (_, legacy_id), row in again.items()} == {
        "1": ("skip", ""), "2": ("later", ""), "3": ("", "treat_as"), "4": ("", ""),
    }  # fmt: skip
    assert_facets_hold(LegacyImportRun.objects.get(pk=report.run))


def test_a_committed_row_keeps_what_it_was_committed_under() -> None:
    row = staged_row(AMINA)
    earlier_commit(row, Outcome.CREATE_CRM_LEAD)
    said(staged_row({**AMINA, "phone": ""}), D.SKIP)
    run_stages(row.legacy_import_run)
    assert standing(row) == ("", "")


def test_an_unchanged_decision_leaves_the_version_of_the_row() -> None:
    said(staged_row(AMINA), D.SKIP)
    again = staged_row(AMINA)
    version = again.version
    run_plan(again.legacy_import_run)
    again.refresh_from_db()
    assert again.version == version


# --- Cost --------------------------------------------------------------------------------------------


def test_the_decisions_of_many_rows_take_two_queries() -> None:
    run: LegacyImportRun = RunFactory()
    for _ in range(30):
        said(StagedLearnerFactory(run=run), D.SKIP)
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    with CaptureQueriesContext(connection) as queries:
        assert len(decisions_on(rows, "legacy")) == 30
    assert len(queries) == 2


def test_more_decided_rows_than_one_statement_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    run: LegacyImportRun = RunFactory()
    for _ in range(7):
        said(StagedLearnerFactory(run=run), D.SKIP)
    monkeypatch.setattr(source_decisions, "MOST_IDS", 3)
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    assert [of_row.standing for of_row in decisions_on(rows, "legacy").values()] == [D.SKIP] * 7


def test_a_source_without_decisions_costs_one_query() -> None:
    run = StagedLearnerFactory().legacy_import_run
    with CaptureQueriesContext(connection) as queries:
        assert people_ruled_out(run) == {}
    assert len(queries) == 1
