"""`/admin/legacy-imports/course-mapping`: which course of the platform every old course is."""

from collections.abc import Callable
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from legacy_import.errors import LegacyImportError
from legacy_import.mapping_lists.courses import courses_for
from legacy_import.mapping_lists.lines import CourseLine, course_lines, said_of
from legacy_import.mapping_lists.weights import COURSE_CAUSES, FORMATION_CAUSES, weigh
from legacy_import.mapping_lists.words import COURSE_STATES
from legacy_import.models import LegacyCourseMapping, LegacyImportRun
from legacy_import.permissions import MAP, permission_needed
from legacy_import.services import mapping_review
from legacy_import.services.mapping_change import MappingChange, MappingChangedMeanwhile
from legacy_import.templatetags.legacy_imports import thousands
from legacy_import.views import mapping_page
from legacy_import.views.asked import run_asked
from legacy_import.views.mapping_page import AllForm, JudgeForm
from legacy_import.views.page import render_page

SECTION = "course_mapping"
LIST = "legacy_imports:course-mapping"
FOLDER = "admin/legacy_imports/"
NAMED = 20  # suggestions that the bulk page lists by name

# Value of the button → the judgement.
VERDICTS: dict[str, Callable[..., MappingChange]] = {
    "confirm": mapping_review.confirm_suggestion,
    "choose": mapping_review.choose_course,
    "no_equivalent": mapping_review.no_equivalent,
    "set_aside": mapping_review.set_aside,
    "take_back": mapping_review.take_back,
}


@never_cache
@permission_needed(MAP)
@require_safe
def courses(request: HttpRequest) -> HttpResponse:
    """Every old course of the run's source, those that hold back most rows first."""
    run = mapping_page.run_or_none(request)
    weights = weigh(run)
    lines = course_lines(run.connection_name, weights) if run else []
    exact, _stamp = mapping_review.exact_stamp(run.connection_name) if run else (0, "")
    return render_page(
        request,
        FOLDER + "course_mapping.html",
        section=SECTION,
        title=_("Old courses"),
        run=run,
        listing=mapping_page.listing(request, lines, COURSE_STATES),
        causes=mapping_page.causes_of(weights.causes, (*COURSE_CAUSES, *FORMATION_CAUSES)),
        exact=exact,
        **mapping_page.judging(run),
    )


@never_cache
@permission_needed(MAP)
@require_safe
def course(request: HttpRequest, mapping: int) -> HttpResponse:
    """One old course: what it is now, what a judgement would free, and the courses to choose from."""
    run = run_asked(request)
    return _page_of(request, run, mapping)


@never_cache
@permission_needed(MAP)
@require_POST
def judge(request: HttpRequest, mapping: int) -> HttpResponse:
    """Say what an old course is: 409 with what happened when somebody was faster."""
    run = run_asked(request)
    before = _found(run, mapping)
    form = JudgeForm(request.POST)
    if not form.is_valid() or form.cleaned_data["verdict"] not in VERDICTS:
        return HttpResponseBadRequest(_("This form is not complete."), content_type="text/plain")
    said = form.cleaned_data
    judged: Callable[..., MappingChange] = VERDICTS[said["verdict"]]
    if said["verdict"] == "choose":
        judged = partial(judged, course_id=said["course"] or 0)
    try:
        change = judged(
            mapping_id=before.pk,
            version=said["version"],
            note=said["note"],
            actor=mapping_page.actor_of(request),
            now=timezone.now(),
        )
    except MappingChangedMeanwhile:
        return _page_of(request, run, mapping, status=409, changed=True)
    except LegacyImportError as refused:
        words = mapping_page.refusal_words(refused)
        return _page_of(request, run, mapping, status=400, refused=words, note=said["note"])
    after = _found(run, mapping)
    state = CourseLine.of(after).words
    mapping_page.say_judged(request, after.legacy_name, state, change)
    return mapping_page.back_to(LIST, run, request)


@never_cache
@permission_needed(MAP)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_all(request: HttpRequest) -> HttpResponse:
    """Confirm every exact suggestion: the page names N and the effect, the service counts again."""
    run = run_asked(request)
    if request.method != "POST":
        return _bulk_page(request, run)
    form = AllForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest(_("This form is not complete."), content_type="text/plain")
    try:
        change = mapping_review.confirm_exact_suggestions(
            connection_name=run.connection_name,
            expected=form.cleaned_data["expected"],
            stamp=form.cleaned_data["stamp"],
            actor=mapping_page.actor_of(request),
            now=timezone.now(),
        )
    except MappingChangedMeanwhile:
        return _bulk_page(request, run, status=409, changed=True)
    except LegacyImportError as refused:
        return _bulk_page(request, run, status=400, refused=mapping_page.refusal_words(refused))
    count = change.mappings
    what = ngettext("%(count)s suggestion confirmed.", "%(count)s suggestions confirmed.", count)
    mapping_page.say_changed(request, what % {"count": thousands(count)}, change)
    return mapping_page.back_to(LIST, run, request)


@never_cache
@permission_needed(MAP)
@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Judge and plan the run again, while somebody waits."""
    return mapping_page.judge_again(request, LIST)


def _found(run: LegacyImportRun, pk: int) -> LegacyCourseMapping:
    """The mapping with this number. Raises Http404, also for one of another source."""
    return get_object_or_404(LegacyCourseMapping, pk=pk, connection_name=run.connection_name)


def _page_of(
    request: HttpRequest, run: LegacyImportRun, pk: int, *, status: int = 200, **told: object
) -> HttpResponse:
    weights = weigh(run)
    lines = course_lines(run.connection_name, weights, only=pk)
    if not lines:
        raise Http404
    words = request.GET.get("course_q", "")[: mapping_page.LONGEST_SEARCH].replace("\x00", "")
    found, total = courses_for(lines[0].name, words)
    return render_page(
        request,
        FOLDER + "course_mapping_one.html",
        section=SECTION,
        title=_("Which course is it?"),
        run=run,
        status=status,
        line=lines[0],
        courses=found,
        courses_total=total,
        course_q=words,
        said=said_of(LegacyCourseMapping, pk),
        **told,
    )


def _bulk_page(
    request: HttpRequest, run: LegacyImportRun, *, status: int = 200, **told: object
) -> HttpResponse:
    count, stamp = mapping_review.exact_stamp(run.connection_name)
    exact = set(mapping_review.exact_suggestions(run.connection_name).values_list("pk", flat=True))
    lines = [line for line in course_lines(run.connection_name, weigh(run)) if line.pk in exact]
    return render_page(
        request,
        FOLDER + "course_mapping_all.html",
        section=SECTION,
        title=_("Confirm all exact suggestions"),
        run=run,
        status=status,
        expected=count,
        stamp=stamp,
        lines=lines[:NAMED],
        more=max(0, len(lines) - NAMED),
        rows=sum(line.weight.rows for line in lines),
        **told,
    )


urlpatterns = [
    path("legacy-imports/course-mapping", courses, name="course-mapping"),
    path("legacy-imports/course-mapping/confirm-all", confirm_all, name="course-mapping-all"),
    path("legacy-imports/course-mapping/again", again, name="course-mapping-again"),
    path("legacy-imports/course-mapping/<int:mapping>", course, name="course-mapping-one"),
    path("legacy-imports/course-mapping/<int:mapping>/judge", judge, name="course-mapping-judge"),
]
