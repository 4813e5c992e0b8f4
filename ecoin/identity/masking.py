"""The one mask for contacts on every screen, in every export and in all evidence.

A mask says enough to recognise a number one already has in hand, never enough to call it.
"""

from __future__ import annotations

from typing import Final

from ecoin.identity.phones import COUNTRY, parse_phones, raw_digits

DOT: Final = "•"
MIN_DIGITS: Final = 5
"""Fewer digits are hidden entirely: two of four would be half of it."""


def mask_phone(raw: str | None) -> str:
    """'0559446168' → '05•• ••• 168'; other numbers show two digits; '' for nothing.

    Several numbers are masked one by one. A field without a single digit shows dots only.
    """
    if not raw or not raw.strip():
        return ""
    phones = parse_phones(raw)
    numbers = [_mask_number(number) for number in phones.valid]
    numbers += [_last_two(digits) for digits in phones.invalid_digits]
    return " / ".join(numbers) or _last_two(raw_digits(raw))


def mask_email(raw: str | None) -> str:
    """'ali@gmail.com' → 'a•••@gmail.com'; dots only where there is no address to speak of."""
    text = (raw or "").strip()
    if not text:
        return ""
    local, at, domain = text.rpartition("@")
    if not at or not local or "@" in local or not _is_domain(domain):
        return DOT * 3
    # One letter of one would be the whole local part.
    first = local[0] if len(local) > 1 and local[0].isalnum() else ""
    return f"{first}{DOT * 3}@{domain.lower()}"


def mask_key(kind: str, value: str) -> str:
    """A contact key in evidence: '213559446168' → '2135•••168', an address as everywhere."""
    if kind == "E":
        return mask_email(value)
    if kind == "P" and value.startswith(COUNTRY) and len(value) >= 11:
        return f"{value[:4]}{DOT * 3}{value[-3:]}"
    return _last_two(value)


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
