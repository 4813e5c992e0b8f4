"""Which rows of a run are read for one page of the list, so that a page costs the same in any run.

The stored counts name the cells (action, reason, classification) in which a filter has rows at all;
they are equalities on the index legacy_student_queue.

- Cells of FEW rows are read through that index, all of them.
- Otherwise rows are read in the order of the primary key, from the anchor on, LOOKED_AT of them. A
  page that is not full by then says where to go on.
- The rows of one source table lie between two numbers, which the receipts of its import tell: those
  of the other table before them are not read.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Max, Min, Q, Sum

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.review.counts import FilteredCounts
from legacy_import.review.learner_filter import LearnerFilter, Rows, rows_of
from legacy_import.review.search import LOOKED_AT

CELL = ("planned_action", "planned_reason", "classification")
ROWS = 50  # of a page
FEW = 2_000  # rows that are found through the index faster than past all others
JOINED = ("session_type", "import_action", "without_course")  # facets of the training
TIMES_DEARER = 3  # a row of which the training is looked at, too


class Anchor(NamedTuple):
    """A page begins after a row, or ends before one, or is the first."""

    after: int | None = None
    before: int | None = None

    @property
    def backwards(self) -> bool:
        return self.before is not None and self.after is None


class Span(NamedTuple):
    """The numbers between which rows lie."""

    first: int
    last: int


class PageRows(NamedTuple):
    """The rows to read for a page, unordered. `stop`: the last one looked at, where others follow."""

    rows: Rows
    stop: int | None = None


def reading_for(
    run: LegacyImportRun, query: LearnerFilter, counts: FilteredCounts, anchor: Anchor
) -> PageRows:
    """What to read for a page of a filter that leaves rows."""
    rows = past(rows_of(run, query.facets), anchor)
    cells = _cells(counts)
    if sum(rows for _cell, rows in cells) <= FEW:
        where = reduce(or_, (Q(**dict(zip(CELL, cell, strict=True))) for cell, _rows in cells))
        # By number, in a query without an order: with one, MariaDB walks the primary key instead.
        found = list(rows.filter(where).values_list("pk", flat=True))
        return PageRows(rows_of(run).filter(pk__in=_nearest(found, anchor)))
    span = _span(run, query, counts)
    return PageRows(rows) if span is None else _window(rows, query, span, anchor)


def past(rows: Rows, anchor: Anchor) -> Rows:
    """Those of the rows after the anchor, or before it."""
    if anchor.after is not None:
        return rows.filter(pk__gt=anchor.after)
    return rows if anchor.before is None else rows.filter(pk__lt=anchor.before)


def _nearest(found: Sequence[int], anchor: Anchor) -> list[int]:
    """More than a page of them, those next to the anchor."""
    return sorted(found, reverse=anchor.backwards)[: 2 * ROWS]


def _window(rows: Rows, query: LearnerFilter, span: Span, anchor: Anchor) -> PageRows:
    width = LOOKED_AT // (TIMES_DEARER if any(name in query.facets for name in JOINED) else 1)
    if anchor.backwards:
        last = min(span.last, (anchor.before or 0) - 1)
        stop = last - width + 1
        rows = rows.filter(pk__gte=max(stop, span.first), pk__lte=last)
        return PageRows(rows, stop if stop > span.first else None)
    first = max(span.first, (anchor.after or 0) + 1)
    stop = first + width - 1
    rows = rows.filter(pk__gte=first, pk__lte=min(stop, span.last))
    return PageRows(rows, stop if stop < span.last else None)


def _span(run: LegacyImportRun, query: LearnerFilter, counts: FilteredCounts) -> Span | None:
    """Between which numbers the filtered rows lie; None where the receipts do not tell all rows."""
    table = query.facets.get("source_table", "")
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.IMPORT)
    if table:
        receipts = receipts.filter(source_table=table)
    found = receipts.aggregate(first=Min("first_row"), last=Max("last_row"), rows=Sum("rows"))
    staged = sum(
        rows
        for combination, rows in counts.combinations
        if not table or combination["source_table"] == table
    )
    return Span(found["first"], found["last"]) if found["rows"] == staged else None


def _cells(counts: FilteredCounts) -> list[tuple[tuple[str, ...], int]]:
    """The cells in which the filter has rows, each with all its rows, filtered or not."""
    total: dict[tuple[str, ...], int] = {}
    meant = set()
    for combination, rows in counts.combinations:
        cell = tuple(combination[name] for name in CELL)
        total[cell] = total.get(cell, 0) + rows
        if rows > 0 and counts.query.has(combination):
            meant.add(cell)
    return [(cell, total[cell]) for cell in sorted(meant)]
