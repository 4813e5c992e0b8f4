"""Numbers and names in the format of every screen."""

from django.utils.translation import get_language

NOTHING = "—"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
LONGEST_NAME = 120  # letters of a name that a screen shows
# What can reverse or hide the text around it: bidi marks, embeddings, overrides and isolates.
BIDI_CONTROLS = dict.fromkeys(
    (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)


def thousands(number: int | None) -> str:
    """1234567 → '1 234 567' (French, Arabic), '1,234,567' (English); a dash for None."""
    if number is None:
        return NOTHING
    english = (get_language() or "").startswith("en")
    return f"{number:,}" if english else f"{number:,}".replace(",", NO_BREAK_SPACE)
