"""Running stages in tests, and seeing whether anything changed."""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.db import models

from crm.models import CourseInterest, CrmLead
from legacy_import.models import (
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from legacy_import.runs.lifecycle import StageReport
from legacy_import.runs.progress import Silent
from legacy_import.stages.classification.classify import classify
from legacy_import.stages.commit.commit import CommitReport, commit
from legacy_import.stages.planning.dry_run import PlanReport, dry_run
from legacy_import.stages.rollback.rollback import RollbackReport, rollback
from legacy_import.stages.validation.validate import validate
from tests.factories import NOW
from trainings.models import (
    Course,
    LearnerProfile,
    LegacyCompletedTraining,
    LegacyImportedEnrollment,
    Session,
)

BUSINESS = (
    CrmLead, CourseInterest, Course, Session, LearnerProfile, LegacyCompletedTraining,
    LegacyImportedEnrollment,
)  # fmt: skip


def run_validate(run: LegacyImportRun) -> StageReport:
    return validate(run_id=run.pk, actor="cli:test", now=NOW, progress=Silent())


def run_classify(run: LegacyImportRun) -> StageReport:
    return classify(run_id=run.pk, actor="cli:test", now=NOW, progress=Silent())


def run_plan(run: LegacyImportRun, *, compare_with: int | None = None) -> PlanReport:
    return dry_run(
        run_id=run.pk, actor="cli:test", now=NOW, progress=Silent(), compare_with=compare_with
    )


def run_stages(run: LegacyImportRun) -> PlanReport:
    """Validate, classify and plan."""
    run_validate(run)
    run_classify(run)
    return run_plan(run)


def run_commit(run: LegacyImportRun, **options: Any) -> CommitReport:
    """Commit the run's current plan; `options` are commit's own."""
    options = {"progress": Silent(), **options}
    return commit(run_id=run.pk, actor="cli:test", now=NOW, **options)


def run_rollback(run: LegacyImportRun, **options: Any) -> RollbackReport:
    """Roll the run back; `options` are rollback's own."""
    options = {"progress": Silent(), **options}
    return rollback(run_id=run.pk, actor="cli:test", now=NOW, **options)


def outcome_of(row: LegacyStudentImport) -> str:
    """What became of the row, as stored."""
    row.refresh_from_db()
    return row.outcome


def last_reason(row: LegacyStudentImport) -> str:
    """The reason of the row's newest entry in the commit log."""
    return LegacyImportCommitLog.objects.filter(student_import=row).latest("pk").reason


def plan_of(row: LegacyStudentImport) -> tuple[str, str]:
    """(planned action, reason) as stored."""
    row.refresh_from_db()
    return row.planned_action, row.planned_reason


def content_hash(tables: Iterable[type[models.Model]], *, without: Iterable[str] = ()) -> str:
    """Changes with any value of any row of these tables, the columns `without` left out."""
    whole = hashlib.sha256()
    left_out = set(without)
    for model in tables:
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in left_out]
        rows: Any = model._default_manager.order_by("pk").values_list(*names)
        whole.update(f"{model._meta.db_table} {names} {list(rows)!r}\n".encode())
    return whole.hexdigest()


def staging_hash() -> str:
    """Every column of the staged rows, their trainings and the reviewers' decisions."""
    return content_hash(
        (LegacyStudentImport, LegacyTrainingImport, LegacyReviewDecision),
        without=("previous_action", "previous_reason"),
    )
