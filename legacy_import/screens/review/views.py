"""`/admin/legacy-imports/review`: the rows that wait for a person, one decision after another."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from legacy_import.models import LegacyImportRun
from legacy_import.permissions import REVIEW, permission_needed
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.screens.address import run_asked
from legacy_import.screens.page import render_page
from legacy_import.screens.review import bulk_views, post_views, saved_filter_views
from legacy_import.screens.review.address import asked_in
from legacy_import.screens.review.render import SECTION, render_queue, title

EMPTY = "admin/legacy_imports/review/empty.html"


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
    except ContainsContact:
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
    path("legacy-imports/review/bulk", bulk_views.bulk_decision, name="review-bulk"),
    *saved_filter_views.urlpatterns,
    path("legacy-imports/review/<int:row>/decide", post_views.decision, name="review-decide"),
    path("legacy-imports/review/<int:row>/undo", post_views.undoing, name="review-undo"),
    path("legacy-imports/review/<int:row>/claim", post_views.claiming, name="review-claim"),
    path("legacy-imports/review/<int:row>/person", post_views.person, name="review-person"),
    path("legacy-imports/review/<int:row>/reveal", post_views.revealing, name="review-reveal"),
    path("legacy-imports/review/<int:row>/raw", post_views.raw_view, name="review-raw"),
]
