"""A part of a run is rolled back: these rows and their followers, and nothing else."""

from collections.abc import Iterable
from typing import Any

import pytest

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import Outcome, RunStatus, Stage
from legacy_import.errors import Interrupted, LegacyImportError, OutOfOrder
from legacy_import.models import (
    ChunkReceipt,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
)
from legacy_import.runs.progress import Silent
from legacy_import.stages.reconciliation.reconcile import reconcile
from legacy_import.stages.rollback.part import RunPart, row_names, select_rows
from tests.factories import (
    CourseMappingFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    UserFactory,
)
from tests.legacy_database import as_legacy, sqlite_legacy, tables
from tests.stages.stages import (
    BUSINESS,
    content_hash,
    outcome_of,
    run_commit,
    run_plan,
    run_rollback,
    run_stages,
)
from trainings.models import LegacyCompletedTraining

pytestmark = pytest.mark.django_db

KARIM: dict[str, Any] = {
    "full_name": "Karim Haddad", "phone": "0559446168", "birth_date": "1999-02-03",
}  # fmt: skip
ALL = (*BUSINESS, LegacyStudentImport, LegacyImportCommitLog, LegacyImportRun, ChunkReceipt)


@pytest.fixture
def run() -> LegacyImportRun:
    """Not committed yet: one person on two rows (1, 2), a lead (3), two trained (4, 5), one in doubt."""
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    run: LegacyImportRun = RunFactory()
    StagedLearnerFactory(run=run, legacy_id="1", formation_id="7", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="2", formation_id="7", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="3")
    for number in ("4", "5"):
        StagedLearnerFactory(
            run=run, legacy_id=number, status="Formée", formation_id="7", session_id="42"
        )
    StagedLearnerFactory(run=run, legacy_id="6", status="on verra")
    run_stages(run)
    return run


@pytest.fixture
def committed(run: LegacyImportRun) -> LegacyImportRun:
    run_commit(run, batch=2)
    run.refresh_from_db()
    assert run.status == RunStatus.COMMITTED
    return run


def part(*numbers: int) -> RunPart:
    return RunPart(rows=tuple(f"stagiaires:{number}" for number in numbers))


def row(number: int) -> LegacyStudentImport:
    return LegacyStudentImport.objects.get(legacy_id=str(number))


def outcomes(numbers: Iterable[int] = range(1, 7)) -> list[str]:
    return [row(number).outcome for number in numbers]


def batch_of(number: int) -> int:
    return (
        LegacyImportCommitLog.objects.filter(student_import=row(number), reversed_at=None)
        .latest("pk")
        .batch
    )


def assert_balanced(run: LegacyImportRun, tmp_path: Any) -> None:
    """The log, the rows and the records agree; the source of these rows is not there to be read."""
    with as_legacy(sqlite_legacy(tmp_path / "legacy.sqlite3", tables())):
        report = reconcile(run_id=run.pk, progress=Silent())
    broken = [check.name for check in report.checks if not check.ok]
    assert [name for name in broken if not name.startswith(("staged_rows", "source_rows"))] == []


def test_a_row_goes_alone_and_the_others_stay(committed: LegacyImportRun, tmp_path) -> None:
    before = outcomes()
    report = run_rollback(committed, part=part(4))
    assert (report.rows, report.kept_rows, report.followers) == (1, 0, 0)
    assert outcomes() == [*before[:3], "rolled_back", *before[4:]]
    assert LegacyCompletedTraining.objects.get().origin == "legacy:stagiaires:5:training"
    assert CrmLead.objects.count() == 2
    assert report.status == RunStatus.COMMITTED
    assert_balanced(committed, tmp_path)


def test_followers_go_with_their_first_row(committed: LegacyImportRun, tmp_path) -> None:
    assert outcomes([1, 2]) == [Outcome.CREATE_CRM_LEAD, Outcome.LINK_EXISTING]
    report = run_rollback(committed, part=part(1))
    assert (report.rows, report.followers) == (2, 1)
    assert outcomes([1, 2]) == ["rolled_back", "rolled_back"]
    assert list(CrmLead.objects.values_list("origin", flat=True)) == ["legacy:stagiaires:3:lead"]
    assert not CourseInterest.objects.exists()
    assert outcomes([3, 4, 5]) == [
        "create_crm_lead", "create_completed_training", "create_completed_training",
    ]  # fmt: skip
    assert_balanced(committed, tmp_path)


def test_a_follower_goes_without_its_first_row(committed: LegacyImportRun, tmp_path) -> None:
    report = run_rollback(committed, part=part(2))
    assert (report.rows, report.followers) == (1, 0)
    assert outcomes([1, 2]) == ["create_crm_lead", "rolled_back"]
    assert CrmLead.objects.filter(origin="legacy:stagiaires:1:lead").exists()
    assert list(CourseInterest.objects.values_list("origin", flat=True)) == [
        "legacy:stagiaires:1:interest"
    ]
    assert_balanced(committed, tmp_path)


