"""Names made comparable: Arabic names in French, English or Arabic letters, in any order.

Three forms of the same name, each pure ASCII, tokens sorted and joined by one space:
`key` (what was written, particles glued), `fold` (one form for the spellings of one name) and
`skeleton` (consonants only: a net that catches candidates, never a proof). A known name in Arabic
letters has the forms of its usual Latin spelling; an unknown one has a code of its letters.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import Final, NamedTuple

from ecoin.identity import arabic, latin
from ecoin.identity.blanks import WORDS
from ecoin.identity.charsets import DAMAGED, SUSPECT, readable_name
from ecoin.identity.given_names import OWN, fold_of, given_names_of, latin_of
from ecoin.identity.name_tables import (
    ARABIC_NO_NAME_WORDS,
    ARABIC_TITLES,
    ARABIC_UNKNOWN,
    GENERATIONS,
)
from ecoin.identity.text import is_picture, to_ascii

MAX_PART: Final = 300
"""Characters of a name part that are compared; the column contains fewer."""
MAX_TOKENS: Final = 12
MAX_SKELETONS: Final = 16
"""Skeletons of a name in Arabic letters: it may be spelled in so many ways, the likely ones first."""

UNREADABLE: Final = "?"
"""A token of every form of a name of which a part cannot be read."""
ARABIC_SCRIPT: Final = "arabic"
BOTH_SCRIPTS: Final = "both"


class Name(NamedTuple):
    """Kinds N, F and S; all three '' when there is no name.

    `script`: '' for Latin letters, `ARABIC_SCRIPT`, or `BOTH_SCRIPTS`; `more_skeletons`: of the
    Latin spellings that a name in Arabic letters may have besides the likeliest.
    """

    key: str
    fold: str
    skeleton: str
    script: str = ""
    more_skeletons: tuple[str, ...] = ()

    @property
    def is_readable(self) -> bool:
        """No part of it was lost."""
        return UNREADABLE not in self.fold

    @property
    def is_whole(self) -> bool:
        """More than half a name."""
        return is_whole(self.fold)


def is_whole(fold: str) -> bool:
    """Has a fold two different words? An initial ("K. Haddad") is none.

    A given name twice is a name, too (Ali Ali); a family's twice fills two fields.
    """
    if " " not in fold:
        return False
    words = [token for token in fold.split() if len(token) > 1]
    return len(set(words)) > 1 or (len(words) > 1 and bool(given_names_of(words[0])))


NO_NAME_AT_ALL: Final = Name("", "", "")


def parse_name(*parts: str | None) -> Name:
    """First and last name, or one full name, in any order. Never raises."""
    if len(parts) == 2:
        first, last = parts
        if first and last and len(first) <= MAX_PART and len(last) <= MAX_PART:
            one, other = _name_of_one_word(first), _name_of_one_word(last)
            if one and other and not (one.script or other.script):
                return Name(
                    _in_order(one.key, other.key),
                    _in_order(one.fold, other.fold),
                    _in_order(one.skeleton, other.skeleton),
                )
    return parse_name_as_written(*parts)[0]


def _in_order(one: str, other: str) -> str:
    return f"{one} {other}" if one <= other else f"{other} {one}"


@lru_cache(maxsize=8_192)
def _name_of_one_word(part: str) -> Name | None:
    """The name of a part that is one word and stays one, next to any other word."""
    words = _words_of(part)
    if len(words) != 1 or words[0] in _NOT_ALONE:
        return None
    return parse_name_as_written(part)[0]


_NOT_ALONE: Final = latin.PARTICLES | arabic.PARTICLES | {UNREADABLE, latin.NUMBER}


def parse_name_as_written(*parts: str | None) -> tuple[Name, str]:
    """The name, and its fold in written order: distinguishes "Ali Haddad" from "Haddad Ali"."""
    tokens, words = _tokens(parts)
    if not tokens:
        return NO_NAME_AT_ALL, ""
    folded = [fold_token(token) for token in tokens]
    name = Name(
        " ".join(sorted(tokens)),
        " ".join(sorted(folded)),
        " ".join(sorted(map(skeleton_of_token, folded))),
    )
    if words:
        in_arabic = words.keys() >= set(tokens) - {UNREADABLE}
        name = name._replace(
            script=ARABIC_SCRIPT if in_arabic else BOTH_SCRIPTS,
            more_skeletons=_more_skeletons(tokens, words, name.skeleton),
        )
    return name, " ".join(folded)


def _more_skeletons(tokens: list[str], words: dict[str, str], first: str) -> tuple[str, ...]:
    choices = []
    for token in tokens:
        skeletons = skeletons_of_token(fold_token(token))
        if token in words and not arabic.is_code(token):
            # A known name has its usual spelling, and the likeliest of the others.
            by_ear = arabic.skeletons(arabic.code(words[token]))
            skeletons = tuple(dict.fromkeys((*skeletons, *by_ear)))[:2]
        choices.append(skeletons)
    names = (" ".join(sorted(pick)) for pick in arabic.likeliest(choices, MAX_SKELETONS))
    return tuple(name for name in dict.fromkeys(names) if name != first)


def fold_as_written(*parts: str | None) -> str:
    """The fold with its tokens in written order."""
    return parse_name_as_written(*parts)[1]


def full_name(first: str | None, last: str | None, full: str | None) -> str:
    """For display: the full name as found, or first and last; whitespace collapsed."""
    whole = " ".join(full.split()) if full else ""
    return whole or " ".join(f"{first or ''} {last or ''}".split())


@lru_cache(maxsize=16_384)
def fold_token(token: str) -> str:
    """The fold of a token of `Name.key`."""
    return token if arabic.is_code(token) else fold_of(token)


@lru_cache(maxsize=16_384)
def skeleton_of_token(folded: str) -> str:
    """The skeleton of a token of `Name.fold`; the likeliest one of a word in Arabic letters only."""
    return skeletons_of_token(folded)[0]


def skeletons_of_token(folded: str) -> tuple[str, ...]:
    """All skeletons by which a token may be found: more than one for a word in Arabic letters only."""
    if folded == UNREADABLE:
        return (folded,)
    if arabic.is_code(folded):
        return arabic.skeletons(folded)
    return (latin.skeleton_of_spelling(folded.partition(OWN)[0]),)


def _tokens(parts: tuple[str | None, ...]) -> tuple[list[str], dict[str, str]]:
    """The tokens of a name in written order; those in Arabic letters → the folded word."""
    words: list[str] = []
    for part in parts:
        if part:
            words.extend(_words(part) if len(part) <= MAX_PART else _words_of(part[:MAX_PART]))
    tokens, in_arabic = words[:MAX_TOKENS], dict[str, str]()
    if not "".join(tokens).isascii():
        tokens, in_arabic = _spelled_in_ascii(tokens)
    if not _NOT_ALONE.isdisjoint(tokens):
        tokens = _with_one_mark(latin.glued(tokens))
    distinct = list(dict.fromkeys(tokens))
    # "Benali Karim" + "Benali" repeats a token; "Mohamed Mohamed" is a name.
    return (distinct if len(distinct) > 1 else tokens), in_arabic


_MARKS: Final = frozenset({UNREADABLE, latin.NUMBER})


def _with_one_mark(tokens: list[str]) -> list[str]:
    """`UNREADABLE` at the end of a name of which a part is lost. "Ali Haddad 2" has lost none."""
    names = [token for token in tokens if token not in _MARKS]
    marked = len(names) < len(tokens)
    lost = UNREADABLE in tokens or (marked and (len(names) < 2 or tokens[0] == latin.NUMBER))
    return [*names, UNREADABLE] if lost else names


def _spelled_in_ascii(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Words in Arabic letters glued, then as their usual Latin spelling or as a code."""
    tokens: list[str] = []
    in_arabic: dict[str, str] = {}
    for is_ascii, run in itertools.groupby(words, str.isascii):
        if is_ascii:
            tokens += run
            continue
        for name in arabic.glued(list(run)):
            tokens.append(_ascii_of(name))
            in_arabic[tokens[-1]] = name.replace(arabic.BOUND, "")
    return tokens, in_arabic


