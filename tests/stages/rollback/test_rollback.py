"""A rollback takes back what the run made, and nothing that anybody touched since."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import ReviewDecision, RunStatus, Stage
from legacy_import.errors import Interrupted, OutOfOrder
from legacy_import.models import (
    ChunkReceipt,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.runs.progress import Silent
from tests.factories import (
    CompletedTrainingFactory,
    CourseInterestFactory,
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import (
    BUSINESS,
    content_hash,
    outcome_of,
    run_commit,
    run_plan,
    run_rollback,
    run_stages,
)
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment

pytestmark = pytest.mark.django_db

PHONE = "0559446168"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}
PADDED = {**KARIM, "phone": f" {PHONE}\t", "email": " karim@example.dz "}
TRAINED: dict[str, Any] = {"formation_id": "7", "session_id": "42"}


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    return RunFactory()


@pytest.fixture
def committed(run: LegacyImportRun) -> LegacyImportRun:
    """One row of every effect, on a platform that has people of its own."""
    known = {"full_name": "Amel Ziani", "phone": "0776845160"}
    CrmLeadFactory(full_name=known["full_name"], phone=known["phone"])
    LearnerProfileFactory(
        user__first_name="Sofiane", user__last_name="Belkacem", phone="0661555444"
    )
    StagedLearnerFactory(run=run, legacy_id="1", formation_id="7", **PADDED)
    StagedLearnerFactory(run=run, legacy_id="2", formation_id="7", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="3", **known)
    StagedLearnerFactory(run=run, legacy_id="4", status="Formée", **TRAINED)
    StagedLearnerFactory(run=run, legacy_id="5", status="Confirmer", **TRAINED)
    StagedLearnerFactory(
        run=run, legacy_id="6", status="Archivé", full_name="Sofiane Belkacem", phone="0661555444",
        **TRAINED,
    )  # fmt: skip
    skipped = StagedLearnerFactory(run=run, legacy_id="7")
    ReviewDecisionFactory(student_import=skipped, decision=ReviewDecision.SKIP)
    StagedLearnerFactory(run=run, legacy_id="8", status="on verra")
    run_stages(run)
    run_commit(run)
    return run


def row(number: int) -> LegacyStudentImport:
    return LegacyStudentImport.objects.get(legacy_id=str(number))


def reversals(number: int) -> dict[str, str]:
    """Action → what became of it, of one row's entries."""
    entries = LegacyImportCommitLog.objects.filter(student_import=row(number))
    return dict(entries.values_list("action", "reversal_outcome"))


def test_every_effect_is_taken_back_and_reported(committed: LegacyImportRun) -> None:
    report = run_rollback(committed)
    assert report.records == {
        ("crm.CrmLead", "deleted"): 1,
        ("crm.CourseInterest", "deleted"): 2,
        ("crm.CrmLead", "unlinked"): 2,
        ("trainings.LegacyCompletedTraining", "deleted"): 2,
        ("trainings.LegacyImportedEnrollment", "deleted"): 1,
        ("auth.User", "unlinked"): 1,
        ("", "released"): 1,
    }
    assert (report.rows, report.kept_rows, report.status) == (7, 0, RunStatus.ROLLED_BACK)
    assert [row(n).outcome for n in range(1, 9)] == ["rolled_back"] * 7 + ["review"]
    assert not LegacyCompletedTraining.objects.exists()
    assert not LegacyImportedEnrollment.objects.exists()
    assert list(CrmLead.objects.values_list("full_name", flat=True)) == ["Amel Ziani"]
    ids = LegacyStudentImport.objects.values_list(
        "imported_user_id", "imported_lead_id", "training__imported_completed_training_id",
        "training__imported_enrollment_id",
    )  # fmt: skip
    assert set(ids) == {(None, None, None, None)}
    in_force = LegacyImportCommitLog.objects.filter(reversed_at=None)
    assert list(in_force.values_list("action", flat=True)) == ["review"]
    undone = LegacyImportCommitLog.objects.exclude(reversed_at=None)
    assert set(undone.values_list("reversed_by", flat=True)) == {"cli:test"}


