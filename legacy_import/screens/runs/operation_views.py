"""`…/{run}/commit` and `…/{run}/rollback`: confirm, do one bounded piece, say what was done.

The confirm page is a GET that names every effect. Its form holds a token that is good once, and only
while the run stands as the page says; a POST does one batch and redirects to what it did. Nobody can
do a batch twice by clicking twice, going back, reloading, or from a second tab.
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
from django.views.decorators.http import require_http_methods

from legacy_import.choices import Stage
from legacy_import.conf import database_name
from legacy_import.engine.chunks import next_position
from legacy_import.engine.engines import Inline
from legacy_import.errors import Interrupted, LegacyImportError
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import COMMIT, ROLLBACK, permission_needed
from legacy_import.runs.progress import Silent
from legacy_import.screens import form_tokens
from legacy_import.screens.address import run_with_id
from legacy_import.screens.page import render_page
from legacy_import.screens.runs import obstacles
from legacy_import.screens.runs.counts import counts_of, in_force
from legacy_import.screens.runs.in_request import InRequest, attempt, told
from legacy_import.screens.runs.live import live, live_words, stamp_of
from legacy_import.screens.runs.log import done_since, receipts, undone_since
from legacy_import.screens.runs.obstacles import MOST_ROWS_PREVIEWED, Obstacle
from legacy_import.screens.runs.operation_address import LARGEST_BATCH, OperationForm, parse
from legacy_import.screens.runs.waves import outcomes_in_force, wave_lines
from legacy_import.stages.commit.commit import commit
from legacy_import.stages.rollback.rollback import rollback


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the two things that change the platform."""

    name: str
    stage: Stage
    title: str | Promise
    obstacle: Callable[[LegacyImportRun], Obstacle | None]
    work: Callable[[LegacyImportRun, OperationForm, str, InRequest], None]
    pieces: tuple[str, ...]  # of its work after which it may stop and be gone on with
    shown: Callable[[LegacyImportRun, OperationForm], dict[str, Any]]
    told: Callable[[LegacyImportRun, int, int | None], object]


# --- Asking and answering ----------------------------------------------------------------------------


def _answer(request: HttpRequest, run: LegacyImportRun, operation: Operation) -> HttpResponse:
    if request.method == "POST":
        return _send(request, run, operation)
    asked = parse(request.GET)
    token = form_tokens.look_up(
        request, request.GET.get("done", ""), run=run.pk, operation=operation.name
    )
    done = token if token and token.used else None
    return _show(request, run, operation, asked=asked, done=done)


def _send(request: HttpRequest, run: LegacyImportRun, operation: Operation) -> HttpResponse:
    """Do it once, or say why not; what was done is shown by a GET of its own."""
    asked = parse(request.POST, confirmed=True)
    token = form_tokens.look_up(request, asked.token, run=run.pk, operation=operation.name)
    if token and token.used:
        return _show(request, run, operation, asked=asked, done=token, status=409)
    if obstacle := operation.obstacle(run):
        return refuse(request, run, operation.title, obstacle)
    stamp = stamp_of(run.pk)
    if token is None or token.stamp != stamp:
        problem = _("The run changed since this page was made, or the page is too old. Nothing was "
                    "done: read what it says now, then confirm again.")  # fmt: skip
        return _show(request, run, operation, asked=asked, problem=problem, status=409)
    if asked.errors:
        return _show(request, run, operation, asked=asked, token=asked.token, status=400)
    first = next_position(run, operation.stage)
    token, mine = form_tokens.use_up(
        request, asked.token, run=run.pk, operation=operation.name, first=first
    )
    if not mine:
        return _show(request, run, operation, asked=asked, done=token, status=409)
    why, actor = "", request.user.get_username()
    # A rollback that finds another one done has nothing left to do, so it need not ask.
    still_so = (lambda: stamp_of(run.pk) == stamp) if operation is COMMITTING else None
    progress = InRequest(stop_in=operation.pieces, still_so=still_so)
    try:
        attempt(lambda: operation.work(run, asked, actor, progress))
    except Interrupted:
        pass  # the page says what is left
    except LegacyImportError as error:
        why = told(error)
    end = next_position(run, operation.stage) if progress.begun else first
    form_tokens.record_end(request, asked.token, end=end, why=why)
    if why and end == first:
        return refuse(request, run, operation.title, Obstacle(why))
    shown = urlencode({"done": asked.token, "focus": asked.focus or "", "batch": asked.batch})
    return HttpResponseRedirect(f"{request.path}?{shown}", status=303)


