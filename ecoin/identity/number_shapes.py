"""Numbers in free text that are not phones: dates, times, years, codes of sessions, amounts.

No Algerian number has the area code 19 or 20, so a group that begins with a year begins no phone.
Anything else with seven digits or more might be a phone (docs/decisions/0077).
"""

from __future__ import annotations

import re
from typing import Final

from ecoin.identity.phones import parse_phones, raw_digits

_YEAR: Final = r"(?:19|20)\d\d"
_TWO: Final = r"\d{1,2}"
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH: Final = r"(?:0?[1-9]|1[0-2])"
_ZONE: Final = r"(?:\s?[+-]\d\d:?\d\d)"
_TIME: Final = rf"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{{1,9}})?)?{_ZONE}?"
# Any two digits for day and month: an impossible date is what the reader must see. With spaces between
# them, plausible ones only, since people write phones in groups.
_WITH_YEAR: Final = (
    rf"{_YEAR}(?P<a%(n)d>[-/.]){_TWO}(?P=a%(n)d){_TWO}(?:\s{_TIME})?",
    rf"{_TWO}(?P<b%(n)d>[-/.]){_TWO}(?P=b%(n)d){_YEAR}(?:\s{_TIME})?",
    rf"{_YEAR}\s{_MONTH}\s{_DAY}|{_DAY}\s{_MONTH}\s{_YEAR}",
    rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    rf"{_YEAR}\s?[-/–]\s?{_YEAR}",
    rf"{_YEAR}[-/.]{_MONTH}|{_MONTH}[-/.]{_YEAR}",
)
_SHORT_DATE: Final = rf"{_DAY}(?P<c%(n)d>[-/.]){_MONTH}(?P=c%(n)d)\d\d"


def _dates(*forms: str) -> re.Pattern[str]:
    """One date, or two with a sign between them: a period."""
    first, second = ("|".join(form % {"n": number} for form in forms) for number in (1, 2))
    return re.compile(rf"(?:{first})(?:\s?[-–/_,;.()]?\s?(?:{second}))?")


_DATES: Final = _dates(*_WITH_YEAR)
_SHORT_DATES: Final = _dates(*_WITH_YEAR, _SHORT_DATE)
# "PAO-2016-06-1035", "INFO_2019_0358": a year, perhaps a month, and a number behind letters.
_CODE: Final = re.compile(rf"{_YEAR}[-_/.](?:(?:0[1-9]|1[0-2])[-_/.])?\d{{1,6}}")
_LETTERS_BEFORE: Final = re.compile(r"[^\W\d_][-_/.]?$")
# At most 99,999,999: nine digits in groups of three are a mobile number without its zero.
_AMOUNT: Final = re.compile(r"[1-9]\d?[ .]\d{3}[ .]\d{3}(?:,\d\d)?")
_CURRENCY: Final = re.compile(r"\s?(?:DA|DZD|dinars?|EUR|دج|دينار)(?!\w)|\s?€", re.IGNORECASE)
# In a column of dates, eight digits in either order as well.
_GLUED_DATE: Final = re.compile(rf"{_YEAR}\d{{4}}|[0-3]\d[01]\d{_YEAR}")

# A date anywhere in a text, or the year of a code, whose number stays.
DATE_IN_TEXT: Final = re.compile(
    rf"(?<!\d)(?:{_SHORT_DATES.pattern}(?!\d)|{_YEAR}[-_/.](?=\d{{1,6}}(?!\d)))"
)


def is_not_a_phone(number: str, *, before: str, after: str) -> bool:
    """Whether a run of digits and separators, in ASCII, is a date, a code or an amount.

    `before` and `after`: the text around it. A run with anything more in it is taken for a phone.
    """
    digits = raw_digits(number)
    if _DATES.fullmatch(number) or not digits.strip("0"):
        return True
    if _SHORT_DATES.fullmatch(number):
        return not parse_phones(digits).valid  # pairs of digits, as people write phones
    if _CODE.fullmatch(number):
        return _LETTERS_BEFORE.search(before) is not None
    return _AMOUNT.fullmatch(number) is not None and _CURRENCY.match(after) is not None


def is_glued_date(text: str) -> bool:
    """Whether the text is eight digits that can be read as a date, perhaps an impossible one."""
    return _GLUED_DATE.fullmatch(text) is not None
