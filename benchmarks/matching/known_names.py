"""Names compared by themselves: every given name that the project knows, in both scripts, and attested
spellings of names that it does not know.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.matching.attested_pairs import Spelling, half_of, true_pairs
from benchmarks.matching.outcomes import Share
from ecoin.identity.arabic import is_code
from ecoin.identity.given_names import KnownName, known_names
from ecoin.identity.names import Name, parse_name
from legacy_import.rules.duplicates import is_low
from legacy_import.rules.guards import Names, name_guard

FAMILY: Final = ("بن علي", "Benali")
"""The hardest one: علي is so short that a crosswise comparison takes it for nearly all given names."""


@dataclass(frozen=True, slots=True)
class SpelledName:
    """A learner of the known given name `number`; `form` is how the given name is written."""

    number: int
    form: str
    name: Name


def guard(left: Name, right: Name) -> Names:
    """What the name guard answers about two names."""
    return name_guard(
        left.fold,
        left.skeleton,
        right.fold,
        right.skeleton,
        left_script=left.script,
        right_script=right.script,
    )


def known_given_names() -> list[KnownName]:
    return [name for name in known_names() if name.is_given]


def spellings_of(
    number: int, name: KnownName, family: tuple[str, str] = FAMILY
) -> list[SpelledName]:
    """The name in every form of both scripts, each with the family name in the same script."""
    return [
        *(SpelledName(number, form, parse_name(form, family[0])) for form in name.arabic),
        *(SpelledName(number, form, parse_name(form, family[1])) for form in name.latin),
    ]


def distinct_spellings(
    names: Sequence[KnownName], family: tuple[str, str] = FAMILY
) -> list[SpelledName]:
    """All spellings of all names; of those that no comparison can tell apart, one."""
    distinct: dict[tuple[int, str, str, str], SpelledName] = {}
    for number, name in enumerate(names):
        for spelled in spellings_of(number, name, family):
            form = spelled.name
            distinct.setdefault((number, form.fold, form.skeleton, form.script), spelled)
    return list(distinct.values())


def are_spelled_alike(one: KnownName, other: KnownName) -> bool:
    """Have two names a spelling in common? It does not show which of the two is meant."""
    return not set(one.latin).isdisjoint(other.latin)


def pairs_of_two_names(
    names: Sequence[KnownName], family: tuple[str, str] = FAMILY
) -> Iterator[tuple[SpelledName, SpelledName]]:
    """Every spelling of a name with every one of another, except of names that are spelled alike."""
    latin = [set(name.latin) for name in names]
    for one, other in itertools.combinations(distinct_spellings(names, family), 2):
        if one.number != other.number and latin[one.number].isdisjoint(latin[other.number]):
            yield one, other


def pairs_of_one_name(names: Sequence[KnownName]) -> Iterator[tuple[SpelledName, SpelledName]]:
    """Every spelling of a name with every other one of it."""
    for number, name in enumerate(names):
        yield from itertools.combinations(spellings_of(number, name), 2)


def taken_for_one(names: Sequence[KnownName]) -> Share:
    """Pairs of two names that the guard takes for one."""
    answers = [guard(one.name, other.name).is_same for one, other in pairs_of_two_names(names)]
    return Share(sum(answers), len(answers))


def taken_for_two(names: Sequence[KnownName]) -> Share:
    """Pairs of spellings of one name that the guard takes for two."""
    answers = [guard(one.name, other.name).is_same for one, other in pairs_of_one_name(names)]
    return Share(answers.count(False), len(answers))


def without_a_token(names: Sequence[KnownName]) -> Share:
    """Spellings that parse to nothing when they are written alone."""
    forms = [form for name in names for form in (*name.arabic, *name.latin)]
    return Share(sum(not parse_name(form).fold for form in forms), len(forms))


def found_across_scripts(spellings: Sequence[Spelling], half: int) -> Share:
    """Attested (Arabic, Latin) spellings of one name that have a skeleton in common."""
    answers = []
    for arabic, latin, _, _ in spellings:
        if half_of(arabic) == half:
            name = parse_name(arabic)
            skeletons = (name.skeleton, *name.more_skeletons)
            answers.append(parse_name(latin).skeleton in skeletons)
    return Share(sum(answers), len(answers))


def whole_names_found_across_scripts(spellings: Sequence[Spelling], half: int) -> Share:
    """Full names, each of two attested names, that have a skeleton in common across scripts."""
    pairs = [spelling for spelling in spellings if half_of(spelling.arabic) == half]
    random.Random(half).shuffle(pairs)
    answers = []
    for one, other in itertools.pairwise(pairs):
        name = parse_name(one.arabic, other.arabic)
        skeletons = (name.skeleton, *name.more_skeletons)
        answers.append(parse_name(one.latin, other.latin).skeleton in skeletons)
    return Share(sum(answers), len(answers))


def equal_across_scripts_unattested(spellings: Sequence[Spelling], half: int) -> Share:
    """Of names in Arabic letters that no table attests: those that equal a Latin spelling."""
    answers = []
    for arabic, latin, _, _ in spellings:
        name = parse_name(arabic, "محمد")
        if half_of(arabic) == half and any(map(is_code, name.fold.split())):
            answers.append(guard(name, parse_name(latin, "Mohamed")) is Names.EQUAL)
    return Share(sum(answers), len(answers))


def low_on_attested_pairs(spellings: list[Spelling], half: int) -> tuple[float, float, float]:
    """(precision, recall, F1) of the LOW name rule over all pairs of attested spellings."""
    forms, pairs = true_pairs(spellings, half)
    blocks: dict[str, list[tuple[str, str]]] = {}
    for form in forms:
        name = parse_name(form)
        blocks.setdefault(name.skeleton, []).append((form, name.fold))
    predicted = right = 0
    for block in blocks.values():
        for (one, one_fold), (other, other_fold) in itertools.combinations(block, 2):
            if is_low(one_fold, other_fold):
                predicted += 1
                right += (one, other) in pairs
    precision, recall = right / predicted, right / len(pairs)
    return precision, recall, 2 * precision * recall / (precision + recall)
