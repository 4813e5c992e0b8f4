"""`/admin/trainings/history/owners`: whose history is it? One line, one decision, next line."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ecoin.access import restricted_to
from ecoin.display import shown_name
from trainings.attachments import (
    MAX_REASON,
    AttachmentRefused,
    ChangedMeanwhile,
    SeenOwner,
    attach,
    decide_owner,
    last_events,
    undo,
)
from trainings.history.attach_forms import (
    record_value,
    sent_number,
    sent_person,
    sent_reason,
    sent_records,
)
from trainings.history.attach_shown import (
    ATTACH,
    blocker_words,
    shown_event,
    shown_events,
    shown_record,
)
from trainings.history.owner_list import (
    OwnerDetail,
    OwnerPage,
    count_pairs,
    open_pair,
    owner_detail,
    owner_page,
)
from trainings.history.people import known_people
from trainings.history.shown import VIEW, learner_address
from trainings.history.views import TEMPLATES, render_page
from trainings.models import AttachmentAction, OwnerState, ProbableOwner
from trainings.owners import Person

PAGE = "trainings:history-owners"
STATES = (OwnerState.OPEN, OwnerState.LATER, OwnerState.NOT_SAME)
UNDO_LAST = 10
DECISIONS = {
    AttachmentAction.NOT_SAME.value: AttachmentAction.NOT_SAME,
    AttachmentAction.LATER.value: AttachmentAction.LATER,
}


@restricted_to(VIEW, ATTACH)
def owners_page(request: HttpRequest) -> HttpResponse:
    """A page of the list and its open line. `?state=`, `?from=` (first line) and `?row=`."""
    return _list(request, Place.of(request.GET))


@restricted_to(VIEW, ATTACH, methods=["POST"])
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Attach, rule out or put aside; then the next line. 409 if another user was faster."""
    place, pair = Place.of(request.POST), sent_number(number)
    if not pair:
        raise Http404
    owner = SeenOwner(pair, _number(request, "version"))
    decision, actor = request.POST.get("decision", ""), _user(request)
    try:
        if decision == AttachmentAction.ATTACH:
            person = sent_person(request.POST.get("person", ""))
            if person is None:
                raise Http404
            records = sent_records(request.POST.getlist("record"))
            event = attach(
                records=records, person=person, reason=sent_reason(request), actor=actor,
                now=timezone.now(), owner=owner,
            )  # fmt: skip
        elif decision in DECISIONS:
            event = decide_owner(
                owner=owner, action=DECISIONS[decision], reason=sent_reason(request),
                actor=actor, now=timezone.now(),
            )  # fmt: skip
        else:
            raise Http404
    except ChangedMeanwhile as conflict:
        return _conflict(request, place, pair, conflict)
    except AttachmentRefused as refusal:
        return _list(request, place, refusal=refusal, reason=sent_reason(request))
    messages.success(
        request, _message(event.get_action_display(), event.person_kind, event.person_id)
    )
    return HttpResponseRedirect(place.url(row=pair))


@restricted_to(VIEW, ATTACH, methods=["POST"])
def undo_event(request: HttpRequest) -> HttpResponse:
    """Undo one event, then the page it was undone on: a learner's, or the list."""
    place, key = Place.of(request.POST), request.POST.get("key", "")
    back = learner_address(key) if key else place.url(row=place.row)
    try:
        undo(event_id=_number(request, "event"), actor=_user(request), now=timezone.now())
    except ChangedMeanwhile as conflict:
        return _conflict(request, place, place.row, conflict, back=back)
    except AttachmentRefused as refusal:
        messages.error(request, _(refusal.message))
        return HttpResponseRedirect(back)
    messages.success(request, _("Undone: the history is again as it was before."))
    return HttpResponseRedirect(back)


class Place:
    """Where in the list a reader is: the state, the first line of the page, the open line."""

    def __init__(self, state: OwnerState, first: int, row: int) -> None:
        self.state, self.first, self.row = state, first, row

    @classmethod
    def of(cls, values: Any) -> "Place":
        """From an address or a form; anything else than a number is the beginning."""
        text = values.get("state", "")
        state = OwnerState(text) if text in STATES else OwnerState.OPEN
        first, row = (sent_number(values.get(name, "")) or 0 for name in ("from", "row"))
        return cls(state, first, row)

    def url(self, *, row: int = 0, first: int | None = None, state: str = "") -> str:
        query: dict[str, str | int] = {"state": state or self.state.value}
        start = self.first if first is None else first
        if start and not state:
            query["from"] = start
        if row:
            query["row"] = row
        return reverse(PAGE, query=query)


