"""What the two mapping screens share: their lists, their words for what happened, judging again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ecoin.identity.masking import mask_text
from ecoin.identity.text import fold
from legacy_import.errors import LegacyImportError
from legacy_import.mapping_lists.lines import CourseLine, SessionLine
from legacy_import.models import FacetCount, LegacyImportRun
from legacy_import.services.mapping_change import MappingChange, MappingRefused
from legacy_import.services.notes import holds_contact
from legacy_import.services.rejudge import COMMANDS, NotNow, rejudge, why_not
from legacy_import.templatetags.legacy_imports import BIDI_CONTROLS, LONGEST_NAME, thousands
from legacy_import.views.asked import run_asked

LINES_PER_PAGE = 50
LONGEST_SEARCH = 100
KEPT = ("state", "q", "page")  # what an address of a list says besides the run

# Code of a refusal (services) → what the screens say.
REFUSALS: dict[str, Promise] = {
    "being_classified": gettext_lazy(
        "This source is being classified right now. Try again when that is done."
    ),
    "no_such_course": gettext_lazy("Choose one of the courses of the platform first."),
    "nothing_suggested": gettext_lazy("No course is suggested here, so there is none to confirm."),
    "nobody_judged": gettext_lazy("Nobody has judged this yet, so there is nothing to take back."),
    "placeholder_id": gettext_lazy(
        "The old platform parked people under 1, 2 and 235: these three never become real sessions."
    ),
    "reason_missing": gettext_lazy(
        "This answer contradicts the rule. Say why: the reason is kept with it."
    ),
    "no_such_type": gettext_lazy("A session is real, a waiting list, or unknown."),
    "too_many_rows": gettext_lazy(
        "This run is too large to be judged while you wait. An operator runs these three commands:"
    ),
    "held": gettext_lazy("A command is working on this run right now. Try again when it ends."),
    "being_committed": gettext_lazy(
        "This run is partly committed. Let the commit end, or let an operator run:"
    ),
    "not_open": gettext_lazy("This run is not open: it cannot be judged again from here."),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, and the states it can be filtered by with their counts."""

    page: Page[Any]
    total: int  # without any filter
    search: str
    state: str
    states: Sequence[tuple[str, str, int]]

    @property
    def query(self) -> str:
        """The list as it is filtered, for the way back to it."""
        told = {"state": self.state, "q": self.search, "page": self.page.number}
        return urlencode({name: value for name, value in told.items() if value})


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


def run_or_none(request: HttpRequest) -> LegacyImportRun | None:
    """The run that is asked for, the newest by default; None where there is none at all."""
    if not request.GET.get("run") and not LegacyImportRun.objects.exists():
        return None
    return run_asked(request)


def listing(
    request: HttpRequest,
    lines: Sequence[CourseLine] | Sequence[SessionLine],
    states: Mapping[str, tuple[Promise, str]],
) -> Listing:
    """The asked page of these lines; each state is counted under the search that is on."""
    words = request.GET.get("q", "")[:LONGEST_SEARCH].replace("\x00", "").strip()
    search = "" if holds_contact(words) else words
    wanted = fold(search)
    found = [line for line in lines if wanted in _searched(line)]
    counted = Counter(line.state for line in found)
    state = request.GET.get("state", "")
    if state in states:
        found = [line for line in found if line.state == state]
    page = Paginator(found, LINES_PER_PAGE).get_page(request.GET.get("page"))
    choices = [(value, str(shown), counted[value]) for value, (shown, _pill) in states.items()]
    return Listing(page, len(lines), search, state if state in states else "", choices)


def _searched(line: CourseLine | SessionLine) -> str:
    named = line.name if isinstance(line, CourseLine) else f"{line.code} {line.course}"
    return f"{fold(named)} {line.legacy_id}"


def causes_of(causes: Mapping[str, int], wanted: Sequence[str]) -> list[tuple[str, int]]:
    """(cause, rows that wait for it), the most first."""
    return [(cause, rows) for cause, rows in causes.items() if cause in wanted]


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


def actor_of(request: HttpRequest) -> User:
    """Who asks; `permission_needed` lets nobody in who is not signed in."""
    assert isinstance(request.user, User)
    return request.user


def say_judged(request: HttpRequest, name: str, state: str, change: MappingChange) -> None:
    """Tell what one course or session is now, and the rows to be judged again because of it."""
    shown = mask_text(name.translate(BIDI_CONTROLS))[:LONGEST_NAME]
    say_changed(request, f"{shown}: {state}.", change)


def say_changed(request: HttpRequest, what: str, change: MappingChange) -> None:
    """Tell what was judged, and the rows that are to be judged again because of it."""
    told = [
        _("%(rows)s in run %(run)s") % {"rows": thousands(touched.rows), "run": touched.run}
        for touched in change.touched
        if touched.rows
    ]
    rows = _("Rows to be judged again: %(rows)s.") % {"rows": ", ".join(told)}
    words = rows if told else _("No open row is touched.")
    messages.success(request, f"{what} {words}")


def refusal_words(error: LegacyImportError) -> str:
    """Why something was refused, in the reader's language."""
    if isinstance(error, (MappingRefused, NotNow)):
        return str(REFUSALS.get(error.code, error.message))
    return _(error.message)  # services.notes marks its sentences for the catalogues


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
    run = run_asked(request)
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
