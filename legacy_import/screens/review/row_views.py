"""POSTs about one row: parse, call one service, then show the page or the next row."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from ecoin.identity.masking import mask_phone, mask_text
from legacy_import.choices import ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyReviewDecision, LegacyStudentImport
from legacy_import.people.phone_search import NoPhone, find_people
from legacy_import.permissions import REVEAL_PII, REVIEW, VIEW_RAW, permission_needed
from legacy_import.review.claims import claim
from legacy_import.review.counts import count_rows
from legacy_import.review.decisions import DecidedMeanwhile, RowCommitted, name_of, undo
from legacy_import.review.earlier import repeat
from legacy_import.review.offers import NEEDS_PERSON
from legacy_import.review.reveal import Erased, TooManyReveals, read_payload, reveal
from legacy_import.review.together import decide_together
from legacy_import.screens.address import (
    RowsAddress,
    reviewer_of,
    run_of_row,
    run_with_id,
    sent_address,
)
from legacy_import.screens.page import render_page
from legacy_import.screens.review.forms import (
    DecisionForm,
    PhoneForm,
    ReasonForm,
    UndoForm,
    VersionForm,
    parse_others,
)
from legacy_import.screens.review.listing import claim_next_row
from legacy_import.screens.review.render import SECTION, TITLE, render_queue, render_refusal
from legacy_import.screens.review.words import done_words

CONFLICT = "admin/legacy_imports/review/conflict.html"
ROW_ANCHOR = "li-row"  # of the open row, which so has the focus after a decision
VALUE_LENGTH = 2_000  # characters of one value of a payload that the page shows


@permission_needed(REVIEW, methods=["POST"])
def decision(request: HttpRequest, row: int) -> HttpResponse:
    """Decide about the row and go to the next one; 409 where another user was faster."""
    address, form = _sent_address(request, row), DecisionForm(request.POST)
    if not form.is_valid():
        return render_queue(request, address, status=400, refusal=_("This decision is incomplete."))
    arguments, actor = form.cleaned_data, reviewer_of(request)
    value: ReviewDecision = arguments["decision"]
    others = parse_others(request.POST.getlist("also"))
    try:
        events = decide_together(
            row_id=row, others=others, actor=actor, now=timezone.now(), **arguments
        )
    except (DecidedMeanwhile, RowCommitted) as error:
        latest = getattr(error, "latest", None)
        its_own = getattr(error, "row_id", row) == row
        if latest and its_own and latest.actor_id == actor.pk and _is_it(latest, arguments):
            return _go_on(request, address)  # sent twice: it is decided
        return _conflict(request, address, error, arguments)
    except LegacyImportError as error:
        draft = {**arguments, "also": {other.row for other in others}}
        return render_refusal(request, address, error, draft=draft)
    names = ", ".join(f"{event.source_table}:{event.legacy_id}" for event in events)
    answer = done_words(value, name_of(actor))
    words = _("%(decision)s – %(row)s") % {"decision": answer, "row": names}
    return _go_on(request, address, words)


@permission_needed(REVIEW, methods=["POST"])
def repeat_decisions(request: HttpRequest, row: int) -> HttpResponse:
    """Repeat the decisions about an earlier version of the row, and go to the next one."""
    address, form = _sent_address(request, row), VersionForm(request.POST)
    if not form.is_valid():
        return render_queue(request, address, status=400, refusal=_("This decision is incomplete."))
    version, actor = form.cleaned_data["version"], reviewer_of(request)
    try:
        events = repeat(row_id=row, version=version, actor=actor, now=timezone.now())
    except DecidedMeanwhile as error:
        latest = error.latest
        if latest and (latest.actor_id, latest.student_import_id) == (actor.pk, row):
            return _go_on(request, address)  # sent twice: it is decided
        return render_refusal(request, address, error, status=409)
    except LegacyImportError as error:
        return render_refusal(request, address, error, status=409)
    answers = ", ".join(done_words(ReviewDecision(one.decision), name_of(actor)) for one in events)
    words = _("%(decision)s – %(row)s") % {"decision": answers, "row": _name_of(row)}
    return _go_on(request, address, words)


@permission_needed(REVIEW, methods=["POST"])
def undo_decision(request: HttpRequest, row: int) -> HttpResponse:
    """Undo one of the reviewer's own last decisions and open its row again."""
    address, form = _sent_address(request, row), UndoForm(request.POST)
    if not form.is_valid():
        return render_queue(request, address, status=400, refusal=_("This decision is incomplete."))
    event = form.cleaned_data["event"]
    try:
        undone = undo(
            event_id=event, actor=reviewer_of(request), now=timezone.now(), run=address.run
        )
    except LegacyImportError as error:
        return render_refusal(request, address, error, status=409)
    messages.success(request, _("Undone: the row waits again."))
    row_of_event = LegacyStudentImport.objects.only("legacy_import_run").get(
        pk=undone.student_import_id or 0
    )
    if row_of_event.legacy_import_run_id != address.run.pk:
        address = RowsAddress(run_with_id(row_of_event.legacy_import_run_id), address.query)
    return HttpResponseRedirect(f"{address.at_row(row_of_event.pk)}#{ROW_ANCHOR}")