def test_commit_and_rollback_leave_the_platform_as_it_was(run: LegacyImportRun) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    for number, status in enumerate(("nouveau", "Formée", "Confirmer", "Archivé", "Reporter")):
        StagedLearnerFactory(run=run, status=status, **TRAINED)
        StagedLearnerFactory(
            run=run, status=status, **{**KARIM, "phone": PHONE if number % 2 else ""}, **TRAINED
        )
    run_stages(run)
    before = content_hash(BUSINESS)
    assert run_commit(run).rows == 10
    assert content_hash(BUSINESS) != before
    run_rollback(run)
    assert content_hash(BUSINESS) == before


def test_a_preview_says_what_would_happen_and_changes_nothing(committed: LegacyImportRun) -> None:
    CrmLead.objects.filter(origin="legacy:stagiaires:1:lead").update(phone="0661000000")
    tables = (*BUSINESS, LegacyImportCommitLog, LegacyStudentImport, LegacyImportRun, ChunkReceipt)
    before = content_hash(tables)
    preview = run_rollback(committed, preview=True)
    assert content_hash(tables) == before
    real = run_rollback(committed)
    assert (preview.records, preview.kept_records) == (real.records, real.kept_records)
    assert (preview.rows, preview.kept_rows) == (real.rows, real.kept_rows) == (6, 1)


# --- What stays ---------------------------------------------------------------------------------


def edit_lead() -> None:
    lead = CrmLead.objects.get(origin="legacy:stagiaires:1:lead")
    lead.phone = "0559446169"
    lead.save()


def edit_interest() -> None:
    CourseInterest.objects.filter(origin="legacy:stagiaires:1:interest").update(
        legacy_course_name="Autre"
    )


def delete_interest() -> None:
    CourseInterest.objects.filter(origin="legacy:stagiaires:1:interest").delete()


def add_interest() -> None:
    CourseInterestFactory(lead=CrmLead.objects.get(origin="legacy:stagiaires:1:lead"))


def give_history() -> None:
    CompletedTrainingFactory(
        lead=CrmLead.objects.get(origin="legacy:stagiaires:1:lead"), origin="ailleurs:x:1:training"
    )


def edit_history() -> None:
    training = LegacyCompletedTraining.objects.get(origin="legacy:stagiaires:6:training")
    training.session_code = "BUR-2020"
    training.save()


def edit_followers_interest() -> None:
    CourseInterest.objects.filter(origin="legacy:stagiaires:2:interest").update(
        legacy_course_name="Autre"
    )


@pytest.mark.parametrize(
    ("touch", "kept", "why"),
    [
        (edit_lead, {1}, "kept_edited"),
        (edit_interest, {1}, "kept_edited"),
        (add_interest, {1}, "kept_referenced"),
        (give_history, {1}, "kept_referenced"),
    ],
)
def test_a_lead_that_anybody_touched_or_refers_to_stays_with_all_its_row_made(
    touch: Callable[[], None], kept: set[int], why: str, committed: LegacyImportRun
) -> None:
    touch()
    report = run_rollback(committed)
    assert {n for n in range(1, 8) if row(n).outcome != "rolled_back"} == kept
    assert set(reversals(1).values()) == {why}
    assert row(1).imported_lead_id == CrmLead.objects.get(origin="legacy:stagiaires:1:lead").pk
    assert {(one.row, one.why) for one in report.kept_records} == {("stagiaires:1", why)}
    in_force = LegacyImportCommitLog.objects.filter(student_import=row(1), reversed_at=None)
    assert in_force.count() == 2


