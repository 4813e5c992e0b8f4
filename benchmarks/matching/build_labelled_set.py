"""Rows of fictional learners with known identity: every row states which person it is.

The names are random combinations of single attested names; phones, addresses and dates are random.
Half of the people have a record on the platform already, which is one more row of theirs. The sets and
their shares of errors are in `labelled_sets`.

    python -m benchmarks.matching.build_labelled_set        rewrites labelled_set.csv
"""

from __future__ import annotations

import argparse
import csv
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.matching.arabic_writing import PARTICLES as ARABIC_PARTICLES
from benchmarks.matching.arabic_writing import SON_OF as ARABIC_SON_OF
from benchmarks.matching.arabic_writing import write_arabic
from benchmarks.matching.attested_pairs import HELD_OUT, TUNED_ON, from_the_wheel, shipped_names
from benchmarks.matching.damage import damaged
from benchmarks.matching.fictional_people import (
    ARABIC,
    BOTH,
    DOMAINS,
    SON_OF,
    PeopleBuilder,
    Person,
    mobile,
)
from benchmarks.matching.labelled_sets import SETS, LabelledSet
from benchmarks.matching.name_pool import NamePool

SHIPPED: Final = Path(__file__).with_name("labelled_set.csv")
SHIPPED_ROWS: Final = 150  # of each set
SHIPPED_SEED: Final = 1
ON_THE_PLATFORM: Final = 0.5  # of people
LENT_PHONES: Final = 12  # different schools and cafés per 100,000 rows, at least
ROLE_MAILBOXES: Final = 20
PLACEHOLDER_PHONES: Final = {
    TUNED_ON: ("0555555555", "0000000000", "0123456789"),
    HELD_OUT: ("0660606060", "0777777777", "0550000000"),
}
PLACEHOLDER_EMAILS: Final = {
    TUNED_ON: ("Ecoin.hank@gmail.com", "/", "NULL", "sans@gmail.com", "non@yahoo.fr"),
    HELD_OUT: ("ecoin.hank@Gmail.com", "-", "aaa@aaa.com", "nom.prenom@gmail.com"),
}
ROLES: Final = {
    TUNED_ON: ("contact", "info", "formation"),
    HELD_OUT: ("cybercafe", "admin", "cyber.espace"),
}
MISSING_DATES: Final = ("", "0000-00-00", "1970-01-01", "1900-01-01")


class Row(NamedTuple):
    """One learner row as the old platform has it, and the person it truly is.

    `on_platform`: it is the person's record there, not a row of the old database. `script` is the one
    in which the name was written, before any damage.
    """

    person: int
    on_platform: bool
    script: str
    first_name: str
    last_name: str
    phone: str
    email: str
    birth_date: str
    is_trained: bool


def build(
    kind: LabelledSet, rows: int, seed: int, *, half: int = HELD_OUT, wheel: bool = False
) -> list[Row]:
    """`rows` rows of the old database and the people's records; equal for equal arguments.

    `wheel`: all names of the installed wheel instead of those that are in the repository.
    """
    rng = random.Random(f"{kind.name}-{seed}-{half}")
    names = NamePool(from_the_wheel() if wheel else shipped_names(), half)
    clerk = _Clerk(kind, names, half, rows, rng)
    old_rows: list[Row] = []
    records: list[Row] = []
    for person in PeopleBuilder(kind, names, half, rng).people():
        old_rows.extend(clerk.row(person) for _ in range(person.rows))
        if rng.random() < ON_THE_PLATFORM:
            records.append(clerk.row(person)._replace(on_platform=True, is_trained=False))
        if len(old_rows) >= rows:
            break
    rng.shuffle(old_rows)
    rng.shuffle(records)
    return old_rows[:rows] + records


