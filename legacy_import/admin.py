"""The import in the admin: in its menu and on its index. No staging model is registered."""

from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.http import HttpRequest

from legacy_import.models import LegacyImportRun
from legacy_import.permissions import APP_LABEL, VIEW
from legacy_import.screens import menu


class PlatformAdmin(AdminSite):
    """The standard admin site, with the screens of the import first in its index and side bar."""

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The index, which greets who may see the import with the next step of its newest run."""
        # Every command loads this module: the screens and their stages are loaded with the first page.
        from legacy_import.screens.page import next_step_context

        run = None
        if request.user.has_perm(f"{APP_LABEL}.{VIEW}"):
            run = LegacyImportRun.objects.order_by("-pk").first()
        return super().index(request, {**next_step_context(run), **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        app_list: list[Any] = super().get_app_list(request, app_label)
        if app_label is not None:
            return app_list
        screens = menu.entries(request.user)
        if not screens:
            return app_list
        entry = {
            "name": apps.get_app_config(APP_LABEL).verbose_name,
            "app_label": APP_LABEL,
            "app_url": screens[0].address,
            "has_module_perms": True,
            "models": [
                {
                    "name": screen.name,
                    "object_name": screen.section,
                    "admin_url": screen.address,
                    "add_url": None,
                    "view_only": True,
                }
                for screen in screens
            ],
        }
        return [entry, *app_list]
