"""The waves of a commit: completed history, then registrations, then leads (docs/decisions/0031)."""

from collections.abc import Iterator

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from legacy_import.choices import Classification, FocusMode, Outcome, PlannedAction
from legacy_import.models import FacetCount, LegacyImportRun, LegacyStudentImport
from legacy_import.rules.commit_policy import FOLLOWS

C, A = Classification, PlannedAction

# A wave is defined by its effects; rows without an effect go with their classification.
WAVES: dict[FocusMode, tuple[frozenset[PlannedAction], frozenset[Classification]]] = {
    FocusMode.HISTORICAL_COMPLETED: (
        frozenset({A.CREATE_COMPLETED_TRAINING}),
        frozenset({C.COMPLETED, C.ARCHIVED_TRAINING}),
    ),
    FocusMode.REGISTERED_PENDING: (frozenset({A.CREATE_ENROLLMENT}), frozenset({C.REGISTERED})),
    FocusMode.LEAD_ONLY: (
        frozenset({A.CREATE_CRM_LEAD, A.LINK_EXISTING}),
        frozenset({C.LEAD_ONLY}),
    ),
}
WITHOUT_EFFECT = (A.SKIP, A.REVIEW)
IDS_PER_PAGE = 5_000

Rows = QuerySet[LegacyStudentImport]


def pending_rows(run: LegacyImportRun, focus: FocusMode | None) -> Rows:
    """The rows of the wave (None: of all waves) that were not committed since their plan."""
    return LegacyStudentImport.objects.filter(_pending(run, focus))


def _pending(run: LegacyImportRun, focus: FocusMode | None) -> Q:
    """A condition on staged rows and on their stored counts: all its columns are facets."""
    pending = Q(legacy_import_run=run, outcome=Outcome.PENDING)
    if focus is None:
        return pending
    effects, classifications = WAVES[focus]
    return pending & (
        Q(planned_action__in=effects)
        | Q(planned_action__in=WITHOUT_EFFECT, classification__in=classifications)
    )


def wave_totals(run: LegacyImportRun, focus: FocusMode | None) -> tuple[int, int]:
    """Rows of the wave to be committed, and to be left for review, from the stored counts."""
    for_review = Q(planned_action=PlannedAction.REVIEW)
    totals = FacetCount.objects.filter(_pending(run, focus)).aggregate(
        all=Sum("rows", default=0), review=Sum("rows", default=0, filter=for_review)
    )
    return totals["all"] - totals["review"], totals["review"]


def passes(rows: Rows) -> tuple[Rows, Rows]:
    """First everything except followers, then the leads that follow the first row of their group."""
    planned = rows.exclude(planned_action=PlannedAction.REVIEW)
    follows = Q(planned_action=FOLLOWS.action, planned_reason=FOLLOWS.reason)
    # The first row may belong to another wave: then the follower waits for that wave.
    first = LegacyStudentImport.objects.filter(
        pk=OuterRef("group_first_id"), outcome=Outcome.PENDING
    ).exclude(planned_action=PlannedAction.REVIEW)
    return planned.exclude(follows), planned.filter(follows).exclude(Exists(first))


def id_batches(rows: Rows, size: int, limit: int | None = None) -> Iterator[list[int]]:
    """Ids in order, in lists of at most `size`, at most `limit` in all; rows may change meanwhile."""
    last, remaining = 0, limit
    while remaining is None or remaining > 0:
        page_size = IDS_PER_PAGE if remaining is None else min(remaining, IDS_PER_PAGE)
        ids = rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        page = list(ids[:page_size])
        if not page:
            return
        last = page[-1]
        remaining = None if remaining is None else remaining - len(page)
        for start in range(0, len(page), size):
            yield page[start : start + size]


def planned_counts(run: LegacyImportRun, focus: FocusMode | None) -> dict[PlannedAction, int]:
    """Action → pending rows of the wave; every action, zero included."""
    by_action = pending_rows(run, focus).order_by().values_list("planned_action")
    rows = dict(by_action.annotate(rows=Count("pk")))
    return {action: rows.get(action.value, 0) for action in PlannedAction}


def next_wave(run: LegacyImportRun) -> FocusMode | None:
    """The first wave with pending rows; None if no wave has any."""
    return next((focus for focus in WAVES if pending_rows(run, focus).exists()), None)
