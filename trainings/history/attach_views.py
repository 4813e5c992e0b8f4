"""`/admin/trainings/history/attach`: one record or all of a learner's to a user or lead, or to no one.

The person is searched on the same page, by POST: a contact never becomes part of an address.
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ecoin.access import restricted_to
from ecoin.display import NOTHING, shown_name
from ecoin.identity.masking import mask_email, mask_phone
from trainings.attachments import (
    MAX_REASON,
    AttachmentRefused,
    ChangedMeanwhile,
    attach,
    detach,
)
from trainings.history.attach_forms import is_key, sent_person, sent_reason, sent_records
from trainings.history.attach_shown import ATTACH, shown_event, shown_events, shown_record
from trainings.history.owner_list import events_of, records_of_learner
from trainings.history.people import KnownPerson, find_people, known_people
from trainings.history.shown import VIEW, learner_address
from trainings.history.views import TEMPLATES, render_page
from trainings.models import OwnerState, PersonKind, ProbableOwner

SEARCH_LENGTH = 100  # characters
MOST_PROPOSED = 10


@restricted_to(VIEW, ATTACH, methods=["GET", "HEAD", "POST"])
def attach_page(request: HttpRequest) -> HttpResponse:
    """The form about a learner (`?key=`, perhaps one `?record=`); POST searches, attaches, detaches."""
    if request.method != "POST":
        ticked = request.GET.getlist("record")
        return _form(request, request.GET.get("key", ""), ticked=ticked)
    key, action = request.POST.get("key", ""), request.POST.get("action", "")
    values = request.POST.getlist("record")
    if action == "search":
        text = request.POST.get("q", "")[:SEARCH_LENGTH]
        ticked = [value.rpartition(" ")[0] for value in values]
        return _form(request, key, ticked=ticked, matches=find_people(text), entries=request.POST)
    try:
        event = _change(request, action, values)
    except ChangedMeanwhile as conflict:
        return _conflict(request, key, conflict)
    except AttachmentRefused as refusal:
        ticked = [value.rpartition(" ")[0] for value in values]
        return _form(request, key, ticked=ticked, refusal=refusal, entries=request.POST)
    messages.success(request, event)
    return HttpResponseRedirect(learner_address(key))


def _change(request: HttpRequest, action: str, values: list[str]) -> str:
    """Carry out the form; returns the result in words."""
    actor = request.user
    if not isinstance(actor, User):  # only signed-in users get here
        raise Http404
    records, reason, now = sent_records(values), sent_reason(request), timezone.now()
    if action == "detach":
        detach(records=records, reason=reason, actor=actor, now=now)
        return _("The history was detached.")
    if action != "attach":
        raise Http404
    person = sent_person(request.POST.get("person", ""))
    if person is None:
        raise AttachmentRefused(gettext_noop("Choose a user or a lead."))
    event = attach(records=records, person=person, reason=reason, actor=actor, now=now)
    match = known_people([person]).get(person)
    words = {
        "action": event.get_action_display().capitalize(),
        "name": shown_name(match.side.name) if match else "",
    }
    return _("%(action)s – %(name)s.") % words


def _form(
    request: HttpRequest,
    key: str,
    *,
    ticked: list[str],
    matches: list[KnownPerson] | None = None,
    refusal: AttachmentRefused | None = None,
    entries: Any = None,
) -> HttpResponse:
    records = records_of_learner(key) if is_key(key) else []
    if not records:
        raise Http404
    origins = set(ticked) or {record.origin for record in records}
    proposed = _proposed(key)
    selected = (entries or {}).get("person", "")
    return render_page(
        request,
        f"{TEMPLATES}/attach.html",
        title=_("Attach history"),
        status=400 if refusal else 200,
        key=key,
        name=shown_name(records[-1].learner_name),
        records=[
            (shown_record(record, request.user), record.origin in origins) for record in records
        ],
        people=_choices(
            proposed + (matches or []) + _selected(selected, proposed, matches), selected
        ),
        searched=matches is not None,
        nobody=matches is not None and not matches,
        events=shown_events(events_of(key)),
        reason=(entries or {}).get("reason", ""),
        max_reason=MAX_REASON,
        search_length=SEARCH_LENGTH,
        refusal=_(refusal.message) if refusal else "",
        refusal_hint=_(refusal.hint) if refusal and refusal.hint else "",
        learner_url=learner_address(key),
        any_attached=any(record.user_id or record.lead_id for record in records),
    )


def _proposed(key: str) -> list[KnownPerson]:
    """The probable owners of this learner's history, except those ruled out."""
    pairs = ProbableOwner.objects.filter(learner_key=key).exclude(state=OwnerState.NOT_SAME)
    people = pairs.order_by("pk").values_list("person_kind", "person_id")[:MOST_PROPOSED]
    return list(known_people(people).values())


def _selected(
    text: str, proposed: list[KnownPerson], matches: list[KnownPerson] | None
) -> list[KnownPerson]:
    """The person who was chosen before, where no list has them."""
    person = sent_person(text)
    listed = {one.person for one in (*proposed, *(matches or ()))}
    return list(known_people([person]).values()) if person and person not in listed else []


def _choices(people: list[KnownPerson], selected: str) -> list[dict[str, Any]]:
    """Each person once, masked."""
    distinct = {one.person: one for one in people}
    return [
        {
            "value": f"{one.kind}:{one.id}",
            "kind": PersonKind(one.kind).label,
            "id": one.id,
            "name": shown_name(one.side.name),
            "birth_date": one.side.birth_date,
            "phone": mask_phone(one.side.phone) or NOTHING,
            "email": mask_email(one.side.email) or NOTHING,
            "active": one.is_active,
            "selected": selected == f"{one.kind}:{one.id}",
        }
        for one in distinct.values()
    ]


def _conflict(request: HttpRequest, key: str, conflict: ChangedMeanwhile) -> HttpResponse:
    if not is_key(key):
        raise Http404
    return render_page(
        request,
        f"{TEMPLATES}/conflict.html",
        title=_("Attach history"),
        status=409,
        reason=_(conflict.message),
        latest=shown_event(conflict.latest) if conflict.latest else None,
        next_url=learner_address(key),
        again_url=learner_address(key, "trainings:history-attach"),
    )


urlpatterns = [path("trainings/history/attach", attach_page, name="history-attach")]