def test_a_lead_whose_interest_someone_deleted_stays_and_the_interest_is_gone(
    committed: LegacyImportRun,
) -> None:
    delete_interest()
    words = {"create_crm_lead": "kept_edited", "create_course_interest": "gone"}
    for _ in range(2):  # a lead that was kept once is not deleted by the next attempt
        report = run_rollback(committed)
        assert reversals(1) == words
        assert [(one.row, one.why) for one in report.kept_records] == [
            ("stagiaires:1", "kept_edited")
        ]
    assert CrmLead.objects.filter(origin="legacy:stagiaires:1:lead").exists()
    assert report.records["crm.CourseInterest", "gone"] == 1


def test_records_that_are_saved_without_a_change_are_deleted(committed: LegacyImportRun) -> None:
    """As the forms of the admin save them, which drop the blanks around a text."""
    for model in (CrmLead, CourseInterest, LegacyCompletedTraining, LegacyImportedEnrollment):
        for record in model.objects.exclude(origin=None):
            for field in model._meta.concrete_fields:
                value = getattr(record, field.attname)
                if isinstance(value, str):
                    setattr(record, field.attname, value.strip())
            record.save()
    report = run_rollback(committed)
    assert (report.rows, report.kept_rows) == (7, 0)
    assert {word for _, word in report.records} == {"deleted", "unlinked", "released"}


def test_a_kept_interest_of_a_follower_keeps_the_lead_it_hangs_on(
    committed: LegacyImportRun,
) -> None:
    edit_followers_interest()
    run_rollback(committed)
    assert set(reversals(2).values()) == {"kept_edited"}
    assert set(reversals(1).values()) == {"kept_referenced"}
    assert (outcome_of(row(1)), outcome_of(row(2))) == ("create_crm_lead", "link_existing")


def test_an_edited_history_stays_attached(committed: LegacyImportRun) -> None:
    edit_history()
    run_rollback(committed)
    assert reversals(6) == {
        "create_completed_training": "kept_edited", "attach_person": "kept_edited"
    }  # fmt: skip
    assert row(6).imported_user_id is not None


def test_a_lead_that_another_source_was_linked_to_stays(committed: LegacyImportRun) -> None:
    other = RunFactory(connection_name="ailleurs")
    StagedLearnerFactory(run=other, **KARIM)
    run_stages(other)
    assert run_commit(other).outcomes == {"link_existing": 1}
    run_rollback(committed)
    assert set(reversals(1).values()) == {"kept_referenced"}


def test_what_somebody_deleted_already_is_gone_and_no_hindrance(committed: LegacyImportRun) -> None:
    CrmLead.objects.get(origin="legacy:stagiaires:1:lead").delete()  # its interests go with it
    LegacyCompletedTraining.objects.get(origin="legacy:stagiaires:4:training").delete()
    run_rollback(committed)
    assert set(reversals(1).values()) == {"gone"}
    assert set(reversals(2).values()) == {"gone"}
    assert reversals(4) == {"create_completed_training": "gone"}
    assert [row(n).outcome for n in (1, 2, 4)] == ["rolled_back"] * 3


def test_what_was_kept_is_taken_back_once_it_is_free(committed: LegacyImportRun) -> None:
    add_interest()
    run_rollback(committed)
    CourseInterest.objects.filter(origin=None).delete()
    report = run_rollback(committed)
    assert (report.rows, report.kept_rows) == (1, 0)
    assert not CrmLead.objects.filter(origin__startswith="legacy:").exists()
    assert set(reversals(1).values()) == {"deleted"}


# --- Order, resuming, again ---------------------------------------------------------------------


def test_a_rollback_that_never_had_a_commit_is_out_of_order(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run)
    run_stages(run)
    with pytest.raises(OutOfOrder, match="nothing to roll back"):
        run_rollback(run)


def test_a_second_rollback_finds_nothing_left(committed: LegacyImportRun) -> None:
    run_rollback(committed)
    before = list(LegacyImportCommitLog.objects.values())
    assert run_rollback(committed).rows == 0
    assert list(LegacyImportCommitLog.objects.values()) == before


