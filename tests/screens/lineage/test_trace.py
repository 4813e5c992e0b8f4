"""Lineage: a record is followed back to its staged row and the row forward to its records."""

import datetime
from typing import Any

import pytest

from ecoin.identity.masking import mask_email, mask_phone
from legacy_import.choices import Classification, LogAction, Outcome, ReviewDecision
from legacy_import.models import ChunkReceipt, LegacyImportCommitLog, LegacyStudentImport
from legacy_import.rules.reasons import REASONS
from legacy_import.screens.lineage.log_history import HistoryEntry
from legacy_import.screens.lineage.trace import lineage_of_origin, lineage_of_record, lineage_of_row
from tests.factories import (
    CONNECTION,
    NOW,
    CrmLeadFactory,
    ReviewDecisionFactory,
    RunFactory,
    StagedLearnerFactory,
    UserFactory,
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


def taken_back(entry: LegacyImportCommitLog, how: str = "deleted") -> LegacyImportCommitLog:
    entry.reversed_at, entry.reversal_outcome = LATER, how
    entry.save()
    return entry


def numbers(entries: tuple[HistoryEntry, ...]) -> list[int]:
    return [entry.number for entry in entries]


@pytest.fixture
def row():
    """A staged learner of the old platform, validated, classified and planned."""
    staged = StagedLearnerFactory(legacy_id="7", phone=PHONE, email=EMAIL, full_name="Karim Haddad")
    run_stages(staged.legacy_import_run)
    staged.refresh_from_db()
    return staged


# --- What is said of a record ------------------------------------------------------------------------


def test_a_record_is_followed_back_to_row_rules_plan_and_log(row):
    entry = logged(row, target_id=41, batch=3)
    found = lineage_of_record(LEAD, 41)
    assert (found.run, found.connection) == (row.legacy_import_run_id, CONNECTION)
    assert (found.staged_row, found.source_table, found.legacy_id) == (row.pk, "stagiaires", "7")
    assert found.payload_hash == row.payload_hash
    assert (found.classification, found.classification_rule) == ("lead_only", "status:nouveau")
    assert (found.session_type, found.session_rule) == ("none", "session:none_named")
    assert found.course_rule == row.training.course_rule != ""
    assert found.action_reason == row.training.action_reason
    assert (found.planned_action, found.planned_reason) == ("create_crm_lead", "new_lead")
    assert found.planned_words == REASONS["new_lead"]
    assert found.planned_basis == row.planned_basis != ""
    assert numbers(found.entries) == [entry.pk]
    assert (found.creating_entry.batch, found.creating_entry.actor) == (3, "cli:test")
    assert (found.creating_entry.action, found.creating_entry.reason_words) == (
        LogAction.CREATE_CRM_LEAD,
        REASONS["new_lead"],
    )


def test_the_learner_is_named_and_contacts_are_masked(row):
    logged(row)
    found = lineage_of_record(LEAD, 1)
    assert found.full_name == "Karim Haddad"
    assert (found.phone_masked, found.email_masked) == (mask_phone(PHONE), mask_email(EMAIL))
    told = repr(found)
    assert not [secret for secret in (PHONE, "559446168", EMAIL) if secret in told]


def test_a_name_cannot_turn_the_text_around_it():
    row = StagedLearnerFactory(full_name="Haddad\u202egnp.exe \u2067Samira\u2069")
    assert lineage_of_row(row.pk).full_name == "Haddadgnp.exe Samira"


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
    assert lineage_of_record(LEAD, 1).creating_entry.batch_finished_at == LATER


def test_a_batch_that_was_never_finished_has_no_moment(row):
    logged(row, batch=9)
    assert lineage_of_record(LEAD, 1).creating_entry.batch_finished_at is None


def test_every_decision_is_told_with_who_and_when(row):
    reviewer = UserFactory(username="lamia")
    said = [
        ReviewDecisionFactory(
            student_import=row, actor=reviewer, decision=decision, created_at=NOW, **more
        )
        for decision, more in (
            (ReviewDecision.TREAT_AS, {"treat_as": Classification.REGISTERED}),
            (ReviewDecision.NOT_SAME, {"person": ("lead", 12)}),
        )
    ]
    ReviewDecisionFactory(decision=ReviewDecision.SKIP)  # about another row
    found = lineage_of_row(row.pk).decisions
    assert [(one.decision, one.actor, one.created_at) for one in found] == [
        (decision.decision, "lamia", NOW) for decision in said
    ]
    assert [(one.treat_as, one.target_kind, one.target_id) for one in found] == [
        ("registered", None, None),
        (None, "lead", 12),
    ]


# --- Which row made it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "pk"),
    [(LEAD, 99), (INTEREST, 1), ("auth.User", 1), ("nothing", 1)],
    ids=["another-number", "another-model", "only-linked", "no-model"],
)
def test_nothing_is_told_of_a_record_that_no_import_made(row, model, pk):
    logged(row, target_id=1)
    logged(row, "attach_person", target_model="auth.User", target_id=1, created_target=False)
    assert lineage_of_record(model, pk) is None


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
    assert lineage_of_origin(ORIGIN).staged_row == row.pk
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
    for number, other in enumerate((LEAD, INTEREST), start=50):
        if other != model:
            logged(row, target_model=other, target_id=number)
    entry = logged(row, action, target_model=model, target_id=5)
    assert (
        lineage_of_origin(f"{CONNECTION}:stagiaires:7:{effect}").creating_entry.number == entry.pk
    )


def test_the_lead_that_a_follower_linked_to_leads_to_the_row_that_made_it(row):
    made = logged(row, target_id=5)
    follower = StagedLearnerFactory(run=row.legacy_import_run, legacy_id="8")
    logged(follower, "link_existing", target_id=5, created_target=False)
    assert lineage_of_record(LEAD, 5).creating_entry.number == made.pk


