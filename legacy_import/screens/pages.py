"""Pages of staged rows by key: the rows after a row, before it, or from it on, in a fixed order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from legacy_import.models import LegacyStudentImport
from legacy_import.review.search import BY_NAME, Matches
from legacy_import.screens.address import RowsAddress

Line = dict[str, Any]  # the columns of one row, masked


@dataclass(frozen=True, slots=True)
class Anchor:
    """A page begins after a row, ends before one, begins with one (`at`), or is the first."""

    after: int | None = None
    before: int | None = None
    at: int | None = None

    @property
    def row(self) -> int | None:
        return self.after or self.before or self.at

    @property
    def backwards(self) -> bool:
        return bool(self.before and not self.after)

    @property
    def comparison(self) -> str:
        """The lookup that compares a row's key with that of the anchor."""
        return ("lt" if self.backwards else "gt") + ("e" if self.at else "")


@dataclass(frozen=True, slots=True)
class Page:
    """Lines in order; the ids of the first and the last row, where there are more rows."""

    lines: Sequence[Line] = ()
    previous: int | None = None  # `before=` of the page before this one
    next: int | None = None  # `after=` of the page after this one


def read_page(
    rows: QuerySet[LegacyStudentImport],
    anchor: Anchor,
    *,
    order: Sequence[str],
    columns: Sequence[str],
    mask: Callable[[Line], Line],
    size: int,
) -> Page:
    """The page of these rows, which begin at the anchor. `columns` contains the id as `pk`."""
    ordering = [f"-{name}" for name in order] if anchor.backwards else order
    values = list(rows.order_by(*ordering).values(*columns)[: size + 1])
    more, values = len(values) > size, values[:size]
    if not values:
        return Page()
    if anchor.backwards:
        values.reverse()
    has_previous = more if anchor.backwards else anchor.row is not None
    return Page(
        [mask(row) for row in values],
        previous=values[0]["pk"] if has_previous else None,
        next=values[-1]["pk"] if more or anchor.backwards else None,
    )


def pager_of(address: RowsAddress, page: Page, matches: Matches | None) -> dict[str, str]:
    """URLs of the pages around this one; "" where there is none.

    `further`: rows that a search has not read yet; `parts`: the same search for parts of names.
    """
    query, first = address.query, RowsAddress(address.run, address.query)
    beyond = matches.beyond if matches else None
    by_name = matches is not None and matches.how == BY_NAME
    return {
        "first": first.url() if page.previous else "",
        "previous": first.url(before=page.previous) if page.previous else "",
        "next": first.url(after=page.next) if page.next else "",
        "further": first.first_page(replace(query, beyond=beyond)) if beyond else "",
        "parts": first.first_page(replace(query, parts=True, beyond=0)) if by_name else "",
    }
