"""Fictional learners with known identity: every row says which person it is.

The names are random combinations of single attested spellings; phones, addresses and dates are
random. The error model is `ERRORS`; shares are of rows unless said otherwise.

    python -m benchmarks.matching.build_labelled_set        rewrites the shipped set
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from benchmarks.matching.attested_pairs import HELD_OUT, Spelling, from_the_wheel, half_of, shipped

SHIPPED: Final = Path(__file__).with_name("labelled_set.csv")

ERRORS: Final = {
    "sibling": 0.10,  # of people: a brother or sister is in the data too
    "sibling_shares_phone": 0.50,  # of siblings
    "sibling_alike": 0.05,  # of siblings: the two given names begin and end alike (Samir, Samia)
    "recycled_phone": 0.006,  # of people: the number was somebody else's before
    "placeholder_phone": 0.015,
    "lent_phone": 0.01,  # the school's or a cyber café's number
    "missing_phone": 0.03,
    "broken_phone": 0.02,  # a digit lost
    "second_phone": 0.12,  # of people: two numbers, given together or in turn
    "role_mailbox": 0.015,
    "placeholder_email": 0.04,
    "missing_email": 0.30,
    "other_email": 0.08,  # a second address of the same person
    "swapped_name": 0.08,
    "spelling_variant": 0.30,  # of names: another attested spelling
    "typing_slip": 0.02,  # of names: one letter wrong, lost or exchanged
    "missing_birth_date": 0.05,
    "swapped_birth_date": 0.02,
    "one_digit_birth_date": 0.02,
    "first_of_january": 0.01,
    "wrong_birth_date": 0.01,  # these five: 11 % wrong or missing
}
ROWS_OF_A_PERSON: Final = {1: 0.55, 2: 0.27, 3: 0.12, 4: 0.06}
LENT_PHONES: Final = 12  # different schools and cafés per 100,000 rows, at least
ROLE_MAILBOXES: Final = 20
PARTICLES: Final = ("",) * 7 + ("Ben", "Bou", "Aït")
PLACEHOLDERS: Final = (
    "0555555555",
    "0000000000",
    "0123456789",
    "0660606060",
    "0777777777",
    "0550000000",
)
ROLES: Final = ("contact", "info", "cybercafe", "formation", "admin", "cyber.espace")
DOMAINS: Final = ("gmail.com",) * 8 + ("yahoo.fr", "hotmail.com", "outlook.com")


class Row(NamedTuple):
    """One learner row as the old platform has it, and the person it truly is."""

    person: int
    first_name: str
    last_name: str
    phone: str
    email: str
    birth_date: str


@dataclass(slots=True)
class Person:
    number: int
    given: str
    surname: str
    particle: str
    phones: list[str]
    email: str
    other_email: str
    birth_date: date
    rows: int = field(default=1)


class _Spelled:
    """Names of one half with their spellings, drawn by how often they are attested."""

    def __init__(self, spellings: list[Spelling], half: int) -> None:
        self.variants: dict[str, list[Spelling]] = {}
        for spelling in spellings:
            if half_of(spelling.arabic) == half and spelling.latin.replace(" ", "").isalpha():
                self.variants.setdefault(spelling.arabic, []).append(spelling)
        weights: dict[str, int] = {
            a: sum(s.times for s in found) for a, found in self.variants.items()
        }
        roles = {a: {s.role for s in found} for a, found in self.variants.items()}
        self.given = [a for a in self.variants if "given" in roles[a]]
        # Counts of encyclopedia articles exaggerate the skew: their roots give Mohamed about 4 %.
        self.given_weights = [math.sqrt(weights[a]) for a in self.given]
        self.surnames = [a for a in self.variants if a not in set(self.given)]
        self.surname_weights = [math.sqrt(weights[a]) for a in self.surnames]

    def draw_given(self, rng: random.Random) -> str:
        return rng.choices(self.given, self.given_weights)[0]

    def draw_surname(self, rng: random.Random) -> str:
        return rng.choices(self.surnames, self.surname_weights)[0]

    def alike(self, arabic: str) -> list[str]:
        """Other given names at most two letters away, in the usual spelling."""
        usual = self.usual(arabic).lower()
        names = ((a, self.usual(a).lower()) for a in self.given if a != arabic)
        return [a for a, n in names if n != usual and OSA.distance(n, usual, score_cutoff=2) <= 2]

    def usual(self, arabic: str) -> str:
        return max(self.variants[arabic], key=lambda s: (s.times, s.latin)).latin

    def other(self, arabic: str, rng: random.Random) -> str:
        found = self.variants[arabic]
        return rng.choices([s.latin for s in found], [s.times for s in found])[0]


def build(rows: int, seed: int, *, half: int = HELD_OUT, wheel: bool = True) -> list[Row]:
    """`rows` fictional rows, the same for the same arguments. `wheel`: not the shipped names."""
    rng = random.Random(f"{seed}-{half}")
    names = _Spelled(from_the_wheel() if wheel else shipped(), half)
    lent = [_mobile(rng) for _ in range(max(3, rows * LENT_PHONES // 100_000))]
    mailboxes = [f"{rng.choice(ROLES)}{rng.choice(('', '', n))}@{rng.choice(DOMAINS)}"
                 for n in range(max(3, rows * ROLE_MAILBOXES // 100_000))]  # fmt: skip
    built: list[Row] = []
    for person in _people(names, rng):
        built.extend(_row(person, names, lent, mailboxes, rng) for _ in range(person.rows))
        if len(built) >= rows:
            break
    rng.shuffle(built)
    return built[:rows]


def _people(names: _Spelled, rng: random.Random) -> Iterator[Person]:
    number = 0
    used_phones: list[str] = []
    while True:
        number += 1
        person = _person(number, names, rng)
        if used_phones and rng.random() < ERRORS["recycled_phone"]:
            person.phones[0] = rng.choice(used_phones)
        used_phones.append(person.phones[0])
        yield person
        # Half as often: each such event makes two people who have a sibling.
        if rng.random() < ERRORS["sibling"] / (2 - ERRORS["sibling"]):
            number += 1
            yield _sibling(number, person, names, rng)


def _person(number: int, names: _Spelled, rng: random.Random) -> Person:
    phones = [_mobile(rng)]
    if rng.random() < ERRORS["second_phone"]:
        phones.append(_mobile(rng))
    given, surname = names.draw_given(rng), names.draw_surname(rng)
    born = date(1965, 1, 1) + timedelta(days=int(rng.triangular(0, 16_500, 12_500)))
    counts, weights = list(ROWS_OF_A_PERSON), list(ROWS_OF_A_PERSON.values())
    email = _address(names, number, given, surname, rng)
    return Person(
        number=number,
        given=given,
        surname=surname,
        particle=rng.choice(PARTICLES),
        phones=phones,
        email=email,
        other_email="x" + _address(names, number, given, surname, rng),
        birth_date=born,
        rows=rng.choices(counts, weights)[0],
    )


def _sibling(number: int, elder: Person, names: _Spelled, rng: random.Random) -> Person:
    sibling = _person(number, names, rng)
    sibling.surname, sibling.particle = elder.surname, elder.particle
    alike = names.alike(elder.given) if rng.random() < ERRORS["sibling_alike"] else []
    if alike:
        sibling.given = rng.choice(alike)
    while sibling.given == elder.given:
        sibling.given = names.draw_given(rng)
    twin = rng.random() < 0.03
    sibling.birth_date = elder.birth_date + timedelta(days=0 if twin else rng.randint(300, 4_000))
    if rng.random() < ERRORS["sibling_shares_phone"]:
        sibling.phones[0] = elder.phones[0]
        if rng.random() < 0.2:
            sibling.email = elder.email
    return sibling


def _mobile(rng: random.Random) -> str:
    return (
        f"0{rng.choice(('55', '56', '66', '67', '69', '77', '79', '78'))[:2]}{rng.randint(0, 4)}"
        + (f"{rng.randint(0, 999_999):06d}")
    )


def _address(names: _Spelled, number: int, given: str, surname: str, rng: random.Random) -> str:
    """An address of this person alone: two people never own one mailbox."""
    parts = [names.usual(given), names.usual(surname)]
    rng.shuffle(parts)
    local = rng.choice(("", ".", "_")).join(parts).replace(" ", "").lower()
    ascii_local = local.encode("ascii", "ignore").decode() or "learner"
    return f"{ascii_local}{number}@{rng.choice(DOMAINS)}"


def _row(
    person: Person, names: _Spelled, lent: list[str], mailboxes: list[str], rng: random.Random
) -> Row:
    first, last = _spelled(person.given, names, rng), _spelled(person.surname, names, rng)
    if person.particle:
        # Glued, apart or hyphenated, as the clerk liked.
        last = person.particle + rng.choice((last.lower(), f" {last}", f"-{last}"))
    if rng.random() < ERRORS["swapped_name"]:
        first, last = last, first
    if rng.random() < 0.3:
        last = last.upper()
    return Row(
        person.number, first, last, _phone(person, lent, rng), _email(person, mailboxes, rng),
        _birth_date(person.birth_date, rng),
    )  # fmt: skip


def _spelled(arabic: str, names: _Spelled, rng: random.Random) -> str:
    name = names.usual(arabic)
    if rng.random() < ERRORS["spelling_variant"]:
        name = names.other(arabic, rng)
    if rng.random() < ERRORS["typing_slip"]:
        name = _slip(name, rng)
    return name


def _slip(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    kind = rng.randrange(3)
    if kind == 0 and len(text) > 3:
        return text[:place] + text[place + 1 :]
    if kind == 1 and place + 1 < len(text):
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + rng.choice("abdefhiklmnorstuyz") + text[place + 1 :]


def _chosen(rng: random.Random, *kinds: str) -> str:
    """One of the error kinds by its share, '' for none of them."""
    point = rng.random()
    for kind in kinds:
        point -= ERRORS[kind]
        if point < 0:
            return kind
    return ""


def _phone(person: Person, lent: list[str], rng: random.Random) -> str:
    kind = _chosen(rng, "placeholder_phone", "lent_phone", "missing_phone", "broken_phone")
    if kind == "placeholder_phone":
        return rng.choice(PLACEHOLDERS)
    if kind == "lent_phone":
        return rng.choice(lent)
    if kind == "missing_phone":
        return rng.choice(("", "/", "0"))
    if kind == "broken_phone":
        return person.phones[0][:-1]
    if len(person.phones) == 1:
        return _written(person.phones[0], rng)
    if rng.random() < 0.5:
        return _written(rng.choice(person.phones), rng)
    return rng.choice((" / ", " ", "-", " ou ", ",")).join(person.phones)


def _written(number: str, rng: random.Random) -> str:
    spelling = rng.randrange(10)
    if spelling == 0:
        return f"{number[:4]} {number[4:6]} {number[6:8]} {number[8:]}"
    if spelling == 1:
        return "+213" + number[1:]
    if spelling == 2:
        return number[1:]
    return number


def _email(person: Person, mailboxes: list[str], rng: random.Random) -> str:
    kind = _chosen(rng, "role_mailbox", "placeholder_email", "missing_email", "other_email")
    if kind == "role_mailbox":
        return rng.choice(mailboxes)
    if kind == "placeholder_email":
        return rng.choice(("Ecoin.hank@gmail.com", "/", "NULL", "aaa@aaa.com"))
    if kind == "missing_email":
        return ""
    return person.other_email if kind == "other_email" else person.email


def _birth_date(born: date, rng: random.Random) -> str:
    kind = _chosen(
        rng, "missing_birth_date", "swapped_birth_date", "one_digit_birth_date",
        "first_of_january", "wrong_birth_date",
    )  # fmt: skip
    if kind == "missing_birth_date":
        return rng.choice(("", "0000-00-00", "1970-01-01", "1900-01-01"))
    if kind == "swapped_birth_date" and born.day <= 12:
        return born.replace(month=born.day, day=born.month).isoformat()
    if kind == "one_digit_birth_date":
        year = born.year + rng.choice((-1, 1)) * rng.choice((1, 10))
        return f"{year}-{born.month:02d}-{min(born.day, 28):02d}"
    if kind == "first_of_january":
        return f"{born.year}-01-01"
    if kind == "wrong_birth_date":
        return (born + timedelta(days=rng.randint(-3_000, 3_000))).isoformat()
    return born.isoformat()


def read(path: Path = SHIPPED) -> list[Row]:
    """The rows of a labelled set on disk."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [Row(int(person), *rest) for person, *rest in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(build(options.rows, options.seed))


if __name__ == "__main__":
    main()
