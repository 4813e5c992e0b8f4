"""Validate, classify and plan a small run in one go, after mappings changed."""

import datetime

from django.db.models import Sum
from django.utils import timezone

from legacy_import.choices import RunStatus
from legacy_import.engine.engines import Inline
from legacy_import.errors import LegacyImportError
from legacy_import.models import FacetCount, LegacyImportRun
from legacy_import.runs.lifecycle import find_run
from legacy_import.runs.progress import Silent
from legacy_import.stages.classification.classify import classify
from legacy_import.stages.planning.dry_run import PlanReport, dry_run
from legacy_import.stages.validation.validate import validate

MOST_ROWS = 5_000
"""A run of this size is judged and planned while somebody waits for the page: some seconds."""

# The stages that follow a changed mapping, as an operator runs them.
COMMANDS = ("legacy_validate", "legacy_classify", "legacy_dry_run")


class ReplanRefused(LegacyImportError):
    """The run cannot be judged again at once; `code` names why, for the screens' words."""

    exit_code = 5

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def replan_obstacle(run: LegacyImportRun, *, now: datetime.datetime) -> str:
    """Why the run is not judged again from a screen (a code); "": it may be."""
    counted = FacetCount.objects.filter(legacy_import_run=run).aggregate(rows=Sum("rows"))
    if (counted["rows"] or 0) > MOST_ROWS:
        return "too_many_rows"
    if run.lease_token and run.lease_expires_at and run.lease_expires_at > now:
        return "held"
    if run.status == RunStatus.COMMITTING:
        return "being_committed"
    if run.classified_at is None or run.status in (
        RunStatus.CLOSED,
        RunStatus.ROLLING_BACK,
        RunStatus.IMPORTING,
        RunStatus.FAILED,
    ):
        return "not_open"
    return ""


def replan(*, run_id: int, actor: str, now: datetime.datetime) -> PlanReport:
    """Validate, classify and plan the run, and return its new plan.

    Raises ReplanRefused where `replan_obstacle` says so, UnknownRun, and OutOfOrder as the three stages.
    """
    run = find_run(run_id)
    code = replan_obstacle(run, now=now)
    if code:
        raise ReplanRefused(code, f"Run {run.pk} cannot be judged again from here: {code}.")
    here = Inline()  # a page waits for no worker
    validate(run_id=run.pk, actor=actor, now=now, progress=Silent(), engine=here)
    classify(run_id=run.pk, actor=actor, now=timezone.now(), progress=Silent(), engine=here)
    return dry_run(run_id=run.pk, actor=actor, now=timezone.now(), progress=Silent(), engine=here)
