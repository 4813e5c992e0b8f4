"""`/admin/legacy-imports` and `/admin/legacy-imports/{run}`: every run, and one run in full."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from legacy_import.choices import RunStatus
from legacy_import.permissions import VIEW, permission_needed
from legacy_import.screens.address import requested_number, run_with_id
from legacy_import.screens.page import render_page
from legacy_import.screens.runs import obstacles
from legacy_import.screens.runs.page import run_page
from legacy_import.screens.runs.progress import progress_words, run_progress
from legacy_import.screens.runs.run_list import run_list

LONGEST_ALIAS = 64


@permission_needed(VIEW)
def runs(request: HttpRequest) -> HttpResponse:
    """Every run, newest first, filtered by ?status= and ?source=."""
    status, source = request.GET.get("status", ""), request.GET.get("source", "")[:LONGEST_ALIAS]
    filters = {name: value for name, value in (("status", status), ("source", source)) if value}
    before = requested_number(request, "before")
    return render_page(
        request,
        "admin/legacy_imports/runs/list.html",
        section="runs",
        title=_("Legacy imports"),
        run_list=run_list(status=status, source=source, before=before),
        statuses=RunStatus.choices,
        filters=filters,
        query=urlencode(filters),
    )


@permission_needed(VIEW)
def run_detail(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run: its stages, its rows, its plan and its commit log."""
    run = run_with_id(run_id)
    page = run_page(run, before=requested_number(request, "before"))
    to_classify = page.since_plan.to_classify if page.since_plan else 0
    return render_page(
        request,
        "admin/legacy_imports/runs/run.html",
        section="run",
        title=_("Run %(number)s") % {"number": run.pk},
        run=run,
        page=page,
        progress_words=progress_words(page.progress),
        address=reverse("legacy_imports:run", args=[run.pk]),
        may_commit=obstacles.to_commit(run) is None,
        may_roll_back=obstacles.to_roll_back(run, committed=page.committed.ever) is None,
        plan_obstacle=obstacles.to_plan(run, rows=page.rows, to_classify=to_classify),
        reconcile_obstacle=obstacles.to_reconcile(run, rows=page.rows),
    )


@permission_needed(VIEW)
def progress(request: HttpRequest, run_id: int) -> HttpResponse:
    """The progress of the run as JSON, for pages that poll it."""
    now = run_progress(run_with_id(run_id))
    return JsonResponse(
        {
            "status": now.status,
            "held_by": now.holder and {"command": now.holder.command, "host": now.holder.host},
            "stages": [
                {"stage": one.stage, "chunks": one.chunks, "rows": one.rows} for one in now.stages
            ],
            "done": now.rows_done,
            "total": now.rows_total,
            "words": progress_words(now),
        }
    )


urlpatterns = [
    path("legacy-imports", runs, name="runs"),
    path("legacy-imports/<int:run_id>", run_detail, name="run"),
    path("legacy-imports/<int:run_id>/progress", progress, name="progress"),
]
