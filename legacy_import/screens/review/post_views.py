"""What reviewers do with one row, each a POST: parse, one service, then the page or the next row."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from ecoin.identity.masking import mask_phone, mask_text
from legacy_import.choices import ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyStudentImport
from legacy_import.people.phone_search import NoPhone, find_people
from legacy_import.permissions import REVEAL_PII, REVIEW, VIEW_RAW, permission_needed
from legacy_import.review import reveal as looking
from legacy_import.review.counts import count_queue
from legacy_import.review.decisions import (
    DecidedMeanwhile,
    NotPossible,
    RowCommitted,
    claim,
    decide,
    undo,
)
from legacy_import.rules.duplicates import Target
from legacy_import.screens.address import MAX_DIGITS, reviewer_of, run_with_id
from legacy_import.screens.page import render_page
from legacy_import.screens.review.address import FORM, QueueAddress, sent_address
from legacy_import.screens.review.forms import DecisionForm, PhoneForm, ReasonForm, UndoForm
from legacy_import.screens.review.listing import key_of, next_row
from legacy_import.screens.review.payload import payload_lines
from legacy_import.screens.review.render import SECTION, render_queue, title


class FoundLine(NamedTuple):
    """A person found by phone, masked, with what lets the row be linked to them."""

    target: Target
    name: str
    phone: str
    proof: str


CONFLICT = "admin/legacy_imports/review/conflict.html"


@never_cache
@permission_needed(REVIEW)
@require_POST
def decision(request: HttpRequest, row: int) -> HttpResponse:
    """Decide about the row and go to the next one; 409 where somebody was faster."""
    address = _sent_address(request, row)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return render_queue(request, address, status=400, refusal=_("This decision is incomplete."))
    told, actor = form.told(), reviewer_of(request)
    try:
        decide(row_id=row, actor=actor, now=timezone.now(), **told)
    except (DecidedMeanwhile, RowCommitted) as late:
        said = getattr(late, "said", None)
        if said and (said.actor_id, said.decision) == (actor.pk, told["decision"]):
            return HttpResponseRedirect(_next_address(address))  # sent twice: it is decided
        return _conflict(request, row, address, late, told)
    except LegacyImportError as refused:
        return refused_queue(request, address, refused, kept=told)
    messages.success(request, _decided(row, told["decision"]))
    return HttpResponseRedirect(_next_address(address))


@never_cache
@permission_needed(REVIEW)
@require_POST
def undoing(request: HttpRequest, row: int) -> HttpResponse:
    """Take back one of the reviewer's own last decisions and open its row again."""
    address = _sent_address(request, row)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return render_queue(request, address, status=400, refusal=_("This decision is incomplete."))
    try:
        undone = undo(
            event_id=form.cleaned_data["event"], actor=reviewer_of(request), now=timezone.now()
        )
    except LegacyImportError as refused:
        return refused_queue(request, address, refused, status=409)
    messages.success(request, _("Undone: the row waits again."))
    if undone.run != address.run.pk:
        address = QueueAddress(run_with_id(undone.run), address.query)
    return HttpResponseRedirect(address.at_row(undone.row))


@never_cache
@permission_needed(REVIEW)
@require_POST
def claiming(request: HttpRequest, row: int) -> HttpResponse:
    """Say that the reviewer looks at the row. A script hears who does; others see the page."""
    address = _sent_address(request, row)
    holder = claim(row_id=row, actor=reviewer_of(request), now=timezone.now())
    if request.headers.get("accept", "") == "application/json":
        words = _("%(name)s is looking at this row.")
        other = words % {"name": holder.actor} if holder and not holder.mine else ""
        return JsonResponse({"other": other})
    return HttpResponseRedirect(address.at_row(row))


@never_cache
@permission_needed(REVIEW)
@require_POST
@sensitive_post_parameters("phone")
def person(request: HttpRequest, row: int) -> HttpResponse:
    """Who on the platform carries exactly this phone number."""
    address = _sent_address(request, row)
    form = PhoneForm(request.POST)
    phone = form.cleaned_data["phone"] if form.is_valid() else ""
    try:
        found = find_people(row_id=row, phone=phone, actor_id=reviewer_of(request).pk)
    except NoPhone as refused:
        return refused_queue(request, address, refused)
    lines = [FoundLine(one.target, mask_text(one.contact.name), mask_phone(one.contact.phone), one.proof)
             for one in found]  # fmt: skip
    return render_queue(request, address, found=lines, searched=True)


