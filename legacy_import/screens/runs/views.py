"""`/admin/legacy-imports` and `/admin/legacy-imports/{run}`: every run, and one run in full."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from legacy_import.choices import RunStatus, Stage
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import VIEW, permission_needed
from legacy_import.privacy.free_text import ContainsContact, contact_free_text
from legacy_import.review.filter import RowFilter
from legacy_import.review.tally import tally, tally_of
from legacy_import.screens import obstacles
from legacy_import.screens.address import requested_number, reviewer_of, run_with_id
from legacy_import.screens.page import render_page
from legacy_import.screens.runs.certificate import certificate_of
from legacy_import.screens.runs.counts import counts_of, distributions, queue_of, reviewed
from legacy_import.screens.runs.log import log_page
from legacy_import.screens.runs.plan import (
    committed_rows,
    plan_lines,
    priorities,
    risks,
)
from legacy_import.screens.runs.progress import rows_staged, run_progress
from legacy_import.screens.runs.run_list import run_list
from legacy_import.screens.runs.run_search import find_in_runs
from legacy_import.screens.runs.timeline import duration_words, timeline, total_duration

LONGEST_ALIAS = 64


@permission_needed(VIEW)
def runs(request: HttpRequest) -> HttpResponse:
    """Every run, newest first, filtered by ?status= and ?source=; with ?q=, the rows of all of them."""
    if request.GET.get("q"):
        return _search_page(request, request.GET["q"])
    return _runs(request)


@permission_needed(VIEW, methods=["POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Rows of every run by old number or name: redirects to them; a contact is refused."""
    text = request.POST.get("q", "")
    try:
        text = contact_free_text(text, old_number=True)
    except ContainsContact as refusal:
        return _runs(request, refusal=refusal)
    query = f"?{urlencode({'q': text})}" if text else ""
    return HttpResponseRedirect(reverse("legacy_imports:runs") + query)


def _search_page(request: HttpRequest, text: str) -> HttpResponse:
    try:
        text = contact_free_text(text, old_number=True)
    except ContainsContact as refusal:
        return _runs(request, refusal=refusal)
    return render_page(
        request,
        "admin/legacy_imports/runs/found.html",
        section="runs",
        title=_("Rows of all runs"),
        search=text,
        found=find_in_runs(text),
    )


def _runs(request: HttpRequest, *, refusal: ContainsContact | None = None) -> HttpResponse:
    status, source = request.GET.get("status", ""), request.GET.get("source", "")[:LONGEST_ALIAS]
    filters = {name: value for name, value in (("status", status), ("source", source)) if value}
    before = requested_number(request, "before")
    return render_page(
        request,
        "admin/legacy_imports/runs/list.html",
        section="runs",
        title=_("Legacy imports"),
        status=400 if refusal else 200,
        run_list=run_list(status=status, source=source, before=before),
        statuses=RunStatus.choices,
        filters=filters,
        query=urlencode(filters),
        refusal=_(refusal.message) if refusal else "",
    )


@permission_needed(VIEW)
def run_detail(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run: its stages, its rows, its plan and its commit log."""
    run = run_with_id(run_id)
    page = run_page(run, before=requested_number(request, "before"))
    return render_page(
        request,
        "admin/legacy_imports/runs/run.html",
        section="run",
        title=_("Run %(number)s") % {"number": run.pk},
        run=run,
        page=page,
        own_tally=tally_of(run, RowFilter(), reviewer_of(request), timezone.now())
        if page["tally"]
        else None,
        address=reverse("legacy_imports:run", args=[run.pk]),
        older_batches=bool(request.GET.get("before")),
        may_commit=obstacles.to_commit(run) is None,
        may_roll_back=obstacles.to_roll_back(run, committed=page["ever_committed"]) is None,
        reconcile_obstacle=obstacles.to_reconcile(run, rows=page["rows"]),
    )


@permission_needed(VIEW)
def progress(request: HttpRequest, run_id: int) -> HttpResponse:
    """The progress of the run as JSON, for pages that poll it."""
    return JsonResponse(run_progress(run_with_id(run_id)))


def run_page(run: LegacyImportRun, *, before: int | None = None) -> dict[str, Any]:
    """What the page of this run shows; `before`: the commit log before that batch. Only reads.

    Numbers come from the stored facet counts, the receipts and the run's summary, so that a page
    costs the same for a run of any size. `planned`: it has, or had, a plan; without one its review
    queue is empty.
    """
    counts, progress, steps = counts_of(run.pk), run_progress(run), timeline(run)
    return {
        "rows": counts.rows or rows_staged(progress["stages"]),
        "planned": run.planned_at is not None,
        "duration": duration_words(total_duration(steps)),
        "steps": steps,
        "certificate": certificate_of(run.certificate),
        "committed": committed_rows(counts),
        "ever_committed": any(one["stage"] == Stage.COMMIT for one in progress["stages"]),
        "review_progress": reviewed(counts).progress(),
        "tally": tally(run, reviewed(counts), timezone.now()) if run.planned_at else None,
        "priorities": list(priorities(counts)),
        "risks": list(risks(counts)),
        "distributions": list(distributions(counts)),
        "plan": plan_lines(counts),
        "reasons": queue_of(counts).spread("planned_reason"),
        "log": log_page(run, before),
        "progress": progress,
    }


urlpatterns = [
    path("legacy-imports", runs, name="runs"),
    path("legacy-imports/search", search, name="runs-search"),
    path("legacy-imports/<int:run_id>", run_detail, name="run"),
    path("legacy-imports/<int:run_id>/progress", progress, name="progress"),
]
