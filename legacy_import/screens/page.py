"""A page of the import inside the admin: every screen renders its HTML here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise, SimpleLazyObject

from legacy_import.models import LegacyImportRun
from legacy_import.screens import menu
from legacy_import.screens.plan_state import plan_is_outdated


def render_page(
    request: HttpRequest,
    template: str,
    *,
    section: str,
    title: str | Promise,
    run: LegacyImportRun | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render a screen that extends `admin/legacy_imports/base.html`.

    The screens use the whole width: their own menu replaces the admin's side bar.
    """
    frame = {
        **admin.site.each_context(request),
        "is_nav_sidebar_enabled": False,
        "section": section,
        "title": title,
        "run": run,
        # Asked once where a template shows numbers of the plan; other pages ask nothing.
        "plan_outdated": SimpleLazyObject(lambda: run is not None and plan_is_outdated(run)),
        "menu": menu.entries(request.user, run.pk if run else None),
    }
    return render(request, template, {**frame, **context}, status=status)
