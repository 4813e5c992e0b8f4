"""How many planned rows a commit would leave out is known, and told, beforehand."""

import pytest

from legacy_import.choices import FocusMode, Outcome, ReviewDecision
from legacy_import.models import LegacyCourseMapping, LegacyImportRun, LegacyStudentImport
from legacy_import.stages.commit.since_plan import ChangedRows, changed_since_plan
from tests.factories import CourseFactory, CourseMappingFactory, RunFactory, StagedLearnerFactory
from tests.review.reviewing import reviewer, say
from tests.stages.stages import run_commit, run_plan, run_stages

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    """A planned run of two trainings in course 7, one in course 8, and a lead."""
    for formation in ("7", "8"):
        CourseMappingFactory(legacy_formation_id=formation)
    run = RunFactory()
    for formation in ("7", "7", "8"):
        StagedLearnerFactory(run=run, status="Formée", formation_id=formation)
    StagedLearnerFactory(run=run, status="nouveau", legacy_id="99")
    run_stages(run)
    return run


def map_again(formation: str) -> None:
    """As a decision on a course writes it: another course, another version, rows to classify again."""
    mapping = LegacyCourseMapping.objects.get(legacy_formation_id=formation)
    mapping.course = CourseFactory()
    mapping.version += 1
    mapping.answer_version = mapping.version
    mapping.save()


def test_after_the_plan_nothing_is_newer(run: LegacyImportRun) -> None:
    assert changed_since_plan(run) == ChangedRows()


def test_what_is_told_beforehand_is_what_the_commit_leaves_out(run: LegacyImportRun) -> None:
    lead = LegacyStudentImport.objects.get(legacy_id="99")
    say(lead, ReviewDecision.SKIP, reviewer())
    map_again("7")
    assert changed_since_plan(run) == ChangedRows(decisions=1, mappings=2)
    assert changed_since_plan(run, FocusMode.LEAD_ONLY) == ChangedRows(decisions=1)
    report = run_commit(run)
    assert report.outcomes[Outcome.DRIFTED] == 3
    assert report.outcomes.total() == 4


def test_a_new_plan_knows_them(run: LegacyImportRun) -> None:
    say(LegacyStudentImport.objects.get(legacy_id="99"), ReviewDecision.SKIP, reviewer())
    map_again("7")
    run_plan(run)
    assert changed_since_plan(run).total == 0
