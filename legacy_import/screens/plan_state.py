"""Whether the plan of a run is still current: every page that shows its numbers marks them if not."""

from collections.abc import Iterable

from django.db.models import QuerySet

from ecoin.identity.keys import NORM_VERSION
from legacy_import.choices import RunStatus, Stage
from legacy_import.models import FacetCount, LegacyImportRun, LegacyReviewDecision
from legacy_import.rules import RULES_VERSION
from legacy_import.runs.settings_digests import changed_settings
from legacy_import.stages.commit.commit import WITH_A_PLAN

NEWEST = 1_000  # decisions that are looked at, so that a page costs the same for any number


def plan_is_outdated(run: LegacyImportRun) -> bool:
    """Whether the run has a plan, and another one may have other numbers."""
    return run.pk in outdated_plans([run])


def outdated_plans(runs: Iterable[LegacyImportRun]) -> set[int]:
    """The same for several runs, in two queries; of the decisions, only the newest are looked at."""
    planned = [run for run in runs if _has_plan(run)]
    if not planned:
        return set()
    marked = set(_marked(planned).values_list("legacy_import_run_id", flat=True))
    newest = LegacyReviewDecision.objects.order_by("-pk").values_list(
        "connection_name", "student_import__legacy_import_run_id", "created_at"
    )
    decisions = [one for one in newest[:NEWEST] if one[1] is not None]
    return {
        run.pk
        for run in planned
        if run.pk in marked
        or _evaluated_otherwise(run)
        or any(
            connection == run.connection_name
            and made_in <= run.pk
            and run.planned_at is not None
            and at > run.planned_at
            for connection, made_in, at in decisions
        )
    }


def _has_plan(run: LegacyImportRun) -> bool:
    return run.planned_at is not None and run.status != RunStatus.CLOSED


def _evaluated_otherwise(run: LegacyImportRun) -> bool:
    """Whether a stage took the run back since, or the rules or their settings are others now."""
    if run.status not in WITH_A_PLAN:
        return True
    if (run.rules_version, run.norm_version) != (RULES_VERSION, NORM_VERSION):
        return True
    return run.validated_at is not None and bool(changed_settings(run, Stage.VALIDATE))


def _marked(runs: Iterable[LegacyImportRun]) -> QuerySet[FacetCount]:
    return FacetCount.objects.filter(legacy_import_run__in=runs, to_classify=True, rows__gt=0)