@lru_cache(maxsize=8_192)
def _ascii_of(name: str) -> str:
    if name in GENERATIONS:
        return GENERATIONS[name]
    spelling = arabic.latin_spelling(name, latin_of)
    return spelling or arabic.code(name.replace(arabic.BOUND, ""))


def _words_of(part: str) -> tuple[str, ...]:
    """The words of a part: Latin ones in ASCII, Arabic ones folded, `UNREADABLE` for lost ones."""
    if part.isascii() and not SUSPECT.search(part):
        return latin.words(part)
    text, problem = readable_name(part)
    # A picture is not a letter: next to letters it is a decoration. A degree sign is not the word "deg".
    picture = " " if any(c.isalpha() for c in text) else "*"
    text = "".join(picture if is_picture(c) else "*" if c == "\u00b0" else c for c in text)
    if problem != DAMAGED:
        return _words_in_any_script(text)
    words: list[str] = []
    for word in text.split():
        if readable_name(word).problem != DAMAGED:
            words.extend(_words_in_any_script(word))
    return (*words, UNREADABLE)


_words = lru_cache(maxsize=8_192)(_words_of)

_ARABIC_RUN: Final = re.compile(
    "[\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06df-\u06e8\u06ea-\u06ef\u06fa-\u06ff\u0750-\u077f"
    "\u08a0-\u08ff\ufb50-\ufdfb\ufe70-\ufefc\u200c-\u200f\u061c]+"
)


_ARABIC_BLANKS: Final = frozenset(
    arabic.fold_arabic(word) for word in WORDS.split() if not word.isascii()
)


def _words_in_any_script(text: str) -> tuple[str, ...]:
    if not arabic.ARABIC.search(text):
        return latin.words(to_ascii(text))
    words: list[str] = []
    position = 0
    for run in _ARABIC_RUN.finditer(text):
        words += latin.words(to_ascii(text[position : run.start()]))
        words += filter(None, (arabic.fold_arabic(run.group()),))
        position = run.end()
    words += latin.words(to_ascii(text[position:]))
    if "".join(words) in _ARABIC_BLANKS:
        return ()
    for place, pair in enumerate(itertools.pairwise(words)):
        if pair in ARABIC_UNKNOWN:
            del words[place : place + 2]
            break
    words = [word for word in words if word not in ARABIC_NO_NAME_WORDS]
    names = [word for word in words if word not in ARABIC_TITLES]
    return tuple(names or words)
