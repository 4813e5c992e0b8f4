"""`/admin/legacy-imports/session-mapping`: which old sessions were real ones."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from legacy_import.errors import LegacyImportError
from legacy_import.mapping_lists.lines import SessionLine, said_of, session_lines
from legacy_import.mapping_lists.weights import SESSION_CAUSES, SESSION_MISSING, weigh
from legacy_import.mapping_lists.words import SESSION_STATES
from legacy_import.models import LegacyImportRun, LegacySessionMapping
from legacy_import.permissions import MAP, permission_needed
from legacy_import.services import session_review
from legacy_import.services.mapping_change import MappingChangedMeanwhile
from legacy_import.templatetags.legacy_imports import thousands
from legacy_import.views import mapping_page
from legacy_import.views.asked import run_asked
from legacy_import.views.mapping_page import AllForm, JudgeForm
from legacy_import.views.page import render_page

SECTION = "session_mapping"
LIST = "legacy_imports:session-mapping"
FOLDER = "admin/legacy_imports/"
NAMED = 20  # sessions that the bulk page lists by code
TAKE_BACK = "take_back"
VERDICTS = (*session_review.ANSWERS, TAKE_BACK)


@never_cache
@permission_needed(MAP)
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """Every old session of the run's source, those that hold back most rows first."""
    run = mapping_page.run_or_none(request)
    weights = weigh(run)
    lines = session_lines(run.connection_name, weights) if run else []
    real, _stamp = session_review.real_stamp(run.connection_name) if run else (0, "")
    return render_page(
        request,
        FOLDER + "session_mapping.html",
        section=SECTION,
        title=_("Old sessions"),
        run=run,
        listing=mapping_page.listing(request, lines, SESSION_STATES),
        causes=mapping_page.causes_of(weights.causes, (*SESSION_CAUSES, SESSION_MISSING)),
        real=real,
        **mapping_page.judging(run),
    )


@never_cache
@permission_needed(MAP)
@require_safe
def session(request: HttpRequest, mapping: int) -> HttpResponse:
    """One old session: what it is now, why, and what confirming it would free."""
    return _page_of(request, run_asked(request), mapping)


@never_cache
@permission_needed(MAP)
@require_POST
def judge(request: HttpRequest, mapping: int) -> HttpResponse:
    """Say what an old session is: 409 with what happened when somebody was faster."""
    run = run_asked(request)
    before = _found(run, mapping)
    form = JudgeForm(request.POST)
    if not form.is_valid() or form.cleaned_data["verdict"] not in VERDICTS:
        return HttpResponseBadRequest(_("This form is not complete."), content_type="text/plain")
    said = form.cleaned_data
    asked = {"mapping_id": before.pk, "version": said["version"], "reason": said["note"],
             "actor": mapping_page.actor_of(request), "now": timezone.now()}  # fmt: skip
    try:
        if said["verdict"] == TAKE_BACK:
            change = session_review.take_back(**asked)
        else:
            change = session_review.confirm_session(session_type=said["verdict"], **asked)
    except MappingChangedMeanwhile:
        return _page_of(request, run, mapping, status=409, changed=True)
    except LegacyImportError as refused:
        words = mapping_page.refusal_words(refused)
        return _page_of(request, run, mapping, status=400, refused=words, note=said["note"])
    after = _found(run, mapping)
    state = SessionLine.of(after).words
    mapping_page.say_judged(request, after.legacy_code, state, change)
    return mapping_page.back_to(LIST, run, request)


@never_cache
@permission_needed(MAP)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_all(request: HttpRequest) -> HttpResponse:
    """Confirm every session that the rules call real: N and the effect named, counted again."""
    run = run_asked(request)
    if request.method != "POST":
        return _bulk_page(request, run)
    form = AllForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest(_("This form is not complete."), content_type="text/plain")
    try:
        change = session_review.confirm_real_sessions(
            connection_name=run.connection_name,
            expected=form.cleaned_data["expected"],
            stamp=form.cleaned_data["stamp"],
            reason=form.cleaned_data["note"],
            actor=mapping_page.actor_of(request),
            now=timezone.now(),
        )
    except MappingChangedMeanwhile:
        return _bulk_page(request, run, status=409, changed=True)
    except LegacyImportError as refused:
        return _bulk_page(request, run, status=400, refused=mapping_page.refusal_words(refused))
    count = change.mappings
    what = ngettext(
        "%(count)s session confirmed real.", "%(count)s sessions confirmed real.", count
    )
    mapping_page.say_changed(request, what % {"count": thousands(count)}, change)
    return mapping_page.back_to(LIST, run, request)


@never_cache
@permission_needed(MAP)
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Judge and plan the run again, while somebody waits."""
    return mapping_page.judge_again(request, LIST)


def _found(run: LegacyImportRun, pk: int) -> LegacySessionMapping:
    """The mapping with this number. Raises Http404, also for one of another source."""
    return get_object_or_404(LegacySessionMapping, pk=pk, connection_name=run.connection_name)


def _page_of(
    request: HttpRequest, run: LegacyImportRun, pk: int, *, status: int = 200, **told: object
) -> HttpResponse:
    mapping = _found(run, pk)
    lines = session_lines(run.connection_name, weigh(run), only=pk)
    if not lines:
        raise Http404
    return render_page(
        request,
        FOLDER + "session_mapping_one.html",
        section=SECTION,
        title=_("What is this session?"),
        run=run,
        status=status,
        line=lines[0],
        rule=session_review.rule_of(mapping).session_type,
        said=said_of(LegacySessionMapping, pk),
        **told,
    )


def _bulk_page(
    request: HttpRequest, run: LegacyImportRun, *, status: int = 200, **told: object
) -> HttpResponse:
    count, stamp = session_review.real_stamp(run.connection_name)
    real = set(session_review.real_unconfirmed(run.connection_name).values_list("pk", flat=True))
    lines = [line for line in session_lines(run.connection_name, weigh(run)) if line.pk in real]
    return render_page(
        request,
        FOLDER + "session_mapping_all.html",
        section=SECTION,
        title=_("Confirm all sessions that the rules call real"),
        run=run,
        status=status,
        expected=count,
        stamp=stamp,
        lines=lines[:NAMED],
        more=max(0, len(lines) - NAMED),
        rows=sum(line.weight.rows for line in lines),
        frees=sum(line.weight.frees for line in lines),
        **told,
    )


urlpatterns = [
    path("legacy-imports/session-mapping", sessions, name="session-mapping"),
    path("legacy-imports/session-mapping/confirm-all", confirm_all, name="session-mapping-all"),
    path("legacy-imports/session-mapping/again", again, name="session-mapping-again"),
    path("legacy-imports/session-mapping/<int:mapping>", session, name="session-mapping-one"),
    path("legacy-imports/session-mapping/<int:mapping>/judge", judge, name="session-mapping-judge"),
]
