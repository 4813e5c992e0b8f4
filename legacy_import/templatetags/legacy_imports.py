"""Template tags for numbers, names, contacts, vocabularies, commands and the link to the import."""

from typing import Any

from django import template
from django.db.models import TextChoices
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from ecoin.display import NOTHING, shown_name
from ecoin.identity.masking import mask_code, mask_email, mask_phone, mask_text
from legacy_import import choices
from legacy_import.conf import MANAGE
from legacy_import.permissions import APP_LABEL
from legacy_import.privacy.free_text import masked_number
from legacy_import.review.decisions import name_of
from legacy_import.review.tally import MOST_COUNTED
from legacy_import.rules.reasons import REASONS
from legacy_import.screens import menu
from legacy_import.screens.mapping.words import rule_words
from legacy_import.screens.review.words import evidence_phrases
from legacy_import.screens.text import thousands

register = template.Library()
register.filter(thousands)
register.filter("masked_phone", mask_phone)
register.filter("masked_email", mask_email)
register.filter("masked_text", mask_text)
register.filter("masked_session_code", mask_code)
register.filter(evidence_phrases)
register.filter(rule_words)
register.filter("user_name", name_of)


@register.filter
def counted(rows: int) -> str:
    """A number of rows of which no more than MOST_COUNTED are counted."""
    return f"{thousands(rows)}{'+' if rows >= MOST_COUNTED else ''}"


@register.simple_tag
def share(part: int, total: int) -> str:
    """A part in whole per cent: 0 only for none and 100 only for all."""
    if not total:
        return NOTHING
    percent = part * 100 // total
    if part and not percent:
        return gettext("under 1 %%") % {}
    return gettext("%(percent)d %%") % {"percent": percent}


@register.simple_tag
def bar(part: int, total: int) -> SafeString:
    """A bar; the number next to it is its text alternative."""
    width = f"{100 * part / total:.1f}" if total else "0"
    return format_html(
        '<svg class="li-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"'
        ' focusable="false"><rect class="li-bar-all" width="100" height="8"/>'
        '<rect class="li-bar-part" width="{}" height="8"/></svg>',
        width,
    )


@register.simple_tag
def ltr(value: object) -> SafeString:
    """A phone, address, code or 'n / m', which right-to-left pages would reverse."""
    return format_html('<bdi dir="ltr">{}</bdi>', NOTHING if value in (None, "") else value)


@register.simple_tag
def person(name: str | None) -> SafeString:
    """A person's name, isolated from the text around it; see shown_name."""
    return format_html("<bdi>{}</bdi>", shown_name(name))


@register.filter
def masked_code(code: str | None) -> str:
    """An old number as in the source; a phone number in its place is masked."""
    return masked_number(code)


@register.filter
def reason_words(code: str | None) -> str:
    """A reason of the plan in the reader's language; a code without words is never shown."""
    if not code:
        return NOTHING
    return gettext(REASONS[code]) if code in REASONS else gettext("unknown")


@register.simple_tag
def choice_label(vocabulary: str, value: str | None) -> str:
    """The label of `value` in legacy_import.choices.`vocabulary`, in the reader's language."""
    words: type[TextChoices] = getattr(choices, vocabulary)
    if not value:
        return NOTHING
    return str(words(value).label) if value in words.values else gettext("unknown")


@register.inclusion_tag("admin/legacy_imports/command.html")
def command(text: str) -> dict[str, Any]:
    """A `manage.py` command on a line to copy; `text` with or without `manage.py`."""
    return {"line": f"{MANAGE} {text.removeprefix('manage.py ')}"}


@register.simple_tag(takes_context=True)
def import_screens(context: dict[str, Any]) -> str:
    """The address of the first screen of the import that the reader may open; '' for none."""
    user = getattr(context.get("request"), "user", None)
    entries = menu.entries(user) if user is not None else []
    return entries[0].address if entries else ""


@register.simple_tag(takes_context=True)
def may_do(context: dict[str, Any], permission: str) -> bool:
    """Whether the reader has this permission of the import."""
    user = getattr(context.get("request"), "user", None)
    return bool(user and user.has_perm(f"{APP_LABEL}.{permission}"))
