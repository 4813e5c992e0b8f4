"""Stored counts of every combination of facet values: summaries and screens read them, not the rows.

A stage rebuilds the counts of its run. A change of some rows (a decision, a batch of a commit or
rollback, an erasure) is applied to the counts in the same transaction.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Case, Count, QuerySet, Value, When

from ecoin.bulk import Ids, delete_ids, insert_rows, update_rows
from legacy_import.models import FACETS, FacetCount, LegacyImportRun, LegacyStudentImport

# Facets that are not columns of the staged learner → the path to their column.
PATHS = {"session_type": "training__session_type", "import_action": "training__import_action"}
COLUMNS = ("legacy_import_run_id", *FACETS, "rows")

Combination = tuple[Any, ...]  # a value of each of FACETS, in that order
Combinations = Mapping[Combination, int]  # → its number of rows


def count(rows: QuerySet[LegacyStudentImport]) -> Combinations:
    """Count staged rows by their combination of facet values, in one pass over them."""
    values = rows.annotate(
        without_course=Case(
            When(training__course_id=None, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
    ).values_list(*(PATHS.get(facet, facet) for facet in FACETS))
    groups = values.order_by().annotate(number=Count("pk"))
    return {tuple(combination): number for *combination, number in groups}


def rebuild(run: LegacyImportRun) -> Combinations:
    """Count the run's rows in one pass, store the counts and return them."""
    with transaction.atomic():
        # Decisions lock the run first, too, so none is counted twice or lost between the two steps.
        LegacyImportRun.objects.select_for_update().filter(pk=run.pk).values_list("pk").first()
        combinations = _count_run(run.pk)
        _store(run.pk, combinations)
    return combinations


def apply(
    run_id: int,
    ids: Collection[int],
    *,
    new: Mapping[str, Any] | None = None,
    old: Mapping[str, Any] | None = None,
) -> None:
    """Adjust the stored counts to a change of these rows of the run; give one of `new` and `old`.

    `new`: the columns that all of them are about to get; call this before they are written.
    `old`: the columns that all of them had until now; call this after. Columns that are not facets
    are ignored. Call this in the transaction of the change, with the run's row locked, so that counts
    and rows always agree. The counts are rebuilt when they cannot be adjusted.
    """
    combinations = count(LegacyStudentImport.objects.filter(pk__among=Ids(ids)))
    change: Counter[Combination] = Counter(_with_values(combinations, new) if new else combinations)
    change.subtract(_with_values(combinations, old) if old else combinations)
    if not _adjust(run_id, {values: rows for values, rows in change.items() if rows}):
        rebuilt = Counter(_count_run(run_id))
        rebuilt.update(change if new else {})
        _store(run_id, +rebuilt)


def load(run: LegacyImportRun) -> Combinations:
    """The run's stored counts."""
    counts = FacetCount.objects.filter(legacy_import_run=run, rows__gt=0)
    return {tuple(values): rows for *values, rows in counts.values_list(*FACETS, "rows")}


def spread(combinations: Combinations, facet: str, values: Iterable[str] = ()) -> dict[str, int]:
    """Rows per value of one facet, with a zero for each of `values` that does not occur."""
    totals = Counter(dict.fromkeys(values, 0))
    position = FACETS.index(facet)
    for combination, rows in combinations.items():
        totals[combination[position]] += rows
    return dict(totals)


def _count_run(run_id: int) -> Combinations:
    return count(LegacyStudentImport.objects.filter(legacy_import_run=run_id))


def _store(run_id: int, combinations: Combinations) -> None:
    FacetCount.objects.filter(legacy_import_run=run_id).delete()
    insert_rows(
        FacetCount, COLUMNS, ((run_id, *values, rows) for values, rows in combinations.items())
    )


def _adjust(run_id: int, change: Combinations) -> bool:
    """Add these numbers to the counts; False, with nothing written, if one would fall below zero."""
    counts = FacetCount.objects.filter(legacy_import_run=run_id).values_list("pk", *FACETS, "rows")
    present = {tuple(values): (pk, rows) for pk, *values, rows in counts} if change else {}
    updates = {
        present[values][0]: present[values][1] + rows
        for values, rows in change.items()
        if values in present
    }
    additions = {values: rows for values, rows in change.items() if values not in present}
    if min([*updates.values(), *additions.values()], default=0) < 0:
        return False
    delete_ids(FacetCount, [pk for pk, rows in updates.items() if not rows])
    update_rows(FacetCount, ("rows",), {pk: (rows,) for pk, rows in updates.items() if rows})
    insert_rows(
        FacetCount, COLUMNS, ((run_id, *values, rows) for values, rows in additions.items())
    )
    return True


def _with_values(combinations: Combinations, columns: Mapping[str, Any]) -> Combinations:
    """The same rows with these values in all facets that are among the columns."""
    replaced: Counter[Combination] = Counter()
    for values, rows in combinations.items():
        facets = zip(FACETS, values, strict=True)
        replaced[tuple(columns.get(facet, value) for facet, value in facets)] += rows
    return replaced
