"""Derives `ecoin/identity/attested_names.tsv`: the known names that are not in the list written by hand.

Source: `names.sqlite3` in the wheel `arabic-name-romanizer` (CC0/MIT, development only), country
DZ, single names. Only half 0 of the names ships (`attested_pairs.half_of`); half 1 is held out, so
that matching can be measured on names that the table does not have. The source has many wrong
spellings: one must be heard in the Arabic word, and mean that name far more often than any other.

    python -m benchmarks.matching.build_attested_names
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import ecoin.identity
from benchmarks.matching.attested_pairs import TUNED_ON, database, half_of
from ecoin.identity import arabic, latin
from ecoin.identity.given_names import written_by_hand
from ecoin.identity.latin import fold_spelling
from ecoin.identity.text import to_ascii

SHIPPED: Final = Path(ecoin.identity.__path__[0]) / "attested_names.tsv"
OWN_SHARE: Final = 0.75
"""Of the times a spelling is attested: enough to mean this name and no other."""
SELDOM: Final = 2
"""Times. A rarer spelling is kept only where it is the usual one of its name."""
GIVEN_TIMES: Final = 3
"""Times a name is attested as a given name, and more often than as a surname, to be one."""
MAX_SPELLINGS: Final = 8
HEADER: Final = (
    "# Made by benchmarks/matching/build_attested_names.py from arabic-name-romanizer 0.2.0,\n"
    "# (Wikidata and DziriNames; CC0 and MIT), country DZ, half of its names.\n"
    "# Arabic, tab, Latin spellings, tab, given or family.\n"
)
_ARABIC_WORD: Final = re.compile("[\u0621-\u064a]{2,}")


@dataclass(slots=True)
class Attested:
    """How often one folded Arabic name is attested: by Latin spelling, and by role."""

    latin: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)

    @property
    def is_given(self) -> bool:
        return self.roles["given"] >= max(GIVEN_TIMES, self.roles["surname"])


def attested(half: int) -> dict[str, Attested]:
    """Names of a half, with those spellings that can be heard in them."""
    names: dict[str, Attested] = defaultdict(Attested)
    query = "SELECT arabic_key, latin, role, count FROM units WHERE country = 'DZ' ORDER BY 1, 2, 3"
    connection = sqlite3.connect(f"file:{database()}?mode=ro&immutable=1", uri=True)
    for arabic_key, spelling, role, times in connection.execute(query):
        name = arabic.fold_arabic(arabic_key.replace(" ", ""))
        tokens = latin.glued(list(latin.words(to_ascii(spelling))))
        if half_of(arabic_key) != half or len(tokens) != 1 or not _ARABIC_WORD.fullmatch(name):
            continue
        if name in arabic.PARTICLES or tokens[0] in latin.PARTICLES:
            continue
        if latin.skeleton_of_spelling(fold_spelling(tokens[0])) in arabic.skeletons(
            arabic.code(name)
        ):
            names[name].latin[tokens[0]] += times
            names[name].roles[role] += times
    connection.close()
    return names


def choose(names: dict[str, Attested]) -> dict[str, list[str]]:
    """Names whose usual spelling folds like no other name's → their spellings, the usual one first."""
    hand = written_by_hand()
    by_hand = {form for name in hand for form in name.arabic}
    hand_folds = {fold_spelling(spelling) for name in hand for spelling in name.latin}
    times: Counter[str] = Counter()  # by fold: spellings that fold alike are one claim
    for name in names.values():
        for spelling, count in name.latin.items():
            times[fold_spelling(spelling)] += count
    spellings_of = {}
    for form, name in names.items():
        own: Counter[str] = Counter()
        for spelling, count in name.latin.items():
            own[fold_spelling(spelling)] += count
        usual, count = max(name.latin.items(), key=lambda item: (item[1], item[0]))
        if form in by_hand or not _is_own(usual, own, times, hand_folds):
            continue
        others = [
            spelling
            for spelling, count in name.latin.most_common()
            if spelling != usual and count >= SELDOM and _is_own(spelling, own, times, hand_folds)
        ]
        spellings_of[form] = [usual, *sorted(others)][:MAX_SPELLINGS]
    return spellings_of


def _is_own(spelling: str, own: Counter[str], times: Counter[str], hand_folds: set[str]) -> bool:
    folded = fold_spelling(spelling)
    if len(folded) < 2:
        return False  # "ou": no more than an initial
    return folded not in hand_folds and own[folded] >= OWN_SHARE * times[folded]


def main() -> None:
    names = attested(TUNED_ON)
    lines = [
        f"{form}\t{'/'.join(spellings)}\t{'given' if names[form].is_given else 'family'}\n"
        for form, spellings in sorted(choose(names).items())
    ]
    SHIPPED.write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"{len(lines):,} names")


if __name__ == "__main__":
    main()
