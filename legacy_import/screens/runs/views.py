"""`/admin/legacy-imports` and `/admin/legacy-imports/{run}`: every run, and one run in full."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from legacy_import.choices import RunStatus, Stage
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import APP_LABEL, VIEW, permission_needed
from legacy_import.privacy.free_text import ContainsContact, contact_free_text
from legacy_import.review.filter import RowFilter
from legacy_import.review.tally import tally, tally_of
from legacy_import.screens.address import requested_number, reviewer_of, run_with_id
from legacy_import.screens.page import render_page
from legacy_import.screens.runs import obstacles
from legacy_import.screens.runs.certificate import certificate_of
from legacy_import.screens.runs.counts import counts_of, distributions, queue_of, reviewed
from legacy_import.screens.runs.log import log_page
from legacy_import.screens.runs.next_step import next_step_of
from legacy_import.screens.runs.plan import (
    committed_rows,
    plan_lines,
    priorities,
    risks,
    since_plan,
)
from legacy_import.screens.runs.progress import rows_staged, run_progress
from legacy_import.screens.runs.run_list import run_list
from legacy_import.screens.runs.run_search import find_in_runs
from legacy_import.screens.runs.timeline import duration_words, timeline, total_duration
from legacy_import.stages.commit.commit import WITH_A_PLAN

LONGEST_ALIAS = 64


@permission_needed(VIEW)
def runs(request: HttpRequest) -> HttpResponse:
    """Every run, newest first, filtered by ?status= and ?source=; with ?q=, the rows of all of them."""
    if request.GET.get("q"):
        return _found(request, request.GET["q"])
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


def _found(request: HttpRequest, text: str) -> HttpResponse:
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
    to_classify = page["since_plan"]["to_classify"] if page["since_plan"] else 0
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
        may_take_next_step=page["next_step"] is not None
        and request.user.has_perm(f"{APP_LABEL}.{page['next_step'].needs}"),
        terminal_command=_terminal_command(run, page),
        address=reverse("legacy_imports:run", args=[run.pk]),
        may_commit=obstacles.to_commit(run) is None,
        may_roll_back=obstacles.to_roll_back(run, committed=page["ever_committed"]) is None,
        settings_changed=None
        if run.status == RunStatus.CLOSED
        else obstacles.settings_changed(run),
        plan_obstacle=obstacles.to_plan(run, rows=page["rows"], to_classify=to_classify),
        reconcile_obstacle=obstacles.to_reconcile(run, rows=page["rows"]),
    )


def _terminal_command(run: LegacyImportRun, page: dict[str, Any]) -> str:
    """The next step of the page for operators, without `manage.py`: never another one than its card."""
    since = page["since_plan"]
    if since is None or run.status == RunStatus.CLOSED:
        return run.next_command
    if other := obstacles.rules_changed(run):
        return other.command
    if run.status in WITH_A_PLAN:
        if since["to_classify"]:
            return f"legacy_classify --run {run.pk}"
        if since["decisions"]:
            return f"legacy_dry_run --run {run.pk}"
        if page["next_step"]:
            return str(page["next_step"].command)
    return run.next_command


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
        "next_step": next_step_of(run, counts),
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
        "since_plan": since_plan(run, counts),
        "progress": progress,
    }


urlpatterns = [
    path("legacy-imports", runs, name="runs"),
    path("legacy-imports/search", search, name="runs-search"),
    path("legacy-imports/<int:run_id>", run_detail, name="run"),
    path("legacy-imports/<int:run_id>/progress", progress, name="progress"),
]
