"""`/admin/legacy-imports/students`: every row of a run, masked; found by filter, id, name or phone.

The search is sent by POST: a phone number is answered on a page without an address; an id or a name
redirects to the list, whose address contains it; any other contact is refused.
"""

import re
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ecoin.identity.masking import mask_phone
from ecoin.identity.phones import MIN_INVALID_DIGITS, raw_digits
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import VIEW, permission_needed
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.filter import RowFilter
from legacy_import.screens.address import (
    FORM,
    RowsAddress,
    parse_address,
    requested_run,
    sent_address,
    sent_run,
)
from legacy_import.screens.facets import FACET_NAMES, Facet, chips_of, facets_of
from legacy_import.screens.learners.listing import (
    LearnerListing,
    learners_with_phone,
    list_learners,
)
from legacy_import.screens.page import render_page
from legacy_import.screens.pages import pager_of

SECTION = "students"
SEARCH_LENGTH = 100  # characters
LETTER = re.compile(r"[^\W\d_]")
# Source, meaning, plan, outcome: the order in which a row is processed.
NAMES: dict[str, str | Promise] = {
    **{name: FACET_NAMES[name] for name in (
        "source_table", "classification", "validation_status", "duplicate_confidence")},
    "planned_action": gettext_lazy("plan"),
    "planned_reason": gettext_lazy("reason of the plan"),
    "outcome": gettext_lazy("outcome"),
    **{name: FACET_NAMES[name] for name in (
        "decision", "session_type", "import_action", "without_course", "to_classify")},
}  # fmt: skip
OPEN = tuple(NAMES)[:7]  # facets that are open from the beginning
FIRST_VALUES = 6  # values of a facet that are visible before the others


@permission_needed(VIEW)
def students(request: HttpRequest) -> HttpResponse:
    """A page of the rows of ?run=…, the newest run by default."""
    if "run" not in request.GET and not LegacyImportRun.objects.exists():
        return _empty(request, None)
    run = requested_run(request)
    try:
        address = parse_address(run, request.GET.dict())
    except ContainsContact as refusal:
        return _show(request, RowsAddress(run, RowFilter()), refusal=refusal)
    return _show(request, address)


@permission_needed(VIEW, methods=["POST"])
def search(request: HttpRequest) -> HttpResponse:
    """The rows with exactly the phone number that was sent; an id or a name redirects to the list."""
    run = sent_run(request)
    facets = sent_address(request, run).query.facets
    address, text = RowsAddress(run, RowFilter(facets)), request.POST.get("q", "").strip()
    if _is_phone(text):
        return _show_phone(request, address, text)
    try:
        terms = RowFilter.parse({"q": text}).search
    except ContainsContact as refusal:
        return _show(request, address, refusal=refusal)
    return HttpResponseRedirect(address.first_page(RowFilter(facets, terms)))


def _show(
    request: HttpRequest, address: RowsAddress, *, refusal: ContainsContact | None = None
) -> HttpResponse:
    query = address.query
    listing = list_learners(address.run, query, after=address.after, before=address.before)
    if not (query.parameters() or address.after or address.before or listing.lines):
        return _empty(request, address.run)
    return render_page(
        request,
        "admin/legacy_imports/learners/page.html",
        section=SECTION,
        title=_("Learners"),
        run=address.run,
        status=400 if refusal else 200,
        address=address,
        listing=listing,
        refusal=_(refusal.message) if refusal else "",
        facets=[_panel(facet) for facet in facets_of(address, listing.counts, NAMES)],
        chips=chips_of(address, NAMES),
        export_parameters=replace(query, beyond=0).parameters(),
        unfiltered_url=address.first_page(RowFilter()),
        pager=_pager(address, listing),
        **_search_form(address),
    )


def _show_phone(request: HttpRequest, address: RowsAddress, phone: str) -> HttpResponse:
    return render_page(
        request,
        "admin/legacy_imports/learners/phone.html",
        section=SECTION,
        title=_("Learners with one phone number"),
        run=address.run,
        address=address,
        lines=learners_with_phone(address.run, phone),
        phone_masked=mask_phone(phone),
        back=address.url(),
        **_search_form(address),
    )


def _empty(request: HttpRequest, run: LegacyImportRun | None) -> HttpResponse:
    template = "admin/legacy_imports/learners/empty.html"
    return render_page(request, template, section=SECTION, title=_("Learners"), run=run)


def _search_form(address: RowsAddress) -> dict[str, Any]:
    return {
        "search_url": reverse("legacy_imports:students-search"),
        "search_length": SEARCH_LENGTH,
        "form_field": FORM,
        "form_filter": address.query.without_search().query_string(),
    }


def _panel(facet: Facet) -> dict[str, Any]:
    """A facet with its first values, the current one among them; `rest` are shown on demand."""
    current = next((n for n, value in enumerate(facet.values) if value.current), None)
    visible = max(FIRST_VALUES, 1 + (current or 0))
    return {
        "name": facet.name,
        "values": facet.values[:visible],
        "rest": facet.values[visible:],
        "is_open": facet.code in OPEN or current is not None,
    }


def _pager(address: RowsAddress, listing: LearnerListing) -> dict[str, str]:
    """The pager of the list; it also continues where a page stopped before it was full."""
    pager = pager_of(address, listing.page, listing.matches)
    first = RowsAddress(address.run, address.query)
    if address.after or address.before:
        pager["first"] = first.url()
    if listing.further or listing.earlier:
        pager["further"] = first.url(after=listing.further, before=listing.earlier)
    return pager


def _is_phone(text: str) -> bool:
    """Digits as of a phone, without any letter: never part of an address."""
    return len(raw_digits(text)) >= MIN_INVALID_DIGITS and not LETTER.search(text)


urlpatterns = [
    path("legacy-imports/students", students, name="students"),
    path("legacy-imports/students/search", search, name="students-search"),
]
