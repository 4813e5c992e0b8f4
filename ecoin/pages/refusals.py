"""Responses to requests that are refused before they reach a view."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing, old or another's; nothing was done."""
    response = render(request, "403_csrf.html", status=403)
    add_never_cache_headers(response)
    return response
