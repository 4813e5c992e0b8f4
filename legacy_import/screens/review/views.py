"""`/admin/legacy-imports/review`: the rows that wait for a person, one decision after another."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from legacy_import.models import LegacyImportRun
from legacy_import.permissions import REVIEW, permission_needed
from legacy_import.services.notes import HoldsContact
from legacy_import.views import review_bulk, review_filters, review_posts
from legacy_import.views.asked import run_asked
from legacy_import.views.page import render_page
from legacy_import.views.review_asked import asked_in
from legacy_import.views.review_screen import SECTION, render_queue, title

EMPTY = "admin/legacy_imports/review_empty.html"


@never_cache
@permission_needed(REVIEW)
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The queue of one run, the newest by default; 404 for an unknown run, row or filter."""
    if "run" not in request.GET and not LegacyImportRun.objects.exists():
        return render_page(request, EMPTY, section=SECTION, title=title())
    run = run_asked(request)
    if run.planned_at is None:
        return render_page(request, EMPTY, section=SECTION, title=title(), run=run)
    try:
        asked = asked_in(run, request.GET)
    except HoldsContact:
        messages.error(request, _("A phone or an e-mail is never searched for in an address."))
        return HttpResponseRedirect(_without_search(request))
    return render_queue(request, asked)


def _without_search(request: HttpRequest) -> str:
    rest = request.GET.copy()
    rest.pop("q", None)
    for name in list(rest):
        if len(rest[name]) > 100:
            raise Http404
    return f"{request.path}?{rest.urlencode()}"


urlpatterns = [
    path("legacy-imports/review", review, name="review"),
    path("legacy-imports/review/bulk", review_bulk.bulk_decision, name="review-bulk"),
    *review_filters.urlpatterns,
    path("legacy-imports/review/<int:row>/decide", review_posts.decision, name="review-decide"),
    path("legacy-imports/review/<int:row>/undo", review_posts.undoing, name="review-undo"),
    path("legacy-imports/review/<int:row>/claim", review_posts.claiming, name="review-claim"),
    path("legacy-imports/review/<int:row>/person", review_posts.person, name="review-person"),
    path("legacy-imports/review/<int:row>/reveal", review_posts.revealing, name="review-reveal"),
    path("legacy-imports/review/<int:row>/raw", review_posts.raw_view, name="review-raw"),
]