def test_a_row_that_is_linked_and_follows_no_one_stays_and_keeps_the_lead(committed) -> None:
    """Not of the group: somebody linked it to the lead that the run created."""
    lead = CrmLead.objects.get(origin="legacy:stagiaires:3:lead")
    other = LegacyImportCommitLog.objects.get(student_import=row(4))
    other.pk, other.action, other.created_target = None, "attach_person", False
    other.target_model, other.target_id = "crm.CrmLead", lead.pk
    other.save()
    report = run_rollback(committed, part=part(3))
    assert (report.rows, report.kept_rows) == (0, 1)
    assert {record.why for record in report.kept_records} == {"kept_referenced"}
    assert outcomes([3, 4]) == ["create_crm_lead", "create_completed_training"]


def test_a_batch_goes_whole(committed: LegacyImportRun, tmp_path) -> None:
    number = batch_of(4)
    in_batch = {n for n in range(1, 6) if batch_of(n) == number}
    selected = select_rows(committed, RunPart(batch_number=number))
    assert set(selected.of_part) == {row(n).pk for n in in_batch}
    report = run_rollback(committed, part=RunPart(batch_number=number))
    gone = {n for n in range(1, 6) if row(n).outcome == Outcome.ROLLED_BACK}
    assert in_batch <= gone
    assert report.rows == len(gone)
    assert len(gone) < 5
    assert_balanced(committed, tmp_path)


def test_a_preview_of_a_part_tells_the_same_and_changes_nothing(committed) -> None:
    before = content_hash(ALL)
    seen = run_rollback(committed, part=part(1, 4), preview=True)
    assert content_hash(ALL) == before
    done = run_rollback(committed, part=part(1, 4))
    assert (seen.records, seen.rows, seen.followers) == (done.records, done.rows, done.followers)
    assert seen.rows == 3


def test_what_was_edited_stays(committed: LegacyImportRun) -> None:
    lead = CrmLead.objects.get(origin="legacy:stagiaires:3:lead")
    lead.full_name = "Autre Nom"
    lead.save()
    report = run_rollback(committed, part=part(3, 4))
    assert (report.rows, report.kept_rows) == (1, 1)
    assert outcomes([3, 4]) == ["create_crm_lead", "rolled_back"]
    assert CrmLead.objects.get(pk=lead.pk).full_name == "Autre Nom"


def test_it_is_done_once(committed: LegacyImportRun) -> None:
    run_rollback(committed, part=part(1))
    after = content_hash(BUSINESS)
    again = run_rollback(committed, part=part(1))
    assert (again.rows, again.kept_rows, again.status) == (0, 0, RunStatus.COMMITTED)
    assert content_hash(BUSINESS) == after


def test_what_was_rolled_back_is_planned_and_committed_again(committed, tmp_path) -> None:
    platform = (CrmLead, CourseInterest, LegacyCompletedTraining)

    def content() -> list[set[Any]]:
        return [set(model._default_manager.values_list("origin", flat=True)) for model in platform]

    before = content()
    run_rollback(committed, part=part(1, 4))
    assert content() != before
    run_stages(committed)
    report = run_commit(committed)
    assert content() == before
    assert report.status == RunStatus.COMMITTED
    assert outcomes([1, 2, 4]) == [
        "create_crm_lead", "link_existing", "create_completed_training",
    ]  # fmt: skip
    assert_balanced(committed, tmp_path)


def test_a_follower_rolled_back_alone_follows_again(committed: LegacyImportRun) -> None:
    run_rollback(committed, part=part(2))
    run_stages(committed)
    run_commit(committed)
    assert outcomes([1, 2]) == ["create_crm_lead", "link_existing"]
    assert row(2).imported_lead_id == row(1).imported_lead_id
    assert CourseInterest.objects.count() == 2


def test_between_waves_the_run_keeps_its_plan_and_goes_on(run: LegacyImportRun, tmp_path) -> None:
    """Row 1 is rolled back while its follower is still pending: that one is left out, not orphaned."""
    run_commit(run, batch=1, limit=3)
    run.refresh_from_db()
    assert run.status == RunStatus.COMMITTING
    done = [n for n in range(1, 6) if row(n).outcome != Outcome.PENDING]
    fingerprint = run.plan_fingerprint
    report = run_rollback(run, part=part(*done))
    run.refresh_from_db()
    assert report.rows == len(done)
    assert (run.status, run.plan_fingerprint) == (RunStatus.COMMITTING, fingerprint)
    after = run_commit(run)
    assert after.status == RunStatus.COMMITTED
    assert outcomes(done) == ["rolled_back"] * len(done)
    assert row(2).outcome in (Outcome.DRIFTED, Outcome.ROLLED_BACK)
    assert_balanced(run, tmp_path)
    run_stages(run)
    run_commit(run)
    assert outcomes(range(1, 6)) == [
        "create_crm_lead", "link_existing", "create_crm_lead", "create_completed_training",
        "create_completed_training",
    ]  # fmt: skip
    assert_balanced(run, tmp_path)


