"""What a user entered outlives the end of their session, and a refusal.

A form that is sent after the session ended is kept in the anonymous session on the server, for the
user of the browser: a signed cookie has who that is. Once the same user has signed in, the page of
the form shows it again. Nothing is sent for them. A form that another user was faster with (409) is
kept in the same way until its page is opened again.
"""

import time
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from ecoin.access import answers_get, is_our_screen, page_of
from ecoin.identity.masking import contains_contact
from ecoin.pages.form_filling import Fields, fill_form

KEY: Final = "interrupted_form"  # in the session
COOKIE: Final = "signed_in_as"
KEPT_SECONDS: Final = 3600
MOST_CHARACTERS: Final = (
    64 * 1024
)  # of all values; the selection of a thousand rows has a fifth of it
# Searches, which may be for a contact, confirmations, and what is never stored.
NEVER_KEPT: Final = frozenset({"csrfmiddlewaretoken", "password", "phone", "q", "database"})
# Fields with ids and codes, whose digits are no phone. A contact in any other is not kept.
CHOICES: Final = frozenset(
    {"also", "batch", "chosen", "course", "decision", "focus", "ids", "person", "record", "scope",
     "treat_as"}
)  # fmt: skip


class InterruptedFormsMiddleware(LoginRequiredMiddleware):
    """Redirect anonymous users to the sign-in; keep a form that they sent, and show it afterwards."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseRedirect:
        if request.method != "POST" or not is_our_screen(view_func):
            return super().handle_no_permission(request, view_func)
        page = _page_with_form(request)
        owner = request.get_signed_cookie(COOKIE, default="")
        if owner and not _is_sent_by_script(request):
            _keep(request, owner, sent_fields(request))
            request.session.set_expiry(KEPT_SECONDS)
            messages.warning(
                request,
                _("Your session has ended and nothing was recorded. What you entered is there again "
                  "when you have signed in."),
            )  # fmt: skip
        return redirect_to_login(page, str(self.get_login_url(view_func)))

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        answer: HttpResponseBase | None = super().process_view(
            request, view_func, view_args, view_kwargs
        )
        if answer is None and request.user.is_authenticated and is_our_screen(view_func):
            _remind(request)
        return answer

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        match = request.resolver_match
        if not (match and is_our_screen(match.func) and request.user.is_authenticated):
            return response
        owner = str(request.user.pk)
        if request.get_signed_cookie(COOKIE, default="") != owner:
            response.set_signed_cookie(
                COOKIE, owner, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
            )
        if isinstance(response, HttpResponse) and not response.streaming:
            _fill(request, response)
        return response


def sent_fields(request: HttpRequest) -> dict[str, list[str]]:
    """What may be kept of the form: no token, no search, no contact; nothing of a very long one."""
    fields = {
        name: values
        for name, values in request.POST.lists()
        if name not in NEVER_KEPT
        and (name in CHOICES or not any(contains_contact(value) for value in values))
    }
    length = sum(len(value) for values in fields.values() for value in values)
    return fields if length <= MOST_CHARACTERS else {}


def _keep(request: HttpRequest, owner: str, fields: Fields, *, announced: bool = False) -> None:
    request.session[KEY] = {
        "owner": owner,
        "path": request.path,
        "fields": fields,
        "until": time.time() + KEPT_SECONDS,
        "announced": announced,
    }


def _remind(request: HttpRequest) -> None:
    """Say once, after the sign-in, that nothing was recorded. Another user's form is dropped."""
    form = request.session.get(KEY)
    if form is None:
        return
    if form["owner"] != str(request.user.pk) or form["until"] < time.time():
        del request.session[KEY]
    elif not form["announced"]:
        messages.warning(request, _("Nothing was recorded: send it again."))
        request.session[KEY] = {**form, "announced": True}
    else:
        return
    request.session.set_expiry(None)  # it was short for the anonymous session


def _fill(request: HttpRequest, response: HttpResponse) -> None:
    """Show again what was entered: in a page that refuses a form, or the one whose form was kept."""
    form = request.session.get(KEY)
    refused = request.method == "POST" and response.status_code in (400, 409)
    if refused:
        fields = sent_fields(request)
        if not _fill_page(response, request.path, fields) and response.status_code == 409:
            _keep(request, str(request.user.pk), fields, announced=True)
    elif form and request.method == "POST" and form["path"] == request.path:
        del request.session[KEY]  # it was sent again
    elif (
        form
        and (request.method, response.status_code) == ("GET", 200)
        and _fill_page(response, form["path"], form["fields"])
    ):
        del request.session[KEY]


def _fill_page(response: HttpResponse, action: str, fields: Fields) -> bool:
    """Whether the page has a form with this address; it is filled in."""
    if not response.get("Content-Type", "").startswith("text/html"):
        return False
    page = fill_form(response.content.decode(response.charset), action, fields)
    if page is None:
        return False
    response.content = page
    return True


def _page_with_form(request: HttpRequest) -> str:
    """The page that the form belongs to, with the query of the page from which it was sent.

    The page from which it was sent itself, if that is a part of it.
    """
    page, sender = urlsplit(page_of(request)), _sender(request)
    if sender and f"{sender.path}/".startswith(f"{page.path}/"):
        page = sender
    elif sender and f"{page.path}/".startswith(f"{sender.path}/"):
        page = page._replace(query=sender.query or page.query)
    return page.geturl()


def _sender(request: HttpRequest) -> SplitResult | None:
    """Path and query of the screen from which the form was sent, if the browser says so."""
    url = request.headers.get("referer", "")
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(url, hosts, require_https=request.is_secure()):
        return None
    parts = urlsplit(url)._replace(scheme="", netloc="", fragment="")
    prefix = request.META.get("SCRIPT_NAME", "")
    try:
        match = resolve(parts.path.removeprefix(prefix))
    except Resolver404:
        return None
    return parts if answers_get(match.func) else None


def _is_sent_by_script(request: HttpRequest) -> bool:
    """A claim that a page renews by itself interrupts nobody."""
    return request.headers.get("accept", "") == "application/json"
