"""E-mail addresses as comparison keys.

`email-validator` without DNS decides what is valid; ordinary addresses take regular expressions
that accept a subset of what the library accepts (a test compares the two). The key is lower
case; dots and +tags stay, a mistyped domain stays and is only hinted at.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from ecoin.identity.blanks import is_blank_or_test
from ecoin.identity.email_tables import (
    DOMAIN_TYPOS,
    PLACEHOLDER_ADDRESSES,
    PLACEHOLDER_LOCAL_PARTS,
    POPULAR_DOMAINS,
    REAL_DOMAINS,
    ROLE_EXACT,
    ROLE_PREFIXES,
)
from ecoin.identity.text import is_picture

MAX_FIELD: Final = 500
"""Characters that are read; no address is longer than 254, a field may contain two."""


class Email(NamedTuple):
    """`value` is the key or None; `problem` '' | 'missing' | 'placeholder' | 'invalid'."""

    value: str | None
    problem: str
    role_mailbox: bool
    hint: str


_NOTHING: Final[frozenset[str]] = frozenset()
_LABEL: Final = r"[a-z0-9](?:[a-z0-9]|-(?!-)){0,61}(?<!-)"
_ORDINARY_LOCAL: Final = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
_ORDINARY_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.){{1,4}}[a-z]{{2,24}}")
_MAX_LOCAL: Final = 64
SPECIAL_LAST_LABELS: Final = frozenset(("arpa", "invalid", "local", "localhost", "onion", "test"))
"""Of the library's SPECIAL_USE_DOMAIN_NAMES."""
_MAX_ORDINARY: Final = 200
# Brackets, quotes and punctuation around an address (the library allows a leading apostrophe: in
# practice it is a spreadsheet's mark for text).
_WRAPPING: Final = " \t\r\n\"'<>()[],;:.\\"
_BEFORE: Final = _WRAPPING.replace(".", "")  # .user@gmail.com is not user@gmail.com
_MAILTO: Final = re.compile(r"^(?:mailto|e-?mail|mail)\s*:\s*", re.IGNORECASE)
_IN_ANGLES: Final = re.compile(r"<([^<>@\s]+@[^<>@\s]+)>")
_SIGN: Final = r"[,;|/\\()\[\]<>{}:=]"
# An address with a remark: between signs, or before a word or a number. Not before two letters, which
# may be the end of its domain (amel@yahoo.co m).
_REMARKED: Final = re.compile(
    rf"(?:^|{_SIGN}|\s-|\s(?:et|ou|or|and)\s)\s*([^\s,;|/\\()\[\]<>{{}}:=@]+@[^\s,;|/\\()\[\]<>{{}}:=@]+)"
    rf"(?=\s*$|\s*{_SIGN}|\s+(?:[-–+\d]|[^\W\d_]{{3}}))",
    re.IGNORECASE,
)
_BETWEEN_ADDRESSES: Final = re.compile(r"\s*[,;/|\\]\s*|\s+(?:et|ou|or|and)\s+|\s+")


def parse_email(
    raw: str | None,
    *,
    placeholders: frozenset[str] = _NOTHING,
    role_mailboxes: frozenset[str] = _NOTHING,
) -> Email:
    """The address of the field as a key, or why there is none. Never raises.

    `placeholders` and `role_mailboxes` (lower case: an address, or a local part for roles) are
    added to the built-in tables. Of two addresses in one field the first valid one counts.
    """
    if not raw:
        return _MISSING
    value, problem, hint = _address_of(raw[:MAX_FIELD])
    if placeholders and (value or raw.strip().lower()) in placeholders:
        return Email(None, "placeholder", False, "")
    if value is None:
        return Email(None, problem, False, hint)
    return Email(value, "", is_role_mailbox(value, role_mailboxes), hint)


_MISSING: Final = Email(None, "missing", False, "")


def is_role_mailbox(value: str, extra: frozenset[str] = _NOTHING) -> bool:
    """An office's or a cyber café's mailbox: many people give it, it identifies no one."""
    local = value.partition("@")[0]
    if extra and (value in extra or local in extra or f"{local}@" in extra):
        return True
    if local.startswith(ROLE_PREFIXES):
        return True
    return _ROLE_WORD.split(local, maxsplit=1)[0] in ROLE_EXACT