def test_a_part_that_is_all_that_was_left_ends_the_run(committed: LegacyImportRun) -> None:
    report = run_rollback(committed, part=part(1, 2, 3, 4, 5))
    committed.refresh_from_db()
    assert report.status == committed.status == RunStatus.ROLLED_BACK
    assert committed.plan_fingerprint == ""


def test_the_rest_of_a_run_can_be_rolled_back_afterwards(committed: LegacyImportRun) -> None:
    run_rollback(committed, part=part(1))
    report = run_rollback(committed)
    assert report.rows == 3
    assert report.status == RunStatus.ROLLED_BACK
    assert not CrmLead.objects.exists()


def test_a_part_stopped_between_two_batches_is_continued(committed: LegacyImportRun) -> None:
    class StopsAfterOne(Silent):
        def advance(self, rows: int) -> None:
            raise Interrupted("Stopped.")

    with pytest.raises(Interrupted):
        run_rollback(committed, part=part(1), batch=1, progress=StopsAfterOne())
    committed.refresh_from_db()
    assert committed.status == RunStatus.COMMITTED
    assert outcomes([1, 2]) == ["create_crm_lead", "rolled_back"]  # the follower first
    run_rollback(committed, part=part(1), batch=1)
    assert outcomes([1, 2]) == ["rolled_back", "rolled_back"]
    assert ChunkReceipt.objects.filter(stage=Stage.ROLLBACK).count() == 2


def test_a_part_of_a_rollback_that_is_not_finished_is_refused(committed) -> None:
    LegacyImportRun.objects.filter(pk=committed.pk).update(status=RunStatus.ROLLING_BACK)
    with pytest.raises(OutOfOrder, match="as a whole"):
        run_rollback(committed, part=part(1))


def test_a_newer_run_keeps_only_the_rows_it_depends_on(committed: LegacyImportRun) -> None:
    newer = RunFactory()
    StagedLearnerFactory(run=newer, legacy_id="3", phone=row(3).phone_raw,
                         full_name=row(3).full_name)  # fmt: skip
    run_stages(newer)
    run_commit(newer)
    with pytest.raises(OutOfOrder, match="is newer and depends on"):
        run_rollback(committed, part=part(3))
    assert run_rollback(committed, part=part(4)).rows == 1


@pytest.mark.parametrize("wrong", [part(77), part(1, 77), RunPart(batch_number=99), RunPart()])
def test_a_part_that_the_run_does_not_have_is_a_usage_error(committed, wrong) -> None:
    before = content_hash(ALL)
    for preview in (True, False):
        with pytest.raises(LegacyImportError) as caught:
            run_rollback(committed, part=wrong, preview=preview)
        assert caught.value.exit_code == 2
    assert content_hash(ALL) == before


def test_a_row_of_another_run_is_not_found(committed: LegacyImportRun) -> None:
    other = RunFactory()
    StagedLearnerFactory(run=other, legacy_id="900")
    run_stages(other)
    with pytest.raises(LegacyImportError, match="has no row stagiaires:900"):
        run_rollback(committed, part=part(900))


def test_rows_without_an_effect_are_left_alone(committed: LegacyImportRun) -> None:
    assert outcome_of(row(6)) == Outcome.REVIEW
    assert run_rollback(committed, part=part(6)).rows == 0
    assert outcome_of(row(6)) == Outcome.REVIEW


@pytest.mark.parametrize(("text", "names"), [
    ("stagiaires:1", ("stagiaires:1",)),
    (" stagiaires:1 , archives:7,stagiaires:1", ("stagiaires:1", "archives:7")),
    ("archives:18446744073709551615", ("archives:18446744073709551615",)),
])  # fmt: skip
def test_names_of_rows_are_read(text: str, names: tuple[str, ...]) -> None:
    assert row_names(text) == names


@pytest.mark.parametrize("text", [
    "", "1", "stagiaires", "stagiaires:", "stagiaires:x", "formations:1", "stagiaires:1,",
    "stagiaires:-1", "stagiaires:١", "stagiaires:" + "1" * 21, ",".join(
        f"stagiaires:{n}" for n in range(1_001)),
])  # fmt: skip
def test_other_texts_are_no_rows(text: str) -> None:
    with pytest.raises(ValueError, match="rows"):
        row_names(text)


def test_a_thousand_rows_are_selected_at_once(committed: LegacyImportRun) -> None:
    with pytest.raises(LegacyImportError, match="stagiaires:7 and 993 others"):
        run_rollback(committed, part=part(*range(1, 1_001)))


def test_a_person_who_existed_before_is_only_unlinked(run: LegacyImportRun) -> None:
    UserFactory()
    lead = CrmLead.objects.create(full_name="Amel Ziani", phone="0776845160")
    StagedLearnerFactory(run=run, legacy_id="9", full_name="Amel Ziani", phone="0776845160")
    run_stages(run)
    run_commit(run)
    report = run_rollback(run, part=part(9))
    assert report.records[("crm.CrmLead", "unlinked")] == 1
    assert CrmLead.objects.filter(pk=lead.pk).exists()
    run_plan(run)
