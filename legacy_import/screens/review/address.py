"""The address of the review queue, read and written in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse

from legacy_import.conf import import_conf
from legacy_import.models import LegacyImportRun
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.filter import KEYS, ReviewFilter, UnknownFilter
from legacy_import.rules.duplicates import Target
from legacy_import.screens.address import MAX_DIGITS
from legacy_import.screens.review.forms import person_of

LIST = "legacy_imports:review"
FORM = "filter"  # the field in which every form of the queue carries the address it came from


@dataclass(frozen=True, slots=True)
class QueueAddress:
    """One view of one run's queue: the filter, the page of the list, the row, whom to compare."""

    run: LegacyImportRun
    query: ReviewFilter
    row: int | None = None
    at: int | None = None  # the list begins with this row
    after: int | None = None
    before: int | None = None
    person: Target | None = None
    only_differences: bool = False

    def address(self, **changes: Any) -> str:
        """The address of this view with other values."""
        return f"{reverse(LIST)}?{replace(self, **changes).encoded()}"

    def at_row(self, row: int | None) -> str:
        """The same list with another row open."""
        return self.address(row=row, person=None)

    def beginning_at(self, row: int | None) -> "QueueAddress":
        """The list from this row on, the row itself open: decided rows are not passed again."""
        return QueueAddress(
            self.run, self.query, row=row, at=row, only_differences=self.only_differences
        )

    def filtered(self, query: ReviewFilter) -> str:
        """The first page of the run's queue under another filter."""
        return QueueAddress(self.run, query).address()

    def encoded(self) -> str:
        told: dict[str, Any] = {"run": self.run.pk, **self.query.query()}
        told |= {"at": self.at, "after": self.after, "before": self.before, "row": self.row}
        told["person"] = f"{self.person[0]}:{self.person[1]}" if self.person else None
        told["diff"] = "1" if self.only_differences else None
        return urlencode({name: value for name, value in told.items() if value})


def asked_in(run: LegacyImportRun, query: Mapping[str, str]) -> QueueAddress:
    """What an address asks of the run's queue. Raises ContainsContact, Http404 for what is no filter."""
    try:
        found = ReviewFilter.asked(
            {key: query[key] for key in KEYS if key in query},
            default_focus=import_conf().focus_mode.value,
        )
    except UnknownFilter:
        raise Http404 from None
    return QueueAddress(
        run=run,
        query=found,
        row=_number(query, "row"),
        at=_number(query, "at"),
        after=_number(query, "after"),
        before=_number(query, "before"),
        person=person_of(query.get("person", "")),
        only_differences=query.get("diff") == "1",
    )


def asked_before(
    request: HttpRequest, run: LegacyImportRun, row: int | None = None
) -> QueueAddress:
    """The view from which a form was sent; what cannot be read there is the plain queue."""
    sent = QueryDict(request.POST.get(FORM, ""))
    try:
        found = asked_in(run, sent.dict())
    except (Http404, ContainsContact):
        found = QueueAddress(run, ReviewFilter())
    return replace(found, row=row) if row is not None else found


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS:
        raise Http404
    return int(text)
