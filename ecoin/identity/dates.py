"""Birth dates as the old platform stored them: text, in the orders people type, some impossible."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from ecoin.identity.blanks import is_blank_or_test
from ecoin.identity.text import fold

MAX_FIELD: Final = 60
YOUNGEST: Final = 10
"""Years. A two-digit year is the latest one that makes the learner at least this old: 05 → 2005."""
OLDEST_YEAR: Final = 1901
"""1900 is the old forms' default year; no one in the school was born before it."""


class BirthDate(NamedTuple):
    """`problem`: missing | impossible | placeholder | partial | future, or empty with a value."""

    value: date | None
    problem: str


_OLDEST: Final = date(OLDEST_YEAR, 1, 1)
_EPOCH: Final = date(1970, 1, 1)
_MISSING: Final = BirthDate(None, "missing")
_IMPOSSIBLE: Final = BirthDate(None, "impossible")
_PLACEHOLDER: Final = BirthDate(None, "placeholder")
_PARTIAL: Final = BirthDate(None, "partial")
_FUTURE: Final = BirthDate(None, "future")

# A date whose parts are separated by a slash, or by nothing. Day first, as everywhere in Algeria; never
# month first: 05/25/1999 has no month 25.
_FORMS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4}|\d{2})",
        r"(?P<day>\d{1,2})/?(?:er/?)?(?P<month>[a-z']{2,12})/?(?P<year>\d{4}|\d{2})",
        r"(?P<month>[a-z']{2,12})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d{2})",
    )
)
_GLUED: Final = re.compile(r"\d{7,8}", re.ASCII)
_PARTIAL_FORM: Final = re.compile(r"\d{4}|\d{1,2}/+\d{4}|\d{4}/+\d{1,2}", re.ASCII)
_MONTH_AND_YEAR: Final = re.compile(
    r"([a-z']{2,12})/?(?:\d{4}|\d{2})|\d{4}/?([a-z']{2,12})", re.ASCII
)


# What forms write around a date, folded: "né le … à Oran", "(…)", "lundi …", "vers 1985".
def _arabic(words: str) -> str:
    """Arabic words as they are after `fold`, as alternatives of a pattern."""
    return "|".join(re.escape(fold(word)) for word in words.split())


_BEFORE: Final = re.compile(
    r"^(?:(?:ne\(e\)|nee?|date de naissance|date naissance|naissance|ddn|born|le|on|en|in|du|"
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|"
    + _arabic(
        "مولود مولودة المولود المولودة ولد ولدت في بتاريخ تاريخ الميلاد الازدياد يوم سنة عام مواليد"
    )
    + r")(?![a-z])[ .:,]*)+"
)
_PLACE_BEFORE: Final = re.compile(r"^a [a-z][a-z '().-]*? +(?=\d)")  # "né à Oran 04/03/2001"
_PLACE_AFTER: Final = re.compile(r"(?<=[\da-z][ /.-]\d{4}) +[a-z]{3}[a-z '().-]*$")
_AFTER: Final = re.compile(
    r"(?<=\d)(?:\s*[,(]\s*|\s+-\s+|\s+(?:a|in|fy)\s+|\s+(?=b[a-z]{3}))[a-z][a-z '().-]*(?:\d\d)?\)*$"
)
_TIME: Final = re.compile(
    r"(?<=\d)[t ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_ABOUT: Final = re.compile(
    r"~|\(?(?<![a-z])(?:presume\(e\)|presumee?|pres|pr|p|vers|environ|env|courant|annee|an|circa|about|"
    + _arabic("مفترض حوالي")
    + r")(?![a-z])\.?\)?"
)
_LETTER_O: Final = re.compile(r"(?<![a-z])o+(?=\d)|(?<=\d)o+(?![a-z])")
_LETTER_L: Final = re.compile(r"(?<![a-z])[il](?=\d)")
_BETWEEN: Final = re.compile(r"[\s/\\.,:;_|-]+")
_UNKNOWN_PART: Final = re.compile(r"[x?*]+")

_MONTHS: Final = {
    # French (also as Algerian forms abbreviate them) and English, folded.
    **dict.fromkeys(("janvier", "janv", "jan", "january"), 1),
    **dict.fromkeys(("fevrier", "fevr", "fev", "feb", "february"), 2),
    **dict.fromkeys(("mars", "mar", "march"), 3),
    **dict.fromkeys(("avril", "avr", "apr", "april"), 4),
    **dict.fromkeys(("mai", "may"), 5),
    **dict.fromkeys(("juin", "jun", "june"), 6),
    **dict.fromkeys(("juillet", "juil", "jul", "july"), 7),
    **dict.fromkeys(("aout", "aug", "august"), 8),
    **dict.fromkeys(("septembre", "sept", "sep", "september"), 9),
    **dict.fromkeys(("octobre", "oct", "october"), 10),
    **dict.fromkeys(("novembre", "nov", "november"), 11),
    **dict.fromkeys(("decembre", "dec", "december"), 12),
    # As Algeria and its neighbours name them, transliterated.
    **{
        fold(name): number
        for number, names in enumerate(
            (
                "جانفي يناير", "فيفري فبراير", "مارس", "أفريل افريل أبريل ابريل", "ماي مايو",
                "جوان يونيو", "جويلية جويليه يوليو", "أوت اوت أغسطس اغسطس", "سبتمبر", "أكتوبر اكتوبر",
                "نوفمبر", "ديسمبر",
            ),
            start=1,
        )
        for name in names.split()
    },
}  # fmt: skip


