"""No address of the import ends in a slash; one that does leads to the one that does not."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_safe


@require_safe
def without_slash(request: HttpRequest, page: str) -> HttpResponse:
    """Redirect to the same address, and question, without the slash. Raises Http404 if unknown."""
    path = request.path_info.rstrip("/")
    try:
        found = resolve(path)
    except Resolver404:
        raise Http404 from None
    if found.app_names != ["legacy_imports"]:
        raise Http404
    question = request.META.get("QUERY_STRING", "")
    prefix = request.META.get("SCRIPT_NAME", "")
    return HttpResponseRedirect(f"{prefix}{path}{'?' + question if question else ''}")
