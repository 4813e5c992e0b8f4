"""Which rows of the queue are looked at: the search, sent by POST, and filters kept under a name."""

from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from legacy_import.errors import LegacyImportError
from legacy_import.permissions import REVIEW, permission_needed
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.filter import ReviewFilter, UnknownFilter
from legacy_import.review.saved_filters import forget_filter, save_filter
from legacy_import.screens.address import MAX_DIGITS, reviewer_of, run_numbered
from legacy_import.screens.review.address import QueueAddress, asked_before
from legacy_import.screens.review.forms import FilterForm
from legacy_import.screens.review.post_views import refused_queue
from legacy_import.screens.review.render import render_queue


@never_cache
@permission_needed(REVIEW)
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """Lead to the rows with an old number or a name; 400 for a contact, which no address may hold."""
    asked = _asked(request)
    before = replace(asked.query, search="", parts=False, beyond=0)
    try:
        found = ReviewFilter.asked({**before.query(), "q": request.POST.get("q", "").strip()})
    except ContainsContact:
        refusal = _("A phone or an e-mail is never searched for in an address.")
        return render_queue(request, QueueAddress(asked.run, before), status=400, refusal=refusal)
    return HttpResponseRedirect(asked.filtered(found))


@never_cache
@permission_needed(REVIEW)
@require_POST
def filters(request: HttpRequest) -> HttpResponse:
    """Keep the filter of the page under a name, or forget a kept one."""
    asked = _asked(request)
    form, actor = FilterForm(request.POST), reviewer_of(request)
    if not form.is_valid():
        return render_queue(request, asked, status=400, refusal=_("Give the filter a name."))
    if form.cleaned_data["forget"]:
        forget_filter(actor=actor, filter_id=form.cleaned_data["forget"])
        return HttpResponseRedirect(asked.address())
    try:
        kept = replace(asked.query, beyond=0).encoded()  # how far a search came is of this run
        save_filter(actor=actor, name=form.cleaned_data["name"], query=kept)
    except UnknownFilter:
        raise Http404 from None
    except LegacyImportError as refused:
        return refused_queue(request, asked, refused)
    messages.success(request, _("The filter is saved."))
    return HttpResponseRedirect(asked.address())


def _asked(request: HttpRequest) -> QueueAddress:
    """The view the form came from, of the run it names. Raises Http404."""
    digits = request.POST.get("run", "")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MAX_DIGITS:
        raise Http404
    return asked_before(request, run_numbered(int(digits)))


urlpatterns: list[URLPattern] = [
    path("legacy-imports/review/search", search, name="review-search"),
    path("legacy-imports/review/filters", filters, name="review-filters"),
]
