"""`/admin/legacy-imports` and `/admin/legacy-imports/{run}`: every run, and one run in full."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from legacy_import.choices import RunStatus
from legacy_import.permissions import VIEW, permission_needed
from legacy_import.screens.address import requested_number, run_with_id
from legacy_import.screens.page import render_page
from legacy_import.screens.runs import obstacles
from legacy_import.screens.runs import page as run_page
from legacy_import.screens.runs.live import live, live_words

LONGEST_ALIAS = 64


@permission_needed(VIEW)
@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """Every run, newest first, filtered by ?status= and ?source=."""
    status, source = request.GET.get("status", ""), request.GET.get("source", "")[:LONGEST_ALIAS]
    asked = {name: value for name, value in (("status", status), ("source", source)) if value}
    found = run_page.run_list(
        status=status, source=source, before=requested_number(request, "before")
    )
    return render_page(
        request,
        "admin/legacy_imports/runs/list.html",
        section="runs",
        title=_("Legacy imports"),
        found=found,
        statuses=RunStatus.choices,
        asked=asked,
        question=urlencode(asked),
    )


@permission_needed(VIEW)
@require_safe
def run(request: HttpRequest, run: int) -> HttpResponse:
    """One run: where it stands, what it found, what is planned, what was done."""
    shown = run_with_id(run)
    page = run_page.run_page(shown, before=requested_number(request, "before"))
    to_classify = page.since_plan.to_classify if page.since_plan else 0
    return render_page(
        request,
        "admin/legacy_imports/runs/run.html",
        section="run",
        title=_("Run %(number)s") % {"number": shown.pk},
        run=shown,
        page=page,
        live_words=live_words(page.live),
        address=reverse("legacy_imports:run", args=[shown.pk]),
        may_commit=obstacles.to_commit(shown) is None,
        may_roll_back=obstacles.to_roll_back(shown, committed=page.written.ever) is None,
        not_planned=obstacles.to_plan(shown, rows=page.rows, to_classify=to_classify),
        not_proved=obstacles.to_reconcile(shown, rows=page.rows),
    )


@permission_needed(VIEW)
@require_safe
def progress(request: HttpRequest, run: int) -> HttpResponse:
    """How far the run is, for whoever polls while somebody holds it."""
    now = live(run_with_id(run))
    response = JsonResponse(
        {
            "status": now.status,
            "held_by": now.holder and {"command": now.holder.command, "host": now.holder.host},
            "stages": [
                {"stage": one.stage, "chunks": one.chunks, "rows": one.rows} for one in now.stages
            ],
            "done": now.done,
            "total": now.total,
            "words": live_words(now),
        }
    )
    add_never_cache_headers(response)
    return response


urlpatterns = [
    path("legacy-imports", runs, name="runs"),
    path("legacy-imports/<int:run>", run, name="run"),
    path("legacy-imports/<int:run>/progress", progress, name="progress"),
]
