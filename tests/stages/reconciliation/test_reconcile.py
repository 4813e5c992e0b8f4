"""legacy_reconcile balances what a commit leaves, and names exactly what was broken since."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import CourseInterest, CrmLead
from legacy_import.demo.people import generate
from legacy_import.demo.platform import seed_platform
from legacy_import.demo.sqlite_writer import write_sqlite
from legacy_import.errors import Interrupted, OutOfOrder, UnknownRun
from legacy_import.models import (
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.runs.lease import run_lease
from legacy_import.runs.progress import Silent
from legacy_import.stages.commit.commit import commit
from legacy_import.stages.reconciliation.conservation import MAX_ROWS_LISTED
from legacy_import.stages.reconciliation.reconcile import reconcile
from legacy_import.stages.reconciliation.verdict import verdict_of
from legacy_import.stages.rollback.rollback import rollback
from tests.factories import NOW, CrmLeadFactory, RunFactory, legacy_row, stage_rows
from tests.legacy_database import MakeLegacy, SQLiteLegacy, as_legacy, learner, tables
from tests.stages.importing import import_from, latest
from tests.stages.reconciliation.reconciling import (
    AGAIN,
    ARCHIVED,
    DRIFTED,
    ENROLLED,
    FAILED,
    FOLLOWER,
    LEAD,
    LINKED,
    REVIEWED,
    SKIPPED,
    TRAINED,
    UNDONE,
    UNTOUCHED,
    Committed,
    committed,
    committed_crowd,
    elsewhere,
    school,
    spread,
)
from tests.stages.stages import run_rollback, run_stages
from trainings.models import LegacyCompletedTraining, LegacyImportedEnrollment

pytestmark = pytest.mark.django_db


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Committed]:
    """A committed run whose source can be read again."""
    database = school(tmp_path / "school.sqlite3")
    found = committed(database)
    with as_legacy(database):
        yield found


class TestWhatBalances:
    def test_every_kind_of_outcome(self, state: Committed) -> None:
        report = state.reconcile()
        assert [check.name for check in report.checks if not check.ok] == []
        assert report.balanced
        assert report.notes == ()
        assert report.outcomes == {
            "create_crm_lead": 1, "link_existing": 2, "create_completed_training": 2,
            "create_enrollment": 1, "skip": 1, "review": 1, "pending": 2, "drifted": 1,
            "failed": 1, "rolled_back": 1,
        }  # fmt: skip
        stagiaires, archives = report.tables["stagiaires"], report.tables["archives"]
        assert (stagiaires.snapshot, stagiaires.staged, stagiaires.now) == (11, 11, 11)
        assert (archives.snapshot, archives.staged, archives.now) == (2, 2, 2)

    def test_the_table_counts_rows_entries_and_records_per_classification(
        self, state: Committed
    ) -> None:
        LegacyStudentImport.objects.update(classification="unknown")
        for name in (LEAD, FOLLOWER, AGAIN):
            state.change(name, classification="lead_only")
        state.change(TRAINED, classification="completed")
        lines = {(one.source_table, one.classification): one for one in state.reconcile().table}
        assert {cell: line.staged for cell, line in lines.items()} == {
            ("stagiaires", "completed"): 1, ("stagiaires", "lead_only"): 3,
            ("stagiaires", "unknown"): 7, ("archives", "unknown"): 2,
        }  # fmt: skip
        leads = lines["stagiaires", "lead_only"]
        assert {what: rows for what, rows in leads.outcomes.items() if rows} == {
            "create_crm_lead": 1, "link_existing": 1, "pending": 1,
        }  # fmt: skip
        assert {what: entries for what, entries in leads.entries.items() if entries} == {
            "create_crm_lead": 1, "link_existing": 1, "create_course_interest": 2,
        }  # fmt: skip
        assert {what: records for what, records in leads.records.items() if records} == {
            "create_crm_lead": 1, "create_course_interest": 2,
        }  # fmt: skip

    def test_a_run_that_is_only_imported(self, make_legacy: MakeLegacy) -> None:
        """Both kinds of source; ids up to 2^64-1 where the source can hold them."""
        ids = [1, 2, 9, 10, 99, 100, 2**31, 2**63 - 1]
        database = make_legacy(tables([learner(number) for number in ids], [learner(7)]))
        import_from(database)
        with as_legacy(database):
            report = reconcile(run_id=None, progress=Silent())
        assert report.balanced
        assert (report.run, report.outcomes["pending"]) == (latest().pk, 9)
        assert report.tables["stagiaires"].now == len(ids)

    @pytest.mark.parametrize(
        "status", ["imported", "validated", "classified", "planned", "committing", "committed",
                   "rolling_back", "rolled_back", "closed"],
    )  # fmt: skip
    def test_any_status_after_the_import(self, state: Committed, status: str) -> None:
        LegacyImportRun.objects.update(status=status)
        assert state.reconcile().balanced
        assert LegacyImportRun.objects.get().status == status

    def test_nothing_is_changed_but_the_last_verdict(self, state: Committed) -> None:
        before = LegacyImportRun.objects.values().get()
        state.reconcile()
        after = LegacyImportRun.objects.values().get()
        verdict = after["summary"].pop("reconciled")
        assert (verdict["balanced"], verdict["broken"]) == (True, [])
        assert after == before

    def test_the_verdict_says_what_failed_and_whether_it_is_current(self, state: Committed) -> None:
        run = LegacyImportRun.objects.get()
        assert verdict_of(run) is None
        _delete_lead(state)
        state.reconcile()
        run.refresh_from_db()
        verdict = verdict_of(run)
        assert verdict is not None
        assert (verdict.balanced, verdict.is_current) == (False, True)
        assert "deleted_since" in verdict.broken
        run_rollback(run)
        run.refresh_from_db()
        assert not verdict_of(run).is_current  # type: ignore[union-attr]


def _delete_lead(state: Committed) -> None:
    CrmLead.objects.filter(origin=state.origin(LEAD, "lead")).delete()  # its interests go with it


def _another_record(state: Committed) -> None:
    """The entry of one training points to the training of another row."""
    (entry,) = state.entries(TRAINED, "create_completed_training")
    (other,) = state.entries(ARCHIVED, "create_completed_training")
    LegacyImportCommitLog.objects.filter(pk=entry.pk).update(target_id=other.target_id)
    state.change_training(TRAINED, imported_completed_training_id=other.target_id)


def _foreign_record(state: Committed) -> None:
    CrmLeadFactory(origin="legacy:stagiaires:777:lead", legacy_import_run_id=state.run.pk)


def _entry_of_another_run(state: Committed) -> None:
    other = RunFactory(connection_name="other")
    (row,) = stage_rows(other, [legacy_row(table="archives", legacy_id="55")])
    state.log(SKIPPED, "skip", student_import=row)


def _twice(state: Committed) -> None:
    (lead,) = CrmLead.objects.filter(origin=state.origin(LEAD, "lead"))
    state.log(LEAD, "create_crm_lead", lead)


Break = Callable[[Committed], Any]
BREAKS: dict[str, tuple[Break, dict[str, list[str]]]] = {
    "a lead deleted by hand": (
        _delete_lead,
        {
            "deleted_since": [LEAD, FOLLOWER],
            "records:create_crm_lead": [],
            "records:create_course_interest": [],
        },
    ),
    "an interest deleted by hand": (
        lambda state: CourseInterest.objects.filter(
            origin=state.origin(FOLLOWER, "interest")
        ).delete(),
        {"deleted_since": [FOLLOWER], "records:create_course_interest": []},
    ),
    "a completed training deleted by hand": (
        lambda state: LegacyCompletedTraining.objects.filter(
            origin=state.origin(ARCHIVED, "training")
        ).delete(),
        {"deleted_since": [ARCHIVED], "records:create_completed_training": []},
    ),
    "an enrolment deleted by hand": (
        lambda state: LegacyImportedEnrollment.objects.all().delete(),
        {"deleted_since": [ENROLLED], "records:create_enrollment": []},
    ),
    "the entry of a record lost": (
        lambda state: state.entries(ENROLLED, "create_enrollment").delete(),
        {
            "outcome_without_entry": [ENROLLED],
            "record_without_entry": [ENROLLED],
            "imported_columns": [ENROLLED],
            "entries:create_enrollment": [],
        },
    ),
    "the entry of an interest lost": (
        lambda state: state.entries(LEAD, "create_course_interest").delete(),
        {"record_without_entry": [LEAD]},
    ),
    "the entry of a skip lost": (
        lambda state: state.entries(SKIPPED, "skip").delete(),
        {"outcome_without_entry": [SKIPPED], "entries:skip": []},
    ),
    "the entry of a failed row lost": (
        lambda state: state.entries(FAILED, "failed").delete(),
        {"outcome_without_entry": [FAILED], "entries:failed": []},
    ),
    "an effect reversed and its row not": (
        lambda state: state.entries(SKIPPED, "skip").update(reversed_at=NOW),
        {"outcome_without_entry": [SKIPPED], "entries:skip": []},
    ),
    "an outcome flipped to another effect": (
        lambda state: state.change(SKIPPED, outcome="link_existing"),
        {
            "outcome_without_entry": [SKIPPED],
            "entry_without_outcome": [SKIPPED],
            "entries:skip": [],
            "entries:link_existing": [],
        },
    ),
    "an outcome flipped to pending": (
        lambda state: state.change(SKIPPED, outcome="pending"),
        {"pending_with_effect": [SKIPPED], "entries:skip": []},
    ),
    "an outcome flipped to rolled back": (
        lambda state: state.change(SKIPPED, outcome="rolled_back"),
        {"rolled_back_with_effect": [SKIPPED], "entries:skip": []},
    ),
    "an outcome outside the vocabulary": (
        lambda state: state.change(UNTOUCHED, outcome="banana"),
        {"outcomes_add_up": [UNTOUCHED]},
    ),
    "a superseded outcome brought back": (
        lambda state: state.change(REVIEWED, outcome="drifted"),
        {"newest_entry": [REVIEWED], "entries:drifted": [], "entries:review": []},
    ),
    "a rolled back effect in force again": (
        lambda state: state.entries(UNDONE, "skip").update(reversed_at=None),
        {"rolled_back_with_effect": [UNDONE], "entries:skip": []},
    ),
    "an entry written twice": (
        _twice, {"entered_twice": [LEAD], "entries:create_crm_lead": []},
    ),
    "a person attached twice": (
        lambda state: state.log(
            TRAINED, "attach_person", None, target_model="auth.User",
            target_id=state.row(TRAINED).imported_user_id,
        ),
        {"entered_twice": [TRAINED]},
    ),
    "a person attached to a skipped row": (
        lambda state: state.person(SKIPPED, "attach_person", CrmLeadFactory()),
        {"entry_without_outcome": [SKIPPED]},
    ),
    "an entry without its target": (
        lambda state: state.entries(LINKED, "link_existing").update(target_id=None),
        {"entry_incomplete": [LINKED], "imported_columns": [LINKED]},
    ),
    "a link that claims to have created the person": (
        lambda state: state.entries(LINKED, "link_existing").update(created_target=True),
        {"entry_incomplete": [LINKED]},
    ),
    "an entry that points to another row's record": (
        _another_record,
        {
            "record_of_another_row": [TRAINED],
            "record_without_entry": [TRAINED],
            "records:create_completed_training": [],
        },
    ),
    "a record whose origin was changed": (
        lambda state: CrmLead.objects.filter(origin=state.origin(LEAD, "lead")).update(origin=None),
        {"record_of_another_row": [LEAD], "records:create_crm_lead": []},
    ),
    "a foreign record with the run's number": (
        _foreign_record, {"record_without_entry": ["stagiaires:777"]},
    ),
    "an entry about another run's row": (
        _entry_of_another_run, {"entry_of_another_run": ["archives:55"]},
    ),
    "a lost lead id": (
        lambda state: state.change(FOLLOWER, imported_lead_id=None),
        {"imported_columns": [FOLLOWER]},
    ),
    "a lost user id": (
        lambda state: state.change(TRAINED, imported_user_id=None),
        {"imported_columns": [TRAINED]},
    ),
    "a training id on a row that has none": (
        lambda state: state.change_training(DRIFTED, imported_completed_training_id=1),
        {"imported_columns": [DRIFTED]},
    ),
    "a wrong enrolment id": (
        lambda state: state.change_training(ENROLLED, imported_enrollment_id=9_999),
        {"imported_columns": [ENROLLED]},
    ),
    "a lost training row": (
        lambda state: LegacyTrainingImport.objects.filter(
            student_import=state.row(UNTOUCHED)
        ).delete(),
        {"one_training_each": [UNTOUCHED]},
    ),
    "a lost staged row": (
        lambda state: state.row(UNTOUCHED).delete(),
        {"staged_rows:stagiaires": [], "source_rows_staged:stagiaires": [UNTOUCHED]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("broken", "told"), BREAKS.values(), ids=BREAKS)
def test_what_is_broken_is_named(
    state: Committed, broken: Break, told: dict[str, list[str]]
) -> None:
    assert state.failed() == {}
    broken(state)
    failed = state.failed()
    assert {name: list(check.rows) for name, check in failed.items()} == told
    for check in failed.values():
        assert check.more == 0
        assert check.expected != check.found


def test_totals_that_hide_a_shift_between_classifications_do_not_balance(state: Committed) -> None:
    """One skip without an entry and one entry without its skip: equal totals, two cells differ."""
    state.change(SKIPPED, classification="completed", outcome="pending")
    state.change(UNTOUCHED, classification="unknown", outcome="skip")
    check = state.failed()["entries:skip"]
    assert (check.expected, check.found, check.ok) == (1, 1, False)


def test_at_most_twenty_rows_are_named(tmp_path: Path) -> None:
    rows = MAX_ROWS_LISTED + 31
    run = elsewhere(rows)
    stage_rows(run, [legacy_row(table="stagiaires", legacy_id=str(n + 1)) for n in range(rows)])
    LegacyStudentImport.objects.update(outcome="skip")
    check = Committed(run).failed()["outcome_without_entry"]
    assert check.rows == tuple(f"stagiaires:{n + 1}" for n in range(MAX_ROWS_LISTED))
    assert (check.found, check.more) == (rows, 31)


class TestRefusals:
    @pytest.mark.parametrize("status", ["importing", "failed"])
    def test_an_unfinished_import(self, status: str) -> None:
        run = RunFactory(status=status)
        with pytest.raises(OutOfOrder, match="not every source row is staged yet") as refused:
            Committed(run).reconcile()
        assert f"legacy_import --resume {run.pk}" in refused.value.hint

    def test_an_unknown_run(self) -> None:
        with pytest.raises(UnknownRun):
            reconcile(run_id=7, progress=Silent())

    def test_a_run_that_somebody_is_committing(self, state: Committed) -> None:
        with (
            run_lease(state.run, "legacy_commit", Silent()),
            pytest.raises(OutOfOrder, match="locked by legacy_commit"),
        ):
            state.reconcile()

    def test_an_interruption_is_no_note(self, state: Committed) -> None:
        class Stop(Silent):
            def advance(self, rows: int) -> None:
                raise Interrupted("Stopped by the test.")

        with pytest.raises(Interrupted):
            reconcile(run_id=state.run.pk, progress=Stop())
        assert LegacyImportRun.objects.get().lease_token == ""


def test_as_many_statements_for_500_rows_as_for_50(tmp_path: Path) -> None:
    sent = []
    for rows in (50, 500):
        run = elsewhere(rows, connection_name=f"crowd{rows}")
        names = [name.partition(":")[::2] for name, _ in spread(rows)]
        stage_rows(run, [legacy_row(table=table, legacy_id=pk) for table, pk in names])
        state = committed_crowd(run, rows)
        with CaptureQueriesContext(connection) as captured:
            assert state.failed() == {}
        sent.append(len(captured))
    assert sent[0] == sent[1] < 35


def test_commit_and_rollback_balance_at_every_step(tmp_path: Path) -> None:
    """The whole road on the demo's world, with the services themselves and nothing by hand."""
    world = generate(400, seed=5)
    write_sqlite(world, tmp_path / "demo.sqlite3")
    seed_platform(world)
    database = SQLiteLegacy(tmp_path / "demo.sqlite3")
    import_from(database)
    state = Committed(latest())
    told: dict[str, Any] = {
        "run_id": state.run.pk, "actor": "cli:test", "now": timezone.now(), "progress": Silent(),
    }  # fmt: skip
    with as_legacy(database):
        run_stages(state.run)
        commit(**told, limit=20, batch=7)
        assert state.failed() == {}
        LegacyStudentImport.objects.filter(outcome="pending").update(planned_basis="drifted")
        commit(**told)
        assert state.reconcile().outcomes["drifted"]
        assert state.failed() == {}
        run_stages(state.run)
        commit(**told)
        report = state.reconcile()
        assert state.failed() == {}
        for outcome in ("create_crm_lead", "link_existing", "create_completed_training", "review"):
            assert report.outcomes[outcome], outcome
        edited = CrmLead.objects.filter(legacy_import_run_id=state.run.pk).first()
        CrmLead.objects.filter(pk=edited.pk).update(full_name="Lotfi Ziani Bey")
        rollback(**told)
        after = state.reconcile()
        assert state.failed() == {}
    assert after.outcomes["rolled_back"]
    assert after.outcomes["create_crm_lead"] == 1
