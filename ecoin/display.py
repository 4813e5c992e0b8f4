"""Names, contacts and codes as every screen shows them, in pages of either direction."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ecoin.identity.masking import mask_text

NOTHING = "—"
LONGEST_NAME = 120  # letters of a name that a screen shows
# What can reverse or hide the text around it: bidi marks, embeddings, overrides and isolates.
BIDI_CONTROLS = dict.fromkeys(
    (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)


def shown_name(name: str | None) -> str:
    """A person's name without bidirectional controls; a contact in it is masked, a long one cut."""
    text = mask_text((name or "")[: 4 * LONGEST_NAME].translate(BIDI_CONTROLS).strip())
    if len(text) > LONGEST_NAME:
        text = f"{text[:LONGEST_NAME]}…"
    return text or NOTHING


def isolated(text: str) -> SafeString | str:
    """A name in a cell of the admin: its letters do not turn the text around it. "" stays."""
    return format_html("<bdi>{}</bdi>", text) if text else ""


def left_to_right(text: str) -> SafeString | str:
    """A phone, an e-mail or a code in a cell: its groups keep their order on an Arabic page."""
    return format_html('<bdi dir="ltr">{}</bdi>', text) if text else ""
