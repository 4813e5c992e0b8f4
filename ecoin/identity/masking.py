"""The one mask for contacts on every screen, in every export and in all evidence.

A mask shows enough to recognise a number that one has already, never enough to call it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ecoin.identity.number_shapes import DATE_IN_TEXT, is_glued_date, is_not_a_phone
from ecoin.identity.phones import COUNTRY, ascii_digits, parse_phones, raw_digits
from ecoin.identity.text import unescaped

DOT: Final = "•"
LANDLINE: Final = 8
"""Digits of a landline's number without its zero. So has a date: 20190106."""
MIN_DIGITS: Final = 5
"""Fewer digits are hidden entirely: two of four would be half of it."""


def mask_phone(raw: str | None) -> str:
    """'0559446168' → '05•• ••• 168'; other numbers show two digits; '' for nothing.

    Several numbers are masked one by one. A field without a single digit shows dots only.
    """
    if not raw or not raw.strip():
        return ""
    raw = unescaped(raw)
    phones = parse_phones(raw)
    numbers = [_mask_number(number) for number in phones.valid]
    numbers += [_last_two(digits) for digits in phones.invalid_digits]
    return " / ".join(numbers) or _last_two(raw_digits(raw))


def mask_email(raw: str | None) -> str:
    """'ali@gmail.com' → 'a•••@gmail.com'; dots only where there is no real address."""
    text = unescaped(raw or "").strip()
    if not text:
        return ""
    local, at, domain = text.rpartition("@")
    if not at or not local or "@" in local or not _is_domain(domain):
        return DOT * 3
    # One letter of one would be the whole local part.
    first = local[0] if len(local) > 1 and local[0].isalnum() else ""
    return f"{first}{DOT * 3}@{domain.lower()}"


def mask_text(text: str | None) -> str:
    """Free text (a name, a status) in which contacts are masked: people type phones everywhere.

    Masked are seven or more digits with the usual separators between them, in any script, and every
    word with an @. Dates, years, codes of sessions and amounts stay (number_shapes). Anything else comes
    back as it was.
    """
    if not text:
        return ""
    if text.isascii() and "&" not in text:
        return _masked(text)
    # Entities, invisible and full-width characters hide no number; without one, the text is left alone.
    plain = unicodedata.normalize("NFKC", unescaped(text))
    plain = "".join(c for c in plain if c in _JOINERS or unicodedata.category(c) != "Cf")
    masked = _masked(plain)
    return text if masked == plain else masked


def mask_code(code: str | None) -> str:
    """A code of the old platform. Its digits are those of a date or a number: BURE-2018-0358 stays.

    A phone that was typed in its place is masked: a mobile number, or any with its leading zero.
    """
    masked = mask_text(code)
    if not code or masked == code:
        return masked
    plain = ascii_digits(unicodedata.normalize("NFKC", unescaped(code)))
    digits = raw_digits(plain)
    if len(digits) <= LANDLINE and "@" not in plain:
        return code  # too short for a phone with its leading zero
    numbers = [number.removeprefix(COUNTRY) for number in parse_phones(plain).valid]
    rest = raw_digits(DATE_IN_TEXT.sub(" x ", plain))
    is_phone = (
        any(len(number) > LANDLINE or f"0{number}" in digits for number in numbers)
        or any(map(_PHONE_IN_DIGITS.search, (digits, rest)))
        or _LANDLINE_IN_CODE.search(plain)
    )
    return masked if is_phone or "@" in plain else code


def mask_date(raw: str | None) -> str:
    """A date as typed, also an impossible one or eight digits in a row; a phone is masked."""
    masked = mask_text(raw)
    is_date = is_glued_date(ascii_digits(unescaped(raw or "").strip()))
    return raw or "" if is_date else masked


def contains_contact(text: str) -> bool:
    """Whether the text contains anything like a phone number, valid or not, or an address."""
    plain = unicodedata.normalize("NFKC", text)
    without_signs = text.replace("@", " ").replace("\uff20", " ")
    return _TYPED_ADDRESS.search(plain) is not None or mask_text(without_signs) != without_signs


