"""`/admin/legacy-imports/course-mapping`, `…/session-mapping`, `…/status-mapping`,
`…/course-mapping/conflicts`.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ecoin.display import BIDI_CONTROLS, LONGEST_NAME
from legacy_import.errors import LegacyImportError
from legacy_import.mapping.decisions import (
    MappingChange,
    MappingChangedMeanwhile,
    bulk_of,
    bulk_stamp,
    confirm_mappings,
    decide_mapping,
)
from legacy_import.mapping.mapping_kind import UNDO, MappingRefused
from legacy_import.mapping.preview import effects_of
from legacy_import.models import FacetCount, LegacyImportRun
from legacy_import.permissions import MAP, permission_needed
from legacy_import.review.filter import is_number
from legacy_import.screens.address import requested_run, reviewer_of
from legacy_import.screens.mapping.course_choices import with_choices
from legacy_import.screens.mapping.listing import (
    ListQuery,
    bulk_summary,
    line_of,
    listing,
    past_decisions,
)
from legacy_import.screens.mapping.screens import LONGEST_SEARCH, SCREENS, MappingScreen
from legacy_import.screens.mapping.words import REFUSALS
from legacy_import.screens.page import render_page
from legacy_import.screens.text import thousands
from legacy_import.stages.replan import COMMANDS, ReplanRefused, replan, replan_obstacle

LIST_FIELDS = ("state", "q", "page")  # of the address of a list, besides the run


class MappingDecisionForm(forms.Form):
    """A decision about one mapping; the service checks whether it is possible.

    `choice`, of the list: a decision or the number of a course. `next_line`: the next mapping.
    """

    decision = forms.CharField(max_length=20, required=False)
    choice = forms.CharField(max_length=20, required=False)
    next_line = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    version = forms.IntegerField(min_value=0, max_value=2**31)
    course = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    note = forms.CharField(max_length=2_000, required=False)

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or self.cleaned_data
        choice = entered.get("choice")
        if choice and is_number(choice):
            entered |= {"decision": "choose", "course": int(choice)}
        elif choice:
            entered["decision"] = choice
        return entered


class MappingBulkForm(forms.Form):
    """A confirmed bulk: how many mappings the page listed, and which."""

    expected = forms.IntegerField(min_value=0, max_value=2**31)
    stamp = forms.CharField(max_length=32)
    note = forms.CharField(max_length=2_000, required=False)


@permission_needed(MAP)
def mapping_list(request: HttpRequest, screen: MappingScreen) -> HttpResponse:
    """Every mapping of the run's source; those that block most rows first."""
    run = None
    if request.GET.get("run") or LegacyImportRun.objects.exists():
        run = requested_run(request)
    search = request.GET.get("q", "")[:LONGEST_SEARCH].replace("\x00", "").strip()
    query = ListQuery(search, request.GET.get("state", ""), request.GET.get("page"))
    page = listing(run, screen, query)
    return _render(
        request,
        screen,
        "list",
        run,
        listing=page,
        lines=with_choices(page.lines),
        plan_again=f"{reverse(f'{screen.address}-again')}?run={run.pk}" if run else "",
        bulk_count=bulk_of(screen.kind, run.connection_name if run else "").count(),
        **(_rows_to_classify(run) if run else {}),
        **(screen.list_context(request) if screen.list_context else {}),
    )


@permission_needed(MAP)
def mapping_page(request: HttpRequest, screen: MappingScreen, mapping_id: int) -> HttpResponse:
    """One mapping: what it is now and why, and what can be decided."""
    run = requested_run(request)
    return _mapping_page(request, screen, run, _find(screen, run, mapping_id))