@never_cache
@permission_needed(REVIEW)
@permission_needed(REVEAL_PII)
@require_POST
def revealing(request: HttpRequest, row: int) -> HttpResponse:
    """The unmasked contact of one row, for a reason, in this one answer only."""
    return _look(request, row, lambda **told: {"revealed": looking.reveal(**told)})


@never_cache
@permission_needed(REVIEW)
@permission_needed(VIEW_RAW)
@require_POST
def raw_view(request: HttpRequest, row: int) -> HttpResponse:
    """The raw payload of one row, in this one answer only."""
    return _look(
        request, row, lambda **told: {"payload": payload_lines(looking.raw(**told).payload)}
    )


def _sent_address(request: HttpRequest, row: int) -> QueueAddress:
    """The view the form came from, of the run the row is in. Raises Http404."""
    if len(str(row)) > MAX_DIGITS:
        raise Http404
    runs = LegacyStudentImport.objects.filter(pk=row).values_list("legacy_import_run", flat=True)
    run = runs.first()
    if run is None:
        raise Http404
    return sent_address(request, run_with_id(run), row)


def _next_address(address: QueueAddress) -> str:
    """The next row of the queue after this one; the queue itself once it is empty."""
    counts = count_queue(address.run, address.query)
    row = next_row(address.run, counts, key_of(address.run, address.row))
    return address.beginning_at(row).url()


def _conflict(
    request: HttpRequest,
    row: int,
    address: QueueAddress,
    late: LegacyImportError,
    told: dict[str, Any],
) -> HttpResponse:
    """Who decided what and when, and what the reviewer can do about it."""
    return render_page(
        request,
        CONFLICT,
        section=SECTION,
        title=title(),
        run=address.run,
        status=409,
        reason=_(late.message),
        said=getattr(late, "said", None),
        mine=told["decision"].label,
        note=told["note"],
        row=LegacyStudentImport.objects.only("source_table", "legacy_id").get(pk=row),
        next_address=_next_address(address),
        again_address=address.at_row(row),
    )


def refused_queue(
    request: HttpRequest,
    address: QueueAddress,
    refused: LegacyImportError,
    *,
    status: int = 400,
    **told: Any,
) -> HttpResponse:
    """The page as it was, with the reason. Messages of these services are marked for catalogues."""
    hint = _(refused.hint) if refused.hint else ""
    if isinstance(refused, NotPossible) and status == 400:
        status = 409
    return render_queue(
        request, address, status=status, refusal=_(refused.message), refusal_hint=hint, **told
    )


def _look(request: HttpRequest, row: int, look: Callable[..., dict[str, Any]]) -> HttpResponse:
    """Show what is masked, or say why not: 429 with the time of the next try, 410 once erased."""
    address = _sent_address(request, row)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    now = timezone.now()
    try:
        shown = look(row_id=row, actor=reviewer_of(request), reason=reason, now=now)
    except looking.TooManyReveals as refused:
        at = date_format(timezone.localtime(refused.again_at), "TIME_FORMAT")
        hint = _("Try again from %(time)s on.") % {"time": at}
        page = render_queue(
            request, address, status=429, refusal=_(refused.message), refusal_hint=hint
        )
        page["Retry-After"] = str(max(1, round((refused.again_at - now).total_seconds())))
        return page
    except looking.Erased as refused:
        return refused_queue(request, address, refused, status=410)
    except LegacyImportError as refused:
        return refused_queue(request, address, refused)
    return render_queue(request, address, **shown)


def _decided(row: int, decision: ReviewDecision) -> str:
    names = LegacyStudentImport.objects.filter(pk=row).values_list("source_table", "legacy_id")
    name = ":".join(names.get())
    return _("%(decision)s – %(row)s") % {"decision": decision.label, "row": name}


__all__ = [
    "FORM",
    "claiming",
    "decision",
    "person",
    "raw_view",
    "refused_queue",
    "revealing",
    "undoing",
]
