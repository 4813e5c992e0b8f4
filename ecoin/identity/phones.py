"""Algerian phone numbers out of a free text field.

Numbers are stored as digits with the country code and without plus: `213559446168`. What is a
valid number comes from `phonenumbers`: its own patterns for the region DZ are read when this module
is imported and compiled into one expression, about ten times faster than a call; a test compares
the two. The library alone fails on what people type, so the field is cleaned and split first.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from phonenumbers import PhoneMetadata

COUNTRY: Final = "213"
MIN_INVALID_DIGITS: Final = 7
"""Fewer digits are not evidence of anything (an extension, a house number, a typing slip)."""
MAX_INVALID_DIGITS: Final = 20
"""More digits are not a phone anywhere (E.164 ends at 15); two glued numbers are still kept."""
MAX_E164: Final = 15
"""Digits of the longest international number."""
MAX_FIELD: Final = 500
"""Characters of the field that are read: a phone column contains numbers, not essays."""
MAX_NUMBERS: Final = 10


class Phones(NamedTuple):
    """The numbers of a phone field. `placeholder`: it contains a number that no one has (0555555555)."""

    valid: tuple[str, ...]
    invalid_digits: tuple[str, ...]
    placeholder: bool


NO_PHONES: Final = Phones((), (), False)


def _national_pattern() -> str:
    metadata = PhoneMetadata.metadata_for_region("DZ")
    if metadata is None:  # pragma: no cover - a broken installation
        raise ImportError("phonenumbers has no metadata for the region DZ")
    kinds = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip")
    described = (getattr(metadata, kind) for kind in kinds)
    patterns = [d.national_number_pattern for d in described if d and d.national_number_pattern]
    return "(?:" + "|".join(f"(?:{pattern})" for pattern in patterns) + ")"


_NATIONAL: Final = _national_pattern()
# Written with a prefix nothing else has: +213, 00213, 213, 0213, each perhaps with the 0; or 0.
_PREFIXED: Final = rf"(?:(?:\+|00?)?{COUNTRY}0?|\+?0)"
_WITH_PREFIX: Final = re.compile(rf"{_PREFIXED}({_NATIONAL})", re.ASCII)
_BARE: Final = re.compile(rf"({_NATIONAL})", re.ASCII)
_SEVERAL_GLUED: Final = re.compile(rf"(?:{_PREFIXED}{_NATIONAL}){{2,4}}", re.ASCII)

_LETTER_O: Final = re.compile(r"(?<![a-zA-Z])[oO]+(?=[ .\-]?\d)|(?<=\d)[oO]+(?![a-zA-Z])")
_EXCEL_FLOAT: Final = re.compile(r"(?<![\d.,])(\+?\d{8,14})[.,]0+(?!\d)")
_SCIENTIFIC: Final = re.compile(r"(?<!\d)(\d)[.,](\d+)[eE]\+?(\d{1,3})(?!\d)")
# A date in the phone column must not become the landline 12051999.
_DATE: Final = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d([-/. ])\d{1,2}\1\d{1,2}|\d{1,2}([-/. ])\d{1,2}\2(?:19|20)\d\d)(?!\d)"
)
# "0661 22 33 44/45": the last two digits of a second number, as people write two lines of one family.
_SECOND: Final = re.compile(
    r"((?:\d[ .-]?){7,}\d\d)(\s*(?:[/\\|]|ou|et)\s*)(\d\d)(?!\s?[ .-]?\d|\s*(?:ans?|h|min)\b)",
    re.IGNORECASE,
)
_HARD_BREAK: Final = re.compile(r"[^\W\d_]+")
_GROUP: Final = re.compile(r"\+?\d+", re.ASCII)
_STRONG: Final = re.compile(r"[/,;|&\n\r\\]|\s-\s")
_ALL_DIGITS: Final = re.compile(r"\d+", re.ASCII)


def parse_phones(raw: str | None) -> Phones:
    """The numbers of the field: valid ones in field order, the digits of others. Never raises."""
    if not raw:
        return NO_PHONES
    digits = raw.replace(" ", "").replace(".", "").replace("-", "")
    match = _WITH_PREFIX.fullmatch(digits)
    if match is None and digits == raw:
        match = _BARE.fullmatch(digits)
    if match is not None:
        national = match.group(1)
        if not is_placeholder(national):
            return Phones((COUNTRY + national,), (), False)
    return _parse_field(raw[:MAX_FIELD])


def raw_digits(raw: str | None) -> str:
    """All digits of the field, in ASCII, in order: what MEDIUM calls the raw phone."""
    if not raw:
        return ""
    if not raw.isascii():
        raw = ascii_digits(raw)
    if raw.isdecimal():
        return raw
    return "".join(_ALL_DIGITS.findall(raw))


def is_placeholder(digits: str) -> bool:
    """No one's number: seven of the last eight digits equal, a ladder, a loop of two digits, or the
    largest number of a column that was too small."""
    if digits.lstrip("0") in _LARGEST:
        return True
    tail = digits[-8:]
    if len(tail) < MIN_INVALID_DIGITS:
        return len(tail) > 1 and len(set(tail)) == 1
    if 2 < len(set(tail)) < MIN_INVALID_DIGITS:
        return False  # too many digits for a repetition, too few for a ladder
    if max(map(tail.count, set(tail))) >= len(tail) - 1:
        return True
    return tail in _LADDERS or tail == (tail[:2] * 4)[: len(tail)]


_LARGEST: Final = frozenset(
    str(2**bits - less) for bits in (23, 24, 31, 32, 53, 63, 64) for less in (0, 1)
)

_LADDER_UP: Final = "01234567890123456789"
_LADDERS: Final = frozenset(
    ladder[start : start + length]
    for ladder in (_LADDER_UP, _LADDER_UP[::-1])
    for length in (7, 8)
    for start in range(10)
)


def ascii_digits(text: str) -> str:
    """The text with ASCII digits, character by character."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


