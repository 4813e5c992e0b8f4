"""Whether a text that people type contains a contact: it survives every erasure, so it must not."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ecoin.identity.masking import mask_text

MAX_NOTE: Final = 255
"""Characters; the parsers read all of a text this short."""
# An address, with at most one space next to its sign; "@accueil" is the name of a desk.
ADDRESS: Final = re.compile(r"[^\s@]@[^\s@]|[^\s@]\s?@\s?[^\s@]+\.\w")


def contains_contact(text: str) -> bool:
    """Whether the text contains anything like a phone number, valid or not, or an address."""
    plain = unicodedata.normalize("NFKC", text)
    without_signs = text.replace("@", " ").replace("\uff20", " ")
    return ADDRESS.search(plain) is not None or mask_text(without_signs) != without_signs
