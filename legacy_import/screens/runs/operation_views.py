"""`…/{run}/commit` and `…/{run}/rollback`: confirm, process one batch, show its result.

A GET shows the confirm page with every effect. Its form contains a token that is valid once, and only
while the run is unchanged; a POST processes one batch and redirects to its result. A double click, the
back button, a reload or a second tab therefore never processes a batch twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from legacy_import.choices import COMMITTED_OUTCOMES, Stage
from legacy_import.conf import database_name
from legacy_import.engine.chunks import next_position
from legacy_import.engine.engines import Inline
from legacy_import.errors import Interrupted, LegacyImportError
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import COMMIT, ROLLBACK, permission_needed
from legacy_import.runs.progress import Silent
from legacy_import.screens import form_tokens, obstacles
from legacy_import.screens.address import run_with_id
from legacy_import.screens.obstacles import MOST_ROWS_PREVIEWED, Obstacle
from legacy_import.screens.page import render_page
from legacy_import.screens.runs.counts import counts_of, in_force, wave_lines
from legacy_import.screens.runs.in_request import InRequest, attempt, error_text
from legacy_import.screens.runs.log import commit_summary, receipts, rollback_summary
from legacy_import.screens.runs.operation_form import LARGEST_BATCH, OperationForm, parse
from legacy_import.screens.runs.progress import run_progress, stamp_of
from legacy_import.stages.commit.commit import commit
from legacy_import.stages.commit.since_plan import changed_since_plan
from legacy_import.stages.rollback.rollback import rollback, rows_to_undo


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that changes the platform: a commit or a rollback."""

    name: str
    stage: Stage
    title: str | Promise
    obstacle: Callable[[LegacyImportRun], Obstacle | None]
    work: Callable[[LegacyImportRun, OperationForm, str, InRequest], None]
    interruptible: tuple[str, ...]  # labels of the work that may stop between batches
    context: Callable[[LegacyImportRun, OperationForm], dict[str, Any]]
    summary: Callable[
        [LegacyImportRun, int, int | None], object
    ]  # of the batches from … to before …


# --- Requests and responses --------------------------------------------------------------------------


def _answer(request: HttpRequest, run: LegacyImportRun, operation: Operation) -> HttpResponse:
    if request.method == "POST":
        return _send(request, run, operation)
    form = parse(request.GET)
    token = form_tokens.look_up(
        request, request.GET.get("done", ""), run=run.pk, operation=_token_name(operation, form)
    )
    used_token = token if token and token.used else None
    return _show(request, run, operation, form=form, used_token=used_token)


def _send(request: HttpRequest, run: LegacyImportRun, operation: Operation) -> HttpResponse:
    """Process the form once, or explain the refusal; a GET then shows the result."""
    form = parse(request.POST, confirmed=True)
    token_name = _token_name(operation, form)
    token = form_tokens.look_up(request, form.token, run=run.pk, operation=token_name)
    if token and token.used:
        return _show(request, run, operation, form=form, used_token=token, status=409)
    if obstacle := operation.obstacle(run):
        return refuse(request, run, operation.title, obstacle)
    stamp = stamp_of(run.pk)
    if token is None or token.stamp != stamp:
        problem = _("The run changed since this page was opened, or the page is too old. Nothing was "
                    "done: read the page again, then confirm.")  # fmt: skip
        return _show(request, run, operation, form=form, problem=problem, status=409)
    if form.errors:
        return _show(request, run, operation, form=form, token=form.token, status=400)
    first = next_position(run, operation.stage)
    token, is_ours = form_tokens.use_up(
        request, form.token, run=run.pk, operation=token_name, first=first
    )
    if not is_ours:
        return _show(request, run, operation, form=form, used_token=token, status=409)
    why, actor = "", request.user.get_username()
    # A rollback after another rollback finds no rows, so only a commit needs this check.
    run_unchanged = (lambda: stamp_of(run.pk) == stamp) if operation is COMMITTING else None
    progress = InRequest(stop_in=operation.interruptible, run_unchanged=run_unchanged)
    try:
        attempt(lambda: operation.work(run, form, actor, progress))
    except Interrupted:
        pass  # the page shows the rows that remain
    except LegacyImportError as error:
        why = error_text(error)
    end = next_position(run, operation.stage) if progress.has_begun else first
    form_tokens.record_end(request, form.token, end=end, why=why)
    if why and end == first:
        return refuse(request, run, operation.title, Obstacle(why))
    query = {"done": form.token, "focus": form.focus or "", "batch": form.batch}
    if form.rows:
        query["rows"] = form.rows
    return HttpResponseRedirect(f"{request.path}?{urlencode(query)}", status=303)


def _token_name(operation: Operation, form: OperationForm) -> str:
    """A token is valid for one operation, and for the rows that its page showed."""
    return f"{operation.name} {form.rows}".strip()


