"""The everyday errors of ordinary rows: what is wrong, how often, and in which form.

Shares are near those on which matching is measured (benchmarks/matching). Each ordinary row draws
once from every table, so a row may have a swapped name *and* a missing birth date.
"""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from . import tables
from .arabic_names import bare_arabic
from .population import SCHOOL_NUMBERS_FROM, SECOND_PHONE, FictionalPerson, Population

Row = dict[str, Any]
Apply = Callable[[Row, FictionalPerson, Random, Population], None]


class Noise(NamedTuple):
    """One kind of error; `only`: the one table that can contain it."""

    kind: str
    rate: float
    apply: Apply
    only: str = ""


def double_encoded(text: str) -> str:
    """Return text as read from a latin1 table that contains UTF-8 bytes (é becomes Ã©)."""
    return "".join(_LATIN1[byte] for byte in text.encode())


# MySQL's latin1 is cp1252 with the five holes filled by C1 controls.
_LATIN1 = [bytes([n]).decode("cp1252", "ignore") or chr(n) for n in range(256)]


def is_arabic(text: str) -> bool:
    """Are there Arabic letters in a text?"""
    return any("\u0621" <= letter <= "\u064a" for letter in text)


def spell_phone(spelling: str, phone: str, second: str = "") -> str:
    """Return ten digits in one of `tables.PHONE_SPELLINGS`."""
    a, b, c, d, e = (phone[n : n + 2] for n in range(0, 10, 2))
    return spelling.format(
        n=phone, i=phone[1:], i1=phone[1], a=a, b=b, c=c, d=d, e=e, m=second,
        n4=phone[:4], n3=phone[4:7], n33=phone[7:], n6=phone[4:],
        arabic=phone.translate(_ARABIC_DIGITS), wide=phone.translate(_WIDE_DIGITS),
    )  # fmt: skip


_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")


def _pick(rng: Random, values: tuple[Any, ...]) -> Any:
    return values[int(rng.random() * len(values))]


# --- names ---------------------------------------------------------------------------------------


