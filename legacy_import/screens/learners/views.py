"""`/admin/legacy-imports/students`: every row of a run, masked; found by filter, id, name or phone.

What is typed into the search is sent by POST: a phone number is answered at once, on a page without
an address of its own; an id or a name leads to the list, whose address holds it; anything else that
reads as a contact is refused.
"""

import re
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ecoin.identity.masking import mask_phone
from ecoin.identity.phones import MIN_INVALID_DIGITS, raw_digits
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import VIEW, permission_needed
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.learner_filter import LearnerFilter
from legacy_import.review.search import BY_NAME
from legacy_import.screens.address import run_asked, run_numbered
from legacy_import.screens.learners.address import (
    FORM,
    SEARCH,
    LearnersAddress,
    asked_in,
    facets_before,
)
from legacy_import.screens.learners.listing import (
    LearnerListing,
    learners_with_phone,
    list_learners,
)
from legacy_import.screens.learners.words import chips_of, facets_of
from legacy_import.screens.page import render_page

SECTION = "students"
LONGEST = 100  # characters of a search
LETTER = re.compile(r"[^\W\d_]")


@permission_needed(VIEW)
@require_safe
def students(request: HttpRequest) -> HttpResponse:
    """A page of the rows of ?run=…, the newest run by default."""
    if "run" not in request.GET and not LegacyImportRun.objects.exists():
        return _empty(request, None)
    run = run_asked(request)
    try:
        asked = asked_in(run, request)
    except ContainsContact as refused:
        return _show(request, LearnersAddress(run), refused=refused)
    return _show(request, asked)


@permission_needed(VIEW)
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Rows with exactly the phone number that was sent; an id or a name leads to its own address."""
    run = run_numbered(_digits(request.POST.get("run", "")))
    asked = LearnersAddress(run, facets_before(request))
    text = request.POST.get("q", "").strip()
    if _is_number(text):
        return _show_phone(request, asked, text)
    try:
        found = LearnerFilter.asked({"q": text}).search
    except ContainsContact as refused:
        return _show(request, asked, refused=refused)
    return HttpResponseRedirect(asked.filtered(replace(asked.query, search=found)))


def _show(
    request: HttpRequest, asked: LearnersAddress, *, refused: ContainsContact | None = None
) -> HttpResponse:
    listing = list_learners(
        asked.run, asked.query, after=asked.after, before=asked.before, beyond=asked.beyond or 0
    )
    if not (asked.query.query() or asked.after or asked.before or listing.lines):
        return _empty(request, asked.run)
    return render_page(
        request,
        "admin/legacy_imports/learners/page.html",
        section=SECTION,
        title=_("Learners"),
        run=asked.run,
        status=400 if refused else 200,
        asked=asked,
        listing=listing,
        refusal=_(refused.message) if refused else "",
        facets=facets_of(asked, listing.counts),
        chips=chips_of(asked),
        cleared=asked.filtered(LearnerFilter()),
        pager=_pager(asked, listing),
        **_search_form(asked),
    )


def _show_phone(request: HttpRequest, asked: LearnersAddress, phone: str) -> HttpResponse:
    return render_page(
        request,
        "admin/legacy_imports/learners/phone.html",
        section=SECTION,
        title=_("Learners with one phone number"),
        run=asked.run,
        asked=asked,
        lines=learners_with_phone(asked.run, phone),
        phone_masked=mask_phone(phone),
        back=asked.address(),
        **_search_form(asked),
    )


def _empty(request: HttpRequest, run: LegacyImportRun | None) -> HttpResponse:
    template = "admin/legacy_imports/learners/empty.html"
    return render_page(request, template, section=SECTION, title=_("Learners"), run=run)


def _search_form(asked: LearnersAddress) -> dict[str, Any]:
    return {
        "search_address": reverse(SEARCH),
        "longest": LONGEST,
        "form_field": FORM,
        "facets_sent": replace(asked.query, search="", parts=False).encoded(),
    }


def _pager(asked: LearnersAddress, listing: LearnerListing) -> dict[str, str]:
    """Addresses of the pages around this one; "" where there is none.

    `further`: rows that were not looked at yet; `parts`: the same search for parts of names.
    """
    around = replace(asked, after=None, before=None)
    matches = listing.matches
    further = ""
    if listing.further or listing.earlier:
        further = around.address(after=listing.further, before=listing.earlier)
    elif matches and matches.beyond and listing.next is None:
        further = around.address(beyond=matches.beyond)
    parts = matches is not None and matches.how == BY_NAME
    return {
        "first": around.address() if asked.after or asked.before else "",
        "previous": around.address(before=listing.previous) if listing.previous else "",
        "next": around.address(after=listing.next) if listing.next else "",
        "further": further,
        "parts": asked.filtered(replace(asked.query, parts=True)) if parts else "",
    }


def _is_number(text: str) -> bool:
    """Digits as of a phone, without a word beside them: the one thing that is never an address."""
    return len(raw_digits(text)) >= MIN_INVALID_DIGITS and not LETTER.search(text)


def _digits(text: str) -> int:
    """The number in a field; 0, which no run has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


urlpatterns = [
    path("legacy-imports/students", students, name="students"),
    path("legacy-imports/students/search", search, name="students-search"),
]
