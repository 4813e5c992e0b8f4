"""How a name is written in Arabic letters: the source has bare letters, some clerks write the signs."""

from __future__ import annotations

import random
from typing import Final

PARTICLES: Final = {"": "", "Ben": "بن", "Bou": "بو", "Aït": "آيت"}
SON_OF: Final = "بن"
_TATWEEL: Final = "ـ"
_FATHA, _SHADDA = "َ", "ّ"
_NO_FEMININE: Final = ("الله", "طه", "وجيه", "نبيه", "نزيه", "فقيه", "عبده")
"""Names whose last letter is a real ه, which no one writes as ة."""


def write_arabic(arabic: str, latin: str, rng: random.Random) -> str:
    """The Arabic form of a name with hamza, final ى and ة, as one of several clerks has it.

    `latin` is its usual Latin spelling, whose vowels decide what a careful clerk writes.
    """
    words = [_write_word(word, latin, rng) for word in arabic.split()]
    # عبد الله and عبدالله, نور الدين and نورالدين: one name.
    text = ("" if rng.random() < 0.3 else " ").join(words)
    if rng.random() < 0.01:
        place = 1 + rng.randrange(len(text))
        return text[:place] + rng.choice((_TATWEEL, _FATHA, _SHADDA)) + text[place:]
    return text


def _write_word(word: str, latin: str, rng: random.Random) -> str:
    if word.startswith("ا") and not word.startswith("ال") and rng.random() < 0.5:
        word = ("إ" if latin[:1] in "EIei" else "أ") + word[1:]
    if word.endswith("ه") and not word.endswith(_NO_FEMININE) and rng.random() < 0.85:
        word = word[:-1] + "ة"
    if word.endswith("ي"):
        # Mustapha and Houda end with an a that is written ى, or without care ي.
        careful = latin[-1:] in "aà" if rng.random() < 0.8 else rng.random() < 0.3
        word = word[:-1] + ("ى" if careful else "ي")
    return word
