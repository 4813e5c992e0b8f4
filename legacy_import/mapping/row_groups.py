"""The rows of a run, grouped by the columns that mappings depend on: a few thousand groups per run."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from django.db.models import Case, CharField, Count, F, Value, When

from legacy_import.choices import COMMITTED_OUTCOMES, Classification, ImportAction, PlannedAction
from legacy_import.mapping.index import MappingIndex
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.rules import import_action


class RowGroup(NamedTuple):
    """Rows of a run that are the same to every mapping."""

    formation: str | None
    session: str | None
    classification: str
    cause: str  # why they wait for a mapping; "" if they do not
    rows: int


def row_groups(run: LegacyImportRun, causes: Collection[str]) -> Iterator[RowGroup]:
    """The groups of the run, in one query. A row waits if it is planned for review by a cause."""
    waiting = When(
        planned_action=PlannedAction.REVIEW, planned_reason__in=causes, then=F("planned_reason")
    )
    cause = Case(
        When(outcome__in=COMMITTED_OUTCOMES, then=Value("")),
        waiting,
        default=Value(""),
        output_field=CharField(),
    )
    rows = (
        LegacyStudentImport.objects.filter(legacy_import_run=run).order_by().annotate(cause=cause)
    )
    groups = rows.values_list("legacy_formation_id", "legacy_session_id", "classification", "cause")
    for values in groups.annotate(rows=Count("pk")):
        yield RowGroup(*values)


def passes_mappings(group: RowGroup, index: MappingIndex) -> bool:
    """Whether no mapping of this index blocks these rows. Other doubts may still do so."""
    training = index.training(group.formation, group.session)
    if training.session_deleted or training.course.deleted:
        return False
    action = import_action.decide(
        Classification(group.classification), training.session.session_type, training.course.state
    ).action
    if action == ImportAction.CREATE_LEGACY_ENROLLMENT:
        return training.session_confirmed
    return action != ImportAction.NEEDS_REVIEW