@lru_cache(maxsize=8_192)
def _parse_field(raw: str) -> Phones:
    text = raw
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
        text = ascii_digits(unicodedata.normalize("NFKC", text))
    text = _SCIENTIFIC.sub(_written_out, _DATE.sub(" x ", text))
    text = _EXCEL_FLOAT.sub(r"\1", _LETTER_O.sub(lambda m: "0" * len(m.group()), text))
    text = _SECOND.sub(_with_second_number, _SECOND.sub(_with_second_number, text))
    numbers = _FieldNumbers()
    for piece in _HARD_BREAK.split(text):
        _read_piece(piece, numbers)
    return numbers.phones()


def _with_second_number(match: re.Match[str]) -> str:
    first, between, ending = match.groups()
    return f"{first}{between}{first[:-2]}{ending}"


def _written_out(match: re.Match[str]) -> str:
    """Scientific notation written out; nothing where digits are lost (2.13559E+11 is a rounding).

    Programs that print a float drop trailing zeros only, spreadsheets round to six digits or
    fewer: up to two zeros are put back, more would invent a number.
    """
    mantissa, exponent = match.group(1) + match.group(2), int(match.group(3))
    missing = exponent + 1 - len(mantissa)
    if (
        exponent > MAX_INVALID_DIGITS
        or not -2 <= missing <= 2
        or len(mantissa) < MIN_INVALID_DIGITS
    ):
        return " x "
    return (mantissa + "0" * max(missing, 0))[: exponent + 1]


class _FieldNumbers:
    """Numbers found so far, in field order."""

    def __init__(self) -> None:
        self.valid: dict[str, None] = {}
        self.invalid: dict[str, None] = {}
        self.placeholder = False

    def add_valid(self, national: str) -> None:
        if is_placeholder(national):
            self.placeholder = True
        else:
            self.valid[COUNTRY + national] = None

    def add_invalid(self, text: str) -> None:
        digits = text.lstrip("+")
        if is_placeholder(digits):
            self.placeholder = True
        elif MIN_INVALID_DIGITS <= len(digits) <= MAX_INVALID_DIGITS:
            self.invalid[_same_spelling(digits)] = None

    def phones(self) -> Phones:
        valid, invalid = tuple(self.valid)[:MAX_NUMBERS], tuple(self.invalid)[:MAX_NUMBERS]
        return Phones(valid, invalid, self.placeholder)


