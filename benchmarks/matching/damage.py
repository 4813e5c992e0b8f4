"""How a name is damaged on its way through forms and exports: entities, wrong charsets, lost letters.

Half of the kinds is held out, as half of the names is: rules are tuned on the kinds of half 0 and
reported on those of half 1.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from benchmarks.matching.attested_pairs import HELD_OUT, TUNED_ON

Damage = Callable[[str], str]


def _decimal_entities(text: str) -> str:
    return "".join(f"&#{ord(c)};" if c > "~" else c for c in text)


def _hexadecimal_entities(text: str) -> str:
    return "".join(f"&#x{ord(c):X};" if c > "~" else c for c in text)


def _escaped_twice(text: str) -> str:
    return _decimal_entities(text).replace("&", "&amp;")


def _cut_entities(text: str) -> str:
    """Entities in a column that is too narrow: the last one is cut."""
    escaped = _decimal_entities(text)
    return escaped[:-2] if escaped.endswith(";") else escaped


def _read_as(true_charset: str, wrong_charset: str) -> Damage:
    def misread(text: str) -> str:
        return text.encode(true_charset, "replace").decode(wrong_charset, "replace")

    return misread


def _question_marks(text: str) -> str:
    return "".join("?" if c > "~" else c for c in text)


def _replacement_marks(text: str) -> str:
    return "".join("\ufffd" if c > "~" else c for c in text)


def _json_escapes(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" if c > "~" else c for c in text)


def _percent_signs(text: str) -> str:
    return "".join(f"%{byte:02X}" if byte > 126 else chr(byte) for byte in text.encode())


def _always(sign: str) -> Damage:
    def lose(text: str) -> str:
        return sign

    return lose


KINDS: Final[dict[int, dict[str, Damage]]] = {
    TUNED_ON: {
        "decimal entities": _decimal_entities,
        "escaped twice": _escaped_twice,
        "Windows-1256 read as Latin-1": _read_as("cp1256", "latin-1"),
        "UTF-8 read as Windows-1256": _read_as("utf-8", "cp1256"),
        "Mac Roman read as Windows-1252": _read_as("mac-roman", "cp1252"),
        "question marks": _question_marks,
        "a dash": _always("-"),
        "a number": _always("12"),
    },
    HELD_OUT: {
        "hexadecimal entities": _hexadecimal_entities,
        "cut entities": _cut_entities,
        "ISO 8859-6 read as Windows-1252": _read_as("iso8859-6", "cp1252"),
        "UTF-8 read as Windows-1252": _read_as("utf-8", "cp1252"),
        "UTF-8 read as Mac Roman": _read_as("utf-8", "mac-roman"),
        "JSON escapes": _json_escapes,
        "percent signs": _percent_signs,
        "replacement marks": _replacement_marks,
        "dots": _always("..."),
        "a date": _always("2019"),
    },
}


def damaged(text: str, half: int, rng: random.Random) -> str:
    """The text after one of the half's kinds of damage; plain ASCII survives most of them."""
    return rng.choice(list(KINDS[half].values()))(text)
