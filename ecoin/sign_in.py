"""Sign-in protection: the visitor's address, and the page of a locked-out visitor."""

import ipaddress
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _


def client_address(request: HttpRequest) -> str:
    """The visitor's address as the outermost trusted proxy saw it, else that of the connection.

    Entries further left in X-Forwarded-For were sent by the visitor and are not trusted.
    """
    proxies: int = settings.TRUSTED_PROXIES
    connection: str = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if proxies and len(forwarded) >= proxies:
        try:
            return str(ipaddress.ip_address(forwarded[-proxies].strip()))
        except ValueError:
            return connection
    return connection


def locked_out(
    request: HttpRequest, original: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """429 with the time to wait. It does not say whether such an account exists."""
    wait = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    context = {
        **admin.site.each_context(request), "title": _("Too many attempts"), "minutes": wait,
    }  # fmt: skip
    response = render(request, "admin/locked_out.html", context, status=429)
    add_never_cache_headers(response)
    response["Retry-After"] = str(wait * 60)
    return response
