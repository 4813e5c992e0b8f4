"""`/admin/trainings/history`: former learners, found by name or full contact; one page per learner.

A name may be part of an address; a phone or e-mail is sent by POST, and answered on a page without a
separate address.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ecoin.access import restricted_to
from ecoin.display import shown_name
from ecoin.identity.emails import parse_email
from ecoin.identity.masking import contains_contact, mask_email, mask_phone
from ecoin.identity.phones import parse_phones
from trainings.history.attach_shown import ATTACH, shown_events
from trainings.history.owner_list import events_of
from trainings.history.records import MOST_RECORDS, History, history_of_learner
from trainings.history.reveal import LONGEST_REASON, PERMISSION, RevealRefused, TooManyLooks
from trainings.history.reveal import reveal_contact as reveal
from trainings.history.search import NOBODY, Cursor, FoundPage, find_by_contact, find_by_name
from trainings.history.shown import (
    VIEW,
    learner_address,
    shown_contacts,
    shown_learners,
    shown_lines,
    shown_people,
)

SEARCH_LENGTH = 100  # characters
KEY_LENGTH = 190
TEMPLATES = "admin/trainings/history"


@restricted_to(VIEW)
def search_page(request: HttpRequest) -> HttpResponse:
    """The search form, and a page of the learners with the name `?q=`."""
    text = request.GET.get("q", "").strip()[:SEARCH_LENGTH]
    if contains_contact(text):
        return _search_page(request, "", NOBODY, refused=True)
    after = Cursor.parse(request.GET.get("after", ""))
    page = find_by_name(text, after) if text else NOBODY
    return _search_page(request, text, page, is_first=after is None)


@restricted_to(VIEW, methods=["POST"])
def search(request: HttpRequest) -> HttpResponse:
    """The learners with exactly the phone or e-mail that was sent; a name redirects to its page."""
    text = request.POST.get("q", "").strip()[:SEARCH_LENGTH]
    if not contains_contact(text) and not parse_phones(text).valid:
        return HttpResponseRedirect(reverse("trainings:history", query={"q": text}))
    masked = mask_email(text) if "@" in text else mask_phone(text)
    page = find_by_contact(text)
    is_whole = bool(page.learners or parse_phones(text).valid or parse_email(text).value)
    return _search_page(request, "", page, contact=masked, is_whole=is_whole)


def _search_page(
    request: HttpRequest, text: str, page: FoundPage, *, refused: bool = False, **context: Any
) -> HttpResponse:
    more = {"q": text, "after": str(page.next)}
    return render_page(
        request,
        f"{TEMPLATES}/search.html",
        title=_("Former learners"),
        status=400 if refused else 200,
        text=text,
        learners=shown_learners(page.learners),
        similar=page.similar,
        next_page=reverse("trainings:history", query=more) if page.next else "",
        refused=refused,
        search_length=SEARCH_LENGTH,
        **context,
    )


@restricted_to(VIEW)
def learner_page(request: HttpRequest) -> HttpResponse:
    """Everything that was imported for one learner (`?key=`). Raises Http404."""
    if not request.GET:
        return HttpResponseRedirect(reverse("trainings:history"))
    return _learner(request, request.GET.get("key", ""))


@restricted_to(VIEW)
def print_page(request: HttpRequest) -> HttpResponse:
    """The same on a plain A4 page. Raises Http404."""
    key = request.GET.get("key", "")
    context = _learner_context(request, key, _history(key))
    user: Any = request.user
    # A username may be an e-mail.
    printed_by = shown_name(user.get_full_name().strip() or user.get_username())
    more = {"now": timezone.now(), "printed_by": printed_by}
    return render(request, f"{TEMPLATES}/print.html", {**context, **more})


@restricted_to(VIEW, PERMISSION, methods=["POST"])
def reveal_contact(request: HttpRequest) -> HttpResponse:
    """The page with the learner's contacts in full, in this one response only. Raises Http404."""
    key, reason = request.POST.get("key", ""), request.POST.get("reason", "")
    if not isinstance(request.user, User):  # only signed-in users get here
        raise Http404
    try:
        contact = reveal(
            learner_key=_checked_key(key), actor=request.user, reason=reason, now=timezone.now()
        )
    except TooManyLooks as refusal:
        at = date_format(timezone.localtime(refusal.again_at), "TIME_FORMAT")
        hint = _("Try again from %(time)s on.") % {"time": at}
        return _learner(request, key, refusal.status, refusal=_(refusal.message), hint=hint)
    except RevealRefused as refusal:
        if refusal.status == 404:
            raise Http404 from None
        return _learner(request, key, refusal.status, refusal=_(refusal.message))
    return _learner(request, key, contact=contact)


def _learner(request: HttpRequest, key: str, status: int = 200, **context: Any) -> HttpResponse:
    page = _learner_context(request, key, _history(key))
    return render_page(request, f"{TEMPLATES}/learner.html", status=status, **{**page, **context})


def _learner_context(request: HttpRequest, key: str, history: History) -> dict[str, Any]:
    contacts = shown_contacts(history)
    return {
        "title": _("Former learner"),
        "name": contacts[0].name,
        "key": key,
        "contacts": contacts,
        "people": shown_people(history, request.user),
        "lines": shown_lines(history, request.user),
        "most_records": MOST_RECORDS if len(history.lines) >= MOST_RECORDS else 0,
        "learner_url": learner_address(key),
        "print_url": learner_address(key, "trainings:history-print"),
        "longest_reason": LONGEST_REASON,
        "may_attach": request.user.has_perm(ATTACH),
        "attach_url": learner_address(key, "trainings:history-attach"),
        "events": shown_events(events_of(key)) if history.was_attached else [],
    }


def _history(key: str) -> History:
    """The learner's history. Raises Http404 if no record has this key."""
    history = history_of_learner(_checked_key(key))
    if not any(line.learner for line in history.lines):
        raise Http404
    return history


def _checked_key(key: str) -> str:
    """MariaDB cannot compare the ASCII column with other text. Raises Http404."""
    if not key or len(key) > KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise Http404
    return key


def render_page(
    request: HttpRequest, template: str, *, title: str | Promise, status: int = 200, **context: Any
) -> HttpResponse:
    """A page inside the admin, over its whole width."""
    frame = {
        **admin.site.each_context(request),
        "is_nav_sidebar_enabled": False,
        "title": title,
        "may_reveal": request.user.has_perm(PERMISSION),
    }
    return render(request, template, {**frame, **context}, status=status)
