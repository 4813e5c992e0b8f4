"""Where an imported record came from: a link for the plain admin of any app.

The platform's apps do not know the import. They know that its page is asked by `origin`, under a URL
name and a permission; without the import installed there is no link.
"""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

PAGE = "legacy_imports:lineage"
PERMISSION = "legacy_imports.view"
NOTHING = "—"


def lineage_link(origin: str | None) -> str:
    """A link to the page that follows this origin back; a dash where there is nothing to follow."""
    if not origin:
        return NOTHING
    try:
        page = reverse(PAGE)
    except NoReverseMatch:
        return NOTHING
    address = f"{page}?{urlencode({'origin': origin})}"
    return format_html(
        '<a href="{}">{} <bdi dir="ltr">{}</bdi></a>', address, gettext("lineage of"), origin
    )


class CameFrom(BaseModelAdmin):  # type: ignore[type-arg]
    """An object page that says where its record came from, to those who may see imports."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if self.has_lineage(obj) and request.user.has_perm(PERMISSION):
            return (*fields, "came_from")
        return fields

    def has_lineage(self, obj: Any) -> bool:
        """Whether the record that the page shows was imported (None: it is being added)."""
        return bool(getattr(obj, "origin", None))

    @admin.display(description=_("where this came from"))
    def came_from(self, record: Any) -> str:
        return lineage_link(record.origin)
