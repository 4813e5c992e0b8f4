"""The addresses of the screens: the run, the filter and the page, parsed and written in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse

from legacy_import.choices import PersonKind
from legacy_import.conf import import_conf
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.filter import MAX_DIGITS, PENDING, RowFilter, UnknownFilter, is_number
from legacy_import.rules.duplicates import Target

QUEUE, LEARNERS = "legacy_imports:review", "legacy_imports:students"
FORM = "filter"  # the field in which the forms of a list send the address they came from
PEOPLE = (PersonKind.USER.value, PersonKind.LEAD.value)


@dataclass(frozen=True, slots=True)
class RowsAddress:
    """A page of the queue or of the learners list; in the queue, also the open row."""

    run: LegacyImportRun
    query: RowFilter
    after: int | None = None
    before: int | None = None
    at: int | None = None  # the page begins with this row
    row: int | None = None
    person: Target | None = None  # whom the row is compared with
    only_differences: bool = False

    def url(self, **changes: Any) -> str:
        """The URL of this view with other values."""
        address = replace(self, **changes)
        return f"{reverse(QUEUE if self.query.state else LEARNERS)}?{address.query_string()}"

    def first_page(self, query: RowFilter) -> str:
        """The URL of the first page of the same list under this filter."""
        return RowsAddress(self.run, query).url()

    def at_row(self, row: int | None) -> str:
        """The URL of the same page with another row open."""
        return self.url(row=row, person=None)

    def starting_at(self, row: int | None) -> str:
        """The URL of the list from this row on, the row open: decided rows are not repeated."""
        diff = self.only_differences
        return RowsAddress(self.run, self.query, row=row, at=row, only_differences=diff).url()

    def query_string(self) -> str:
        parameters: dict[str, Any] = {
            "run": self.run.pk,
            **self.query.parameters(),
            **{name: getattr(self, name) for name in ("at", "after", "before", "row")},
            "person": f"{self.person[0]}:{self.person[1]}" if self.person else None,
            "diff": "1" if self.only_differences else None,
        }
        return urlencode({name: value for name, value in parameters.items() if value})


def parse_address(
    run: LegacyImportRun, query: Mapping[str, str], *, queue: bool = False
) -> RowsAddress:
    """The address of a page of the run. Raises ContainsContact, Http404 for values it cannot have."""
    address = RowsAddress(
        run,
        parse_filter(query, queue=queue),
        after=parse_number(query.get("after", "")),
        before=parse_number(query.get("before", "")),
    )
    if not queue:
        return address
    return replace(
        address,
        at=parse_number(query.get("at", "")),
        row=parse_number(query.get("row", "")),
        person=parse_person(query.get("person", "")),
        only_differences=query.get("diff") == "1",
    )


def parse_filter(query: Mapping[str, str], *, queue: bool = False) -> RowFilter:
    """The filter in an address. Raises ContainsContact, Http404 for a filter that does not exist."""
    focus = import_conf().focus_mode.value if queue else "all"
    try:
        return RowFilter.parse(query, queue=queue, default_focus=focus)
    except UnknownFilter:
        raise Http404 from None


def sent_address(
    request: HttpRequest, run: LegacyImportRun, *, queue: bool = False, row: int | None = None
) -> RowsAddress:
    """The page from which a form was sent; the plain list where that cannot be parsed."""
    try:
        query: dict[str, Any] = QueryDict(request.POST.get(FORM, "")).dict()
        address = parse_address(run, query, queue=queue)
    except (Http404, ContainsContact):
        address = RowsAddress(run, RowFilter(state=PENDING if queue else ""))
    return replace(address, row=row) if row is not None else address


def parse_person(text: str) -> Target | None:
    """'lead:7' → ('lead', 7); None for anything else."""
    kind, _colon, digits = text.partition(":")
    return (kind, int(digits)) if kind in PEOPLE and digits and is_number(digits) else None


def parse_number(text: str) -> int | None:
    """The number in a text; None for an empty one. Raises Http404 for anything else."""
    if text and not is_number(text):
        raise Http404
    return int(text) if text else None


def requested_number(request: HttpRequest, name: str) -> int | None:
    """The number in `?name=`; None where it is missing or empty. Raises Http404 for anything else."""
    return parse_number(request.GET.get(name, ""))


def requested_run(request: HttpRequest) -> LegacyImportRun:
    """The run in `?run=`, the newest without it. Raises Http404 for an unknown one, or for none."""
    number = requested_number(request, "run")
    if number is not None:
        return run_with_id(number)
    newest = LegacyImportRun.objects.order_by("-pk").first()
    if newest is None:
        raise Http404
    return newest


def sent_run(request: HttpRequest) -> LegacyImportRun:
    """The run that a form is about. Raises Http404."""
    return run_with_id(parse_number(request.POST.get("run", "")) or 0)


def run_with_id(number: int) -> LegacyImportRun:
    """The run with this number. Raises Http404."""
    runs = LegacyImportRun.objects.filter(pk=number)
    run = runs.first() if len(str(number)) <= MAX_DIGITS else None
    if run is None:
        raise Http404
    return run


def run_of_row(row: int) -> LegacyImportRun:
    """The run of a staged row. Raises Http404."""
    if len(str(row)) > MAX_DIGITS:
        raise Http404
    rows = LegacyStudentImport.objects.filter(pk=row)
    return run_with_id(rows.values_list("legacy_import_run", flat=True).first() or 0)


def reviewer_of(request: HttpRequest) -> User:
    """The user of the request; `permission_needed` refuses all who are not signed in."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user
