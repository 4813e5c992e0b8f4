"""A link from an imported record to its lineage, for the admin of any app.

The platform's apps do not depend on the import. They only know the URL name of its page, its parameter
`origin` and its permission; without the import installed there is no link.
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
    """A link to the lineage page of this origin; a dash if there is none."""
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


class LineageAdmin(BaseModelAdmin):  # type: ignore[type-arg]
    """An object page with a link to the lineage of its record, for users who may see imports."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if self.has_lineage(obj) and request.user.has_perm(PERMISSION):
            return (*fields, "lineage")
        return fields

    def has_lineage(self, obj: Any) -> bool:
        """Whether the record of the page was imported (None: it is being added)."""
        return bool(getattr(obj, "origin", None))

    @admin.display(description=_("where this came from"))
    def lineage(self, record: Any) -> str:
        return lineage_link(record.origin)
