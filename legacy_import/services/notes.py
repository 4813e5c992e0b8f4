"""What people type beside the data holds no personal data: it outlives every erasure."""

from django.utils.translation import gettext_noop as _

from ecoin.identity.emails import parse_email
from ecoin.identity.phones import parse_phones
from legacy_import.errors import LegacyImportError

MAX_NOTE = 255  # characters, and few enough that the parsers read all of it


class HoldsContact(LegacyImportError):
    """A note, a reason or a filter names a phone number or an e-mail address."""


def holds_contact(text: str) -> bool:
    """Whether anything in the text reads as a phone number or an e-mail address."""
    return bool(parse_phones(text).valid) or any(
        "@" in word and parse_email(word).value for word in text.split()
    )


def without_contact(text: str) -> str:
    """The text, trimmed. Raises HoldsContact, also for one too long to be read in full."""
    trimmed = text.strip()
    if len(trimmed) > MAX_NOTE:
        raise HoldsContact(_("This text is too long: 255 characters at most."))
    if holds_contact(trimmed):
        raise HoldsContact(
            _("This text holds a phone number or an e-mail address."),
            hint=_("No personal data here: the row already says whose it is."),
        )
    return trimmed
