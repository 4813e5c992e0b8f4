"""Who may open a view, by which methods, and to which page the address of a form belongs."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

ViewFunction = Callable[..., HttpResponseBase]
SAFE = ("GET", "HEAD")


def restricted_to(
    *permissions: str, methods: Sequence[str] = SAFE
) -> Callable[[ViewFunction], ViewFunction]:
    """Restrict a view to these permissions: anonymous users → login, others, even staff → 403.

    Then to these methods: others → 405. An address that only receives forms redirects a GET to the
    page it belongs to.
    """
    refuse = permission_required(permissions, raise_exception=True)

    def guarded(view: ViewFunction) -> Any:
        allowed = require_http_methods([*SAFE, *methods])
        answer = view if "GET" in methods else _only_forms(view)
        restricted: Any = login_required(refuse(allowed(answer)))
        restricted.methods = methods  # by which a screen is recognised
        return restricted

    return guarded


def is_our_screen(view: Any) -> bool:
    """Whether the view is one of our screens, not one of the stock admin."""
    return hasattr(view, "methods")


def page_of(request: HttpRequest) -> str:
    """The page that the requested address belongs to: itself, or the nearest one above it.

    `…/students/search` belongs to `…/students`. The query stays: it has the run.
    """
    here, query = request.resolver_match, request.META.get("QUERY_STRING", "")
    path, match = request.path_info, here
    while here and path:
        if match and match.app_names == here.app_names and answers_get(match.func):
            prefix = request.META.get("SCRIPT_NAME", "")
            return f"{prefix}{path}{'?' + query if query else ''}"
        path = path.rpartition("/")[0]
        try:
            match = resolve(path)
        except Resolver404:
            match = None
    return reverse("admin:index")


def answers_get(view: Any) -> bool:
    """Whether the view is one of our screens and has a page of its own."""
    return "GET" in getattr(view, "methods", ())


def _only_forms(view: ViewFunction) -> ViewFunction:
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in SAFE:
            return view(request, *args, **kwargs)
        messages.info(request, _("Nothing was recorded: the form was not sent."))
        return HttpResponseRedirect(page_of(request))

    return answer
