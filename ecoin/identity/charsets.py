"""Names that went through a wrong charset: repaired where that is not a guess, else damaged."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from ecoin.identity import arabic
from ecoin.identity.given_names import is_known_arabic
from ecoin.identity.text import is_damaged, repair_double_encoding
from ecoin.identity.text import unescaped as without_entities

CACHED_LENGTH: Final = 200
"""Longer text is read without a cache: a megabyte of free text must not stay in it."""
REPAIRED: Final = "repaired"
DAMAGED: Final = "damaged"


class Readable(NamedTuple):
    """`problem`: '' | repaired | damaged; a damaged text is returned as it is."""

    text: str
    problem: str


SUSPECT: Final = re.compile(r"[&?\\%\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""When an ASCII text may be damaged."""

_ESCAPED: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31}\d{0,2});?")
_JSON_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_STILL_ESCAPED: Final = re.compile(r"&(?:#\w|[a-zA-Z]{2,31}\d{0,2};)")
_LOST: Final = "\ufffd"
_PERCENT: Final = re.compile(r"%[0-9a-fA-F]{2}")


def readable_name(text: str) -> Readable:
    """A name as it was meant: HTML entities decoded once, a wrong charset undone. Never raises."""
    if text.isascii() and not SUSPECT.search(text):
        return Readable(text, "")
    return _cached(text) if len(text) <= CACHED_LENGTH else _readable(text)


def _readable(text: str) -> Readable:
    unescaped = _unescaped(text)
    repaired = repair_double_encoding(unescaped) or _undone(unescaped)
    if repaired and _is_wrongly_decoded(repaired):
        return Readable(unescaped, DAMAGED)
    if repaired is None:
        damaged = is_damaged(unescaped) or _is_escaped(unescaped) or _is_wrongly_decoded(unescaped)
        if damaged:
            return Readable(unescaped, DAMAGED)
        repaired = unescaped
    return Readable(repaired, REPAIRED if repaired != text else "")


_cached = lru_cache(maxsize=4_096)(_readable)


def decoded_name(text: str) -> str:
    """A name as it is created: escapes decoded once, as they are where names are compared."""
    if text.isascii() and not SUSPECT.search(text):
        return text
    decoded = _unescaped(text)
    return without_entities(text) if is_damaged(decoded) else decoded


def _unescaped(text: str) -> str:
    if "&" in text:
        text = _ESCAPED.sub(lambda match: html.unescape(match[0]) or _LOST, text)
    if "\\u" in text:
        text = _JSON_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if _PERCENT.search(text):
        text = unquote(text, errors="replace")
    return text


def _is_escaped(text: str) -> bool:
    return bool(_STILL_ESCAPED.search(text) or _PERCENT.search(text) or "\\u" in text)


# Charset the bytes were written in, charset they were read in.
_MISTAKES: Final = (
    ("cp1256", "latin-1"),
    ("cp1256", "cp1252"),
    ("iso8859-6", "latin-1"),
    ("iso8859-6", "cp1252"),
    ("cp1256", "mac-roman"),
    ("utf-8", "cp1256"),
    ("utf-8", "mac-roman"),
    ("utf-8", "iso8859-6"),
    ("mac-roman", "latin-1"),
    ("mac-roman", "cp1252"),
    ("latin-1", "mac-roman"),
    ("cp850", "cp1252"),
)


def _undone(text: str) -> str | None:
    """The one plausible text that reads so after one of the mistakes; None where there is none."""
    if text.isascii() or (arabic.ARABIC.search(text) and not _MIXTURE.search(text)):
        return None
    if _FRENCH.fullmatch(text) and _ACCENT.search(text) and not _MISREAD.search(text):
        return None  # Chérif: most names with an accent are right, and need no attempt
    meanings = set()
    for charset, wrong_charset in _MISTAKES:
        try:
            meant = text.encode(wrong_charset).decode(charset)
        except UnicodeError:
            continue
        if _is_plausible(meant, text):
            meanings.add(meant)
    return meanings.pop() if len(meanings) == 1 else None


# Arabic letters next to signs that no keyboard puts there: UTF-8 read as Windows-1256.
_MIXTURE: Final = re.compile(
    "[\u0600-\u06ff](?:[\u00a1-\u024f\u02c6\u02dc\u20ac\u2116\u2122\u2020-\u2022\u2026\u2030\u2039\u203a]"
    "|[\u201a\u201c-\u201e](?=[\u0600-\u06ff]))"
)
# A capital with an accent after a small letter, or a sign inside a word: ChÈrif, Ch√©rif.
_SIGNS: Final = (
    "\u0080-\u009f\u00a1-\u00a9\u00ab-\u00b1\u00b4-\u00b9\u00bb-\u00bf"
    "\u201a\u2020-\u2026\u2030\u2039\u2122\u2202-\u25ca"
)
# And what no name has anywhere: a root before an accent (A√Øcha), a frame's corner (Zo├®), ƒmilie.
_NOWHERE: Final = "\u221a[^\x00-\x7f]|[\u2500-\u259f]|\u0192(?=[a-z])"
_MISREAD: Final = re.compile(
    f"(?<=[a-z])[\u00c0-\u00d6\u00d8-\u00de\u0178\u017d]|[\u0080-\u009f]"
    f"|(?<=[a-zA-Z])[{_SIGNS}]+(?=[a-zA-Z])|{_NOWHERE}"
)
_FRENCH: Final = re.compile("[\x00-\x7f\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]*")
# An accent next to a plain letter: in any decoding, the word is neither Arabic nor Latin.
_ACCENT: Final = re.compile("[a-zA-Z][\u00c0-\u00ff]|[\u00c0-\u00ff][a-zA-Z]")
# French names only: Aãcha and Chòrif are another mistake.
_LATIN_NAME: Final = re.compile("[a-zàâçéèêëîïôùûüÿœæ'. -]+", re.IGNORECASE)
_CAPITAL_INSIDE: Final = re.compile("[a-zA-Z][\u00c0-\u00de][a-z]")
_GLUED: Final = re.compile("[a-zA-Z][\u0621-\u064a]|[\u0621-\u064a][a-zA-Z]")
_ARABIC_WORD: Final = re.compile("[\u0621-\u064a]{2,}")
# A word without a plain letter, as no French word is: ãÍãÏ.
_ALL_ACCENTS: Final = re.compile(
    "(?<![a-zA-Z])(?:[\u0152-\u0192\u02c6-\u02dd\u00c0-\u00ff\u2202-\u25ca\u03a9\u03c0\uf8ff]"
    "[\u00a1-\u00b4\u00b6-\u00bf\u2013-\u2122]*){2,}(?![a-zA-Z])"
)


def _is_plausible(meant: str, text: str) -> bool:
    """Arabic: every word is a known name; Latin: accents where a name has them, and no sign."""
    if arabic.ARABIC.search(meant):
        words = [arabic.fold_arabic(word) for word in meant.split() if not word.isascii()]
        return all(_ARABIC_WORD.fullmatch(w) and is_known_arabic(w) for w in words)
    return bool(
        _MISREAD.search(text)
        and _LATIN_NAME.fullmatch(meant)
        and not _MISREAD.search(meant)
        and not _CAPITAL_INSIDE.search(meant)
    )


def _is_wrongly_decoded(text: str) -> bool:
    if arabic.ARABIC.search(text):
        return bool(_MIXTURE.search(text) or _GLUED.search(text))
    return bool(_ALL_ACCENTS.search(text) or _MISREAD.search(text))
