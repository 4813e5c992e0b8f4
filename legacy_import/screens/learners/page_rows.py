"""Which rows of a run are read for one page of the list, so that a page costs the same in any run.

The stored counts list the cells (action, order, reason, classification) in which a filter
selects rows; they are equalities on the index legacy_student_queue.

- If these cells contain at most FEW rows, they are all read through that index.
- Otherwise READ_LIMIT rows are read in the order of the primary key, from the anchor on. A page that
  is not full then contains the row from which to continue.
- The rows of one source table lie between two ids, which the receipts of its import contain: the
  rows of the other table before them are not read.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Max, Min, Q, Sum

from legacy_import.choices import Stage
from legacy_import.models import ChunkReceipt, LegacyImportRun
from legacy_import.review.counts import FilteredCounts
from legacy_import.review.filter import RowFilter, Rows, rows_of
from legacy_import.review.search import READ_LIMIT
from legacy_import.screens.pages import Anchor

CELL = ("planned_action", "review_order", "planned_reason", "classification")
ROWS = 50  # of a page
FEW = 2_000  # rows that are read faster through the index than in the order of the primary key
JOINED = ("session_type", "import_action", "without_course")  # facets of the training
JOIN_COST = 3  # a row whose training is read too, compared with one without


class Span(NamedTuple):
    """The ids between which rows lie."""

    first: int
    last: int


class PageRows(NamedTuple):
    """The rows to read for a page, unordered. `stop`: the last one read, where others follow."""

    rows: Rows
    stop: int | None = None


def rows_for_page(run: LegacyImportRun, counts: FilteredCounts, anchor: Anchor) -> PageRows:
    """The rows to read for a page of a filter that selects rows."""
    rows = past(counts.query.faceted(run), anchor)
    cells = _cells(counts)
    if sum(cells.values()) <= FEW:
        where = reduce(or_, (Q(**dict(zip(CELL, cell, strict=True))) for cell in cells))
        # By id, in a query without an order: with one, MariaDB walks the primary key instead.
        ids = list(rows.filter(where).values_list("pk", flat=True))
        return PageRows(rows_of(run).filter(pk__in=_nearest(ids, anchor)))
    span = _span(run, counts)
    return PageRows(rows) if span is None else _limited(rows, counts.query, span, anchor)


def past(rows: Rows, anchor: Anchor) -> Rows:
    """Those of the rows after the anchor, or before it."""
    if anchor.after is not None:
        return rows.filter(pk__gt=anchor.after)
    return rows if anchor.before is None else rows.filter(pk__lt=anchor.before)


def _nearest(ids: Sequence[int], anchor: Anchor) -> list[int]:
    """The ids next to the anchor, more than a page of them."""
    return sorted(ids, reverse=anchor.backwards)[: 2 * ROWS]


def _limited(rows: Rows, query: RowFilter, span: Span, anchor: Anchor) -> PageRows:
    width = READ_LIMIT // (JOIN_COST if any(name in query.facets for name in JOINED) else 1)
    if anchor.backwards:
        last = min(span.last, (anchor.before or 0) - 1)
        stop = last - width + 1
        rows = rows.filter(pk__gte=max(stop, span.first), pk__lte=last)
        return PageRows(rows, stop if stop > span.first else None)
    first = max(span.first, (anchor.after or 0) + 1)
    stop = first + width - 1
    rows = rows.filter(pk__gte=first, pk__lte=min(stop, span.last))
    return PageRows(rows, stop if stop < span.last else None)


def _span(run: LegacyImportRun, counts: FilteredCounts) -> Span | None:
    """Between which ids the rows lie; None where the receipts do not cover all rows."""
    table = counts.query.facets.get("source_table", "")
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage=Stage.IMPORT)
    if table:
        receipts = receipts.filter(source_table=table)
    covered = receipts.aggregate(first=Min("first_row"), last=Max("last_row"), rows=Sum("rows"))
    staged = sum(
        rows
        for combination, rows in counts.combinations
        if not table or combination["source_table"] == table
    )
    return Span(covered["first"], covered["last"]) if covered["rows"] == staged else None


def _cells(counts: FilteredCounts) -> dict[tuple[Any, ...], int]:
    """The cells in which the filter selects rows → all their rows, whether they pass or not."""
    totals: dict[tuple[Any, ...], int] = {}
    selected = set()
    for combination, rows in counts.combinations:
        cell = tuple(combination[name] for name in CELL)
        totals[cell] = totals.get(cell, 0) + rows
        if rows > 0 and counts.query.matches(combination):
            selected.add(cell)
    return {cell: totals[cell] for cell in sorted(selected)}
