"""`…/{run}/plan` and `…/{run}/reconcile`: actions that change no business table, for runs small enough
for one request. For larger runs the page shows the command.

Planning needs the permission to map courses and sessions, because it applies the decisions of the
mapping screens; it writes staged rows only, and a commit confirms the new plan. Reconciliation needs
the permission to commit, because it reads the source again.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from legacy_import.engine.engines import Inline
from legacy_import.errors import LegacyImportError
from legacy_import.permissions import COMMIT, MAP, permission_needed
from legacy_import.screens import obstacles
from legacy_import.screens.address import run_with_id
from legacy_import.screens.obstacles import Obstacle
from legacy_import.screens.page import render_page
from legacy_import.screens.runs.counts import counts_of
from legacy_import.screens.runs.in_request import InRequest, attempt, error_text
from legacy_import.screens.runs.operation_views import refuse
from legacy_import.screens.runs.proof import proof_lines
from legacy_import.stages.planning.dry_run import dry_run
from legacy_import.stages.reconciliation.reconcile import reconcile
from legacy_import.stages.replan import replan


@permission_needed(MAP, methods=["POST"])
def plan(request: HttpRequest, run_id: int) -> HttpResponse:
    """Plan the run's rows again, with the decisions made since; after a mapping, evaluate them first."""
    run, title = run_with_id(run_id), _("Plan again")
    counts = counts_of(run.pk)
    to_classify = counts.where(to_classify=(True,))
    obstacle = obstacles.to_plan(run, rows=counts.rows, to_classify=to_classify)
    if obstacle:
        return refuse(request, run, title, obstacle)
    actor = request.user.get_username()
    now, progress = timezone.now(), InRequest()
    try:
        if to_classify:
            attempt(lambda: replan(run_id=run.pk, actor=actor, now=now))
        else:
            attempt(
                lambda: dry_run(
                    run_id=run.pk, actor=actor, now=now, progress=progress, engine=Inline()
                )
            )
    except LegacyImportError as error:
        return refuse(request, run, title, Obstacle(error_text(error)))
    return HttpResponseRedirect(reverse("legacy_imports:run", args=[run.pk]), status=303)


@permission_needed(COMMIT, methods=["POST"])
def reconcile_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Reconcile the run and show the report. Changes nothing."""
    run, title = run_with_id(run_id), _("Reconciliation")
    obstacle = obstacles.to_reconcile(run, rows=counts_of(run.pk).rows)
    if obstacle:
        return refuse(request, run, title, obstacle)
    try:
        actor = request.user.get_username()
        report = attempt(lambda: reconcile(run_id=run.pk, progress=InRequest(), actor=actor))
    except LegacyImportError as error:
        return refuse(request, run, title, Obstacle(error_text(error)))
    return render_page(
        request,
        "admin/legacy_imports/runs/proof.html",
        section="run",
        title=title,
        run=run,
        report=report,
        lines=list(proof_lines(report)),
        made_at=timezone.now(),
    )


urlpatterns = [
    path("legacy-imports/<int:run_id>/plan", plan, name="plan"),
    path("legacy-imports/<int:run_id>/reconcile", reconcile_run, name="reconcile"),
]
