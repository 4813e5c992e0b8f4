"""No address of our own screens ends in a slash; one that does redirects to the one without it."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_safe


@require_safe
def without_slash(request: HttpRequest, page: str) -> HttpResponse:
    """Redirect to the same address and query without the slash. Raises Http404 if it is unknown.

    An address is known if it belongs to the app whose pattern led here.
    """
    path = request.path_info.rstrip("/")
    try:
        match = resolve(path)
    except Resolver404:
        raise Http404 from None
    here = request.resolver_match
    if here is None or match.app_names != here.app_names:
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    prefix = request.META.get("SCRIPT_NAME", "")
    return HttpResponseRedirect(f"{prefix}{path}{'?' + query if query else ''}")
