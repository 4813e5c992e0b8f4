"""Names that are known, in both scripts: which spellings are one name, and which never are.

`given_names.tsv` was written by hand: the given names of Algeria, in Arabic and in Latin letters.
`attested_names.tsv` adds names of any kind that the Algerian part of `arabic-name-romanizer` attests
(Wikidata and DziriNames, CC0 and MIT); `benchmarks/matching/build_attested_names.py` derives it.

Amine and Amir, Samir and Samira, Salem and Sellam sound alike and are brothers and sisters on one
phone. A comparison that forgives slips must not forgive these, so each known name has a fold of its
own: where two names would fold alike, a number distinguishes them (`salam~1`, `salam~2`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from ecoin.identity.arabic import PARTICLES, code, fold_arabic, latin_spelling
from ecoin.identity.latin import fold_spelling

OWN: Final = "~"
"""Before the number that distinguishes names of one fold."""
_NOBODY: Final[frozenset[int]] = frozenset()


class KnownName(NamedTuple):
    """Its forms in Arabic letters and its Latin spellings, the usual one first."""

    arabic: tuple[str, ...]
    latin: tuple[str, ...]
    is_given: bool


def latin_of(arabic: str) -> str | None:
    """The usual Latin spelling of a folded Arabic name, if it is known."""
    return _tables().latin_of.get(arabic)


def is_known_arabic(arabic: str) -> bool:
    """Is a folded word a known name, or made of one (عبد القادر, بن علي) or a particle?"""
    return arabic in PARTICLES or latin_spelling(arabic, latin_of) is not None


def fold_of(spelling: str) -> str:
    """The fold of a Latin spelling: its name's own, where that is beyond doubt."""
    tables = _tables()
    own = tables.fold_of.get(spelling)
    if own is not None:
        return own
    folded = fold_spelling(tables.usual_of.get(spelling, spelling))
    return tables.own_fold.get(folded, folded)


@lru_cache(maxsize=16_384)
def given_names_of(fold: str) -> frozenset[int]:
    """Numbers of the given names that a fold may mean; empty where it is not known."""
    return _tables().names_of.get(fold, _NOBODY)


@cache
def known_names() -> tuple[KnownName, ...]:
    """Every known name, those that were written by hand first."""
    derived = []
    for arabic, latin, role in _lines("attested_names.tsv"):
        derived.append(KnownName((arabic,), tuple(latin.split("/")), role == "given"))
    return (*written_by_hand(), *derived)


def written_by_hand() -> list[KnownName]:
    """The given names of `given_names.tsv`."""
    names = []
    for arabic, latin in _lines("given_names.tsv"):
        forms = (fold_arabic(form.replace(" ", "")) for form in arabic.split("/"))
        names.append(KnownName(tuple(dict.fromkeys(forms)), tuple(latin.split("/")), is_given=True))
    return names


def _lines(file: str) -> list[list[str]]:
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


@dataclass(frozen=True, slots=True)
class _Tables:
    latin_of: dict[str, str]  # folded Arabic → usual Latin spelling
    usual_of: dict[str, str]  # Latin spelling of a family's name → the usual one
    fold_of: dict[str, str]  # Latin spelling of a given name → fold
    # What the usual spelling of one name alone folds to by its letters → the name's own fold.
    own_fold: dict[str, str]
    names_of: dict[str, frozenset[int]]  # fold → given names


@cache
def _tables() -> _Tables:
    names = [name for name in known_names() if name.is_given]
    sharing: dict[str, list[int]] = {}  # Latin spelling → names
    for number, name in enumerate(names):
        for spelling in name.latin:
            sharing.setdefault(spelling, []).append(number)
    owner = {spelling: _owner(spelling, numbers, names) for spelling, numbers in sharing.items()}
    by_letters = {spelling: fold_spelling(spelling) for spelling in sharing}
    claims: dict[str, set[int]] = {}  # fold by the letters → names
    for spelling, only in owner.items():
        claimed = sharing[spelling] if only is None else [only]
        claims.setdefault(by_letters[spelling], set()).update(claimed)
    usual = [_usual(name, number, owner) for number, name in enumerate(names)]
    names_of = {folded: set(numbers) for folded, numbers in claims.items() if len(numbers) > 1}
    own = _Folds(names_of)
    fold_of = {}
    for spelling, only in owner.items():
        # A spelling that several names have alike means those, and has its own fold too.
        meant = (only,) if only is not None else tuple(sharing[spelling])
        typical = by_letters[usual[only]] if only is not None else by_letters[spelling]
        fold_of[spelling] = own.of(meant, typical)
        names_of.setdefault(fold_of[spelling], set()).update(sharing[spelling])
    for folded, claimants in claims.items():
        names_of.setdefault(folded, set()).update(claimants)
    latin_of, usual_of = _families()
    for number, name in enumerate(names):
        if usual[number]:
            latin_of.update(dict.fromkeys(name.arabic, usual[number]))
        else:
            names_of.update({code(form): {number} for form in name.arabic})
    return _Tables(
        latin_of=latin_of,
        usual_of=usual_of,
        fold_of=fold_of,
        own_fold={
            folded: own.of((*numbers,), folded)
            for folded, numbers in claims.items()
            if _is_usual(folded, numbers, usual, by_letters)
        },
        names_of={folded: frozenset(numbers) for folded, numbers in names_of.items()},
    )


def _families() -> tuple[dict[str, str], dict[str, str]]:
    """Names that are not known as given names; no two of them, nor of the others, fold alike."""
    latin_of: dict[str, str] = {}
    usual_of: dict[str, str] = {}
    for name in known_names():
        if not name.is_given:
            usual, *others = name.latin
            for form in name.arabic:
                latin_of[form] = usual
            for spelling in others:
                usual_of[spelling] = usual
    return latin_of, usual_of


def _owner(spelling: str, numbers: list[int], names: Sequence[KnownName]) -> int | None:
    """The name that a spelling means by itself: its only one, or the only one so spelled as a rule.

    "Amar" is عمار, although some write اعمر so; nobody can tell whether "Malak" is ملاك or ملك.
    """
    if len(numbers) == 1:
        return numbers[0]
    usual = [number for number in numbers if names[number].latin[0] == spelling]
    return usual[0] if len(usual) == 1 else None


def _is_usual(
    folded: str, numbers: Set[int], usual: Sequence[str], by_letters: Mapping[str, str]
) -> bool:
    """Does one name alone claim this fold, and by its usual spelling?

    "Rechid" is رشيد; "Rechad", which no source attests, is not for that spelling's sake.
    """
    return len(numbers) == 1 and all(by_letters.get(usual[name]) == folded for name in numbers)


def _usual(name: KnownName, number: int, owner: Mapping[str, int | None]) -> str:
    """The first spelling of a name that means no other; '' where there is none."""
    return next((s for s in name.latin if owner[s] == number), "")


class _Folds:
    """A fold for each name, and for names that share a spelling; equal ones get a number."""

    def __init__(self, shared: Mapping[str, Set[int]]) -> None:
        self._shared = shared  # fold by the letters → the names that claim it
        self._taken: Counter[str] = Counter()
        self._of: dict[tuple[int, ...], str] = {}

    def of(self, names: tuple[int, ...], folded: str) -> str:
        """The fold of these names; `folded` is what the usual spelling folds to by its letters."""
        if names not in self._of:
            self._taken[folded] += 1
            claimed = self._shared.get(folded)
            is_own = claimed is None or claimed == set(names)
            self._of[names] = folded if is_own else f"{folded}{OWN}{self._taken[folded]}"
        return self._of[names]
