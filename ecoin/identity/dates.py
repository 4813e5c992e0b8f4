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
"""1900 is the old forms' default year; nobody in the school was born before it."""


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

_TIME: Final = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})([-/. ]?)(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
# Day first, as everywhere in Algeria; never month first: 05/25/1999 has no month 25.
_DAY_FIRST: Final = re.compile(
    rf"(\d{{1,2}})([-/. ])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}", re.ASCII
)
_NAMED_MONTH: Final = re.compile(r"(\d{1,2})(?:er)?[ -]([a-z]{3,9})\.?[ -](\d{4})", re.ASCII)
_PARTIAL_FORM: Final = re.compile(r"\d{4}|\d{1,2}[-/. ]\d{4}|\d{4}[-/. ]\d{1,2}", re.ASCII)

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
}


def parse_birth_date(raw: str | None, *, today: date) -> BirthDate:
    """The birth date of the field, or why there is none. `today` bounds it. Never raises.

    ISO dates and datetimes (the time is ignored), dd/mm/yyyy with / - . or space, two-digit years
    (see `YOUNGEST`), Arabic digits, French or English month names.
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


def _iso_date(raw: str) -> date | None:
    """A date as databases write it: the only form that needs neither a pattern nor a cache."""
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


@lru_cache(maxsize=8_192)
def _parse(raw: str, today: date) -> BirthDate:
    text = raw.strip()
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    match = _YEAR_FIRST.fullmatch(text)
    if match:
        return _checked(match[1], match[3], match[4], today)
    text = fold(text)
    if is_blank_or_test(text) or not any(c.isalnum() for c in text):
        return _MISSING
    match = _YEAR_FIRST.fullmatch(text.upper())
    if match:
        return _checked(match[1], match[3], match[4], today)
    match = _DAY_FIRST.fullmatch(text.upper())
    if match:
        return _checked(match[4], match[3], match[1], today)
    match = _NAMED_MONTH.fullmatch(text)
    if match and match[2] in _MONTHS:
        return _checked(match[3], str(_MONTHS[match[2]]), match[1], today)
    if not text.strip("0"):
        return _PLACEHOLDER
    return _PARTIAL if _PARTIAL_FORM.fullmatch(text) else _IMPOSSIBLE


def _checked(year_text: str, month_text: str, day_text: str, today: date) -> BirthDate:
    year, month, day = int(year_text), int(month_text), int(day_text)
    if len(year_text) == 2 and (month or day):
        year = _full_year(year, today)
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


def _full_year(year: int, today: date) -> int:
    latest = today.year - YOUNGEST
    return latest - (latest - year) % 100
