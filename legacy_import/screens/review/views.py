"""`/admin/legacy-imports/review`: the rows that need review, one decision after another."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.translation import gettext as _

from legacy_import.models import LegacyImportRun
from legacy_import.permissions import REVIEW, permission_needed
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.screens.address import parse_address, requested_run, run_of_row
from legacy_import.screens.page import render_page
from legacy_import.screens.review import queue_views, row_views
from legacy_import.screens.review.render import SECTION, TITLE, render_causes, render_queue

EMPTY = "admin/legacy_imports/review/empty.html"


@permission_needed(REVIEW)
def review(request: HttpRequest) -> HttpResponse:
    """The queue of one run, the newest by default: its causes, or with a filter or a row its rows.

    404 for an unknown run, row or filter.
    """
    if "run" not in request.GET and not LegacyImportRun.objects.exists():
        return render_page(request, EMPTY, section=SECTION, title=TITLE)
    run = requested_run(request)
    if run.planned_at is None:
        return render_page(request, EMPTY, section=SECTION, title=TITLE, run=run)
    if not request.GET.keys() - {"run"}:
        return render_causes(request, run)
    try:
        address = parse_address(run, request.GET.dict(), queue=True)
    except ContainsContact:
        messages.error(request, _("A phone or an e-mail is never searched for in an address."))
        return HttpResponseRedirect(_without_search(request))
    return render_queue(request, address)


@permission_needed(REVIEW)
def review_row(request: HttpRequest, row: int) -> HttpResponse:
    """The queue with this row open, in its run. Raises Http404."""
    run = run_of_row(row)
    try:
        address = parse_address(run, request.GET.dict(), queue=True)
    except ContainsContact:
        raise Http404 from None
    return HttpResponseRedirect(address.starting_at(row))


def _without_search(request: HttpRequest) -> str:
    rest = request.GET.copy()
    rest.pop("q", None)
    for name in list(rest):
        if len(rest[name]) > 100:
            raise Http404
    return f"{request.path}?{rest.urlencode()}"


urlpatterns = [
    path("legacy-imports/review", review, name="review"),
    path("legacy-imports/review/<int:row>", review_row, name="review-row"),
    path("legacy-imports/review/bulk", queue_views.bulk_decision, name="review-bulk"),
    path("legacy-imports/review/bulk/undo", queue_views.undo_many, name="review-bulk-undo"),
    path("legacy-imports/review/search", queue_views.search, name="review-search"),
    path("legacy-imports/review/filters", queue_views.filters, name="review-filters"),
    path("legacy-imports/review/<int:row>/decide", row_views.decision, name="review-decide"),
    path(
        "legacy-imports/review/<int:row>/repeat", row_views.repeat_decisions, name="review-repeat"
    ),
    path("legacy-imports/review/<int:row>/undo", row_views.undo_decision, name="review-undo"),
    path("legacy-imports/review/<int:row>/claim", row_views.claim_row, name="review-claim"),
    path("legacy-imports/review/<int:row>/person", row_views.person, name="review-person"),
    path("legacy-imports/review/<int:row>/reveal", row_views.reveal_contact, name="review-reveal"),
    path("legacy-imports/review/<int:row>/raw", row_views.raw_view, name="review-raw"),
]