class _Clerk:
    """Types the rows of a set, with its errors."""

    def __init__(
        self, kind: LabelledSet, names: NamePool, half: int, rows: int, rng: random.Random
    ) -> None:
        self._kind, self._names, self._half, self._rng = kind, names, half, rng
        self._lent_phones = [mobile(rng) for _ in range(max(3, rows * LENT_PHONES // 100_000))]
        self._mailboxes = [
            f"{rng.choice(ROLES[half])}{rng.choice(('', '', n))}@{rng.choice(DOMAINS)}"
            for n in range(max(3, rows * ROLE_MAILBOXES // 100_000))
        ]

    def row(self, person: Person) -> Row:
        rng = self._rng
        arabic = person.script == ARABIC or (person.script == BOTH and rng.random() < 0.5)
        first, last = self._name(person, arabic)
        if self._happens("swapped_name"):
            first, last = last, first
        if rng.random() < 0.3:
            last = last.upper()
        if self._happens("damaged_name"):
            dial = rng.random()
            if dial < 0.75:
                first = damaged(first, self._half, rng)
            if dial > 0.50:
                last = damaged(last, self._half, rng)
        return Row(
            person.number, False, "arabic" if arabic else "latin", first, last, self._phone(person),
            self._email(person), self._birth_date(person.birth_date), self._happens("trained"),
        )  # fmt: skip

    def _happens(self, error: str) -> bool:
        return self._rng.random() < self._kind.share(error)

    def _error(self, *kinds: str) -> str:
        """One of the kinds of error by its share, '' for none of them."""
        point = self._rng.random()
        for kind in kinds:
            point -= self._kind.share(kind)
            if point < 0:
                return kind
        return ""

    def _name(self, person: Person, arabic: bool) -> tuple[str, str]:
        write = self._in_arabic if arabic else self._in_latin
        first, last = write(person.given), write(person.family)
        mark = person.generation[arabic]
        if mark == SON_OF:
            first += f" {ARABIC_SON_OF if arabic else SON_OF} {write(person.given)}"
        elif mark:
            first += f" {mark}"
        if not person.particle:
            return first, last
        if arabic:
            glue = "" if self._rng.random() < 0.2 else " "
            return first, f"{ARABIC_PARTICLES[person.particle]}{glue}{last}"
        # Glued, apart or hyphenated, as the clerk liked.
        tail = self._rng.choice((last.lower(), f" {last}", f"-{last}"))
        return first, person.particle + tail

    def _in_latin(self, name: str) -> str:
        spelling = self._names.usual(name)
        if self._happens("spelling_variant"):
            spelling = self._names.any_spelling(name, self._rng)
        return self._with_slip(spelling, "abdefhiklmnorstuyz")

    def _in_arabic(self, name: str) -> str:
        return self._with_slip(
            write_arabic(name, self._names.usual(name), self._rng), "ابتدرسعفقلمنهوي"
        )

    def _with_slip(self, text: str, letters: str) -> str:
        """Now and then one letter missing, exchanged with the next, or another one."""
        rng = self._rng
        if not self._happens("typing_slip"):
            return text
        place = rng.randrange(len(text))
        slip = rng.randrange(3)
        if slip == 0 and len(text) > 3:
            return text[:place] + text[place + 1 :]
        if slip == 1 and place + 1 < len(text):
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        return text[:place] + rng.choice(letters) + text[place + 1 :]

    def _phone(self, person: Person) -> str:
        rng = self._rng
        error = self._error("placeholder_phone", "lent_phone", "missing_phone", "broken_phone")
        if error == "placeholder_phone":
            return rng.choice(PLACEHOLDER_PHONES[self._half])
        if error == "lent_phone":
            return rng.choice(self._lent_phones)
        if error == "missing_phone":
            return rng.choice(("", "/", "0"))
        if error == "broken_phone":
            return person.phones[0][:-1]
        if len(person.phones) == 1:
            return _typed_phone(person.phones[0], rng)
        if rng.random() < 0.5:
            return _typed_phone(rng.choice(person.phones), rng)
        return rng.choice((" / ", " ", "-", " ou ", ",")).join(person.phones)

    def _email(self, person: Person) -> str:
        error = self._error("role_mailbox", "placeholder_email", "missing_email", "other_email")
        if error == "role_mailbox":
            return self._rng.choice(self._mailboxes)
        if error == "placeholder_email":
            return self._rng.choice(PLACEHOLDER_EMAILS[self._half])
        if error == "missing_email":
            return ""
        return person.other_email if error == "other_email" else person.email

    def _birth_date(self, born: date) -> str:
        rng = self._rng
        error = self._error(
            "missing_birth_date", "swapped_birth_date", "one_digit_birth_date",
            "first_of_january", "wrong_birth_date",
        )  # fmt: skip
        if error == "missing_birth_date":
            return rng.choice(MISSING_DATES)
        if error == "swapped_birth_date" and born.day <= 12:
            return born.replace(month=born.day, day=born.month).isoformat()
        if error == "one_digit_birth_date":
            year = born.year + rng.choice((-1, 1)) * rng.choice((1, 10))
            return f"{year}-{born.month:02d}-{min(born.day, 28):02d}"
        if error == "first_of_january":
            return f"{born.year}-01-01"
        if error == "wrong_birth_date":
            return (born + timedelta(days=rng.randint(-3_000, 3_000))).isoformat()
        return born.isoformat()


def _typed_phone(number: str, rng: random.Random) -> str:
    spelling = rng.randrange(10)
    if spelling == 0:
        return f"{number[:4]} {number[4:6]} {number[6:8]} {number[8:]}"
    if spelling == 1:
        return "+213" + number[1:]
    if spelling == 2:
        return number[1:]
    return number


def shipped_sets() -> list[tuple[str, Row]]:
    """The rows of labelled_set.csv, each with the name of its set, as `main` writes them."""
    return [(kind.name, row) for kind in SETS for row in build(kind, SHIPPED_ROWS, SHIPPED_SEED)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("set", *Row._fields))
        writer.writerows((name, *map(as_text, row)) for name, row in shipped_sets())


def as_text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    main()
