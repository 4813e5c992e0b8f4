"""The stored counts say what a count of the rows would say, after stages and after moves."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import FocusMode, ReviewDecision
from legacy_import.models import FACETS, FacetCount, LegacyImportRun, LegacyStudentImport
from legacy_import.runs import counts as stored_counts
from legacy_import.runs.progress import Silent
from legacy_import.stages.commit.waves import pending_rows, wave_totals
from tests.factories import (
    CourseMappingFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import (
    outcome_of,
    run_classify,
    run_commit,
    run_plan,
    run_rollback,
    run_stages,
    run_validate,
)

pytestmark = pytest.mark.django_db


def stored(run: LegacyImportRun) -> Counter[tuple[object, ...]]:
    counts = FacetCount.objects.filter(legacy_import_run=run)
    return Counter({tuple(values): rows for *values, rows in counts.values_list(*FACETS, "rows")})


def counted(run: LegacyImportRun) -> Counter[tuple[object, ...]]:
    ids = LegacyStudentImport.objects.filter(legacy_import_run=run).values_list("pk", flat=True)
    return Counter(combination_of(pk) for pk in ids)


def combination_of(pk: int) -> tuple[object, ...]:
    row = LegacyStudentImport.objects.select_related("training").get(pk=pk)
    training = row.training
    values = {
        "session_type": training.session_type,
        "import_action": training.import_action,
        "without_course": training.course_id is None,
    }
    return tuple(values[name] if name in values else getattr(row, name) for name in FACETS)


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    run = RunFactory()
    for status in ("nouveau", "nouveau", "Formée", "on verra"):
        StagedLearnerFactory(run=run, status=status, formation_id="7")
    return run


def test_every_stage_leaves_counts_that_agree_with_the_rows(run: LegacyImportRun) -> None:
    for stage in (run_validate, run_classify, run_plan, run_commit, run_rollback):
        stage(run)
        assert stored(run) == counted(run), stage.__name__
        assert sum(stored(run).values()) == 4


def test_counts_of_another_run_are_left_alone(run: LegacyImportRun) -> None:
    other = RunFactory()
    StagedLearnerFactory(run=other)
    stored_counts.rebuild(other)
    before = stored(other)
    stored_counts.rebuild(run)
    assert stored(other) == before


CHANGE = {"decision": "skip", "validation_status": "failed", "version": 7}  # two facets of three


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("counts", ["right", "missing"])
def test_a_change_is_applied_before_the_rows_are_written(
    rows: int, counts: str, run: LegacyImportRun
) -> None:
    rebuild_unless(counts, run)
    changed = LegacyStudentImport.objects.filter(pk__in=ids_of(run)[:rows])
    stored_counts.apply(run.pk, ids_of(run)[:rows], new=CHANGE)
    changed.update(**CHANGE)
    assert stored(run) == counted(run)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("counts", ["right", "missing"])
def test_a_change_is_applied_after_the_rows_were_written(
    rows: int, counts: str, run: LegacyImportRun
) -> None:
    rebuild_unless(counts, run)
    for pk, outcome in zip(ids_of(run)[:rows], ("skip", "failed", "review"), strict=False):
        LegacyStudentImport.objects.filter(pk=pk).update(outcome=outcome)
    stored_counts.apply(run.pk, ids_of(run)[:rows], old={"outcome": "pending"})
    assert stored(run) == counted(run)


def test_a_change_that_changes_nothing_writes_nothing(run: LegacyImportRun) -> None:
    stored_counts.rebuild(run)
    with CaptureQueriesContext(connection) as captured:
        stored_counts.apply(run.pk, ids_of(run), new={"decision": "", "version": 9})
        stored_counts.apply(run.pk, [], new=CHANGE)
    assert [q["sql"] for q in captured.captured_queries if not q["sql"].startswith("SELECT")] == []
    assert stored(run) == counted(run)


def ids_of(run: LegacyImportRun) -> list[int]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def rebuild_unless(counts: str, run: LegacyImportRun) -> None:
    stored_counts.rebuild(run)
    if counts == "missing":
        FacetCount.objects.filter(legacy_import_run=run).delete()


class Watching(Silent):
    """Compares the stored counts with the rows after every batch."""

    def __init__(self, run: LegacyImportRun) -> None:
        super().__init__()
        self.run = run
        self.batches = 0

    def advance(self, rows: int) -> None:
        self.batches += 1
        assert stored(self.run) == counted(self.run)
        super().advance(rows)


@pytest.fixture
def planned() -> LegacyImportRun:
    """Rows of every effect, some for review, a follower, and one that will have drifted."""
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", legacy_formation_id="7", confirmed=True)
    run = RunFactory()
    for status in ("nouveau", "Formée", "Confirmer", "Archivé", "on verra", "on verra"):
        StagedLearnerFactory(run=run, status=status, formation_id="7", session_id="42")
    same = {"full_name": "Karim Haddad", "phone": "0559446168", "birth_date": "1999-02-03"}
    StagedLearnerFactory.create_batch(2, run=run, status="nouveau", **same)
    drifted = StagedLearnerFactory(run=run, status="nouveau")
    run_stages(run)
    ReviewDecisionFactory(student_import=drifted, decision=ReviewDecision.SKIP)
    return run


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_the_counts_agree_after_every_batch_of_a_commit_and_of_a_rollback(
    batch: int, planned: LegacyImportRun
) -> None:
    for work in (run_commit, run_rollback):
        watching = Watching(planned)
        work(planned, batch=batch, progress=watching)
        assert watching.batches > 1
        assert all(rows > 0 for rows in stored(planned).values())
    assert sum(stored(planned).values()) == 9


def test_a_batch_that_is_taken_back_moves_nothing(planned: LegacyImportRun) -> None:
    before = stored(planned)

    def no_receipt(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "chunk_receipts" in sql:
            raise KeyboardInterrupt
        return execute(sql, params, many, context)

    with connection.execute_wrapper(no_receipt), pytest.raises(KeyboardInterrupt):
        run_commit(planned)
    assert stored(planned) == counted(planned) == before


def test_each_batch_counts_its_own_rows_and_only_once(planned: LegacyImportRun) -> None:
    for work in (run_commit, run_rollback):
        watching = Watching(planned)
        with CaptureQueriesContext(connection) as captured:
            work(planned, batch=3, progress=watching)
        counting = [q["sql"] for q in captured.captured_queries if "without_course" in q["sql"]]
        staged = [sql for sql in counting if 'FROM "legacy_student' in sql.replace("`", '"')]
        assert len(staged) == watching.batches > 2
        assert all(" IN (" in sql for sql in staged)


def test_wrong_counts_are_rebuilt(planned: LegacyImportRun) -> None:
    FacetCount.objects.filter(legacy_import_run=planned).delete()
    run_commit(planned, batch=3)
    assert stored(planned) == counted(planned)


def test_a_row_that_fails_moves_alone(planned: LegacyImportRun) -> None:
    poison = LegacyStudentImport.objects.filter(planned_action="create_crm_lead").earliest("pk")

    def refused(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "crm_leads" in sql and poison.full_name in f"{sql}{params}":
            raise ValueError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refused):
        run_commit(planned)
    assert outcome_of(poison) == "failed"
    assert stored(planned) == counted(planned)


@pytest.mark.parametrize("focus", [None, *FocusMode], ids=str)
def test_a_commit_knows_from_the_counts_how_many_rows_it_will_take_up(
    focus: FocusMode | None, planned: LegacyImportRun
) -> None:
    rows = pending_rows(planned, focus)
    review = rows.filter(planned_action="review").count()
    assert wave_totals(planned, focus) == (rows.count() - review, review)
