"""Names in Latin letters, word by word: particles glued, one fold for the usual spellings."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ecoin.identity.blanks import is_blank_word
from ecoin.identity.name_tables import (
    ARTICLES,
    GENERATIONS,
    LETTERS,
    NO_ARTICLE,
    NO_NAME_WORDS,
    PREFIXES,
    SHORT_FORMS,
    SUFFIX_NEEDS,
    SUFFIXES,
    TITLES,
)

NUMBER: Final = "#"
"""Replaces a word that has digits or signs and no letter."""
PARTICLES: Final = frozenset((*PREFIXES, *ARTICLES, *SUFFIXES, "m"))

_APOSTROPHES: Final = re.compile("['`\"]")
_NO_LETTER: Final = re.compile(r"[^a-z]+")
_LEADING_M: Final = re.compile(r"^\s*m\.\s*(?=[a-z])")
# Dashes, slashes, a question mark are how a clerk leaves a name empty; other signs meant something.
_NO_LETTER_WORD: Final = re.compile(r"(?<!\S)[-/._,?'\"()]*[^a-z\s\-/._,?'\"()][^a-z\s]*(?!\S)")
_REWRITTEN: Final = SHORT_FORMS | GENERATIONS
_NOTHING: Final = TITLES | NO_NAME_WORDS


def words(part: str) -> tuple[str, ...]:
    """The words of an ASCII part: lower case, short forms written out, no titles."""
    text = part.casefold()
    if text.replace(" ", "").isalpha():
        tokens = text.split()
    else:
        text = _LEADING_M.sub("", text)
        tokens = _between_signs(_APOSTROPHES.sub("", text))
    if is_blank_word("".join(tokens)):
        return ()
    if not _REWRITTEN.keys().isdisjoint(tokens):
        tokens = " ".join(_REWRITTEN.get(word, word) for word in tokens).split()
    if "x" in text:
        tokens = [word for word in tokens if word.strip("x")]
    if _NOTHING.isdisjoint(tokens):
        return tuple(tokens)
    return tuple(word for word in tokens if word not in _NOTHING)


def _between_signs(text: str) -> list[str]:
    if not _NO_LETTER_WORD.search(text):
        return _NO_LETTER.sub(" ", text).split()
    tokens = []
    for piece in text.split():
        tokens += (
            [NUMBER] if _NO_LETTER_WORD.fullmatch(piece) else _NO_LETTER.sub(" ", piece).split()
        )
    return tokens


def glued(words: list[str]) -> list[str]:
    """Words with their particles: ben abd el kader → benabdelkader, nour el dine → noureddine."""
    glued: list[str] = []
    # From the right, so that each particle finds its name already whole.
    for word in reversed(words):
        if glued and _is_article_before(word, glued[-1]):
            glued[-1] = ("el" if not ARTICLES[word] else "e" + ARTICLES[word][0]) + glued[-1]
        elif glued and word in PREFIXES and glued[-1] not in PREFIXES:
            glued[-1] = PREFIXES[word] + glued[-1]
        elif word == "m" and glued and glued[-1].startswith("h"):
            glued[-1] = word + glued[-1]  # M'hamed, the apostrophe lost
        elif glued and _completes(word, glued[-1]):
            glued[-1] = word + SUFFIXES[glued[-1]]
        else:
            glued.append(word)
    return glued[::-1]


def _is_article_before(word: str, following: str) -> bool:
    return word in ARTICLES and following.startswith(ARTICLES[word])


def _completes(word: str, following: str) -> bool:
    suffix = SUFFIXES.get(following)
    if suffix is None or word in TITLES:
        return False
    needed = SUFFIX_NEEDS.get(suffix)
    return needed is None or word in needed


_DOUBLED: Final = re.compile(r"(.)(?=\1)")
_SERVANT: Final = re.compile(r"abd(?:[aeu]l|oul|l|e|ou|u)?(?=[a-z]{2})")
_ASSIMILATED: Final = re.compile(r"e(?=([zsrndt])\1)|e(?=chch)")
_NOUR: Final = re.compile(r"(?:(?<=^nour)|(?<=^nor)|(?<=^nur))[ea]l(?=h)")


@lru_cache(maxsize=16_384)
def fold_spelling(token: str) -> str:
    """One form for the French, English and letter-by-letter spellings of a token."""
    text = _DOUBLED.sub("", _without_article(token).replace("x", "ks"))
    servant = _SERVANT.match(text) if len(text) > 4 else None
    if servant:
        return "abd" + _fold_letters(text[servant.end() :])
    return _fold_letters(_NOUR.sub("", text)) or token


def _fold_letters(text: str) -> str:
    for spelling, folded in LETTERS:
        text = text.replace(spelling, folded)
    text = _DOUBLED.sub("", text)
    if len(text) > 2:
        text = text[:-1] if text[-1] in "eh" else text
    return _DOUBLED.sub("", text.replace("e", "a").replace("o", "u"))


def _without_article(token: str) -> str:
    if token in NO_ARTICLE or len(token) < 5:
        return token
    assimilated = _ASSIMILATED.match(token)
    if assimilated:
        return token[1:]
    if token.startswith("el") and (token[2] not in "eiuy" or len(token) > 6):
        return token[2:]
    if token.startswith("al") and token[2] not in "aeiouyl":
        return token[2:]
    return token


_MERGED: Final = str.maketrans({"g": "k", "z": "s"})
_INNER_VOWELS: Final = re.compile(r"(?<=.)[aiu]+(?=.)")


def skeleton_of_spelling(folded: str) -> str:
    """Without inner vowels; the last letter stays: Samir and Samira are brother and sister."""
    return _INNER_VOWELS.sub("", folded).translate(_MERGED)
