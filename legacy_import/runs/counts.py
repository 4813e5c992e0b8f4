"""Counts of every combination of facet values: what summaries and screens read instead of rows."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Case, Count, F, QuerySet, Value, When

from ecoin.among import Ids
from ecoin.bulk import delete_ids, insert_rows, update_rows
from legacy_import.models import FACETS, FacetCount, LegacyImportRun, LegacyStudentImport

# Where a facet's column is, seen from the staged learner.
PATHS = {"session_type": "training__session_type", "import_action": "training__import_action"}
COLUMNS = ("legacy_import_run_id", *FACETS, "rows")

# A combination of values, in the order of FACETS → its number of rows.
Combinations = Mapping[tuple[Any, ...], int]


def count(rows: QuerySet[LegacyStudentImport]) -> Combinations:
    """Count staged rows by their combination of facet values, in one pass over them."""
    counted = rows.annotate(
        without_course=Case(
            When(training__course_id=None, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
    ).values_list(*(PATHS.get(facet, facet) for facet in FACETS))
    numbered = counted.order_by().annotate(number=Count("pk"))
    return {tuple(values): number for *values, number in numbered}


def rebuild(run: LegacyImportRun) -> Combinations:
    """Count the run's rows anew, in one pass, and store the counts."""
    with transaction.atomic():
        # A decision locks the run first, too: none is counted twice or lost between the two steps.
        LegacyImportRun.objects.select_for_update().filter(pk=run.pk).values_list("pk").first()
        return _store_anew(run.pk)


def _store_anew(run_id: int) -> Combinations:
    found = count(LegacyStudentImport.objects.filter(legacy_import_run=run_id))
    FacetCount.objects.filter(legacy_import_run=run_id).delete()
    insert_rows(
        FacetCount, COLUMNS, ((run_id, *values, number) for values, number in found.items())
    )
    return found


def stored(run: LegacyImportRun) -> Combinations:
    """The run's counts as they are stored; what nothing has changed since need not be counted."""
    kept = FacetCount.objects.filter(legacy_import_run=run, rows__gt=0)
    return {tuple(values): number for *values, number in kept.values_list(*FACETS, "rows")}


@contextmanager
def following(run_id: int, ids: Collection[int]) -> Iterator[None]:
    """The stored counts follow whatever the block does to these rows of the run.

    In the block's own transaction, in which the run's row is locked already: the cost is that of
    these rows, and no kill leaves counts that do not agree with them.
    """
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run_id, pk__among=Ids(ids))
    before = count(rows)
    yield
    follow(run_id, before, count(rows))


def of_rows(ids: Collection[int]) -> Combinations:
    """The combinations of these staged rows, for `follow`."""
    return count(LegacyStudentImport.objects.filter(pk__among=Ids(ids)))


def with_outcome(found: Combinations, outcome: str) -> Combinations:
    """What the same rows count as with one outcome for all of them: it need not be asked."""
    place = FACETS.index("outcome")
    told: Counter[tuple[Any, ...]] = Counter()
    for values, rows in found.items():
        told[(*values[:place], outcome, *values[place + 1 :])] += rows
    return told


def follow(run_id: int, before: Combinations, after: Combinations) -> None:
    """The stored counts follow rows of the run that counted as `before` and count as `after` now.

    In the transaction that changed the rows, in which the run's row is locked already.
    """
    more = Counter(after)
    more.subtract(before)
    _add(run_id, {values: number for values, number in more.items() if number})


def _add(run_id: int, more: Combinations) -> None:
    """So many rows more of each combination, or less; what the counts cannot bear is counted anew."""
    if not more:
        return
    counts = FacetCount.objects.filter(legacy_import_run=run_id).values_list("pk", *FACETS, "rows")
    stored = {tuple(values): (pk, rows) for pk, *values, rows in counts}
    changed = {
        stored[values][0]: stored[values][1] + n for values, n in more.items() if values in stored
    }
    fresh = {values: n for values, n in more.items() if values not in stored}
    if min([*changed.values(), *fresh.values()]) < 0:
        _store_anew(run_id)
        return
    delete_ids(FacetCount, [pk for pk, rows in changed.items() if not rows])
    update_rows(FacetCount, ("rows",), {pk: (rows,) for pk, rows in changed.items() if rows})
    insert_rows(FacetCount, COLUMNS, ((run_id, *values, n) for values, n in fresh.items()))


def spread(found: Combinations, facet: str, values: Iterable[str] = ()) -> dict[str, int]:
    """Rows per value of one facet; every value of the vocabulary `values`, zero included."""
    counted = Counter(dict.fromkeys(values, 0))
    place = FACETS.index(facet)
    for combination, rows in found.items():
        counted[combination[place]] += rows
    return dict(counted)


def combination_of(row_id: int) -> dict[str, Any]:
    """The facet values of one staged row, by name."""
    rows = LegacyStudentImport.objects.select_related("training")
    row = rows.defer("raw_payload", "duplicate_evidence").get(pk=row_id)
    values = {facet: getattr(row, facet) for facet in FACETS if hasattr(row, facet)}
    training = row.training
    return values | {
        "session_type": training.session_type,
        "import_action": training.import_action,
        "without_course": training.course_id is None,
    }


def move(run_id: int, before: Mapping[str, Any], after: Mapping[str, Any], rows: int = 1) -> None:
    """`rows` rows went from one combination to another: adjust the stored counts."""
    if dict(before) == dict(after):
        return
    counts = FacetCount.objects.filter(legacy_import_run_id=run_id)
    counts.filter(**before).update(rows=F("rows") - rows)
    if not counts.filter(**after).update(rows=F("rows") + rows):
        FacetCount.objects.create(legacy_import_run_id=run_id, rows=rows, **after)