def _show(
    request: HttpRequest,
    run: LegacyImportRun,
    operation: Operation,
    *,
    form: OperationForm,
    used_token: form_tokens.FormToken | None = None,
    problem: str = "",
    token: str = "",
    status: int = 200,
) -> HttpResponse:
    """The result of `used_token` and the confirm page, or a refusal if there is nothing to confirm."""
    if request.method == "POST":  # it may have been at work on the run
        run.refresh_from_db()
    obstacle = operation.obstacle(run)
    if obstacle and used_token is None:
        return refuse(request, run, operation.title, obstacle)
    issued = token or (
        "" if obstacle else form_tokens.issue(
            request, run=run.pk, operation=_token_name(operation, form), stamp=stamp_of(run.pk)
        )
    )  # fmt: skip
    try:
        context = {} if obstacle else operation.context(run, form)
    except LegacyImportError as error:
        if used_token is None:
            return refuse(request, run, operation.title, Obstacle(error_text(error)))
        context, obstacle = {}, Obstacle(error_text(error))
    return render_page(
        request,
        f"admin/legacy_imports/runs/operation_{operation.name}.html",
        section="run",
        title=operation.title,
        run=run,
        status=status,
        form=form,
        errors=dict(form.errors),
        problem=problem,
        token=issued,
        used=used_token,
        confirmed=used_token is not None,
        summary=operation.summary(run, used_token.first, used_token.end) if used_token else None,
        replayed=request.method == "POST" and used_token is not None,
        obstacle=obstacle,
        progress=run_progress(run),
        database=database_name(),
        largest_batch=LARGEST_BATCH,
        **context,
    )


def refuse(
    request: HttpRequest, run: LegacyImportRun, title: str | Promise, obstacle: Obstacle
) -> HttpResponse:
    """409: the reason, the command to run instead and, while the run is locked, its progress."""
    return render_page(
        request,
        "admin/legacy_imports/runs/operation_refused.html",
        section="run",
        title=title,
        run=run,
        status=409,
        obstacle=obstacle,
        progress=run_progress(run),
    )


# --- Commit ------------------------------------------------------------------------------------------


def _commit_batch(
    run: LegacyImportRun, form: OperationForm, actor: str, progress: InRequest
) -> None:
    commit(
        run_id=run.pk,
        actor=actor,
        now=timezone.now(),
        progress=progress,
        batch=form.batch,
        limit=form.batch,
        focus=form.focus,
        engine=Inline(),  # a request must not wait for workers
    )


def _commit_context(run: LegacyImportRun, form: OperationForm) -> dict[str, Any]:
    """Every wave's effects; the requested wave is selected if it has rows, else the first that has."""
    waves = wave_lines(counts_of(run.pk))
    with_rows = [wave["focus"] for wave in waves if wave["rows"]]
    focus = form.focus if form.focus in with_rows else next(iter(with_rows), "")
    all_waves = waves[-1]
    return {
        "waves": waves,
        "selected_focus": focus,
        "rows_left": all_waves["rows"],
        "nothing": not (all_waves["rows"] or all_waves["review"]),
        "changed": changed_since_plan(run),
    }


COMMITTING = Operation(
    "commit", Stage.COMMIT, gettext_lazy("Commit the next batch"), obstacles.to_commit,
    _commit_batch, ("leaving for review",), _commit_context, commit_summary,
)  # fmt: skip


@permission_needed(COMMIT, methods=["GET", "HEAD", "POST"])
def commit_next(request: HttpRequest, run_id: int) -> HttpResponse:
    """Commit the next batch of the current plan."""
    return _answer(request, run_with_id(run_id), COMMITTING)


# --- Rollback ----------------------------------------------------------------------------------------


def _roll_back(run: LegacyImportRun, form: OperationForm, actor: str, progress: InRequest) -> None:
    rollback(
        run_id=run.pk,
        actor=actor,
        now=timezone.now(),
        progress=progress,
        part=form.part,
        engine=Inline(),
    )


def _rollback_context(run: LegacyImportRun, form: OperationForm) -> dict[str, Any]:
    """What would become of each record, if there are few enough to compute it in a request."""
    counts = counts_of(run.pk)
    if form.part:
        rows, followers = rows_to_undo(run, form.part)
    else:
        rows, followers = in_force(counts), 0
    preview = None
    if rows <= MOST_ROWS_PREVIEWED:
        preview = rollback(
            run_id=run.pk,
            actor="",
            now=timezone.now(),
            progress=Silent(),
            preview=True,
            part=form.part,
        )
    records = sorted((*key, number) for key, number in preview.records.items()) if preview else []
    outcomes = counts.spread("outcome", outcome=COMMITTED_OUTCOMES)
    return {"rows_left": rows, "followers": followers, "outcomes": outcomes, "preview": preview,
            "records": records}  # fmt: skip


def _rollback_obstacle(run: LegacyImportRun) -> Obstacle | None:
    return obstacles.to_roll_back(run, committed=receipts(run, Stage.COMMIT).exists())


ROLLING_BACK = Operation(
    "rollback", Stage.ROLLBACK, gettext_lazy("Roll the run back"), _rollback_obstacle, _roll_back,
    ("rolling back",), _rollback_context, rollback_summary,
)  # fmt: skip


@permission_needed(ROLLBACK, methods=["GET", "HEAD", "POST"])
def roll_back(request: HttpRequest, run_id: int) -> HttpResponse:
    """Undo the effects of the run (of ?rows=…, of these rows) that no one edited since."""
    return _answer(request, run_with_id(run_id), ROLLING_BACK)


urlpatterns = [
    path("legacy-imports/<int:run_id>/commit", commit_next, name="commit"),
    path("legacy-imports/<int:run_id>/rollback", roll_back, name="rollback"),
]
