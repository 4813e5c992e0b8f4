"""`/admin/legacy-imports/{run}/export.csv` and `.json`: masked, logged, kept by no cache."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from legacy_import.models import LegacyImportRun
from legacy_import.permissions import EXPORT, permission_needed
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.learner_filter import LearnerFilter
from legacy_import.screens.address import filter_asked, reviewer_of, run_numbered
from legacy_import.screens.exports import files
from legacy_import.screens.page import render_refusal


@permission_needed(EXPORT)
@require_safe
def export_csv(request: HttpRequest, run: int) -> HttpResponseBase:
    """The rows that the address asks for (the keys of the learners list), ?separator= between cells."""
    exported = run_numbered(run)
    separator = request.GET.get("separator", files.DEFAULT_SEPARATOR)
    if separator not in files.SEPARATORS:
        raise Http404
    try:
        query = filter_asked(request.GET.dict())
    except ContainsContact as refused:
        return render_refusal(
            request, refused, section="students", title=_("Export"), run=exported, status=400
        )
    kind = "text/csv; charset=utf-8"
    if request.method == "HEAD":
        return _attached(HttpResponse(content_type=kind), exported, "csv")
    _log(request, exported, "csv", query)
    content = files.csv_of(exported, query, separator=separator)
    return _attached(StreamingHttpResponse(content, content_type=kind), exported, "csv")


@permission_needed(EXPORT)
@require_safe
def export_json(request: HttpRequest, run: int) -> HttpResponseBase:
    """The numbers of the run: its plan, its outcomes, every facet. No row."""
    exported = run_numbered(run)
    if request.method == "HEAD":
        return _attached(HttpResponse(content_type="application/json"), exported, "json")
    _log(request, exported, "json", LearnerFilter())
    options = {"ensure_ascii": False, "indent": 2}
    response = JsonResponse(files.summary_of(exported), json_dumps_params=options)
    return _attached(response, exported, "json")


def _log(request: HttpRequest, run: LegacyImportRun, what: str, query: LearnerFilter) -> None:
    files.log_export(
        run=run, what=what, query=query, actor=reviewer_of(request), now=timezone.now()
    )


def _attached(response: HttpResponseBase, run: LegacyImportRun, suffix: str) -> HttpResponseBase:
    """The answer as a file whose name says what it is; HEAD and GET have the same headers."""
    name = f"legacy-run-{run.pk}-masked-{timezone.localdate():%Y-%m-%d}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    add_never_cache_headers(response)
    return response


urlpatterns = [
    path("legacy-imports/<int:run>/export.csv", export_csv, name="export-csv"),
    path("legacy-imports/<int:run>/export.json", export_json, name="export-json"),
]
