"""The stored counts say what a count of the rows would say, after stages and after moves."""

from collections import Counter

import pytest

from legacy_import.models import FACETS, FacetCount, LegacyImportRun, LegacyStudentImport
from legacy_import.services import facets
from tests.factories import CourseMappingFactory, RunFactory, StagedLearnerFactory
from tests.services.stages import run_classify, run_commit, run_plan, run_rollback, run_validate

pytestmark = pytest.mark.django_db


def stored(run: LegacyImportRun) -> Counter[tuple[object, ...]]:
    counts = FacetCount.objects.filter(legacy_import_run=run)
    return Counter({tuple(values): rows for *values, rows in counts.values_list(*FACETS, "rows")})


def counted(run: LegacyImportRun) -> Counter[tuple[object, ...]]:
    ids = LegacyStudentImport.objects.filter(legacy_import_run=run).values_list("pk", flat=True)
    return Counter(tuple(facets.combination_of(pk)[facet] for facet in FACETS) for pk in ids)


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
    facets.rebuild(other)
    before = stored(other)
    facets.rebuild(run)
    assert stored(other) == before


def test_a_row_moves_from_one_combination_to_another(run: LegacyImportRun) -> None:
    facets.rebuild(run)
    row = LegacyStudentImport.objects.earliest("pk")
    before = facets.combination_of(row.pk)
    LegacyStudentImport.objects.filter(pk=row.pk).update(decision="skip")
    facets.move(run.pk, before, facets.combination_of(row.pk))
    assert +stored(run) == counted(run)
