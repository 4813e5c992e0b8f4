"""`/admin/legacy-imports/course-mapping`: which course of the platform every old course is."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from legacy_import.mapping import courses as mapping_review
from legacy_import.mapping.judgement import MappingChange
from legacy_import.models import LegacyCourseMapping, LegacyImportRun
from legacy_import.permissions import MAP, permission_needed
from legacy_import.screens.address import requested_run
from legacy_import.screens.mapping import base_views
from legacy_import.screens.mapping.base_views import (
    LONGEST_SEARCH,
    Bulk,
    MappingScreen,
    MappingVerdict,
)
from legacy_import.screens.mapping.courses import courses_for
from legacy_import.screens.mapping.lines import CourseLine, said_of
from legacy_import.screens.mapping.listing import COURSES, line_of, listing, together
from legacy_import.screens.page import render_page
from legacy_import.screens.text import thousands

SECTION = "course_mapping"
LIST = "legacy_imports:course-mapping"
FOLDER = "admin/legacy_imports/mapping/"
CHOOSE = "choose"

# Value of the button → the judgement.
VERDICTS: dict[str, Callable[..., MappingChange]] = {
    "confirm": mapping_review.confirm_suggestion,
    CHOOSE: mapping_review.choose_course,
    "no_equivalent": mapping_review.no_equivalent,
    "set_aside": mapping_review.set_aside,
    "take_back": mapping_review.take_back,
}


@never_cache
@permission_needed(MAP)
@require_safe
def courses(request: HttpRequest) -> HttpResponse:
    """Every old course of the run's source, those that hold back most rows first."""
    run = base_views.run_or_none(request)
    source = run.connection_name if run else ""
    return render_page(
        request,
        FOLDER + "courses.html",
        section=SECTION,
        title=_("Old courses"),
        run=run,
        listing=listing(run, COURSES, base_views.list_asked(request)),
        exact=mapping_review.exact_suggestions(source).count(),
        **base_views.judging(run),
    )


@never_cache
@permission_needed(MAP)
@require_safe
def course(request: HttpRequest, mapping: int) -> HttpResponse:
    """One old course: what it is now, what a judgement would free, and the courses to choose from."""
    run = requested_run(request)
    return _page_of(request, run, SCREEN.find(run, mapping))


@never_cache
@permission_needed(MAP)
@require_POST
def judge(request: HttpRequest, mapping: int) -> HttpResponse:
    """Say what an old course is."""
    return base_views.judge(request, SCREEN, mapping)


@never_cache
@permission_needed(MAP)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_all(request: HttpRequest) -> HttpResponse:
    """Confirm every exact suggestion."""
    return base_views.confirm_all(request, SCREEN)


@never_cache
@permission_needed(MAP)
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Judge and plan the run again, while somebody waits."""
    return base_views.judge_again(request, LIST)


def _judge(said: MappingVerdict) -> MappingChange:
    chosen = {"course_id": said.course or 0} if said.verdict == CHOOSE else {}
    return VERDICTS[said.verdict](
        mapping_id=said.mapping_id,
        version=said.version,
        note=said.note,
        actor=said.actor,
        now=said.now,
        **chosen,
    )


def _confirm(bulk: Bulk) -> MappingChange:
    return mapping_review.confirm_exact_suggestions(
        connection_name=bulk.connection_name,
        expected=bulk.expected,
        stamp=bulk.stamp,
        actor=bulk.actor,
        now=bulk.now,
    )


def _confirmed(count: int) -> str:
    what = ngettext("%(count)s suggestion confirmed.", "%(count)s suggestions confirmed.", count)
    return what % {"count": thousands(count)}


def _page_of(
    request: HttpRequest,
    run: LegacyImportRun,
    mapping: LegacyCourseMapping,
    *,
    status: int = 200,
    **told: object,
) -> HttpResponse:
    line = line_of(run, COURSES, mapping)
    words = request.GET.get("course_q", "")[:LONGEST_SEARCH].replace("\x00", "")
    found, total = courses_for(mapping.legacy_name, words)
    return render_page(
        request,
        FOLDER + "course.html",
        section=SECTION,
        title=_("Which course is it?"),
        run=run,
        status=status,
        line=line,
        courses=found,
        courses_total=total,
        course_q=words,
        said=said_of(LegacyCourseMapping, mapping.pk),
        **told,
    )


def _bulk_page(
    request: HttpRequest, run: LegacyImportRun, *, status: int = 200, **told: object
) -> HttpResponse:
    count, stamp = mapping_review.exact_stamp(run.connection_name)
    return render_page(
        request,
        FOLDER + "courses_all.html",
        section=SECTION,
        title=_("Confirm all exact suggestions"),
        run=run,
        status=status,
        expected=count,
        stamp=stamp,
        together=together(run, COURSES, mapping_review.exact_suggestions(run.connection_name)),
        **told,
    )


SCREEN = MappingScreen(
    address=LIST,
    model=LegacyCourseMapping,
    verdicts=VERDICTS,
    judge=_judge,
    confirm=_confirm,
    one=_page_of,
    every=_bulk_page,
    words=lambda mapping: CourseLine.of(mapping).words,
    confirmed=_confirmed,
)

urlpatterns = [
    path("legacy-imports/course-mapping", courses, name="course-mapping"),
    path("legacy-imports/course-mapping/confirm-all", confirm_all, name="course-mapping-all"),
    path("legacy-imports/course-mapping/again", again, name="course-mapping-again"),
    path("legacy-imports/course-mapping/<int:mapping>", course, name="course-mapping-one"),
    path("legacy-imports/course-mapping/<int:mapping>/judge", judge, name="course-mapping-judge"),
]
