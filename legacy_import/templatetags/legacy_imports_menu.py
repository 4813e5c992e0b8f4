"""The link to the import on every page of the admin."""

from typing import Any

from django import template

from legacy_import.screens import menu

register = template.Library()


@register.simple_tag(takes_context=True)
def import_screens(context: dict[str, Any]) -> str:
    """The address of the first screen of the import that the reader may open; '' for none."""
    user = getattr(context.get("request"), "user", None)
    entries = menu.entries(user) if user is not None else []
    return entries[0].address if entries else ""
