"""One page of the queue, paged by key: (reason, classification, row), the order of its index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Q

from ecoin.identity.masking import mask_text
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.review.counts import FilteredCounts

ROWS = 25
ORDER = ("planned_reason", "classification", "pk")
Cells = Mapping[tuple[str, str], int]


class Key(NamedTuple):
    """Where a row stands in the queue."""

    reason: str
    classification: str
    row: int


class QueueLine(NamedTuple):
    """One row of the list. Nothing in it needs a mask."""

    reason: str
    classification: str
    row: int
    source_table: str
    legacy_id: str
    full_name: str
    raw_status: str
    decision: str
    to_classify: bool

    @property
    def key(self) -> Key:
        return Key(self.reason, self.classification, self.row)


COLUMNS = (
    *ORDER,
    "source_table",
    "legacy_id",
    "full_name",
    "raw_status",
    "decision",
    "to_classify",
)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in queue order; the row before the first and the last one, where there is more."""

    lines: Sequence[QueueLine]
    previous: int | None = None  # `before=` of the page before this one
    next: int | None = None  # `after=` of the page after this one


def page_of(
    run: LegacyImportRun,
    counts: FilteredCounts,
    *,
    after: int | None = None,
    before: int | None = None,
    at: int | None = None,
    rows: int = ROWS,
) -> Page:
    """The rows after a row, before it, from it on (`at`), or the first ones."""
    anchor = key_of(run, after or before or at)
    backwards = bool(before and not after)
    found = _lines(run, counts, anchor, rows + 1, backwards=backwards, inclusive=bool(at))
    more, lines = len(found) > rows, found[:rows]
    if backwards:
        lines.reverse()
    if not lines:
        return Page(())
    earlier = more if backwards else anchor is not None
    later = True if backwards else more
    return Page(
        lines,
        previous=lines[0].row if earlier else None,
        next=lines[-1].row if later else None,
    )


def next_row(run: LegacyImportRun, counts: FilteredCounts, after: Key | None) -> int | None:
    """The next row that the filter leaves, from the beginning again after the last; None: no row."""
    for anchor in (after, None):
        for line in _lines(run, counts, anchor, 1):
            return line.row
    return None


def key_of(run: LegacyImportRun, row_id: int | None) -> Key | None:
    """Where a row of the run stands in the queue, whether the filter leaves it or not."""
    if row_id is None:
        return None
    rows = LegacyStudentImport.objects.filter(pk=row_id, legacy_import_run=run)
    found = rows.values_list(*ORDER).first()
    return Key(*found) if found else None


def _lines(
    run: LegacyImportRun,
    counts: FilteredCounts,
    anchor: Key | None,
    limit: int,
    *,
    backwards: bool = False,
    inclusive: bool = False,
) -> list[QueueLine]:
    """Up to `limit` rows beyond the anchor, in order; backwards: the nearest before it first."""
    if counts.matches is not None:
        where = _beyond(anchor, backwards, inclusive) & Q(pk__in=counts.matches.rows)
    else:
        places = _cells_needed(counts.cells(), anchor, limit, backwards)
        if not places:
            return []
        # Ranges of the index, cell by cell: rows of other cells are never looked at.
        where = reduce(or_, (_in_cell(cell, anchor, backwards, inclusive) for cell in places))
    order = [f"-{name}" for name in ORDER] if backwards else ORDER
    rows = counts.query.filtered(run).filter(where)
    return [_masked(QueueLine(*v)) for v in rows.order_by(*order).values_list(*COLUMNS)[:limit]]


def _masked(line: QueueLine) -> QueueLine:
    return line._replace(full_name=mask_text(line.full_name), raw_status=mask_text(line.raw_status))


def _in_cell(cell: tuple[str, str], anchor: Key | None, backwards: bool, inclusive: bool) -> Q:
    """The rows of one cell; of the anchor's own cell those beyond it."""
    reason, classification = cell
    here = Q(planned_reason=reason, classification=classification)
    if anchor is None or cell != anchor[:2]:
        return here
    side = ("lt" if backwards else "gt") + ("e" if inclusive else "")
    return here & Q(**{f"pk__{side}": anchor.row})


def _cells_needed(
    cells: Cells, anchor: Key | None, limit: int, backwards: bool
) -> list[tuple[str, str]]:
    """The anchor's cell and as many beyond it as hold `limit` rows, by the stored counts."""
    needed, held = [], 0
    for cell, rows in sorted(cells.items(), reverse=backwards):
        here = anchor is not None and cell == anchor[:2]
        if anchor is not None and not here and (cell > anchor[:2]) == backwards:
            continue
        needed.append(cell)
        held += 0 if here else rows  # nobody counted how many of its rows lie beyond the anchor
        if held >= limit:
            break
    return needed


def _beyond(anchor: Key | None, backwards: bool, inclusive: bool) -> Q:
    """Everything after (or before) the anchor in the order of the queue."""
    if anchor is None:
        return Q()
    strict = "lt" if backwards else "gt"
    side = strict + ("e" if inclusive else "")
    return (
        Q(**{f"planned_reason__{strict}": anchor.reason})
        | Q(planned_reason=anchor.reason, **{f"classification__{strict}": anchor.classification})
        | Q(planned_reason=anchor.reason, classification=anchor.classification,
            **{f"pk__{side}": anchor.row})
    )  # fmt: skip