def mask_key(kind: str, value: str) -> str:
    """A contact key in evidence: '213559446168' → '2135•••168', an address as everywhere."""
    if kind == "E":
        return mask_email(value)
    if kind == "P" and value.startswith(COUNTRY) and len(value) >= 11:
        return f"{value[:4]}{DOT * 3}{value[-3:]}"
    return _last_two(value)


# A digit, or the letter O typed for a zero next to one.
_DIGIT: Final = r"(?:\d|(?<=\d)[oO](?![^\W\d_])|(?<![^\W\d_])[oO](?=[ .\-]?\d))"
_BETWEEN: Final = r"[^\w•@]|_"
_NUMBER: Final = re.compile(rf"\+?{_DIGIT}(?:(?:{_BETWEEN}){{0,4}}{_DIGIT}){{6,}}")
_ADDRESS: Final = re.compile(r"(?<![^\s@])[^\s@]*\s?@\s?[^\s@]*(?:@[^\s@]*)*")
# An address, with at most one space next to its sign; "@accueil" is the name of a desk.
_TYPED_ADDRESS: Final = re.compile(r"[^\s@]@[^\s@]|[^\s@]\s?@\s?[^\s@]+\.\w")
_MASKED_NUMBER: Final = re.compile(r"\d*•[• ]*\d*")
_GROUP: Final = re.compile(r"\d+")
_MOBILE: Final = re.compile(r"(?:0|213)[5-7]\d{8}")
_PHONE_IN_DIGITS: Final = re.compile(r"(?:0|213)[5-7]\d{8}|2130?[2-4]\d{7}")  # in use or not
_LANDLINE_IN_CODE: Final = re.compile(r"(?<!\d)0[2-4](?:[ ./_-]{0,2}\d){7}(?!\d)")
_HOLDS_SOMETHING: Final = re.compile(r"[\d@]")
_JOINERS: Final = "\u200c\u200d"  # between letters of Arabic and Persian names


def _masked(text: str) -> str:
    if not _HOLDS_SOMETHING.search(text):
        return text
    text = _ADDRESS.sub(_address_in_text, text)
    rest = _NUMBER.sub(" x ", DATE_IN_TEXT.sub(" x ", ascii_digits(text)))
    rest = _MASKED_NUMBER.sub(" x ", rest)
    text = _NUMBER.sub(_number_in_text, text)
    # A number whose groups are far apart, or have words between them.
    if parse_phones(rest).valid or _MOBILE.search(raw_digits(rest)):
        text = _GROUP.sub(lambda group: DOT * len(group.group()), text)
    return text


def _number_in_text(match: re.Match[str]) -> str:
    number, text = match.group(), match.string
    start, end = match.span()
    before, after = text[max(start - 2, 0) : start], text[end : end + 10]
    stays = is_not_a_phone(ascii_digits(number), before=before, after=after)
    return number if stays else mask_phone(number)


def _address_in_text(match: re.Match[str]) -> str:
    """One space more or less around an @ is neither a reason to see an address nor to miss one."""
    address = match.group()
    lead = " " if address[0].isspace() else ""
    return lead + mask_email("".join(address.split()).strip(_WRAPPING))


_WRAPPING: Final = "\"'<>()[],;:."


def _mask_number(number: str) -> str:
    national = number.removeprefix(COUNTRY)
    if len(national) != 9:
        return _last_two(national)
    return f"0{national[0]}{DOT * 2} {DOT * 3} {national[-3:]}"


def _last_two(digits: str) -> str:
    return DOT * 4 + (f" {digits[-2:]}" if len(digits) >= MIN_DIGITS else "")


def _is_domain(domain: str) -> bool:
    """A plain domain: anything else in its place might be a phone number or a name."""
    labels = domain.split(".")
    plain = all(label.replace("-", "").isalnum() for label in labels)
    return plain and len(labels) > 1 and labels[-1].isalpha() and len(domain) <= 100
