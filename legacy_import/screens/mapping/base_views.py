"""What the two mapping screens share: the frame of a judgement, its words, judging again."""

import datetime
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Sum
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ecoin.identity.masking import mask_text
from legacy_import.errors import LegacyImportError
from legacy_import.mapping.judgement import (
    MappingChange,
    MappingChangedMeanwhile,
    MappingRefused,
)
from legacy_import.models import (
    FacetCount,
    LegacyCourseMapping,
    LegacyImportRun,
    LegacySessionMapping,
)
from legacy_import.screens.address import requested_run, reviewer_of
from legacy_import.screens.mapping.listing import ListQuery
from legacy_import.screens.mapping.words import REFUSALS
from legacy_import.screens.text import BIDI_CONTROLS, LONGEST_NAME, thousands
from legacy_import.stages.rejudge import COMMANDS, NotNow, rejudge, why_not

LONGEST_SEARCH = 100
KEPT = ("state", "q", "page")  # what an address of a list says besides the run

Mapping = LegacyCourseMapping | LegacySessionMapping


class JudgeForm(forms.Form):
    """What a person says of one mapping; the service decides whether it can be said."""

    verdict = forms.CharField(max_length=20)
    version = forms.IntegerField(min_value=0, max_value=2**31)
    course = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    note = forms.CharField(max_length=2_000, required=False)


class AllForm(forms.Form):
    """A confirmed bulk: how many mappings the page named, and which."""

    expected = forms.IntegerField(min_value=0, max_value=2**31)
    stamp = forms.CharField(max_length=32)
    note = forms.CharField(max_length=2_000, required=False)


@dataclass(frozen=True, slots=True)
class MappingVerdict:
    """What a person says of one mapping, as the form has it."""

    mapping_id: int
    actor: User
    now: datetime.datetime
    verdict: str
    version: int
    course: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Bulk:
    """A confirmed bulk, as the form has it."""

    connection_name: str
    actor: User
    now: datetime.datetime
    expected: int
    stamp: str
    note: str


@dataclass(frozen=True, slots=True)
class MappingScreen:
    """What a screen fills into the frame. `one` and `every` answer with a page, refused or not."""

    address: str  # name of the list's
    model: type[LegacyCourseMapping] | type[LegacySessionMapping]
    verdicts: Collection[str]
    judge: Callable[[MappingVerdict], MappingChange]
    confirm: Callable[[Bulk], MappingChange]
    one: Callable[..., HttpResponse]
    every: Callable[..., HttpResponse]
    words: Callable[[Any], str]  # of a mapping as it stands now
    confirmed: Callable[[int], str]  # so many were

    def find(self, run: LegacyImportRun, pk: int) -> Any:
        """The mapping with this number. Raises Http404, also for one of another source."""
        return get_object_or_404(self.model, pk=pk, connection_name=run.connection_name)


def judge(request: HttpRequest, screen: MappingScreen, pk: int) -> HttpResponse:
    """Say what one mapping is: 409 with what happened when somebody was faster."""
    run = requested_run(request)
    mapping = screen.find(run, pk)
    form = JudgeForm(request.POST)
    if not form.is_valid() or form.cleaned_data["verdict"] not in screen.verdicts:
        return _incomplete()
    said = MappingVerdict(mapping.pk, reviewer_of(request), timezone.now(), **form.cleaned_data)
    try:
        change = screen.judge(said)
    except MappingChangedMeanwhile:
        return screen.one(request, run, mapping, status=409, changed=True)
    except LegacyImportError as refused:
        told = {"refused": refusal_words(refused), "note": said.note}
        return screen.one(request, run, mapping, status=400, **told)
    mapping = screen.find(run, pk)
    shown = mask_text(mapping.called.translate(BIDI_CONTROLS))[:LONGEST_NAME]
    _say_changed(request, f"{shown}: {screen.words(mapping)}.", change)
    return back_to(screen.address, run, request)


