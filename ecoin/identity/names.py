"""Names made comparable: Arabic names in French, English or Arabic letters, in any order.

Three forms of the same name, each pure ASCII, tokens sorted and joined by one space:
`key` (what was written, particles glued), `fold` (one form for the usual spellings) and `skeleton`
(consonants only: a net that catches candidates, never a proof).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from ecoin.identity.name_tables import (
    ARTICLES,
    LETTERS,
    NO_ARTICLE,
    NO_NAME,
    PREFIXES,
    SHORT_FORMS,
    SUFFIX_NEEDS,
    SUFFIXES,
    TITLES,
)
from ecoin.identity.text import repair_double_encoding, to_ascii

MAX_PART: Final = 300
"""Characters of a name part that are compared; the column holds fewer."""
MAX_TOKENS: Final = 12


class Name(NamedTuple):
    """Kinds N, F and S; all three '' when there is no name."""

    key: str
    fold: str
    skeleton: str


NO_NAME_AT_ALL: Final = Name("", "", "")
_APOSTROPHES: Final = re.compile("['`\"]")
_NO_LETTER: Final = re.compile(r"[^a-z]+")
_LEADING_M: Final = re.compile(r"^\s*m\.\s*(?=[a-z])")


def parse_name(*parts: str | None) -> Name:
    """First and last name, or one full name, whatever their order. Never raises."""
    if len(parts) == 2:
        first, last = parts
        if first and last and len(first) <= MAX_PART and len(last) <= MAX_PART:
            one, other = _name_of_one_word(first), _name_of_one_word(last)
            if one and other:
                return Name(*map(_in_order, one, other))
    return parse_name_as_written(*parts)[0]


def _in_order(one: str, other: str) -> str:
    return f"{one} {other}" if one <= other else f"{other} {one}"


@lru_cache(maxsize=8_192)
def _name_of_one_word(part: str) -> Name | None:
    """The name of a part that is one word and stays one, whatever stands beside it."""
    words = _words_of(part)
    if len(words) != 1 or words[0] in _PARTICLES:
        return None
    return parse_name_as_written(part)[0]


def parse_name_as_written(*parts: str | None) -> tuple[Name, str]:
    """The name, and its fold in written order: tells "Ali Haddad" from "Haddad Ali"."""
    tokens = _tokens(parts)
    if not tokens:
        return NO_NAME_AT_ALL, ""
    folded = [_fold_token(token) for token in tokens]
    name = Name(
        " ".join(sorted(tokens)),
        " ".join(sorted(folded)),
        " ".join(sorted(map(skeleton_of_token, folded))),
    )
    return name, " ".join(folded)


def fold_as_written(*parts: str | None) -> str:
    """The fold with its tokens in written order."""
    return parse_name_as_written(*parts)[1]


def full_name(first: str | None, last: str | None, full: str | None) -> str:
    """For display: the full name as found, or first and last; whitespace collapsed."""
    shown = " ".join(full.split()) if full else ""
    return shown or " ".join(f"{first or ''} {last or ''}".split())


def _tokens(parts: tuple[str | None, ...]) -> list[str]:
    words: list[str] = []
    for part in parts:
        if part:
            words.extend(_words(part) if len(part) <= MAX_PART else _words_of(part[:MAX_PART]))
    tokens = words[:MAX_TOKENS]
    if not _PARTICLES.isdisjoint(tokens):
        tokens = _glued(tokens)
    distinct = list(dict.fromkeys(tokens))
    # "Benali Karim" + "Benali" repeats a token; "Mohamed Mohamed" is a name.
    return distinct if len(distinct) > 1 else tokens


def _words_of(part: str) -> tuple[str, ...]:
    if not part.isascii():
        part = to_ascii(repair_double_encoding(part) or part)
    text = _LEADING_M.sub("", part.casefold())
    if " ".join(text.split()) in NO_NAME:
        return ()
    words = _NO_LETTER.sub(" ", _APOSTROPHES.sub("", text)).split()
    expanded = " ".join(SHORT_FORMS.get(word, word) for word in words).split()
    return tuple(word for word in expanded if word not in TITLES)


_words = lru_cache(maxsize=8_192)(_words_of)


_PARTICLES: Final = frozenset((*PREFIXES, *ARTICLES, *SUFFIXES, "m"))


def _glued(words: list[str]) -> list[str]:
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


_DOUBLED: Final = re.compile(r"(.)\1+")
_SERVANT: Final = re.compile(r"abd(?:[aeu]l|oul|l|e|ou|u)?(?=[a-z]{2})")
_ASSIMILATED: Final = re.compile(r"e(?=([zsrndt])\1)|e(?=chch)")
_NOUR: Final = re.compile(r"^(nour|nor|nur)(?:el|al)?(?=h)")


@lru_cache(maxsize=16_384)
def _fold_token(token: str) -> str:
    """One form for the French, English and letter-by-letter spellings of a token."""
    text = _DOUBLED.sub(r"\1", _without_article(token).replace("x", "ks"))
    servant = _SERVANT.match(text) if len(text) > 4 else None
    if servant:
        return "abd" + _fold_letters(text[servant.end() :])
    return _fold_letters(_NOUR.sub(r"\1", text)) or token


def _fold_letters(text: str) -> str:
    for spelling, folded in LETTERS:
        text = text.replace(spelling, folded)
    text = _DOUBLED.sub(r"\1", text)
    if len(text) > 2:
        text = text[:-1] if text[-1] in "eh" else text
    return _DOUBLED.sub(r"\1", text.replace("e", "a").replace("o", "u"))


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


@lru_cache(maxsize=16_384)
def skeleton_of_token(folded: str) -> str:
    """Without inner vowels; the last letter stays: Samir and Samira are brother and sister."""
    return _INNER_VOWELS.sub("", folded).translate(_MERGED)
