"""Planned rows that would not be committed, because a decision or a mapping is newer than the plan."""

from dataclasses import dataclass

from django.db.models import Count

from legacy_import.choices import FocusMode, PlannedAction
from legacy_import.mapping.index import MappingIndex, load_mappings
from legacy_import.models import FacetCount, LegacyImportRun, LegacyReviewDecision
from legacy_import.stages.commit.drift import versions_of
from legacy_import.stages.commit.waves import pending_rows

GROUPED = ("planned_basis", "legacy_formation_id", "legacy_session_id", "status_key", "version")


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """Numbers of planned rows that changed since the plan, by what is newer than it."""

    decisions: int = 0
    mappings: int = 0

    @property
    def total(self) -> int:
        return self.decisions + self.mappings


def changed_since_plan(run: LegacyImportRun, focus: FocusMode | None = None) -> ChangedRows:
    """The rows of the wave whose plan rests on an older decision or mapping: counted in one query.

    What else changed (people, newer imports) is known only row by row, under lock.
    """
    if not _anything_is_newer(run):
        return ChangedRows()
    index = load_mappings(run.connection_name)
    planned = pending_rows(run, focus).exclude(planned_action=PlannedAction.REVIEW)
    decisions = mappings = 0
    for *columns, rows in (
        planned.order_by().values_list(*GROUPED).annotate(rows=Count("pk")).iterator()
    ):
        basis, formation, session, status, version = columns
        was = versions_of(basis)
        if was.get("row") != str(version):
            decisions += rows
        elif any(was.get(name) != now for name, now in _now(index, formation, session, status)):
            mappings += rows
    return ChangedRows(decisions, mappings)


def _anything_is_newer(run: LegacyImportRun) -> bool:
    """Whether anything was decided since the run was classified, so that its rows must be counted."""
    decisions = LegacyReviewDecision.objects.filter(connection_name=run.connection_name)
    if run.classified_at is not None:
        decisions = decisions.filter(created_at__gte=run.classified_at)
    marked = FacetCount.objects.filter(legacy_import_run=run, to_classify=True, rows__gt=0)
    return decisions.exists() or marked.exists()


def _now(
    index: MappingIndex, formation: str | None, session: str | None, status: str | None
) -> list[tuple[str, str]]:
    """The versions of the row's mappings as they are now."""
    versions = versions_of(index.training(formation, session).versions)
    now = list(versions.items())
    return now if status is None else [*now, ("status", str(index.status(status).version))]