def _list(
    request: HttpRequest,
    place: Place,
    *,
    refusal: AttachmentRefused | None = None,
    reason: str | None = None,
) -> HttpResponse:
    page = owner_page(place.state, first=place.first)
    pair = open_pair(page, place.row)
    detail = owner_detail(pair) if pair else None
    events = last_events(_user(request), UNDO_LAST)
    context = _open_line(request, detail, reason) if detail else {}
    return render_page(
        request,
        f"{TEMPLATES}/owners.html",
        title=_("Probable owners"),
        status=refusal.status if refusal else 200,
        place=place,
        states=[
            (state.label, place.url(state=state.value), state == place.state, *count_pairs(state))
            for state in STATES
        ],
        lines=_lines(place, page, pair),
        first_url=place.url(first=0) if page.previous else "",
        previous_url=place.url(first=page.previous) if page.previous else "",
        next_url=place.url(first=page.next) if page.next else "",
        refusal=_(refusal.message) if refusal else "",
        refusal_hint=_(refusal.hint) if refusal and refusal.hint else "",
        recent=shown_events(events),
        **context,
    )


def _lines(place: Place, page: OwnerPage, pair: ProbableOwner | None) -> list[dict[str, Any]]:
    return [
        {
            "name": shown_name(line.learner_name),
            "person": shown_name(line.person.side.name),
            "kind": line.pair.get_person_kind_display(),
            "number": line.pair.person_id,
            "reason": line.pair.get_reason_display(),
            "url": place.url(row=line.pair.pk),
            "current": pair is not None and line.pair.pk == pair.pk,
        }
        for line in page.lines
    ]


def _open_line(request: HttpRequest, detail: OwnerDetail, reason: str | None) -> dict[str, Any]:
    pair = detail.pair
    return {
        "detail": detail,
        "pair": pair,
        "name": shown_name(detail.learner.name),
        "person_name": shown_name(detail.person.side.name),
        "kind": pair.get_person_kind_display(),
        "records": [shown_record(record, request.user) for record in detail.records],
        "waiting": [record_value(record) for record in detail.waiting],
        "events": shown_events(detail.events),
        "learner_url": learner_address(pair.learner_key),
        "reason": pair.get_reason_display() if reason is None else reason,
        "max_reason": MAX_REASON,
        "blocker": blocker_words(pair.blocker),
        "is_decided": pair.state == OwnerState.NOT_SAME,
    }


def _conflict(
    request: HttpRequest, place: Place, row: int, conflict: ChangedMeanwhile, *, back: str = ""
) -> HttpResponse:
    """Who was faster, and what now."""
    return render_page(
        request,
        f"{TEMPLATES}/conflict.html",
        title=_("Probable owners"),
        status=409,
        reason=_(conflict.message),
        latest=shown_event(conflict.latest) if conflict.latest else None,
        next_url=place.url(row=row + 1),
        again_url=back or place.url(row=row),
    )


def _message(action: str, kind: str, pk: int | None) -> str:
    """The past tense and the person's name."""
    person: Person = (kind, pk or 0)
    match = known_people([person]).get(person)
    name = shown_name(match.side.name) if match else f"{kind} {pk}"
    return _("%(action)s – %(name)s.") % {"action": action.capitalize(), "name": name}


def _number(request: HttpRequest, name: str) -> int:
    """A number that a form of ours sent. Raises Http404."""
    number = sent_number(request.POST.get(name, ""))
    if number is None:
        raise Http404
    return number


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):  # only signed-in users get here
        raise Http404
    return request.user


urlpatterns = [
    path("trainings/history/owners", owners_page, name="history-owners"),
    path("trainings/history/owners/<str:number>", decide, name="history-owner-decide"),
    path("trainings/history/undo", undo_event, name="history-undo"),
]