def parse_birth_date(raw: str | None, *, today: date) -> BirthDate:
    """The birth date of the field, or why there is none. `today` bounds it. Never raises.

    ISO dates and datetimes (the time is ignored), dd/mm/yyyy with any signs between, or none; two-digit
    years (see `YOUNGEST`), Arabic digits, French, Arabic or English months, and what forms write around
    a date: "né le … à Oran". A presumed year, or a month and a year, are partial.
    """
    if not raw:
        return _MISSING
    if len(raw) == 10 and raw[4] == raw[7] == "-":
        value = _iso_date(raw)
        if value is not None and _OLDEST <= value <= today and value != _EPOCH:
            return BirthDate(value, "")
    if len(raw) > MAX_FIELD:
        raw = raw.strip()[: MAX_FIELD + 1]
    return _parse(raw, today)


def parse_event_date(raw: str, *, latest: date) -> date | None:
    """The day on which something happened, written as a birth date may be; None for anything else.

    It is between 1970 and `latest`; a two-digit year is the latest that is not after it. Never raises.
    """
    value = _parse(raw.strip()[: MAX_FIELD + 1], latest, 0).value
    return value if value and value >= _EPOCH else None


def _iso_date(raw: str) -> date | None:
    """A date as databases write it: the only form that needs neither a pattern nor a cache."""
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


@lru_cache(maxsize=8_192)
def _parse(raw: str, today: date, youngest: int = YOUNGEST) -> BirthDate:
    text = raw.strip()
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    text = fold(text)
    if is_blank_or_test(text) or not any(c.isalnum() for c in text):
        return _MISSING
    if not text.strip("0"):
        return _PLACEHOLDER
    return _parse_form(text, today, youngest)


def _parse_form(text: str, today: date, youngest: int) -> BirthDate:
    """A folded date as people fill in forms: words and signs around and between its parts."""
    certain = _ABOUT.sub(" ", text)
    is_about = certain != text
    text = _LETTER_L.sub("1", _LETTER_O.sub(lambda match: "0" * len(match[0]), certain))
    text = _BEFORE.sub("", text.strip(_WRAPPING)).strip(_WRAPPING)
    text = _PLACE_AFTER.sub("", _AFTER.sub("", _PLACE_BEFORE.sub("", text)))
    text = _TIME.sub("", text)
    text = _BETWEEN.sub("/", _UNKNOWN_PART.sub("/", text.strip(_WRAPPING))).strip("/")
    if _PARTIAL_FORM.fullmatch(text) or (is_about and not text):
        return _PARTIAL
    match = _MONTH_AND_YEAR.fullmatch(text)
    if match and (match[1] or match[2]) in _MONTHS:
        return _PARTIAL
    value = _separated(text, today, youngest)
    return _PARTIAL if is_about and value.problem in ("", "placeholder") else value


_WRAPPING: Final = " ()[]{}<>'\".,;:!*=-"


def _separated(text: str, today: date, youngest: int) -> BirthDate:
    """A date as in `_FORMS`, or as one number."""
    if _GLUED.fullmatch(text):
        day_first = _checked(text[-4:], text[-6:-4], text[:-6], today, youngest)
        year_first = _checked(text[:4], text[4:6], text[6:], today, youngest)
        return day_first if year_first.problem in ("impossible", "future") else year_first
    for form in _FORMS:
        match = form.fullmatch(text)
        if match:
            month = str(_MONTHS.get(match["month"], match["month"]))
            if month.isdigit():
                return _checked(match["year"], month, match["day"], today, youngest)
    return _IMPOSSIBLE


def _checked(
    year_text: str, month_text: str, day_text: str, today: date, youngest: int
) -> BirthDate:
    year, month, day = int(year_text), int(month_text), int(day_text)
    if len(year_text) == 2 and (month or day):
        year = _full_year(year, today.year - youngest)
    if (year, month, day) in ((0, 0, 0), (1, 1, 1), (1970, 1, 1)) or year == 1900:
        return _PLACEHOLDER
    if year < OLDEST_YEAR or month > 12 or day > 31:
        return _IMPOSSIBLE
    if year > today.year:
        return _FUTURE
    if month == 0 or day == 0:
        return _PARTIAL
    try:
        value = date(year, month, day)
    except ValueError:
        return _IMPOSSIBLE
    return BirthDate(value, "") if value <= today else _FUTURE


def _full_year(year: int, latest: int) -> int:
    """The latest year with these two digits."""
    return latest - (latest - year) % 100
