"""The names that fictional people get: those of one half, drawn by how often they are attested."""

from __future__ import annotations

import math
import random
from functools import cache
from typing import Final

from rapidfuzz.distance import OSA

from benchmarks.matching.attested_pairs import Spelling, half_of

PARTICLES: Final = frozenset({
    "ايت", "نايت", "ولد", "اولاد", "ام", "سي", "سيد", "سيدي", "الشاب", "الشابه", "الحاج", "الحاجي",
    "لا", "دي", "بين", "اق", "ابو", "ابن", "بن", "بو", "عبد", "عبدال", "الدين",
})  # fmt: skip
"""Parts of names and titles: the source lists them as names, but no one is called just "Abdel"."""
FAMILY_PREFIXES: Final = ("بن ", "ابن ")
"""The source lists some as given names, which they are not."""
COMMON: Final = 40
"""Names that a set with common names draws from."""
_ONE_SPELLING: Final = str.maketrans(
    {**dict.fromkeys("أإآ", "ا"), "ى": "ي", "ة": "ه", "ء": None, " ": None}
)


class NamePool:
    """Given and family names of one half, by their Arabic form."""

    def __init__(self, spellings: list[Spelling], half: int) -> None:
        self._variants: dict[str, list[Spelling]] = {}
        for spelling in spellings:
            if half_of(spelling.arabic) != half or spelling.arabic in PARTICLES:
                continue
            if spelling.latin.replace(" ", "").isalpha():
                self._variants.setdefault(spelling.arabic, []).append(spelling)
        given = [
            arabic
            for arabic, variants in self._variants.items()
            if any(spelling.role == "given" for spelling in variants)
        ]
        self.given = [name for name in given if not name.startswith(FAMILY_PREFIXES)]
        self.families = [name for name in self._variants if name not in set(given)]
        self._given_weights = [self._weight(name) for name in self.given]
        self._family_weights = [self._weight(name) for name in self.families]
        self.alike = cache(self._alike)
        """Other given names that rhyme with one: a letter away in Arabic or two in the usual Latin
        spelling; where there is none, those with the same ending."""

    def draw_given(self, rng: random.Random, *, common: bool = False) -> str:
        return self._draw(self.given, self._given_weights, common, rng)

    def draw_family(self, rng: random.Random, *, common: bool = False) -> str:
        return self._draw(self.families, self._family_weights, common, rng)

    def usual(self, arabic: str) -> str:
        """The usual Latin spelling."""
        return max(
            self._variants[arabic], key=lambda spelling: (spelling.times, spelling.latin)
        ).latin

    def any_spelling(self, arabic: str, rng: random.Random) -> str:
        """One of the Latin spellings, the usual ones more often."""
        variants = self._variants[arabic]
        weights = [spelling.times for spelling in variants]
        return rng.choices([spelling.latin for spelling in variants], weights)[0]

    def are_one_name(self, one: str, other: str) -> bool:
        """Are two Arabic forms one name, or spelled alike by some? No parents call two children so."""
        if one.translate(_ONE_SPELLING) == other.translate(_ONE_SPELLING):
            return True
        return not self._spellings(one).isdisjoint(self._spellings(other))

    def _alike(self, arabic: str) -> list[str]:
        usual = self.usual(arabic).lower()
        others = [name for name in self.given if not self.are_one_name(name, arabic)]
        near = [
            name
            for name in others
            if OSA.distance(name, arabic, score_cutoff=1) <= 1
            or OSA.distance(self.usual(name).lower(), usual, score_cutoff=2) <= 2
        ]
        return near or [name for name in others if self.usual(name).lower()[-2:] == usual[-2:]]

    def _spellings(self, arabic: str) -> set[str]:
        return {spelling.latin.lower() for spelling in self._variants[arabic]}

    def _weight(self, arabic: str) -> float:
        # Counts of encyclopedia articles exaggerate the skew: their roots give Mohamed about 4 %.
        return math.sqrt(sum(spelling.times for spelling in self._variants[arabic]))

    @staticmethod
    def _draw(names: list[str], weights: list[float], common: bool, rng: random.Random) -> str:
        if common:
            ranked = sorted(zip(weights, names, strict=True), reverse=True)[:COMMON]
            return rng.choice(ranked)[1]
        return rng.choices(names, weights)[0]