def confirm_all(request: HttpRequest, screen: MappingScreen) -> HttpResponse:
    """Confirm everything that can be at once: N and the effect named, counted again."""
    run = requested_run(request)
    if request.method != "POST":
        return screen.every(request, run)
    form = AllForm(request.POST)
    if not form.is_valid():
        return _incomplete()
    now = timezone.now()
    bulk = Bulk(run.connection_name, reviewer_of(request), now, **form.cleaned_data)
    try:
        change = screen.confirm(bulk)
    except MappingChangedMeanwhile:
        return screen.every(request, run, status=409, changed=True)
    except LegacyImportError as refused:
        return screen.every(request, run, status=400, refused=refusal_words(refused))
    _say_changed(request, screen.confirmed(change.mappings), change)
    return back_to(screen.address, run, request)


def run_or_none(request: HttpRequest) -> LegacyImportRun | None:
    """The run that is asked for, the newest by default; None where there is none at all."""
    if not request.GET.get("run") and not LegacyImportRun.objects.exists():
        return None
    return requested_run(request)


def list_asked(request: HttpRequest) -> ListQuery:
    """What the address asks of the list."""
    words = request.GET.get("q", "")[:LONGEST_SEARCH].replace("\x00", "").strip()
    return ListQuery(words, request.GET.get("state", ""), request.GET.get("page"))


def judging(run: LegacyImportRun | None) -> dict[str, Any]:
    """How many rows of the run wait to be judged again, and how that is done."""
    if run is None:
        return {}
    marked = FacetCount.objects.filter(legacy_import_run=run, to_classify=True)
    rows = marked.aggregate(rows=Sum("rows"))["rows"] or 0
    if not rows:
        return {}
    code = why_not(run, now=timezone.now())
    commands = [f"{command} --run {run.pk}" for command in COMMANDS]
    return {
        "rows_to_judge": rows,
        "why_not": REFUSALS.get(code, ""),
        "commands": commands if code in ("too_many_rows", "being_committed") else [],
    }


def _say_changed(request: HttpRequest, what: str, change: MappingChange) -> None:
    """Tell what was judged, and the rows that are to be judged again because of it."""
    told = [
        _("%(rows)s in run %(run)s") % {"rows": thousands(touched.rows), "run": touched.run}
        for touched in change.touched
        if touched.rows
    ]
    rows = _("Rows to be judged again: %(rows)s.") % {"rows": ", ".join(told)}
    words = rows if told else _("No open row is touched.")
    messages.success(request, f"{what} {words}")


def _incomplete() -> HttpResponse:
    return HttpResponseBadRequest(_("This form is not complete."), content_type="text/plain")


def refusal_words(error: LegacyImportError) -> str:
    """Why something was refused, in the reader's language."""
    if isinstance(error, (MappingRefused, NotNow)):
        return str(REFUSALS.get(error.code, error.message))
    return _(error.message)  # privacy.free_text marks its sentences for the catalogues


def back_to(name: str, run: LegacyImportRun, request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to a list as it was filtered (the field `back` holds its query)."""
    asked = QueryDict(request.POST.get("back", "")[:500], encoding="utf-8")
    query = QueryDict(mutable=True)
    query["run"] = str(run.pk)
    for key in KEPT:
        if asked.get(key):
            query[key] = asked[key][:LONGEST_SEARCH]
    return HttpResponseRedirect(f"{reverse(name)}?{query.urlencode()}")


def judge_again(request: HttpRequest, name: str) -> HttpResponse:
    """Validate, classify and plan the run in `?run=` at once, and go back to the list."""
    run = requested_run(request)
    before = run.summary.get("plan", {}).get("review", 0)
    try:
        report = rejudge(
            run_id=run.pk, actor=request.user.get_username(), now=timezone.now()
        )  # fmt: skip
    except LegacyImportError as refused:
        messages.error(request, refusal_words(refused))
    else:
        messages.success(
            request,
            _("Run %(run)s was judged and planned again: %(before)s rows waited for review, "
              "now %(after)s do.")
            % {
                "run": run.pk,
                "before": thousands(before),
                "after": thousands(report.counts["plan"]["review"]),
            },
        )  # fmt: skip
    return back_to(name, run, request)
