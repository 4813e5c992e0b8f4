"""Text as people typed it, made comparable.

`fold` is the one comparison form for statuses and course names. It is lossy by design and never
shown. `repair_double_encoding` and `is_damaged` speak about text that went through a wrong charset.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from anyascii import anyascii

_APOSTROPHES: Final = "’‘‛`´ʼʻʹʾʿ′＇"
_QUOTES: Final = "“”„‟«»″"
_DASHES: Final = "‐‑‒–—―−"
_UNIFIED: Final = str.maketrans(
    {
        **dict.fromkeys(_APOSTROPHES, "'"),
        **dict.fromkeys(_QUOTES, '"'),
        **dict.fromkeys(_DASHES, "-"),
    }
)

# Marks (accents, tashkeel), invisible formatting (zero width, bidi), surrogates: no meaning here.
_DROPPED_CATEGORIES: Final = frozenset({"Mn", "Me", "Cf", "Cs"})


def to_ascii(text: str) -> str:
    """The text in printable ASCII, accents stripped, other scripts transliterated, case kept."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_UNIFIED)).translate(_UNIFIED)
        letters = (c for c in decomposed if unicodedata.category(c) not in _DROPPED_CATEGORIES)
        text = anyascii("".join(" " if c in _SPACES or is_picture(c) else c for c in letters))
    return text if text.isprintable() else _CONTROLS.sub(_space_or_nothing, text)


def is_picture(character: str) -> bool:
    """Whether it is an emoji or another sign, even if a transliteration has letters for it."""
    return character >= _FIRST_PICTURE and unicodedata.category(character) in ("So", "Sk", "Sm")


_FIRST_PICTURE: Final = "\u2190"  # before it are the signs of keyboards: №, ™, €


def fold(text: str) -> str:
    """Comparison form: trimmed, whitespace collapsed, no accents, case folded, pure ASCII."""
    return " ".join(to_ascii(text.casefold()).casefold().split())


_SPACES: Final = frozenset("\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\u2800\t\n\r\x0b\x0c")
_CONTROLS: Final = re.compile("[^ -~]")


def _space_or_nothing(match: re.Match[str]) -> str:
    return " " if match.group().isspace() else ""


def _byte_of_character() -> dict[str, int]:
    """Character → the byte that it was in text that was UTF-8 and was read as cp1252 or latin-1.

    cp1252 leaves five bytes undefined; decoders then fall back to the control character, and
    latin-1 always does: both spellings of a byte map to the same byte, so no choice arises.
    """
    table = {chr(byte): byte for byte in range(256)}
    for byte in range(0x80, 0xA0):
        character = bytes([byte]).decode("cp1252", "replace")
        if character != "\ufffd":
            table[character] = byte
    return table


_BYTE_OF: Final = _byte_of_character()
_CONTINUATION: Final = "".join(re.escape(c) for c, byte in _BYTE_OF.items() if 0x80 <= byte < 0xC0)
# A UTF-8 lead byte of Latin, Arabic or punctuation text, shown as a character, and what follows it.
_MOJIBAKE: Final = re.compile(f"[ÂÃÄÅÆØÙÚÛâïð][{_CONTINUATION}]")
# What a repair may produce: Latin and Arabic letters, usual punctuation; else it was a guess.
_PLAUSIBLE: Final = re.compile(
    "[\t\n\r\x20-\x7e\xa0-\u024f\u0600-\u06ff\u0750-\u077f\u2010-\u203a\u20ac\u2116\u2122\ufb50-\ufefc]*"
)
_MAX_ENCODINGS: Final = 3


def repair_double_encoding(text: str) -> str | None:
    """'FormÃ©e' → 'Formée'; None where the text is fine, or the repair would be a guess.

    Unambiguous means: the *whole* text maps to bytes, these are valid UTF-8, and every character
    of the result is plausible. Text encoded twice or three times over is undone as often.
    """
    repaired = text
    for _ in range(_MAX_ENCODINGS):
        if repaired.isascii() or not _MOJIBAKE.search(repaired):
            break
        data = [_BYTE_OF.get(character, -1) for character in repaired]
        if min(data) < 0:
            return None
        try:
            repaired = bytes(data).decode("utf-8")
        except UnicodeDecodeError:
            return None
    return repaired if repaired != text and _PLAUSIBLE.fullmatch(repaired) else None


_ENTITY: Final = re.compile(r"&(?:#\d{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};)")


def unescaped(text: str) -> str:
    """HTML entities decoded once: `&eacute;` is é, `&amp;eacute;` is the text `&eacute;`."""
    if "&" not in text:
        return text
    return _ENTITY.sub(lambda match: html.unescape(match[0]) or match[0], text)


def readings(text: str) -> Iterator[tuple[str, str]]:
    """The text, and its unambiguous repair: (reading, suffix of the rule's name)."""
    yield text, ""
    plain = unescaped(text)
    if plain != text:
        yield plain, ":decoded_entities"
    repaired = repair_double_encoding(plain)
    if repaired is not None:
        yield repaired, ":repaired_encoding"


_CERTAIN_DAMAGE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
# Question marks a converter left in place of letters: inside or before a word, a word of three or
# more, or nothing but question marks. "Reporter ?", "Reporter??" is a clerk's doubt, not damage.
_LOST_LETTERS: Final = re.compile(r"[^\W_]\?+[^\W\d_]|(?<!\S)\?+[^\W\d_]|(?<!\S)\?{3,}(?!\S)")
_ONLY_MARKS: Final = re.compile(r"\s*\?[\s?]*\?\s*")


def is_damaged(text: str) -> bool:
    """True where letters are lost: no repair gives them back. For names, statuses, course names.

    A `?` between two letters ('Form?e') counts: no one types it in a name or a status, and a
    converter that met a letter it did not know leaves exactly that. Double-encoded text counts
    only where `repair_double_encoding` declines.
    """
    if text.isascii() and "?" not in text:
        return _CERTAIN_DAMAGE.search(text) is not None
    if _MOJIBAKE.search(text):
        repaired = repair_double_encoding(text)
        if repaired is None:
            return True
        text = repaired
    return bool(
        _CERTAIN_DAMAGE.search(text) or _LOST_LETTERS.search(text) or _ONLY_MARKS.fullmatch(text)
    )