_ROLE_WORD: Final = re.compile(r"[._+\-\d]")


def _address_of(raw: str) -> tuple[str | None, str, str]:
    """(value, problem, hint) without the settable tables."""
    if raw.isascii() and len(raw) <= _MAX_ORDINARY:
        lowered = raw.strip().lower()
        local, _, domain = lowered.partition("@")
        if len(local) <= _MAX_LOCAL and _ORDINARY_LOCAL.fullmatch(local):
            hint = _hint_if_ordinary(domain)
            if hint is not None:
                if _is_placeholder_address(lowered):
                    return None, "placeholder", ""
                return lowered, "", hint
    return _read_odd(raw)


@lru_cache(maxsize=8_192)
def _hint_if_ordinary(domain: str) -> str | None:
    """`_hint` of a domain that an ordinary address has; None for any other."""
    if not _ORDINARY_DOMAIN.fullmatch(domain):
        return None
    return None if domain.rpartition(".")[2] in SPECIAL_LAST_LABELS else _hint(domain)


@lru_cache(maxsize=16_384)
def _read_odd(raw: str) -> tuple[str | None, str, str]:
    text = unicodedata.normalize("NFKC", raw)
    text = text.rstrip("\x00 ")
    visible = (c for c in text if unicodedata.category(c) not in ("Cf", "Cs"))
    text = "".join(" " if is_picture(c) else c for c in visible).strip()
    if not text:
        return None, "missing", ""
    if is_blank_or_test(text) or not any(c.isalnum() and c != "0" for c in text):
        return None, "placeholder", ""
    for candidate in _candidates(text):
        value = _validated(candidate)
        if value is None:
            continue
        if _is_placeholder_address(value):
            return None, "placeholder", ""
        return value, "", _hint(value.rpartition("@")[2])
    bare = _unwrapped(text).lower()
    if _is_placeholder_address(bare):
        return None, "placeholder", ""
    return None, "invalid", _hint(bare.rpartition("@")[2]) if "@" in bare else ""


def _candidates(text: str) -> list[str]:
    """The field itself, what is in <>, the parts if each is an address, addresses with remarks."""
    whole = _unwrapped(text)
    candidates = [whole]
    angles = _IN_ANGLES.findall(text)
    if len(angles) == 1:
        candidates.append(angles[0])
    parts = [_unwrapped(part) for part in _BETWEEN_ADDRESSES.split(whole) if part]
    if len(parts) > 1 and all(part.count("@") == 1 for part in parts):
        candidates.extend(parts)
    return candidates + [_unwrapped(address) for address in _REMARKED.findall(text)]


def _unwrapped(text: str) -> str:
    text = _MAILTO.sub("", text.rstrip(_WRAPPING).lstrip(_BEFORE))
    return text.rstrip(_WRAPPING).lstrip(_BEFORE)


def _validated(address: str) -> str | None:
    # Imported for odd addresses only: it takes longer than the start of a command may.
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, allow_quoted_local=False
        )
    except (EmailNotValidError, ValueError):  # ValueError: idna on some malformed labels
        return None
    value = (checked.ascii_email or "").lower()
    return value if value.isascii() and value else None


def _is_placeholder_address(value: str) -> bool:
    if value in PLACEHOLDER_ADDRESSES:
        return True
    local, _, domain = value.partition("@")
    if _NO_LETTERS.sub("", local) in PLACEHOLDER_LOCAL_PARTS:
        return True
    # aaa@aaa.com, xx@xx.fr: one character repeated on both sides.
    first_label = domain.partition(".")[0]
    return bool(local) and not local.strip(local[0]) and set(first_label) == {local[0]}


_NO_LETTERS: Final = re.compile("[^a-z]+")


@lru_cache(maxsize=8_192)
def _hint(domain: str) -> str:
    """The domain that was probably meant; '' where there is nothing to suggest. Never applied."""
    if domain in REAL_DOMAINS:
        return ""
    if domain in DOMAIN_TYPOS:
        return DOMAIN_TYPOS[domain]
    near = [d for d in POPULAR_DOMAINS if OSA.distance(d, domain, score_cutoff=1) <= 1]
    return near[0] if len(near) == 1 else ""