@permission_needed(MAP, methods=["POST"])
def decide(request: HttpRequest, screen: MappingScreen, mapping_id: int) -> HttpResponse:
    """Decide what one mapping is; 409 with the current state when another user was faster."""
    run = requested_run(request)
    mapping = _find(screen, run, mapping_id)
    form = MappingDecisionForm(request.POST)
    if not form.is_valid() or form.cleaned_data["decision"] not in (UNDO, *screen.kind.decisions):
        return _incomplete()
    entered = form.cleaned_data
    try:
        change = decide_mapping(
            screen.kind,
            entered["decision"],
            mapping_id=mapping.pk,
            version=entered["version"],
            actor=reviewer_of(request),
            now=timezone.now(),
            note=entered["note"],
            choice=entered["course"],
        )
    except MappingChangedMeanwhile:
        return _mapping_page(request, screen, run, mapping, status=409, changed=True)
    except LegacyImportError as error:
        context = {"refused": _refusal(error), "note": entered["note"]}
        return _mapping_page(request, screen, run, mapping, status=400, **context)
    mapping.refresh_from_db()
    line = screen.line_of_mapping(mapping)
    name = screen.kind.mask(line.name.translate(BIDI_CONTROLS))[:LONGEST_NAME]
    _report_change(request, f"{name}: {line.state[0]}.", change)
    return _back_to_list(request, screen, run, entered["next_line"])


@permission_needed(MAP, methods=["GET", "HEAD", "POST"])
def confirm_all(request: HttpRequest, screen: MappingScreen) -> HttpResponse:
    """Confirm all mappings that the rules are sure of, after showing their number and effect."""
    run = requested_run(request)
    if request.method != "POST":
        return _bulk_page(request, screen, run)
    form = MappingBulkForm(request.POST)
    ids = _ticked_ids(request) if screen.kind.offered else None
    if not form.is_valid():
        return _incomplete()
    try:
        change = confirm_mappings(
            screen.kind,
            connection_name=run.connection_name,
            actor=reviewer_of(request),
            now=timezone.now(),
            ids=ids,
            **form.cleaned_data,
        )
    except MappingChangedMeanwhile:
        return _bulk_page(request, screen, run, status=409, changed=True)
    except LegacyImportError as error:
        return _bulk_page(request, screen, run, ids, status=400, refused=_refusal(error))
    sentence = screen.confirmed % {"n": change.mappings, "count": thousands(change.mappings)}
    _report_change(request, sentence, change)
    return _back_to_list(request, screen, run)


@permission_needed(MAP, methods=["POST"])
def plan_again(request: HttpRequest, screen: MappingScreen) -> HttpResponse:
    """Validate, classify and plan the run while the user waits, and return to the list."""
    run = requested_run(request)
    before = run.summary.get("plan", {}).get("review", 0)
    try:
        report = replan(run_id=run.pk, actor=request.user.get_username(), now=timezone.now())
    except LegacyImportError as error:
        messages.error(request, _refusal(error))
    else:
        messages.success(
            request,
            _("Run %(run)s was evaluated and planned again: %(before)s rows waited for review, "
              "now %(after)s do.")
            % {
                "run": run.pk,
                "before": thousands(before),
                "after": thousands(report.counts["plan"]["review"]),
            },
        )  # fmt: skip
    return _back_to_list(request, screen, run)


def _find(screen: MappingScreen, run: LegacyImportRun, pk: int) -> Any:
    """The mapping with this number. Raises Http404, also for one of another source."""
    return get_object_or_404(screen.kind.mappings(), pk=pk, connection_name=run.connection_name)


def _render(
    request: HttpRequest,
    screen: MappingScreen,
    page: str,
    run: LegacyImportRun | None,
    **context: Any,
) -> HttpResponse:
    """`page`: list, page or bulk, with its title and its template."""
    title = getattr(screen, f"{page}_title")
    frame = {"section": screen.section, "title": title, "run": run, "screen": screen}
    return render_page(request, screen.template(page), **frame, **context)


def _mapping_page(
    request: HttpRequest,
    screen: MappingScreen,
    run: LegacyImportRun,
    mapping: Any,
    **context: Any,
) -> HttpResponse:
    if screen.page_context:
        context |= screen.page_context(request, run, mapping)
    line, past = line_of(run, screen, mapping.pk), past_decisions(screen.kind, mapping.pk)
    context |= {
        "line": line,
        "past_decisions": past,
        "effects": effects_of(run, screen.kind, mapping),
    }
    return _render(request, screen, "page", run, **context)


