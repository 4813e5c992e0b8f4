"""The import in the menu of the admin. It has its own screens: no staging model is registered."""

from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.http import HttpRequest

from legacy_import.permissions import APP_LABEL
from legacy_import.screens import menu


class PlatformAdmin(AdminSite):
    """The standard admin site, with the screens of the import first in its index and side bar."""

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
