"""`…/{run}/plan` and `…/{run}/reconcile`: what changes no business table, for runs of a size that a
browser can wait for. Larger ones get the command.

Planning asks for the permission of those who map courses and sessions, as the mapping screens do,
whose judgements it puts into effect: it writes staged rows only, and whoever commits confirms the new
plan, not the old. The proof asks for the permission to commit: it re-reads the source.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from legacy_import.engine.engines import Inline
from legacy_import.errors import LegacyImportError
from legacy_import.permissions import COMMIT, MAP, permission_needed
from legacy_import.screens.address import run_with_id
from legacy_import.screens.page import render_page
from legacy_import.screens.runs import obstacles
from legacy_import.screens.runs.counts import counts_of
from legacy_import.screens.runs.in_request import InRequest, attempt, told
from legacy_import.screens.runs.obstacles import Obstacle
from legacy_import.screens.runs.operation_views import refuse
from legacy_import.screens.runs.proof import proof_lines
from legacy_import.stages.planning.dry_run import dry_run
from legacy_import.stages.reconciliation.reconcile import reconcile


@permission_needed(MAP)
@require_POST
def plan(request: HttpRequest, run: int) -> HttpResponse:
    """Plan the run's rows anew, with what people decided since."""
    found, title = run_with_id(run), _("Plan again")
    counts = counts_of(found.pk)
    obstacle = obstacles.to_plan(
        found, rows=counts.rows, to_classify=counts.where(to_classify=(True,))
    )
    if obstacle:
        return refuse(request, found, title, obstacle)
    actor = request.user.get_username()
    now, progress = timezone.now(), InRequest()
    try:
        attempt(
            lambda: dry_run(
                run_id=found.pk, actor=actor, now=now, progress=progress, engine=Inline()
            )
        )
    except LegacyImportError as error:
        return refuse(request, found, title, Obstacle(told(error)))
    return HttpResponseRedirect(reverse("legacy_imports:run", args=[found.pk]), status=303)


@permission_needed(COMMIT)
@require_POST
def prove(request: HttpRequest, run: int) -> HttpResponse:
    """Prove that nothing was lost and nothing was done twice, and show the proof. Changes nothing."""
    found, title = run_with_id(run), _("Reconciliation")
    obstacle = obstacles.to_reconcile(found, rows=counts_of(found.pk).rows)
    if obstacle:
        return refuse(request, found, title, obstacle)
    try:
        report = attempt(lambda: reconcile(run_id=found.pk, progress=InRequest()))
    except LegacyImportError as error:
        return refuse(request, found, title, Obstacle(told(error)))
    return render_page(
        request,
        "admin/legacy_imports/runs/proof.html",
        section="run",
        title=title,
        run=found,
        report=report,
        lines=list(proof_lines(report)),
        made_at=timezone.now(),
    )


urlpatterns = [
    path("legacy-imports/<int:run>/plan", plan, name="plan"),
    path("legacy-imports/<int:run>/reconcile", prove, name="reconcile"),
]