def _swapped(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["nom"], row["prenom"] = person.first, person.last


def _variant(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    """Spell the given name another way, or split a family name (Benali, Ben Ali)."""
    head, _, rest = person.first.partition(" ")
    if is_arabic(person.first):
        # Where no letter changes, a vowel sign is added after the second one.
        first = bare_arabic(person.first)
        row["prenom"] = first if first != person.first else f"{first[:2]}\u064e{first[2:]}"
        row["nom"] = bare_arabic(person.last)
    elif head in tables.GIVEN_VARIANTS:
        row["prenom"] = f"{_pick(rng, tables.GIVEN_VARIANTS[head])} {rest}".strip()
    elif person.last in tables.FAMILY_PREFIXED and " " not in person.last:
        row["nom"] = f"{person.last[:3]} {person.last[3:].capitalize()}"
    else:
        row["nom"] = person.last.replace("ou", "u").replace("ch", "sh").replace("ï", "i")


def _capitals(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["nom"], row["prenom"] = person.last.upper(), person.first.lower()


def _blanks(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["nom"], row["prenom"] = f"  {person.last} ", person.first.replace(" ", "  ") + " "


def _titled(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    titles = tables.ARABIC_TITLES if is_arabic(person.last) else tables.TITLES
    row["nom"] = f"{_pick(rng, titles)} {person.last}"


def _all_in_nom(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["nom"], row["prenom"] = f"{person.last} {person.first}", ""


def _name_double_encoded(
    row: Row, person: FictionalPerson, rng: Random, population: Population
) -> None:
    row["nom"], row["prenom"] = double_encoded(person.last), double_encoded(person.first)


# --- phones --------------------------------------------------------------------------------------


def _spelling(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    second = population.phone(person.number + SECOND_PHONE)
    row["telephone"] = spell_phone(_pick(rng, tables.PHONE_SPELLINGS), person.phone, second)


def _spelling_unicode(
    row: Row, person: FictionalPerson, rng: Random, population: Population
) -> None:
    row["telephone"] = spell_phone(_pick(rng, tables.PHONE_SPELLINGS_UNICODE), person.phone)


def _second_phone(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["telephone"] = population.phone(person.number + SECOND_PHONE)


def _bad_phone(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["telephone"] = _pick(rng, tables.BAD_PHONES)[1]


def _no_phone(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["telephone"] = "" if rng.random() < 0.5 else None


def _recycled(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    """The operator gave the number of an earlier learner to this one."""
    row["telephone"] = population.phone(int(rng.random() * (person.number + 1)))


def _school_phone(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    lender = SCHOOL_NUMBERS_FROM + int(rng.random() * population.school_numbers)
    row["telephone"] = population.phone(lender)


# --- e-mails -------------------------------------------------------------------------------------


def _no_email(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["email"] = "" if rng.random() < 0.4 else None


def _placeholder_email(
    row: Row, person: FictionalPerson, rng: Random, population: Population
) -> None:
    row["email"] = _pick(rng, tables.PLACEHOLDER_EMAILS)


def _role_email(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["email"] = _pick(rng, tables.ROLE_EMAILS)


def _invalid_email(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["email"] = _pick(rng, tables.INVALID_EMAILS)


def _capital_email(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["email"] = f" {person.email.upper()}"


def _typo_email(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["email"] = person.email.partition("@")[0] + _pick(rng, tables.EMAIL_TYPOS)


# --- birth dates ---------------------------------------------------------------------------------


def _date(*values: str | None) -> Apply:
    def apply(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
        row["date_naissance"] = _pick(rng, values)

    return apply


def _day_month_swapped(
    row: Row, person: FictionalPerson, rng: Random, population: Population
) -> None:
    year, month, day = person.birth.split("-")
    if int(day) <= 12:
        row["date_naissance"] = f"{year}-{day}-{month}"


def _year_only(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["date_naissance"] = f"{person.birth[:4]}-01-01"


def _digit_off(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    birth = person.birth
    if not birth.endswith("02-29"):  # the next year has no such day
        row["date_naissance"] = f"{birth[:3]}{(int(birth[3]) + 1) % 10}{birth[4:]}"


def _other_date(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    row["date_naissance"] = population.person(int(rng.random() * population.learners)).birth


def _french_date(row: Row, person: FictionalPerson, rng: Random, population: Population) -> None:
    year, month, day = person.birth.split("-")
    mark = _pick(rng, ("/", "/", "-", "."))
    row["date_naissance"] = f"{day}{mark}{month}{mark}{year}"


_NAMES = (
    Noise("swapped names", 0.08, _swapped),
    Noise("spelling variant", 0.07, _variant),
    Noise("capitals", 0.04, _capitals),
    Noise("blanks", 0.02, _blanks),
    Noise("title", 0.01, _titled),
    Noise("both names in nom", 0.01, _all_in_nom),
    Noise("double-encoded name", 0.006, _name_double_encoded),
)
_PHONES = (
    Noise("other spelling", 0.14, _spelling),
    Noise("second phone", 0.12, _second_phone),
    Noise("no phone", 0.05, _no_phone),
    Noise("bad or placeholder phone", 0.04, _bad_phone),
    Noise("school or café number", 0.01, _school_phone),
    Noise("recycled number", 0.006, _recycled),
    Noise("unicode digits or marks", 0.004, _spelling_unicode, only="stagiaires"),
)
_EMAILS = (
    Noise("no e-mail", 0.38, _no_email),
    Noise("placeholder e-mail", 0.07, _placeholder_email),
    Noise("capitals", 0.04, _capital_email),
    Noise("role mailbox", 0.015, _role_email),
    Noise("typo in the domain", 0.01, _typo_email),
    Noise("invalid e-mail", 0.01, _invalid_email),
)
_DATES = (
    Noise("no date", 0.05, _date(None)),
    Noise("blank date", 0.01, _date(""), only="stagiaires"),
    Noise("zero date", 0.01, _date("0000-00-00")),
    Noise("day and month swapped", 0.02, _day_month_swapped),
    Noise("year only", 0.015, _year_only),
    Noise("one digit off", 0.01, _digit_off),
    Noise("another person's date", 0.01, _other_date),
    Noise("placeholder date", 0.006, _date("1900-01-01", "1970-01-01")),
    Noise("impossible date", 0.003, _date("2019-00-00", "2019-02-31", "1999-04-31")),
    Noise("future date", 0.001, _date("2031-05-12")),
    Noise("day first, as text", 0.08, _french_date, only="stagiaires"),
)
NOISE: tuple[tuple[Noise, ...], ...] = (_NAMES, _PHONES, _EMAILS, _DATES)
