"""The people of a labelled set: who they truly are, with their brothers, sisters and children."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from benchmarks.matching.attested_pairs import HELD_OUT, TUNED_ON
from benchmarks.matching.labelled_sets import LabelledSet
from benchmarks.matching.name_pool import NamePool

ROWS_OF_A_PERSON: Final = {1: 0.55, 2: 0.27, 3: 0.12, 4: 0.06}
PARTICLES: Final = ("",) * 7 + ("Ben", "Bou", "Aït")
DOMAINS: Final = ("gmail.com",) * 8 + ("yahoo.fr", "hotmail.com", "outlook.com")
LAST_PARENT_YEAR: Final = 1988
LAST_BIRTH_YEAR: Final = 2012
LATIN, ARABIC, BOTH = "latin", "arabic", "both"
SON_OF: Final = "ben"
# In Latin and in Arabic letters; `SON_OF` is followed by the parent's given name.
GENERATION_MARKS: Final = {
    TUNED_ON: (("Jr", "الابن"), ("fils", "الابن"), (SON_OF, SON_OF)),
    HELD_OUT: (("Junior", "الإبن"), ("(fils)", "(الابن)"), (SON_OF, SON_OF)),
}


@dataclass(slots=True)
class Person:
    """A fictional person. `generation` tells a child from the parent whose given name it has."""

    number: int
    given: str
    family: str
    particle: str
    phones: list[str]
    email: str
    other_email: str
    birth_date: date
    rows: int
    script: str
    generation: tuple[str, str] = ("", "")


class PeopleBuilder:
    """Draws the people of one set, one after the other."""

    def __init__(self, kind: LabelledSet, names: NamePool, half: int, rng: random.Random) -> None:
        self._kind, self._names, self._half, self._rng = kind, names, half, rng
        self._number = 0

    def people(self) -> Iterator[Person]:
        """People without end, relatives after the person they are relatives of."""
        used_phones: list[str] = []
        while True:
            person = self._person()
            if used_phones and self._happens("recycled_phone"):
                person.phones[0] = self._rng.choice(used_phones)
            used_phones.append(person.phones[0])
            yield person
            # Half as often: each such event creates two people who have a sibling.
            sibling = self._kind.share("sibling")
            if self._rng.random() < sibling / (2 - sibling):
                yield self._sibling(person)
            if person.birth_date.year <= LAST_PARENT_YEAR and self._happens("child"):
                yield self._child(person)

    def _happens(self, error: str) -> bool:
        return self._rng.random() < self._kind.share(error)

    def _person(self) -> Person:
        rng, names = self._rng, self._names
        self._number += 1
        phones = [mobile(rng)]
        if self._happens("second_phone"):
            phones.append(mobile(rng))
        common = self._happens("common_name")
        given, family = names.draw_given(rng, common=common), names.draw_family(rng, common=common)
        born = date(1965, 1, 1) + timedelta(days=int(rng.triangular(0, 16_500, 12_500)))
        if self._happens("presumed_birth"):
            born = born.replace(month=1, day=1)
        return Person(
            number=self._number,
            given=given,
            family=family,
            particle=rng.choice(PARTICLES),
            phones=phones,
            email=self._address(given, family),
            other_email="x" + self._address(given, family),
            birth_date=born,
            rows=rng.choices(list(ROWS_OF_A_PERSON), list(ROWS_OF_A_PERSON.values()))[0],
            script=self._script(),
        )

    def _script(self) -> str:
        dial = self._rng.random()
        if dial < self._kind.share("arabic_script"):
            return ARABIC
        return (
            BOTH
            if dial < self._kind.share("arabic_script") + self._kind.share("both_scripts")
            else LATIN
        )

    def _sibling(self, elder: Person) -> Person:
        rng = self._rng
        sibling = self._relative(elder)
        rhyming = self._names.alike(elder.given) if self._happens("rhyming_sibling") else []
        if rhyming:
            sibling.given = rng.choice(rhyming)
        while self._names.are_one_name(sibling.given, elder.given):
            sibling.given = self._names.draw_given(rng)
        twin = self._happens("twin")
        sibling.birth_date = elder.birth_date + timedelta(
            days=0 if twin else rng.randint(300, 4_000)
        )
        if self._happens("sibling_shares_phone"):
            sibling.phones[0] = elder.phones[0]
            if self._happens("sibling_shares_email"):
                sibling.email = elder.email
        return sibling

    def _child(self, parent: Person) -> Person:
        rng = self._rng
        child = self._relative(parent)
        years = rng.randint(18, min(38, LAST_BIRTH_YEAR - parent.birth_date.year))
        child.birth_date = date(
            parent.birth_date.year + years, rng.randint(1, 12), rng.randint(1, 28)
        )
        if self._happens("namesake_child"):
            child.given = parent.given
            if not self._happens("unmarked_namesake"):
                child.generation = rng.choice(GENERATION_MARKS[self._half])
        else:
            while self._names.are_one_name(child.given, parent.given):
                child.given = self._names.draw_given(rng)
        if self._happens("child_shares_phone"):
            child.phones[0] = parent.phones[0]
        return child

    def _relative(self, person: Person) -> Person:
        relative = self._person()
        relative.family, relative.particle = person.family, person.particle
        relative.script = person.script
        return relative

    def _address(self, given: str, family: str) -> str:
        """An address of this person alone: two people never own one mailbox."""
        parts = [self._names.usual(given), self._names.usual(family)]
        self._rng.shuffle(parts)
        local = self._rng.choice(("", ".", "_")).join(parts).replace(" ", "").lower()
        ascii_local = local.encode("ascii", "ignore").decode() or "learner"
        return f"{ascii_local}{self._number}@{self._rng.choice(DOMAINS)}"


def mobile(rng: random.Random) -> str:
    """Ten digits that are a valid mobile number."""
    prefix = rng.choice(("55", "56", "66", "67", "69", "77", "79", "78"))
    return f"0{prefix}{rng.randint(0, 4)}{rng.randint(0, 999_999):06d}"
