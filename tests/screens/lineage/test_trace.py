"""Lineage: a record is followed back to its staged row and the row forward to its records."""

import datetime
from collections.abc import Sequence
from typing import Any

import pytest

from legacy_import.choices import Classification, LogAction, ReviewDecision
from legacy_import.models import ChunkReceipt, LegacyImportCommitLog, LegacyStudentImport
from legacy_import.screens.lineage.trace import HistoryEntry, Lineage, lineage_of_origin
from tests.factories import (
    CONNECTION,
    NOW,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import run_stages

pytestmark = pytest.mark.django_db

LEAD, INTEREST = "crm.CrmLead", "crm.CourseInterest"
LATER = NOW + datetime.timedelta(days=1)
PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"
ORIGIN = f"{CONNECTION}:stagiaires:7:lead"


def logged(
    row: LegacyStudentImport, action: str = "create_crm_lead", **values: Any
) -> LegacyImportCommitLog:
    """An entry as a commit writes it: a lead created, unless told otherwise."""
    told = {"target_model": LEAD, "target_id": 1, "created_target": True, **values}
    return LegacyImportCommitLog.objects.create(
        legacy_import_run_id=row.legacy_import_run_id,
        student_import=row,
        training_import=row.training,
        action=action,
        reason=told.pop("reason", "new_lead"),
        actor="cli:test",
        created_at=NOW,
        **told,
    )


def left_out(row: LegacyStudentImport, action: str, reason: str = "medium_match") -> Any:
    return logged(row, action, target_model="", target_id=None, created_target=False, reason=reason)


def undone(entry: LegacyImportCommitLog, how: str = "deleted") -> LegacyImportCommitLog:
    entry.reversed_at, entry.reversal_outcome = LATER, how
    entry.save()
    return entry


def numbers(entries: Sequence[HistoryEntry]) -> list[int]:
    return [entry.log.pk for entry in entries]


def records(lineage: Lineage) -> list[int]:
    return numbers([entry for entry in lineage.entries if lineage.is_record(entry)])


@pytest.fixture
def row():
    """A staged learner of the old platform, validated, classified and planned."""
    staged = StagedLearnerFactory(legacy_id="7", phone=PHONE, email=EMAIL, full_name="Karim Haddad")
    run_stages(staged.legacy_import_run)
    staged.refresh_from_db()
    return staged


# --- What is said of a record ------------------------------------------------------------------------


def test_a_record_is_followed_back_to_row_plan_and_log(row):
    entry = logged(row, target_id=41, batch=3)
    lineage = lineage_of_origin(ORIGIN)
    assert lineage.row == row
    assert numbers(lineage.entries) == [entry.pk]
    assert (lineage.entries[0].log.batch, lineage.entries[0].log.actor) == (3, "cli:test")
    assert lineage.entries[0].log.action == LogAction.CREATE_CRM_LEAD


def test_the_batch_says_when_it_was_finished(row):
    for stage, position, moment in (("commit", 2, LATER), ("plan", 2, NOW), ("commit", 1, NOW)):
        ChunkReceipt.objects.update_or_create(
            legacy_import_run_id=row.legacy_import_run_id,
            stage=stage,
            position=position,
            defaults={
                "first_id": "1", "last_id": "1", "rows": 1, "finished_at": moment
            },
        )  # fmt: skip
    logged(row, batch=2)
    assert lineage_of_origin(ORIGIN).entries[0].batch_finished_at == LATER


def test_a_batch_that_was_never_finished_has_no_moment(row):
    logged(row, batch=9)
    assert lineage_of_origin(ORIGIN).entries[0].batch_finished_at is None


def test_every_decision_about_the_row_is_part_of_it(row):
    said = [
        ReviewDecisionFactory(student_import=row, decision=decision, **more)
        for decision, more in (
            (ReviewDecision.TREAT_AS, {"treat_as": Classification.REGISTERED}),
            (ReviewDecision.NOT_SAME, {"person": ("lead", 12)}),
        )
    ]
    ReviewDecisionFactory(decision=ReviewDecision.SKIP)  # about another row
    logged(row)
    assert lineage_of_origin(ORIGIN).decisions == said


# --- Which row made it -------------------------------------------------------------------------------


def test_a_record_that_was_only_linked_has_no_lineage(row):
    logged(row, "link_existing", created_target=False)
    assert lineage_of_origin(ORIGIN) is None


@pytest.mark.parametrize(
    "origin",
    [
        f"{CONNECTION}:stagiaires:8:lead",
        f"{CONNECTION}:archives:7:lead",
        "another:stagiaires:7:lead",
        f"{CONNECTION}:stagiaires:7:training",
    ],
    ids=["another-row", "another-table", "another-source", "another-effect"],
)
def test_an_origin_that_no_record_has_is_unknown(row, origin):
    logged(row)
    assert lineage_of_origin(ORIGIN).row == row
    assert lineage_of_origin(origin) is None


@pytest.mark.parametrize(
    "origin",
    [
        "", "lead", ORIGIN.upper(), f"{ORIGIN} ", f"{ORIGIN}\n", f" {ORIGIN}", f"{ORIGIN}\x00",
        f"{CONNECTION}:users:7:lead", f"{CONNECTION}:stagiaires:7:payment",
        f"{CONNECTION}:stagiaires:٧:lead", f"{CONNECTION}:stagiaires:-7:lead", "é:stagiaires:7:lead",
        f"{'x' * 65}:stagiaires:7:lead", f"{CONNECTION}:stagiaires:{'7' * 21}:lead",
        f"{CONNECTION}:stagiaires:' OR 1=1:lead", "9" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_origin_is_unknown_and_never_asked_of_the_database(
    row, origin, django_assert_num_queries
):
    logged(row)
    with django_assert_num_queries(0):
        assert lineage_of_origin(origin) is None


@pytest.mark.parametrize(
    ("effect", "action", "model"),
    [
        ("lead", "create_crm_lead", LEAD),
        ("interest", "create_course_interest", INTEREST),
        ("training", "create_completed_training", "trainings.LegacyCompletedTraining"),
        ("enrollment", "create_enrollment", "trainings.LegacyImportedEnrollment"),
    ],
)
def test_each_kind_of_record_is_found_by_its_origin(row, effect, action, model):
    for number, other in enumerate({LEAD, INTEREST} - {model}, start=50):
        logged(row, target_model=other, target_id=number)
    assert lineage_of_origin(f"{CONNECTION}:stagiaires:7:{effect}") is None
    entry = logged(row, action, target_model=model, target_id=5)
    lineage = lineage_of_origin(f"{CONNECTION}:stagiaires:7:{effect}")
    assert entry.pk in records(lineage)


@pytest.mark.parametrize("again_first", [True, False], ids=["found-first", "found-last"])
def test_of_a_record_created_again_all_entries_are_listed_and_one_is_in_force(row, again_first):
    old, new = logged(row, target_id=5), logged(row, target_id=6)
    gone, current = (new, old) if again_first else (old, new)
    undone(gone)
    lineage = lineage_of_origin(ORIGIN)
    assert numbers(lineage.entries) == [old.pk, new.pk]
    assert records(lineage) == [current.pk]


def test_a_record_that_was_undone_keeps_its_lineage(row):
    entry = undone(logged(row, target_id=5))
    lineage = lineage_of_origin(ORIGIN)
    assert numbers(lineage.entries) == [entry.pk]
    assert lineage.entries[0].log.reversal_outcome == "deleted"
    assert records(lineage) == []


def test_a_later_run_that_skipped_the_row_did_not_make_its_record(row):
    made = logged(row, target_id=5)
    later = StagedLearnerFactory(run=RunFactory(), legacy_id="7")
    skipped = left_out(later, "skip", "already_imported")
    lineage = lineage_of_origin(ORIGIN)
    assert lineage.row == row
    assert numbers(lineage.entries) == [made.pk, skipped.pk]


def test_a_record_that_a_later_run_made_again_leads_to_the_later_run(row):
    undone(logged(row, target_id=5))
    later = StagedLearnerFactory(run=RunFactory(), legacy_id="7")
    logged(later, target_id=6)
    assert lineage_of_origin(ORIGIN).row == later


def test_the_same_number_in_another_source_is_another_row(row):
    other = StagedLearnerFactory(run=RunFactory(connection_name="other"), legacy_id="7")
    logged(other, target_id=6)
    entry = logged(row, target_id=5)
    assert numbers(lineage_of_origin(ORIGIN).entries) == [entry.pk]
    assert lineage_of_origin("other:stagiaires:7:lead").row == other


# --- And back ----------------------------------------------------------------------------------------


def test_a_row_leads_to_the_records_that_it_made_and_that_still_stand(row):
    lead = CrmLeadFactory(origin=ORIGIN)
    made = logged(row, target_id=lead.pk)
    interest = logged(row, "create_course_interest", target_model=INTEREST, target_id=3)
    logged(row, "attach_person", target_id=9, created_target=False)
    undone(logged(row, "create_course_interest", target_model=INTEREST, target_id=2))
    kept = logged(row, "create_enrollment", target_model="trainings.LegacyImportedEnrollment")
    kept.reversal_outcome = "kept_edited"
    kept.save()
    assert records(lineage_of_origin(ORIGIN)) == [made.pk, interest.pk, kept.pk]


@pytest.mark.parametrize("action", ["review", "drifted", "failed"])
def test_an_entry_that_left_the_row_out_is_superseded_when_the_row_is_dealt_with_again(row, action):
    before = left_out(row, action)
    undone(logged(row, target_id=5))
    after = left_out(row, action)
    entries = lineage_of_origin(ORIGIN).entries
    assert [(e.log.pk, e.superseded, e.in_force) for e in entries] == [
        (before.pk, True, False),
        (before.pk + 1, False, False),
        (after.pk, False, True),
    ]


def test_a_part_of_an_effect_supersedes_nothing(row):
    logged(row)
    left_out(row, "review")
    logged(row, "attach_person", target_id=9, created_target=False)
    assert [entry.in_force for entry in lineage_of_origin(ORIGIN).entries] == [True, True, True]


# --- Cost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 12])
def test_the_number_of_queries_does_not_grow(row, many, django_assert_num_queries):
    for number in range(many):
        staged = StagedLearnerFactory(run=RunFactory(), legacy_id="7")
        undone(logged(staged, target_id=100 + number, batch=number))
        ReviewDecisionFactory(student_import=row)
    logged(row, target_id=5)
    with django_assert_num_queries(4):
        lineage = lineage_of_origin(ORIGIN)
        actors = {event.actor.username for event in lineage.decisions}
    assert len(lineage.entries) == many + 1
    assert len(actors) == many


def test_payloads_and_evidence_are_never_read(row, django_assert_num_queries):
    logged(row)
    with django_assert_num_queries(4) as queries:
        lineage_of_origin(ORIGIN)
    assert not [q for q in queries.captured_queries if "raw_payload" in q["sql"]]
