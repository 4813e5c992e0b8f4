"""Text that people type next to the data must not contain contacts, since it survives every erasure.

One rule for notes, reasons, the names and queries of saved filters, and searches in addresses.
"""

import re

from django.utils.translation import gettext_noop as _

from ecoin.identity import masking
from ecoin.identity.phones import parse_phones
from legacy_import.choices import SourceTable
from legacy_import.errors import LegacyImportError

MAX_NOTE = 255  # characters; the parsers read all of a text this short
# A row by its number in the old platform: "1204", "archives:1204". Phones begin with a zero, ids not.
OLD_NUMBER = re.compile(rf"(?:({'|'.join(SourceTable.values)}):)?(0|[1-9][0-9]{{0,19}})")


class ContainsContact(LegacyImportError):
    """A note, a reason or a filter contains a phone number or an e-mail address."""


def contains_contact(text: str, *, old_number: bool = False) -> bool:
    """Whether the text contains anything like a phone number, valid or not, or an address.

    `old_number`: the text may be the number of a row alone, unless that is a valid phone.
    """
    if old_number and OLD_NUMBER.fullmatch(text):
        return bool(parse_phones(text).valid)
    return masking.contains_contact(text)


def masked_number(number: str | None) -> str:
    """An old number as in the source, or a pair of two; a phone number in its place is masked.

    Both numbers of a pair are old numbers: together they have as many digits as a phone.
    """
    return ":".join(
        masking.mask_text(one) if contains_contact(one, old_number=True) else one
        for one in (number or "").split(":")
    )


def contact_free_text(text: str, *, old_number: bool = False) -> str:
    """The text, trimmed. Raises ContainsContact, also if it is too long to be parsed in full."""
    trimmed = text.strip()
    if len(trimmed) > MAX_NOTE:
        raise ContainsContact(_("This text is too long: 255 characters at most."))
    if contains_contact(trimmed, old_number=old_number):
        raise ContainsContact(
            _("This text contains a phone number or an e-mail address."),
            hint=_("No personal data here: the row already identifies the person."),
        )
    return trimmed