@permission_needed(REVIEW, methods=["POST"])
def claim_row(request: HttpRequest, row: int) -> HttpResponse:
    """Record that the reviewer has the row open. A script gets the name of another user as JSON."""
    address = _sent_address(request, row)
    viewer = claim(row_id=row, actor=reviewer_of(request), now=timezone.now())
    if _is_of_script(request):
        words = _("%(name)s is looking at this row.") % {"name": viewer}
        return JsonResponse({"other": words if viewer else ""})
    return HttpResponseRedirect(address.at_row(row))


@permission_needed(REVIEW, methods=["POST"])
@sensitive_post_parameters("phone")
def person(request: HttpRequest, row: int) -> HttpResponse:
    """The people of the platform with exactly this phone number."""
    address, form = _sent_address(request, row), PhoneForm(request.POST)
    phone = form.cleaned_data["phone"] if form.is_valid() else ""
    try:
        people = find_people(row_id=row, phone=phone, actor_id=reviewer_of(request).pk)
    except NoPhone as error:
        return render_refusal(request, address, error)
    lines = [
        {
            "target": item.target,
            "name": mask_text(item.contact.name),
            "phone": mask_phone(item.contact.phone),
            "inactive": not item.contact.active,
            "proof": item.proof,  # allows a link
        }
        for item in people
    ]
    return render_queue(request, address, phone_results=lines)


@permission_needed(REVIEW, REVEAL_PII, methods=["POST"])
def reveal_contact(request: HttpRequest, row: int) -> HttpResponse:
    """The unmasked contact of one row, for a reason, in this one response only."""
    return _show_unmasked(request, row, lambda **call: {"contact": reveal(**call)})


@permission_needed(REVIEW, VIEW_RAW, methods=["POST"])
def raw_view(request: HttpRequest, row: int) -> HttpResponse:
    """The raw payload of one row, in this one response only."""
    return _show_unmasked(
        request, row, lambda **call: {"payload": _payload_lines(read_payload(**call))}
    )


def _sent_address(request: HttpRequest, row: int) -> RowsAddress:
    """The page from which the form was sent, with the row open, in its run. Raises Http404."""
    return sent_address(request, run_of_row(row), queue=True, row=row)


def _is_it(event: LegacyReviewDecision, arguments: Mapping[str, Any]) -> bool:
    """Whether the event is the decision that was sent, with what was chosen for it."""
    value, course = arguments["decision"], arguments["course"]
    chosen = {
        ReviewDecision.TREAT_AS: (event.treat_as, arguments["treat_as"]),
        ReviewDecision.SET_COURSE: (event.course_id, course and course.course_id),
        **dict.fromkeys(NEEDS_PERSON, ((event.target_kind, event.target_id), arguments["person"])),
    }
    stored, sent = chosen.get(value, ("", ""))
    return bool(event.decision == value and stored == sent)


