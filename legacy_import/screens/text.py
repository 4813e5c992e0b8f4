"""Numbers in the format of every screen."""

from django.utils.translation import get_language

from ecoin.display import NOTHING

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def thousands(number: int | None) -> str:
    """1234567 → '1 234 567' (French, Arabic), '1,234,567' (English); a dash for None."""
    if number is None:
        return NOTHING
    english = (get_language() or "").startswith("en")
    return f"{number:,}" if english else f"{number:,}".replace(",", NO_BREAK_SPACE)
