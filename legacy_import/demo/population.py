"""The people of one seed: a person is a pure function of its number.

So a repeat course, a brother or a record of the platform refers to the same person without any person
being kept in memory.
"""

import re
import unicodedata
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from . import tables
from .arabic_names import bare_arabic, family_in_arabic, given_in_arabic

KNOWN_PER_THOUSAND = 80  # people that the platform already has
SIBLINGS_PER_THOUSAND = 200  # of every second person, so a tenth of all; half share the phone
SCHOOL_NUMBERS_FROM = 9_800_000  # persons who lend only their phone: schools and cyber cafés
EXHIBITS_FROM = 9_900_000  # even numbers from here: persons of the single cases, no siblings
SECOND_PHONE = 5_000_000  # a person's second number is that of person + this
# Of 1,024 people: always written in Arabic letters, or now in one script and now in the other. With the
# single cases, which are mostly in Latin letters, a sixth of the default rows is in Arabic.
ARABIC_PER_1024 = 148
BOTH_SCRIPTS_PER_1024 = 90
LATIN, ARABIC, BOTH_SCRIPTS = "latin", "arabic", "both"

_FIRST = (*tables.GIVEN_MALE, *tables.COMPOUND_MALE, *tables.GIVEN_FEMALE, *tables.COMPOUND_FEMALE)
_LAST = (*tables.FAMILY, *tables.FAMILY_PREFIXED)
_MASK = (1 << 64) - 1
_PREFIXES = ("055", "066", "077", "079", "069")  # followed by any 7 digits, a valid mobile number


def slug(text: str) -> str:
    """Return the ASCII letters of a text in lower case."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", plain.lower())


_FIRST_ARABIC = tuple(map(given_in_arabic, _FIRST))
_LAST_ARABIC = tuple(map(family_in_arabic, _LAST))
_FIRST_SLUG = tuple(map(slug, _FIRST))
_LAST_SLUG = tuple(map(slug, _LAST))
_BIRTH_DATES = tuple((date(1975, 1, 2) + timedelta(days=n)).isoformat() for n in range(365 * 30))


def _mixed(number: int) -> int:
    """Return 64 well-mixed bits of a number (splitmix64)."""
    z = (number + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class FictionalPerson(NamedTuple):
    """A fictional person as they would write themselves; birth is ISO, phone has ten digits.

    `script` is the one in which clerks write the name; `in_arabic` is the person so written.
    """

    number: int
    first: str
    last: str
    birth: str
    phone: str
    email: str
    bits: int
    script: str
    arabic_first: str
    arabic_last: str

    def in_arabic(self) -> "FictionalPerson":
        return self._replace(first=self.arabic_first, last=self.arabic_last)


def _script(bits: int) -> str:
    dial = bits >> 54  # the uppermost ten bits
    if dial < ARABIC_PER_1024:
        return ARABIC
    return BOTH_SCRIPTS if dial < ARABIC_PER_1024 + BOTH_SCRIPTS_PER_1024 else LATIN


class KnownPerson(NamedTuple):
    """A person that the platform has already; `number` is unique, unknown texts are blank."""

    number: int
    kind: Literal["user", "lead"]
    first_name: str
    last_name: str
    phone: str
    email: str
    birth_date: date | None
    way: str


class Population:
    """All people of one seed, by number."""

    def __init__(self, seed: int, learners: int) -> None:
        self.seed = seed
        self.learners = learners
        self.school_numbers = 3 + learners // 2500
        self._salt = _mixed(seed)
        self._shift = self._salt % 10_000_000

    def phone(self, number: int) -> str:
        """Return the ten digits of person `number`: no two below ten million share them."""
        prefix = _PREFIXES[(number ^ self._salt) % 5]
        return f"{prefix}{(number * 7_654_321 + self._shift) % 10_000_000:07}"

    def person(self, number: int) -> FictionalPerson:
        """Return person `number`; odd ones may be a brother or sister of the one before."""
        bits = _mixed(self._salt ^ number)
        first = bits % len(_FIRST)
        last = (bits >> 12) % len(_LAST)
        phone_of = number
        if number & 1 and (bits >> 24) % 1000 < SIBLINGS_PER_THOUSAND:
            last = (_mixed(self._salt ^ (number - 1)) >> 12) % len(_LAST)
            phone_of -= (bits >> 23) & 1
        domain = tables.EMAIL_DOMAINS[(bits >> 50) % len(tables.EMAIL_DOMAINS)]
        return FictionalPerson(
            number, _FIRST[first], _LAST[last], _BIRTH_DATES[(bits >> 34) % len(_BIRTH_DATES)],
            self.phone(phone_of), f"{_FIRST_SLUG[first]}.{_LAST_SLUG[last]}{number}@{domain}", bits,
            _script(bits), _FIRST_ARABIC[first], _LAST_ARABIC[last],
        )  # fmt: skip

    def is_known(self, person: FictionalPerson) -> bool:
        return (person.bits >> 40) % 1000 < KNOWN_PER_THOUSAND

    def known_person(self, person: FictionalPerson) -> KnownPerson:
        """Return the platform's record of a person, in one of several forms."""
        dial = (person.bits >> 5) % 100
        arabic = person.script == ARABIC and person.bits & 0x400
        if arabic:
            person = person.in_arabic()
        first, last = person.first, person.last
        birth: date | None = date.fromisoformat(person.birth)
        phone, email, way = person.phone, "", "same phone"
        other_phone = self.phone(person.number + 2_500_000)
        if dial >= 94:  # a brother or sister: the phone is theirs too, the person is not
            names = _FIRST_ARABIC if arabic else _FIRST
            first, way = names[(person.bits >> 17) % len(names)], "family phone"
            birth = date.fromisoformat(_BIRTH_DATES[(person.bits >> 21) % len(_BIRTH_DATES)])
        elif dial >= 91:
            phone, birth, way = other_phone, None, "name only"
        elif dial >= 85:
            phone, way = other_phone, "name and birth date"
        elif dial >= 74:
            first = tables.GIVEN_VARIANTS.get(first, (bare_arabic(first).upper(),))[0]
            first, last = last, first
            phone = f"+213 {phone[1:4]} {phone[4:6]} {phone[6:8]} {phone[8:]}"
            way = "spelled otherwise"
        elif dial >= 62:
            email, way = person.email, "same phone and e-mail"
        elif dial >= 42:
            phone, email, way = "", person.email, "same e-mail"
        kind: Literal["user", "lead"] = "user" if person.bits & 0x800 else "lead"
        return KnownPerson(person.number, kind, first, last, phone, email, birth, way)


def known_as(number: int, person: FictionalPerson, record: dict[str, Any]) -> KnownPerson:
    """Return the platform's record of a person: clean except for the fields in `record`."""
    birth = record.get("birth_date", person.birth)
    return KnownPerson(
        number, record["kind"], record.get("first_name", person.first),
        record.get("last_name", person.last), record.get("phone", person.phone),
        record.get("email", person.email), date.fromisoformat(birth) if birth else None, "exhibit",
    )  # fmt: skip