def _show(
    request: HttpRequest,
    run: LegacyImportRun,
    operation: Operation,
    *,
    asked: OperationForm,
    done: form_tokens.FormToken | None = None,
    problem: str = "",
    token: str = "",
    status: int = 200,
) -> HttpResponse:
    """The confirm page; above it, what the last one did. With nothing to confirm, only why."""
    run.refresh_from_db()
    obstacle = operation.obstacle(run)
    if obstacle and done is None:
        return refuse(request, run, operation.title, obstacle)
    issued = token or (
        "" if obstacle else form_tokens.issue(
            request, run=run.pk, operation=operation.name, stamp=stamp_of(run.pk)
        )
    )  # fmt: skip
    now = live(run)
    try:
        context = {} if obstacle else operation.shown(run, asked)
    except LegacyImportError as error:
        if done is None:
            return refuse(request, run, operation.title, Obstacle(told(error)))
        context, obstacle = {}, Obstacle(told(error))
    return render_page(
        request,
        f"admin/legacy_imports/runs/operation_{operation.name}.html",
        section="run",
        title=operation.title,
        run=run,
        status=status,
        asked=asked,
        errors=dict(asked.errors),
        problem=problem,
        token=issued,
        used=done,
        confirmed=done is not None,
        told=operation.told(run, done.first, done.end) if done else None,
        replayed=request.method == "POST" and done is not None,
        obstacle=obstacle,
        live=now,
        live_words=live_words(now),
        database=database_name(),
        largest_batch=LARGEST_BATCH,
        **context,
    )


def refuse(
    request: HttpRequest, run: LegacyImportRun, title: str | Promise, obstacle: Obstacle
) -> HttpResponse:
    """409: why nothing was done, what to run instead, and, while somebody holds the run, progress."""
    now = live(run)
    return render_page(
        request,
        "admin/legacy_imports/runs/operation_refused.html",
        section="run",
        title=title,
        run=run,
        status=409,
        obstacle=obstacle,
        live=now,
        live_words=live_words(now),
    )


# --- Commit ------------------------------------------------------------------------------------------


def _commit_batch(
    run: LegacyImportRun, asked: OperationForm, actor: str, progress: InRequest
) -> None:
    commit(
        run_id=run.pk,
        actor=actor,
        now=timezone.now(),
        progress=progress,
        batch=asked.batch,
        limit=asked.batch,
        focus=asked.focus,
        engine=Inline(),  # a page waits for no worker
    )


def _shown_of_commit(run: LegacyImportRun, asked: OperationForm) -> dict[str, Any]:
    """Every wave's effects; chosen is the one asked for while it has rows, else the first that has."""
    waves = wave_lines(counts_of(run.pk))
    with_rows = [wave.focus for wave in waves if wave.rows]
    chosen = asked.focus if asked.focus in with_rows else next(iter(with_rows), "")
    everything = waves[-1]
    return {
        "waves": waves,
        "chosen": chosen,
        "left": everything.rows,
        "nothing": not (everything.rows or everything.review),
    }


COMMITTING = Operation(
    "commit", Stage.COMMIT, gettext_lazy("Commit the next batch"), obstacles.to_commit,
    _commit_batch, ("leaving for review",), _shown_of_commit, done_since,
)  # fmt: skip


@permission_needed(COMMIT)
@require_http_methods(["GET", "HEAD", "POST"])
def commit_next(request: HttpRequest, run: int) -> HttpResponse:
    """Commit the next batch of the current plan."""
    return _answer(request, run_with_id(run), COMMITTING)


# --- Rollback ----------------------------------------------------------------------------------------


def _roll_back(run: LegacyImportRun, asked: OperationForm, actor: str, progress: InRequest) -> None:
    rollback(run_id=run.pk, actor=actor, now=timezone.now(), progress=progress, engine=Inline())


def _shown_of_rollback(run: LegacyImportRun, asked: OperationForm) -> dict[str, Any]:
    """What would become of each record, where that can be found out while a browser waits."""
    counts = counts_of(run.pk)
    rows = in_force(counts)
    preview = None
    if rows <= MOST_ROWS_PREVIEWED:
        preview = rollback(
            run_id=run.pk, actor="", now=timezone.now(), progress=Silent(), preview=True
        )
    records = sorted((*key, number) for key, number in preview.records.items()) if preview else []
    return {"left": rows, "outcomes": outcomes_in_force(counts), "preview": preview,
            "records": records}  # fmt: skip


def _rollback_obstacle(run: LegacyImportRun) -> Obstacle | None:
    return obstacles.to_roll_back(run, committed=receipts(run, Stage.COMMIT).exists())


ROLLING_BACK = Operation(
    "rollback", Stage.ROLLBACK, gettext_lazy("Roll the run back"), _rollback_obstacle, _roll_back,
    ("rolling back",), _shown_of_rollback, undone_since,
)  # fmt: skip


@permission_needed(ROLLBACK)
@require_http_methods(["GET", "HEAD", "POST"])
def roll_back(request: HttpRequest, run: int) -> HttpResponse:
    """Take back what the run created and nobody touched since."""
    return _answer(request, run_with_id(run), ROLLING_BACK)


urlpatterns = [
    path("legacy-imports/<int:run>/commit", commit_next, name="commit"),
    path("legacy-imports/<int:run>/rollback", roll_back, name="rollback"),
]