@pytest.mark.parametrize("again_first", [True, False], ids=["found-first", "found-last"])
def test_of_a_record_made_again_the_entry_in_force_counts_and_all_are_told(row, again_first):
    old, new = logged(row, target_id=5), logged(row, target_id=6)
    gone, stands = (new, old) if again_first else (old, new)
    taken_back(gone)
    found = lineage_of_origin(ORIGIN)
    assert found.creating_entry.number == stands.pk
    assert numbers(found.entries) == [old.pk, new.pk]
    assert numbers(found.records) == [stands.pk]
    assert found == lineage_of_record(LEAD, stands.target_id)


def test_a_record_taken_back_for_good_keeps_its_lineage(row):
    entry = taken_back(logged(row, target_id=5))
    found = lineage_of_record(LEAD, 5)
    assert (found.creating_entry.number, found.creating_entry.reversal_outcome) == (
        entry.pk,
        "deleted",
    )
    assert found.records == ()


def test_a_later_run_that_skipped_the_row_did_not_make_its_record(row):
    made = logged(row, target_id=5)
    later = StagedLearnerFactory(run=RunFactory(), legacy_id="7")
    skipped = left_out(later, "skip", "already_imported")
    found = lineage_of_origin(ORIGIN)
    assert (found.run, found.staged_row) == (row.legacy_import_run_id, row.pk)
    assert numbers(found.entries) == [made.pk, skipped.pk]
    runs = [row.legacy_import_run_id, later.legacy_import_run_id]
    assert [entry.run for entry in found.entries] == runs


def test_a_record_that_a_later_run_made_again_leads_to_the_later_run(row):
    taken_back(logged(row, target_id=5))
    later = StagedLearnerFactory(run=RunFactory(), legacy_id="7")
    logged(later, target_id=6)
    assert lineage_of_origin(ORIGIN).staged_row == later.pk


def test_the_same_number_in_another_source_is_another_row(row):
    other = StagedLearnerFactory(run=RunFactory(connection_name="other"), legacy_id="7")
    logged(other, target_id=6)
    entry = logged(row, target_id=5)
    assert numbers(lineage_of_origin(ORIGIN).entries) == [entry.pk]
    assert lineage_of_origin("other:stagiaires:7:lead").staged_row == other.pk


# --- And back ----------------------------------------------------------------------------------------


def test_a_row_leads_to_the_records_that_it_made_and_that_still_stand(row):
    lead = CrmLeadFactory(origin=ORIGIN)
    made = logged(row, target_id=lead.pk)
    interest = logged(row, "create_course_interest", target_model=INTEREST, target_id=3)
    logged(row, "attach_person", target_id=9, created_target=False)
    taken_back(logged(row, "create_course_interest", target_model=INTEREST, target_id=2))
    kept = logged(row, "create_enrollment", target_model="trainings.LegacyImportedEnrollment")
    kept.reversal_outcome = "kept_edited"
    kept.save()
    run = row.legacy_import_run_id
    for asked in (row.pk, (run, "stagiaires", "7")):
        assert numbers(lineage_of_row(asked).records) == [made.pk, interest.pk, kept.pk]


def test_a_row_that_no_commit_dealt_with_has_no_log(row):
    found = lineage_of_row(row.pk)
    assert (found.outcome, found.entries, found.records, found.creating_entry) == (
        Outcome.PENDING, (), (), None,
    )  # fmt: skip


@pytest.mark.parametrize("asked", [0, (0, "stagiaires", "7"), (1, "stagiaires", "no")])
def test_a_row_that_does_not_exist_is_refused(row, asked):
    with pytest.raises(LegacyStudentImport.DoesNotExist):
        lineage_of_row(asked)


@pytest.mark.parametrize("action", ["review", "drifted", "failed"])
def test_an_entry_that_left_the_row_out_is_superseded_when_the_row_is_dealt_with_again(row, action):
    before = left_out(row, action)
    assert [entry.superseded for entry in lineage_of_row(row.pk).entries] == [False]
    taken_back(logged(row, target_id=5))
    after = left_out(row, action)
    found = lineage_of_row(row.pk)
    assert [(e.number, e.superseded, e.in_force) for e in found.entries] == [
        (before.pk, True, False),
        (before.pk + 1, False, False),
        (after.pk, False, True),
    ]


def test_a_part_of_an_effect_supersedes_nothing(row):
    left_out(row, "review")
    logged(row, "attach_person", target_id=9, created_target=False)
    assert [entry.in_force for entry in lineage_of_row(row.pk).entries] == [True, True]


# --- Cost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 12])
def test_the_number_of_queries_does_not_grow(row, many, django_assert_num_queries):
    for number in range(many):
        staged = StagedLearnerFactory(run=RunFactory(), legacy_id="7")
        taken_back(logged(staged, target_id=100 + number, batch=number))
        ReviewDecisionFactory(student_import=row)
    logged(row, target_id=5)
    for queries, ask in (
        (4, lambda: lineage_of_origin(ORIGIN)),
        (5, lambda: lineage_of_record(LEAD, 5)),
        (4, lambda: lineage_of_row(row.pk)),
    ):
        with django_assert_num_queries(queries):
            found = ask()
        assert (len(found.entries), len(found.decisions)) == (many + 1, many)


def test_payloads_and_evidence_are_never_read(row, django_assert_num_queries):
    logged(row)
    with django_assert_num_queries(5) as asked:
        lineage_of_record(LEAD, 1)
    assert not [q for q in asked.captured_queries if "raw_payload" in q["sql"]]
