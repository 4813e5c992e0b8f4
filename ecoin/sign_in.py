"""Sign-in protection: the visitor's address, and the page of a locked-out visitor."""

import ipaddress
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import admin
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
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


class SignInHandler(AxesDatabaseHandler):  # type: ignore[misc]
    """Locks a name from an address, and the address itself after many failures under any names."""

    def get_failures(self, request: HttpRequest, credentials: Any = None) -> int:
        failures: int = super().get_failures(request, credentials)
        recent = AccessAttempt.objects.filter(
            ip_address=client_address(request),
            attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME,
        )
        of_address = recent.aggregate(total=Sum("failures_since_start"))["total"] or 0
        if of_address >= settings.ADDRESS_FAILURE_LIMIT:
            return max(failures, settings.AXES_FAILURE_LIMIT)
        return failures


def locked_out(
    request: HttpRequest, original: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """429 with the time to wait. It does not show whether such an account exists."""
    wait = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    context = {
        **admin.site.each_context(request), "title": _("Too many attempts"), "minutes": wait,
    }  # fmt: skip
    response = render(request, "admin/locked_out.html", context, status=429)
    add_never_cache_headers(response)
    response["Retry-After"] = str(wait * 60)
    return response
