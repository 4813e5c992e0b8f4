"""The rows of a run, grouped by the columns that mappings depend on: a few thousand groups per run."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from django.db.models import Case, CharField, Count, F, Q, Value, When

from legacy_import.choices import COMMITTED_OUTCOMES, Classification, ImportAction, PlannedAction
from legacy_import.mapping.index import MappingIndex
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.rules import import_action


class RowGroup(NamedTuple):
    """Rows of a run that are the same to every mapping."""

    formation: str | None
    session: str | None
    status: str | None  # the key of a status that the rules do not know
    classification: str
    cause: str  # why they wait for a mapping; "" if they do not
    rows: int


EVERY_ROW = Q()


def row_groups(
    run: LegacyImportRun, causes: Collection[str], which: Q = EVERY_ROW
) -> Iterator[RowGroup]:
    """The groups of these rows of the run, in one query. A row waits if it is planned for review by a
    cause.
    """
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
        LegacyStudentImport.objects.filter(which, legacy_import_run=run)
        .order_by()
        .annotate(cause=cause)
    )
    groups = rows.values_list(
        "legacy_formation_id", "legacy_session_id", "status_key", "classification", "cause"
    )
    for values in groups.annotate(rows=Count("pk")):
        yield RowGroup(*values)


def passes_mappings(group: RowGroup, index: MappingIndex) -> bool:
    """Whether no mapping of this index blocks these rows. Other doubts may still do so."""
    return unblocked_action(group, index) is not None


def unblocked_action(group: RowGroup, index: MappingIndex) -> ImportAction | None:
    """What a plan would do with the trainings of these rows; None if a mapping blocks them."""
    training = index.training(group.formation, group.session)
    if training.session_deleted or training.course.deleted:
        return None
    classification = Classification(group.classification)
    if group.status is not None:
        classification = index.status(group.status).classification or Classification.UNKNOWN
    action = import_action.decide(
        classification,
        training.session.session_type,
        training.course.state,
        history_released=training.history_released,
    ).action
    if action == ImportAction.NEEDS_REVIEW:
        return None
    if action == ImportAction.CREATE_LEGACY_ENROLLMENT and not training.session_confirmed:
        return None
    return action
