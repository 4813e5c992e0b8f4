"""A page of the import inside the admin: every screen renders its HTML here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise, SimpleLazyObject

from legacy_import.models import LegacyImportRun
from legacy_import.screens import menu
from legacy_import.screens.next_step import next_step_of
from legacy_import.screens.plan_state import PlanState, plan_state_of


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
        **next_step_context(run),
        "menu": menu.entries(request.user, run.pk if run else None),
    }
    return render(request, template, {**frame, **context}, status=status)


def next_step_context(run: LegacyImportRun | None) -> dict[str, Any]:
    """What a template needs to mark numbers of the plan, and to show the next step of the run.

    Both are read where a template shows them: other pages query nothing.
    """
    state: Any = SimpleLazyObject(lambda: plan_state_of(run) if run else PlanState())
    return {
        "run": run,
        "plan_outdated": SimpleLazyObject(lambda: state.outdated),
        "next_step": SimpleLazyObject(lambda: next_step_of(run, state) if run else None),
    }
