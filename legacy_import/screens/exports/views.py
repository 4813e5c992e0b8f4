"""`/admin/legacy-imports/{run}/export.csv` and `.json`, and the sign-off sheet `…/{run}/sign-off`, which
has a CSV too: masked, kept by no cache; every file is logged.
"""

from dataclasses import replace
from typing import TypeVar

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _

from legacy_import.models import LegacyImportRun
from legacy_import.permissions import EXPORT, permission_needed
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.filter import RowFilter
from legacy_import.screens.address import parse_filter, reviewer_of, run_with_id
from legacy_import.screens.exports import files
from legacy_import.screens.exports.sign_off import HEADER as SIGN_OFF_HEADER
from legacy_import.screens.exports.sign_off import sheet_rows, sign_off_sheet
from legacy_import.screens.page import render_page

CSV_TYPE = "text/csv; charset=utf-8"
AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)


@permission_needed(EXPORT)
def export_csv(request: HttpRequest, run: int) -> HttpResponseBase:
    """The rows of the filter in the address (as on the learners list), ?separator= between cells."""
    source, separator = run_with_id(run), _separator(request)
    try:
        query = replace(parse_filter(request.GET.dict()), beyond=0)
    except ContainsContact as refusal:
        return render_page(
            request,
            "admin/legacy_imports/exports/refused.html",
            section="students",
            title=_("Export"),
            run=source,
            status=400,
            reason=_(refusal.message),
            hint=_(refusal.hint) if refusal.hint else "",
        )
    if request.method == "HEAD":
        return _attached(HttpResponse(content_type=CSV_TYPE), source, "csv")
    _log(request, source, "csv", query)
    content = files.csv_of(source, query, separator=separator)
    return _attached(StreamingHttpResponse(content, content_type=CSV_TYPE), source, "csv")


@permission_needed(EXPORT)
def export_json(request: HttpRequest, run: int) -> HttpResponseBase:
    """The numbers of the run: its plan, its outcomes, every facet; no rows."""
    source = run_with_id(run)
    if request.method == "HEAD":
        return _attached(HttpResponse(content_type="application/json"), source, "json")
    _log(request, source, "json", RowFilter())
    options = {"ensure_ascii": False, "indent": 2}
    response = JsonResponse(files.summary_of(source), json_dumps_params=options)
    return _attached(response, source, "json")


@permission_needed(EXPORT)
def sign_off(request: HttpRequest, run: int) -> HttpResponse:
    """The sheet that the school signs: per course and year, old rows and what became of them."""
    source = run_with_id(run)
    return render_page(
        request,
        "admin/legacy_imports/exports/sign_off.html",
        section="run",
        title=_("Sign-off sheet"),
        run=source,
        sheet=sign_off_sheet(source),
        made_at=timezone.now(),
    )


@permission_needed(EXPORT)
def sign_off_csv(request: HttpRequest, run: int) -> HttpResponse:
    """The same numbers as a CSV, ?separator= between cells."""
    source, separator = run_with_id(run), _separator(request)
    response = HttpResponse(content_type=CSV_TYPE)
    if request.method != "HEAD":
        reason = "sign-off csv"
        files.log_file(run=source, reason=reason, actor=reviewer_of(request), now=timezone.now())
        rows = [SIGN_OFF_HEADER, *sheet_rows(source, sign_off_sheet(source))]
        response.content = (files.BOM + files.csv_text(rows, separator)).encode()
    return _attached(response, source, "csv", what="sign-off")


def _separator(request: HttpRequest) -> str:
    """The name of the separator in the address. Raises Http404 for an unknown one."""
    separator = request.GET.get("separator", files.DEFAULT_SEPARATOR)
    if separator not in files.SEPARATORS:
        raise Http404
    return separator


def _log(request: HttpRequest, run: LegacyImportRun, what: str, query: RowFilter) -> None:
    files.log_export(
        run=run, what=what, query=query, actor=reviewer_of(request), now=timezone.now()
    )


def _attached(
    response: AnyResponse, run: LegacyImportRun, suffix: str, *, what: str = "masked"
) -> AnyResponse:
    """The response as a file with a name; HEAD and GET have the same headers."""
    name = f"legacy-run-{run.pk}-{what}-{timezone.localdate():%Y-%m-%d}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


urlpatterns = [
    path("legacy-imports/<int:run>/export.csv", export_csv, name="export-csv"),
    path("legacy-imports/<int:run>/export.json", export_json, name="export-json"),
    path("legacy-imports/<int:run>/sign-off", sign_off, name="sign-off"),
    path("legacy-imports/<int:run>/sign-off.csv", sign_off_csv, name="sign-off-csv"),
]