def _same_spelling(digits: str) -> str:
    """One spelling for an invalid number: 0531234567, 00213531234567 and 213531234567 agree.

    A mobile number of the plan before 2008 is spelled as its ten-digit self: 061 22 33 44 became
    0661 22 33 44. It is a hint at the same person, never a valid number.
    """
    if digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0") and len(digits) in (9, 10):
        digits = COUNTRY + digits[1:]
    return _BEFORE_2008.sub(r"\1\2\2\3", digits)


_BEFORE_2008: Final = re.compile(rf"^({COUNTRY})([5-7])(\d{{7}})$", re.ASCII)


def _read_piece(piece: str, numbers: _FieldNumbers) -> None:
    """Numbers of a stretch without letters: prefixed ones first, then bare ones of the rest."""
    groups = [(m.group(), m.start(), m.end()) for m in _GROUP.finditer(piece)]
    rest: list[list[tuple[str, int, int]]] = [[]]
    position = 0
    while position < len(groups):
        national, end = _longest(groups, position, _WITH_PREFIX, piece, across=True)
        if national is None and _SEVERAL_GLUED.fullmatch(groups[position][0]):
            for match in _WITH_PREFIX.finditer(groups[position][0]):
                numbers.add_valid(match.group(1))
            end = position + 1
        elif national is not None:
            numbers.add_valid(national)
        elif groups[position][0].startswith(("+", "00")):
            end = _end_of_foreign(groups, position, piece)
            numbers.add_invalid("".join(digits for digits, _, _ in groups[position:end]))
        else:
            rest[-1].append(groups[position])
            position += 1
            continue
        position = end
        rest.append([])
    for left_over in rest:
        _read_bare(left_over, piece, numbers)


def _end_of_foreign(groups: list[tuple[str, int, int]], position: int, piece: str) -> int:
    """Where a number of another country ends: its groups are not an Algerian number by themselves.

    "+33 6 39 98 12 34" is French, although 6 39 98 12 34 alone would be a mobile number here.
    """
    length = len(groups[position][0])
    for index in range(position + 1, len(groups)):
        digits, start, _ = groups[index]
        length += len(digits)
        strong = _STRONG.search(piece[groups[index - 1][2] : start])
        if strong or digits.startswith("+") or len(digits) >= 9 or length > MAX_E164 + 2:
            return index
    return len(groups)


def _read_bare(groups: list[tuple[str, int, int]], piece: str, numbers: _FieldNumbers) -> None:
    unread: list[tuple[str, int, int]] = []
    position = 0
    while position < len(groups):
        national, end = _longest(groups, position, _BARE, piece, across=False)
        if national is None:
            unread.append(groups[position])
            position += 1
        else:
            numbers.add_valid(national)
            position = end
    runs: list[str] = []
    for index, (digits, start, _) in enumerate(unread):
        between = piece[unread[index - 1][2] : start] if index else "/"
        if index and not _STRONG.search(between) and not digits.startswith("+"):
            runs[-1] += digits
        else:
            runs.append(digits)
    if sum(map(len, runs)) <= MAX_INVALID_DIGITS and max(map(len, runs), default=0) < 7:
        runs = ["".join(runs)]
    for run in runs:
        numbers.add_invalid(run)


def _longest(
    groups: list[tuple[str, int, int]],
    position: int,
    pattern: re.Pattern[str],
    piece: str,
    *,
    across: bool,
) -> tuple[str | None, int]:
    """The longest run of digit groups from `position` that is one number, and where it ends."""
    best: tuple[str | None, int] = (None, position)
    glued = ""
    for index in range(position, len(groups)):
        digits, start, _ = groups[index]
        if index > position:
            if digits.startswith("+"):
                break
            if not across and _STRONG.search(piece[groups[index - 1][2] : start]):
                break
        glued += digits
        if len(glued) > 17:
            break
        match = pattern.fullmatch(glued)
        if match is not None:
            best = (match.group(1), index + 1)
    return best
