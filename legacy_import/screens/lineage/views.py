"""`/admin/legacy-imports/lineage?origin=…`: one imported record and its source row."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from legacy_import.choices import COMMITTED_OUTCOMES, ReversalOutcome, RunStatus
from legacy_import.models import LegacyStudentImport
from legacy_import.models.run import TRANSITIONS
from legacy_import.permissions import APP_LABEL, ROLLBACK, VIEW, permission_needed
from legacy_import.screens.lineage.trace import HistoryEntry, lineage_of_origin
from legacy_import.screens.page import render_page

NO_LONGER_THERE = frozenset({ReversalOutcome.DELETED, ReversalOutcome.GONE})


class LineageLine(NamedTuple):
    """An entry of the log and its record: the kind in words, and the page if any."""

    entry: HistoryEntry
    kind: str
    page: str


@permission_needed(VIEW)
def lineage(request: HttpRequest) -> HttpResponse:
    """Show the lineage of ?origin=…; 404, without repeating the origin, for anything else."""
    trace = lineage_of_origin(request.GET.get("origin", ""))
    lines = [_line(request, entry) for entry in trace.entries] if trace else []
    return render_page(
        request,
        "admin/legacy_imports/lineage/page.html",
        section="lineage",
        title=_("Lineage of a record"),
        status=200 if trace else 404,
        lineage=trace,
        lines=lines,
        records=[line for line in lines if trace and trace.is_record(line.entry)],
        can_roll_back=_rollback_page(request, trace.row) if trace else "",
    )


def _rollback_page(request: HttpRequest, row: LegacyStudentImport) -> str:
    """The page on which this row is rolled back; "" if reader, row or run does not allow it."""
    run = row.legacy_import_run
    if (
        not request.user.has_perm(f"{APP_LABEL}.{ROLLBACK}")
        or row.outcome not in COMMITTED_OUTCOMES
        or RunStatus.ROLLING_BACK not in TRANSITIONS[RunStatus(run.status)]
    ):
        return ""
    address = reverse(f"{APP_LABEL}:rollback", args=[run.pk])
    return f"{address}?{urlencode({'rows': str(row)})}"


def _line(request: HttpRequest, entry: HistoryEntry) -> LineageLine:
    log = entry.log
    if not log.target_model:
        return LineageLine(entry, "", "")
    try:
        model = apps.get_model(log.target_model)
    except (LookupError, ValueError):  # a model of an app that is no longer installed
        return LineageLine(entry, log.target_model, "")
    may_see = (
        log.reversal_outcome not in NO_LONGER_THERE
        and admin.site.has_permission(request)
        and admin.site.is_registered(model)
        and admin.site.get_model_admin(model).has_view_or_change_permission(request)
    )
    options = model._meta
    page = f"admin:{options.app_label}_{options.model_name}_change"
    return LineageLine(
        entry,
        str(options.verbose_name),
        reverse(page, args=[log.target_id]) if may_see else "",
    )


urlpatterns = [path("legacy-imports/lineage", lineage, name="lineage")]
