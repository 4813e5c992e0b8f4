"""Cells that no spreadsheet reads as a formula (docs/decisions/0047)."""

import re
import unicodedata
from typing import Final

MARK: Final = "'"  # the mark of spreadsheets for text that is not a formula

# = + - @, and what is one of them in another width or height (＝ ﹢ ⁻ ﹫ …) or looks like a minus.
STARTS: Final = "".join(
    character
    for character in map(chr, range(0x10000))
    if unicodedata.normalize("NFKC", character) in ("=", "+", "-", "@", "\N{MINUS SIGN}")
)
# A program that splits at another separator reads a new cell after each of these characters.
_START: Final = re.compile(rf"""(^|[,;|"])([ ']*)([{re.escape(STARTS)}])""")
# Invisible characters in a cell: controls, and what reverses or hides text.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_SPACE: Final = re.compile(r"\s+")
_BREAKS: Final = frozenset("\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")


def safe_cell(text: str) -> str:
    """The text on one line, without NUL and its like, never the beginning of a formula.

    TAB, CR and LF become spaces, so none of them can begin a cell either.
    """
    line = _UNSEEN.sub(lambda match: " " if match.group() in _BREAKS else "", text)
    return _START.sub(rf"\1\2{MARK}\3", _SPACE.sub(" ", line).strip())
