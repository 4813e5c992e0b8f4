"""One page of the queue, paged by key: (order, reason, classification, row), as its index is ordered.

The most likely matches come first, regardless of the reason: they are decided quickest.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from ecoin.identity.masking import mask_text
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.review.claims import take, taken_rows
from legacy_import.review.counts import Cell, FilteredCounts
from legacy_import.screens.pages import Anchor, Line, Page, read_page

ROWS = 25
MOST_TRIES = 20  # to get a row before other users, who all ask at the same moment
ORDER = ("review_order", "planned_reason", "classification", "pk")
COLUMNS = (
    *ORDER, "source_table", "legacy_id", "full_name", "decision", "settled", "to_classify",
    "group_first_id",
)  # fmt: skip


class Key(NamedTuple):
    """The position of a row in the queue."""

    order: int
    reason: str
    classification: str
    row: int


def page_of(
    run: LegacyImportRun,
    counts: FilteredCounts,
    anchor: Anchor,
    *,
    size: int = ROWS,
    without: Collection[int] = (),
) -> Page:
    """The rows that pass the filter, from the anchor on; an unknown row anchors nothing."""
    key = key_of(run, anchor.row)
    anchor = anchor if key else Anchor()
    rows = _rows_from(run, counts, key, anchor, size + 1 + len(without)).exclude(pk__in=without)
    return read_page(rows, anchor, order=ORDER, columns=COLUMNS, mask=_masked, size=size)


def with_fellows(
    run: LegacyImportRun, counts: FilteredCounts, lines: Sequence[Line]
) -> list[tuple[Line, bool]]:
    """The lines, each followed by the other rows of its person that pass the filter: (line, is fellow).

    Such a row also has its own place, which may be on another page. One query, if any row has a group.
    """
    groups = {line["group_first_id"] for line in lines} - {None}
    fellows: defaultdict[int, list[Line]] = defaultdict(list)
    if groups:
        rows = counts.query.faceted(run).filter(group_first_id__in=groups)
        if counts.matches is not None:
            rows = rows.filter(pk__in=counts.matches.rows)
        for line in rows.order_by(*ORDER).values(*COLUMNS):
            fellows[line["group_first_id"]].append(_masked(line))
    listed: list[tuple[Line, bool]] = []
    for line in lines:
        group = line["group_first_id"]
        if group is None:
            listed.append((line, False))
        elif group in fellows:  # with the first of its rows
            listed.append((line, False))
            listed += [(one, True) for one in fellows.pop(group) if one["pk"] != line["pk"]]
    return listed


def next_row(
    run: LegacyImportRun,
    counts: FilteredCounts,
    after: int | None,
    *,
    without: Collection[int] = (),
) -> int | None:
    """The next row that passes the filter and is not taken, after the last the first; None: no row."""
    for anchor in (Anchor(after=after), Anchor()):
        for line in page_of(run, counts, anchor, size=1, without=without).lines:
            return int(line["pk"])
    return None


def claim_next_row(
    run: LegacyImportRun,
    counts: FilteredCounts,
    after: int | None,
    *,
    actor: User,
    now: datetime.datetime,
) -> int | None:
    """The next row that no other user has open, claimed for the actor; None: there is none.

    A row that another user claims at this moment is passed over.
    """
    passed: set[int] = set()
    while len(passed) < MOST_TRIES:
        unavailable = {*passed, *taken_rows(actor=actor, now=now)}
        row = next_row(run, counts, after, without=unavailable)
        if row is None or take(row_id=row, actor=actor, now=now):
            return row
        passed.add(row)
    return None


def notes_of_postponed(run: LegacyImportRun, lines: Iterable[Line]) -> dict[int, str]:
    """Row → the note with which it was postponed, masked; only of rows that are, and have one."""
    rows = {
        (line["source_table"], line["legacy_id"]): line["pk"]
        for line in lines
        if line["decision"] == ReviewDecision.LATER
    }
    if not rows:
        return {}
    events = LegacyReviewDecision.objects.filter(
        connection_name=run.connection_name, decision=ReviewDecision.LATER, undone_by=None,
        legacy_id__in={legacy_id for _table, legacy_id in rows},
    )  # fmt: skip
    columns = events.order_by("pk").values_list("source_table", "legacy_id", "note")
    latest = {(table, legacy_id): note for table, legacy_id, note in columns}
    return {rows[name]: mask_text(note) for name, note in latest.items() if note and name in rows}


def key_of(run: LegacyImportRun, row_id: int | None) -> Key | None:
    """The position of a row of the run, whether it passes the filter or not."""
    if row_id is None:
        return None
    rows = LegacyStudentImport.objects.filter(pk=row_id, legacy_import_run=run)
    values = rows.values_list(*ORDER).first()
    return Key(*values) if values else None


def _rows_from(
    run: LegacyImportRun, counts: FilteredCounts, key: Key | None, anchor: Anchor, limit: int
) -> QuerySet[LegacyStudentImport]:
    """The rows that pass the filter, from the anchor on: at least `limit` of them."""
    rows = counts.query.faceted(run)
    if counts.matches is not None:
        return rows.filter(_beyond(key, anchor), pk__in=counts.matches.rows)
    cells = _cells_needed(counts.cells(), key, limit, anchor.backwards)
    if not cells:
        return rows.none()
    # Ranges of the index, cell by cell: rows of other cells are not read.
    return rows.filter(reduce(or_, (_in_cell(cell, key, anchor) for cell in cells)))


def _masked(line: Line) -> Line:
    return {**line, "full_name": mask_text(line["full_name"])}


def _in_cell(cell: Cell, key: Key | None, anchor: Anchor) -> Q:
    """The rows of one cell; of the anchor's own cell those beyond it."""
    order, reason, classification = cell
    rows = Q(review_order=order, planned_reason=reason, classification=classification)
    if key is None or cell != key[:3]:
        return rows
    return rows & Q(**{f"pk__{anchor.comparison}": key.row})


def _cells_needed(
    cells: Mapping[Cell, int], key: Key | None, limit: int, backwards: bool
) -> list[Cell]:
    """The anchor's cell and enough cells beyond it for `limit` rows, by the stored counts."""
    needed, total = [], 0
    for cell, rows in sorted(cells.items(), reverse=backwards):
        own = key is not None and cell == key[:3]
        if key is not None and not own and (cell > key[:3]) == backwards:
            continue
        needed.append(cell)
        total += 0 if own else rows  # how many of its rows are beyond the anchor is not known
        if total >= limit:
            break
    return needed


def _beyond(key: Key | None, anchor: Anchor) -> Q:
    """Everything after (or before) the anchor in the order of the queue."""
    if key is None:
        return Q()
    strict = "lt" if anchor.backwards else "gt"
    beyond, same = Q(), Q()
    for column, value in zip(ORDER[:-1], key[:-1], strict=True):
        beyond |= same & Q(**{f"{column}__{strict}": value})
        same &= Q(**{column: value})
    return beyond | same & Q(**{f"pk__{anchor.comparison}": key.row})
