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

MAX_ROWS = 5_000  # of a run that is planned again while a page waits: it takes a few seconds

# The stages that follow a changed mapping, as an operator runs them.
COMMANDS = ("legacy_validate", "legacy_classify", "legacy_dry_run")


class ReplanRefused(LegacyImportError):
    """The run cannot be planned again now; `code` is the reason, for the words of the screens."""

    exit_code = 5

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def replan_obstacle(run: LegacyImportRun, *, now: datetime.datetime) -> str:
    """The code of the reason why the run cannot be planned again from a screen; "" if it can."""
    rows = FacetCount.objects.filter(legacy_import_run=run).aggregate(rows=Sum("rows"))["rows"]
    if (rows or 0) > MAX_ROWS:
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

    Raises ReplanRefused if `replan_obstacle` gives a code, UnknownRun, and OutOfOrder as the stages do.
    """
    run = find_run(run_id)
    code = replan_obstacle(run, now=now)
    if code:
        raise ReplanRefused(code, f"Run {run.pk} cannot be planned again from here: {code}.")
    inline = Inline()  # a page never waits for workers
    validate(run_id=run.pk, actor=actor, now=now, progress=Silent(), engine=inline)
    classify(run_id=run.pk, actor=actor, now=timezone.now(), progress=Silent(), engine=inline)
    return dry_run(run_id=run.pk, actor=actor, now=timezone.now(), progress=Silent(), engine=inline)