@pytest.mark.parametrize("rests", ["same_row", "link"])
def test_an_older_run_waits_for_the_newer_one_that_rests_on_it(
    rests: str, committed: LegacyImportRun
) -> None:
    newer = RunFactory(previous_run=committed)
    same_row = {**PADDED, "legacy_id": "1", "formation_id": "7"}
    fields = same_row if rests == "same_row" else {**KARIM, "legacy_id": "99"}
    newer_row = StagedLearnerFactory(run=newer, **fields)
    run_stages(newer)
    run_commit(newer)
    assert outcome_of(newer_row) == ("skip" if rests == "same_row" else "link_existing")
    for preview in (True, False):
        with pytest.raises(OutOfOrder, match=f"Run {newer.pk} is newer") as refusal:
            run_rollback(committed, preview=preview)
        assert f"--run {newer.pk}" in refusal.value.hint
    run_rollback(newer)
    assert run_rollback(committed).kept_rows == 0


def test_a_newer_run_that_shares_nothing_is_no_hindrance(committed: LegacyImportRun) -> None:
    newer = RunFactory(previous_run=committed)
    StagedLearnerFactory(run=newer, legacy_id="99")
    run_stages(newer)
    run_commit(newer)
    assert run_rollback(committed).rows == 7


class StopAfterFirst(Silent):
    def advance(self, rows: int) -> None:
        if rows:
            raise Interrupted("Stopped as requested, at the end of a chunk.")


def test_an_interrupted_rollback_goes_on_and_nothing_else_may_come_between(
    committed: LegacyImportRun,
) -> None:
    for _ in range(3):
        with pytest.raises(Interrupted):
            run_rollback(committed, batch=1, progress=StopAfterFirst())
    committed.refresh_from_db()
    assert committed.status == RunStatus.ROLLING_BACK
    for stage in (run_commit, run_plan):
        with pytest.raises(OutOfOrder):
            stage(committed)
    assert run_rollback(committed, batch=1).rows == 4
    receipts = ChunkReceipt.objects.filter(stage=Stage.ROLLBACK)
    assert sorted(receipts.values_list("position", flat=True)) == list(range(7))


def test_after_a_rollback_the_run_is_planned_and_committed_again_with_the_same_result(
    committed: LegacyImportRun,
) -> None:
    business = (CrmLead, CourseInterest, LegacyCompletedTraining, LegacyImportedEnrollment)
    aside = ("id", "created_at", "updated_at", "lead_id")
    first = content_hash(business, without=aside)
    run_rollback(committed)
    with pytest.raises(OutOfOrder):
        run_commit(committed)  # its plan was made before
    run_plan(committed)
    run_commit(committed)
    assert content_hash(business, without=aside) == first
    assert [row(n).outcome for n in (1, 2, 3, 4, 5, 6, 7, 8)] == [
        "create_crm_lead", "link_existing", "link_existing", "create_completed_training",
        "create_enrollment", "create_completed_training", "skip", "review",
    ]  # fmt: skip


def test_a_run_judged_anew_after_its_commit_can_still_be_rolled_back(
    committed: LegacyImportRun,
) -> None:
    run_stages(committed)
    assert run_rollback(committed).rows == 7


def test_an_undone_entry_forgets_its_fingerprint_and_a_kept_one_does_not(
    committed: LegacyImportRun,
) -> None:
    edit_lead()
    edited = CrmLead.objects.get(origin="legacy:stagiaires:1:lead")
    run_rollback(committed)
    entries = LegacyImportCommitLog.objects.filter(created_target=True)
    assert not entries.exclude(reversed_at=None).exclude(target_fingerprint="").exists()
    kept = entries.get(target_model="crm.CrmLead", target_id=edited.pk)
    assert (kept.reversed_at, len(kept.target_fingerprint)) == (None, 64)
