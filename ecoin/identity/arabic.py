"""Names in Arabic letters: folded in Arabic, before anything else looks at them.

What no table attests becomes ASCII in two ways. `code` keeps every letter, so that two words have
one code if and only if they are one word. `skeletons` are the consonants that a French spelling of
the word may have: a net that catches candidates, never a proof.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

from anyascii import anyascii

from ecoin.identity.name_tables import (
    ARABIC_ARTICLE,
    ARABIC_CONSONANTS,
    ARABIC_FIRST,
    ARABIC_LAST,
    ARABIC_PREFIXES,
    ARABIC_SUFFIXES,
    ARABIC_TITLES,
)

ARABIC: Final = re.compile(
    "[\u0620-\u063f\u0641-\u064a\u066e-\u06d3\u06d5\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c7"
    "\ufb50-\ufdfb\ufe70-\ufefc]"
)
MAX_SKELETONS: Final = 12
"""Skeletons of one word. Each is a key in the index; the likely ones come first."""
MAX_LETTERS: Final = 40
"""Letters of a word that its skeletons are made from; no name has so many."""
_SERVANT: Final = "عبد"

_SAME_LETTER: Final = str.maketrans(
    {
        **dict.fromkeys("أإآٱٲٳ", "ا"),
        **dict.fromkeys("ىئیېےۍ", "ي"),  # the last ones come from Persian and Urdu keyboards
        **dict.fromkeys("ؤۆۇۈۋ", "و"),
        **dict.fromkeys("کڪ", "ك"),
        **dict.fromkeys("ہھۀ", "ه"),
        **dict.fromkeys("ڭݣڨڠ", "گ"),  # ڨ is the Algerian g
        "ۃ": "ة",
        "ٹ": "ت",
        "ڈ": "د",
        "ڑ": "ر",
        "ں": "ن",
        "ء": None,
        "ـ": None,
    }
)
_NO_LETTER: Final = frozenset({"Mn", "Me", "Cf", "Cs", "Cc"})


def fold_arabic(word: str) -> str:
    """One spelling for the forms of alef, ya and hamza; no vowel signs, no tatweel; ة is kept.

    A final ه becomes ة, as clerks write one for the other.
    """
    word = unicodedata.normalize("NFKC", word).translate(_SAME_LETTER)
    if not word.isalpha():
        word = "".join(c for c in word if unicodedata.category(c) not in _NO_LETTER)
    return f"{word[:-1]}ة" if len(word) > 1 and word[-1] == "ه" else word


# The code of a letter: upper case and digits, which no Latin fold has.
_LETTERS: Final = "ابتثجحخدذرزسشصضطظعغفقكلمنهويةپچڤگژ"
_CODES: Final = dict(zip(_LETTERS, "ABTCJHXDVRZSOPEUWQGFKNLMYI01234567", strict=True))
_LETTER_OF: Final = {code: letter for letter, code in _CODES.items()}


def code(word: str) -> str:
    """A folded word, letter by letter, in ASCII."""
    return "".join(_CODES.get(c) or anyascii(c).upper() for c in word)


def is_code(token: str) -> bool:
    """Is this token of a key the code of an Arabic word?"""
    return token[:1] < "a" and token != ""


BOUND: Final = "\x1f"
"""Is put between a particle and its name, until the whole is looked up."""


def glued(words: list[str]) -> list[str]:
    """Folded words with their particles: عبد القادر, بن علي, نور الدين are one name each."""
    names: list[str] = []
    words = [
        _AFTER.get((before, word), word) for before, word in zip(["", *words], words, strict=False)
    ]
    # From the right, so that each particle finds its name already whole.
    for word in reversed(words):
        if names and word == ARABIC_ARTICLE:
            names[-1] = word + (BOUND if BOUND in names[-1] else "") + names[-1]
        elif names and (word in ARABIC_PREFIXES or _completes(word, names[-1])):
            names[-1] = word + BOUND + names[-1]
        else:
            names.append(word)
    return names[::-1]


# "Fatima Zohra" is two words in Latin letters, and Zohra without the article.
_AFTER: Final = {
    ("فاطمة", "الزهرا"): "زهرة",
    ("فاطمة", "الزهرة"): "زهرة",
    ("فاطمة", "زهرا"): "زهرة",
}


def _completes(word: str, suffix: str) -> bool:
    if suffix not in ARABIC_SUFFIXES or word in ARABIC_TITLES:
        return False
    needed = ARABIC_SUFFIXES[suffix][1]
    return not needed or word in needed


PARTICLES: Final = frozenset((*ARABIC_PREFIXES, *ARABIC_SUFFIXES, ARABIC_ARTICLE))


def latin_spelling(name: str, attested: Callable[[str], str | None]) -> str | None:
    """The usual Latin spelling of a glued name; None where a part of it is not attested."""
    whole = name.replace(BOUND, "")
    spelling = attested(whole)
    if spelling:
        return spelling
    head, bound, rest = name.partition(BOUND)
    if bound:
        if rest in ARABIC_SUFFIXES:
            first = attested(head)
            return first and first + ARABIC_SUFFIXES[rest][0]
        last = latin_spelling(rest, attested)
        return last and ARABIC_PREFIXES.get(head, "") + last
    for prefix, latin in _GLUED_PREFIXES:
        last = attested(whole[len(prefix) :]) if whole.startswith(prefix) else None
        if last:
            return latin + last
    for suffix, (latin, _) in ARABIC_SUFFIXES.items():
        first = attested(whole[: -len(suffix)]) if whole.endswith(suffix) else None
        if first:
            return first + latin
    return None


# As clerks write them without a blank; what follows must itself be a name.
_GLUED_PREFIXES: Final = (
    (_SERVANT + ARABIC_ARTICLE, "abdel"),
    (_SERVANT, "abdel"),
    ("بن", "ben"),
    ("بو", "bou"),
    ("ابو", "abou"),
    (ARABIC_ARTICLE, ""),
)


@lru_cache(maxsize=8_192)
def skeletons(token: str) -> tuple[str, ...]:
    """Skeletons of the French spellings that the word of a `code` may have, the likely ones first."""
    word = "".join(_LETTER_OF.get(c, "") for c in token)
    for letters, sound in _SPOKEN:
        word = word.replace(letters, sound)
    word = word[:MAX_LETTERS]
    article = False
    if word.startswith(_SERVANT + ARABIC_ARTICLE) and len(word) > 6:
        word = _SERVANT + word[5:]
    elif word.startswith(ARABIC_ARTICLE) and len(word) > 4:
        word, article = word[2:], True
    if len(word) < 2:
        return (word and (ARABIC_FIRST.get(word) or ARABIC_CONSONANTS[word])[0],)
    first, last = word[0], word[-1]
    choices = [ARABIC_FIRST.get(first) or ARABIC_CONSONANTS[first]]
    if article:
        # "El Aïd", but also "Laïd" and "Lakhdar".
        choices[0] = (*choices[0], *(f"l{c}" if c not in "aiu" else "l" for c in choices[0][:1]))
    choices += [ARABIC_CONSONANTS[c] for c in word[1:-1]]
    choices.append(
        _HEARD_AT_THE_END.get(word[-2:]) or ARABIC_LAST.get(last) or ARABIC_CONSONANTS[last]
    )
    spellings = map("".join, likeliest(choices, 4 * MAX_SKELETONS))
    return tuple(dict.fromkeys(spellings))[:MAX_SKELETONS]


def likeliest(choices: Iterable[Sequence[str]], most: int) -> list[tuple[str, ...]]:
    """At most `most` combinations of one item of each choice, those of the earliest items first.

    Only the `most` best beginnings are continued, which loses none: a worse
    beginning stays behind all of them. So a long name takes no longer than its letters.
    """
    best: list[tuple[int, tuple[int, ...], tuple[str, ...]]] = [(0, (), ())]
    for choice in choices:
        longer = [
            (total + rank, (*ranks, rank), (*items, item))
            for total, ranks, items in best
            for rank, item in enumerate(choice)
        ]
        best = sorted(longer)[:most]
    return [items for _, _, items in best]


_SPOKEN: Final = (("الدين", "دين"), ("اللة", "لا"), ("دج", "ج"), ("تش", "ش"))
# French drops a final h, and the vowel before it ends the word: Fettouh, Rabah.
_HEARD_AT_THE_END: Final = {"وح": ("u",), "يح": ("i", "ia"), "وه": ("u",), "يه": ("i", "ia")}
