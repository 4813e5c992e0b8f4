"""`/admin/legacy-imports/session-mapping`: which old sessions were real ones."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from legacy_import.mapping import sessions as session_review
from legacy_import.mapping.judgement import MappingChange
from legacy_import.models import LegacyImportRun, LegacySessionMapping
from legacy_import.permissions import MAP, permission_needed
from legacy_import.screens.address import requested_run
from legacy_import.screens.mapping import base_views
from legacy_import.screens.mapping.base_views import Bulk, MappingScreen, MappingVerdict
from legacy_import.screens.mapping.lines import SessionLine, said_of
from legacy_import.screens.mapping.listing import SESSIONS, line_of, listing, together
from legacy_import.screens.page import render_page
from legacy_import.screens.text import thousands

SECTION = "session_mapping"
LIST = "legacy_imports:session-mapping"
FOLDER = "admin/legacy_imports/mapping/"
TAKE_BACK = "take_back"
VERDICTS = (*session_review.ANSWERS, TAKE_BACK)


@never_cache
@permission_needed(MAP)
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """Every old session of the run's source, those that hold back most rows first."""
    run = base_views.run_or_none(request)
    source = run.connection_name if run else ""
    return render_page(
        request,
        FOLDER + "sessions.html",
        section=SECTION,
        title=_("Old sessions"),
        run=run,
        listing=listing(run, SESSIONS, base_views.list_asked(request)),
        real=session_review.real_unconfirmed(source).count(),
        **base_views.judging(run),
    )


@never_cache
@permission_needed(MAP)
@require_safe
def session(request: HttpRequest, mapping: int) -> HttpResponse:
    """One old session: what it is now, why, and what confirming it would free."""
    run = requested_run(request)
    return _page_of(request, run, SCREEN.find(run, mapping))


@never_cache
@permission_needed(MAP)
@require_POST
def judge(request: HttpRequest, mapping: int) -> HttpResponse:
    """Say what an old session is."""
    return base_views.judge(request, SCREEN, mapping)


@never_cache
@permission_needed(MAP)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_all(request: HttpRequest) -> HttpResponse:
    """Confirm every session that the rules call real."""
    return base_views.confirm_all(request, SCREEN)


@never_cache
@permission_needed(MAP)
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Judge and plan the run again, while somebody waits."""
    return base_views.judge_again(request, LIST)


def _judge(said: MappingVerdict) -> MappingChange:
    if said.verdict == TAKE_BACK:
        return session_review.take_back(
            mapping_id=said.mapping_id,
            version=said.version,
            reason=said.note,
            actor=said.actor,
            now=said.now,
        )
    return session_review.confirm_session(
        mapping_id=said.mapping_id,
        session_type=said.verdict,
        version=said.version,
        reason=said.note,
        actor=said.actor,
        now=said.now,
    )


def _confirm(bulk: Bulk) -> MappingChange:
    return session_review.confirm_real_sessions(
        connection_name=bulk.connection_name,
        expected=bulk.expected,
        stamp=bulk.stamp,
        reason=bulk.note,
        actor=bulk.actor,
        now=bulk.now,
    )


def _confirmed(count: int) -> str:
    what = ngettext(
        "%(count)s session confirmed real.", "%(count)s sessions confirmed real.", count
    )
    return what % {"count": thousands(count)}


def _page_of(
    request: HttpRequest,
    run: LegacyImportRun,
    mapping: LegacySessionMapping,
    *,
    status: int = 200,
    **told: object,
) -> HttpResponse:
    return render_page(
        request,
        FOLDER + "session.html",
        section=SECTION,
        title=_("What is this session?"),
        run=run,
        status=status,
        line=line_of(run, SESSIONS, mapping),
        said=said_of(LegacySessionMapping, mapping.pk),
        **told,
    )


def _bulk_page(
    request: HttpRequest, run: LegacyImportRun, *, status: int = 200, **told: object
) -> HttpResponse:
    count, stamp = session_review.real_stamp(run.connection_name)
    return render_page(
        request,
        FOLDER + "sessions_all.html",
        section=SECTION,
        title=_("Confirm all sessions that the rules call real"),
        run=run,
        status=status,
        expected=count,
        stamp=stamp,
        together=together(run, SESSIONS, session_review.real_unconfirmed(run.connection_name)),
        **told,
    )


SCREEN = MappingScreen(
    address=LIST,
    model=LegacySessionMapping,
    verdicts=VERDICTS,
    judge=_judge,
    confirm=_confirm,
    one=_page_of,
    every=_bulk_page,
    words=lambda mapping: SessionLine.of(mapping).words,
    confirmed=_confirmed,
)

urlpatterns = [
    path("legacy-imports/session-mapping", sessions, name="session-mapping"),
    path("legacy-imports/session-mapping/confirm-all", confirm_all, name="session-mapping-all"),
    path("legacy-imports/session-mapping/again", again, name="session-mapping-again"),
    path("legacy-imports/session-mapping/<int:mapping>", session, name="session-mapping-one"),
    path("legacy-imports/session-mapping/<int:mapping>/judge", judge, name="session-mapping-judge"),
]