def _ticked_ids(request: HttpRequest) -> list[int]:
    """The ticked boxes of a bulk; others than numbers of mappings are ignored."""
    values = request.POST.getlist("chosen")
    return [
        int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 19
    ]


def _bulk_page(
    request: HttpRequest,
    screen: MappingScreen,
    run: LegacyImportRun,
    ids: list[int] | None = None,
    **context: Any,
) -> HttpResponse:
    expected, stamp = bulk_stamp(screen.kind, run.connection_name)
    page = request.POST.get("page") or request.GET.get("page")
    summary = bulk_summary(run, screen, page, ids)
    context |= {"expected": expected, "stamp": stamp, "bulk": summary}
    return _render(request, screen, "bulk", run, **context)


def _rows_to_classify(run: LegacyImportRun) -> dict[str, Any]:
    """The number of rows to classify again, and the commands for it."""
    marked = FacetCount.objects.filter(legacy_import_run=run, to_classify=True)
    rows = marked.aggregate(rows=Sum("rows"))["rows"] or 0
    if not rows:
        return {}
    code = replan_obstacle(run, now=timezone.now())
    commands = [f"{command} --run {run.pk}" for command in COMMANDS]
    return {
        "rows_to_classify": rows,
        "why_not": REFUSALS.get(code, ""),
        "commands": commands if code in ("too_many_rows", "being_committed") else [],
    }


def _report_change(request: HttpRequest, sentence: str, change: MappingChange) -> None:
    """Show the decision and the number of rows to classify again because of it."""
    per_run = [
        _("%(rows)s in run %(run)s") % {"rows": thousands(rows), "run": run}
        for run, rows in change.affected.items()
        if rows
    ]
    words = _("Rows to be evaluated again: %(rows)s.") % {"rows": ", ".join(per_run)}
    effect = words if per_run else _("No open row is affected.")
    messages.success(request, f"{sentence} {effect}")


def _incomplete() -> HttpResponse:
    return HttpResponseBadRequest(_("This form is not complete."), content_type="text/plain")


def _refusal(error: LegacyImportError) -> str:
    """Why something was refused, in the reader's language."""
    if isinstance(error, (MappingRefused, ReplanRefused)):
        return str(REFUSALS.get(error.code, error.message))
    return _(error.message)  # privacy.free_text marks its sentences for the catalogues


def _back_to_list(
    request: HttpRequest, screen: MappingScreen, run: LegacyImportRun, line: int | None = None
) -> HttpResponseRedirect:
    """Redirect to the list as it was filtered (the field `back` contains its query), at this line."""
    before = QueryDict(request.POST.get("back", "")[:500], encoding="utf-8")
    query = QueryDict(mutable=True)
    query["run"] = str(run.pk)
    for name in LIST_FIELDS:
        if before.get(name):
            query[name] = before[name][:LONGEST_SEARCH]
    place = f"#line-{line}" if line else ""
    return HttpResponseRedirect(f"{reverse(screen.address)}?{query.urlencode()}{place}")


def _urlpatterns(screen: MappingScreen) -> list[URLPattern]:
    name, context = f"{screen.kind.name}-mapping", {"screen": screen}
    root = f"legacy-imports/{screen.path}"
    bulk = [path(f"{root}/confirm-all", confirm_all, context, name=f"{name}-all")]
    return [
        path(root, mapping_list, context, name=name),
        *(bulk if screen.kind.bulk else []),
        path(f"{root}/again", plan_again, context, name=f"{name}-again"),
        path(f"{root}/<int:mapping_id>", mapping_page, context, name=f"{name}-one"),
        path(f"{root}/<int:mapping_id>/decide", decide, context, name=f"{name}-decide"),
    ]


urlpatterns = [pattern for screen in SCREENS for pattern in _urlpatterns(screen)]
