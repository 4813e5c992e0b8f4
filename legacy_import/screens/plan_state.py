"""Whether the plan of a run is still current: every page that shows its numbers marks them if not."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import QuerySet, Sum

from ecoin.identity.keys import NORM_VERSION
from legacy_import.choices import RunStatus, Stage
from legacy_import.models import FacetCount, LegacyImportRun, LegacyReviewDecision
from legacy_import.rules import RULES_VERSION
from legacy_import.runs.settings_digests import changed_settings
from legacy_import.stages.commit.commit import WITH_A_PLAN

NEWEST = 1_000  # decisions that are looked at, so that a page costs the same for any number


@dataclass(frozen=True, slots=True)
class PlanState:
    """What changed since the plan of a run. `more`: there are more decisions than were counted."""

    planned: bool = False
    decisions: int = 0
    more: bool = False
    to_classify: int = 0  # rows, since a mapping changed
    evaluated_otherwise: bool = False  # by another stage, other rules or other settings

    @property
    def outdated(self) -> bool:
        return bool(self.decisions or self.to_classify or self.evaluated_otherwise)


def plan_state_of(run: LegacyImportRun) -> PlanState:
    """The state of the run's plan, in two queries; of the decisions, only the newest are looked at.

    The next plan reads decisions of earlier runs, too.
    """
    if not _has_plan(run):
        return PlanState()
    newest = _newest_decisions()
    decisions = sum(_is_since(run, one) for one in newest)
    return PlanState(
        planned=True,
        decisions=decisions,
        more=bool(decisions) and len(newest) == NEWEST and _after(newest[-1], run.planned_at),
        to_classify=_marked([run]).aggregate(rows=Sum("rows", default=0))["rows"],
        evaluated_otherwise=_evaluated_otherwise(run),
    )


def outdated_plans(runs: Iterable[LegacyImportRun]) -> set[int]:
    """The runs that have a plan, while another one may have other numbers: two queries for them all."""
    planned = [run for run in runs if _has_plan(run)]
    if not planned:
        return set()
    marked = set(_marked(planned).values_list("legacy_import_run_id", flat=True))
    newest = _newest_decisions()
    return {
        run.pk
        for run in planned
        if run.pk in marked
        or _evaluated_otherwise(run)
        or any(_is_since(run, one) for one in newest)
    }


class _Decision(NamedTuple):
    connection: str
    made_in: int | None  # the run of its row; None once that is gone
    at: datetime.datetime


def _newest_decisions() -> list[_Decision]:
    """The newest decisions about any row, the newest first."""
    newest = LegacyReviewDecision.objects.order_by("-pk").values_list(
        "connection_name", "student_import__legacy_import_run_id", "created_at"
    )
    return [_Decision(*one) for one in newest[:NEWEST]]


def _is_since(run: LegacyImportRun, decision: _Decision) -> bool:
    """Whether the next plan of the run reads it, and the current one did not."""
    of_source = decision.connection == run.connection_name
    made_in = decision.made_in or 0
    return of_source and 0 < made_in <= run.pk and _after(decision, run.planned_at)


def _after(decision: _Decision, moment: datetime.datetime | None) -> bool:
    return moment is not None and decision.at > moment


def _has_plan(run: LegacyImportRun) -> bool:
    return run.planned_at is not None and run.status != RunStatus.CLOSED


def _evaluated_otherwise(run: LegacyImportRun) -> bool:
    """Whether a stage was repeated since, or the rules or their settings have changed."""
    if run.status not in WITH_A_PLAN:
        return True
    if (run.rules_version, run.norm_version) != (RULES_VERSION, NORM_VERSION):
        return True
    return run.validated_at is not None and bool(changed_settings(run, Stage.VALIDATE))


def _marked(runs: Iterable[LegacyImportRun]) -> QuerySet[FacetCount]:
    return FacetCount.objects.filter(legacy_import_run__in=runs, to_classify=True, rows__gt=0)