def _is_of_script(request: HttpRequest) -> bool:
    """Whether the page's own script sent the form and shows the result in the page."""
    return request.headers.get("accept", "") == "application/json"


def _go_on(request: HttpRequest, address: RowsAddress, words: str = "") -> HttpResponse:
    """To the next row. `words`: what was decided.

    The script gets its address and version: it has that row already, and shows it if nothing changed.
    """
    following = _next_row(request, address)
    url = address.starting_at(following)
    if _is_of_script(request):
        rows = LegacyStudentImport.objects.filter(pk=following or 0)
        version = rows.values_list("version", flat=True).first()
        announcement = capfirst(words)
        return JsonResponse(
            {"next": url, "row": following, "version": version, "said": announcement}
        )
    if words:
        messages.success(request, words)
    return HttpResponseRedirect(f"{url}#{ROW_ANCHOR}")


def _next_row(request: HttpRequest, address: RowsAddress) -> int | None:
    """The next row of the queue that no other user has open, claimed; None: there is none."""
    counts, actor = count_rows(address.run, address.query), reviewer_of(request)
    return claim_next_row(address.run, counts, address.row, actor=actor, now=timezone.now())


def _conflict(
    request: HttpRequest, address: RowsAddress, error: LegacyImportError, arguments: dict[str, Any]
) -> HttpResponse:
    """Who decided what and when, and what the reviewer can do next."""
    latest = getattr(error, "latest", None)
    is_own = latest is not None and latest.actor_id == reviewer_of(request).pk
    return render_page(
        request,
        CONFLICT,
        section=SECTION,
        title=TITLE,
        run=address.run,
        status=409,
        reason=_("You changed this row in another window.") if is_own else _(error.message),
        latest=latest,
        is_own=is_own,
        own_decision=arguments["decision"].label,
        note=arguments["note"],
        row_name=_name_of(getattr(error, "row_id", address.row)),
        next_url=address.starting_at(_next_row(request, address)),
        row_url=address.at_row(address.row),
    )


def _show_unmasked(
    request: HttpRequest, row: int, service: Callable[..., dict[str, Any]]
) -> HttpResponse:
    """Show masked data in full, or the refusal: 429 with the time of the next try, 410 once erased."""
    address, form = _sent_address(request, row), ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    now = timezone.now()
    try:
        context = service(row_id=row, actor=reviewer_of(request), reason=reason, now=now)
    except TooManyReveals as error:
        at = date_format(timezone.localtime(error.again_at), "TIME_FORMAT")
        hint = _("Try again from %(time)s on.") % {"time": at}
        page = render_queue(
            request, address, status=429, refusal=_(error.message), refusal_hint=hint
        )
        page["Retry-After"] = str(max(1, round((error.again_at - now).total_seconds())))
        return page
    except LegacyImportError as error:
        status = 410 if isinstance(error, Erased) else 400
        return render_refusal(request, address, error, status=status)
    return render_queue(request, address, **context)


def _payload_lines(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each column of a raw payload. `cut`: how many characters are not shown; `missing`: NULL."""
    lines = []
    for column, value in payload.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        # A lone surrogate cannot be sent as UTF-8.
        text = "" if value is None else text.encode("utf-8", "replace").decode("utf-8")
        cut = max(0, len(text) - VALUE_LENGTH)
        line = {"column": str(column)[:200], "text": text[:VALUE_LENGTH]}
        lines.append({**line, "cut": cut, "missing": value is None})
    return lines


def _name_of(row: int | None) -> str:
    """source_table:legacy_id of a row."""
    rows = LegacyStudentImport.objects.filter(pk=row or 0)
    return ":".join(rows.values_list("source_table", "legacy_id").get())
