"""2 normalize: from a source row's texts, as found, to the columns and keys of a staged row.

Pure. What cannot be understood stays as found and leaves an issue; nothing is dropped.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ecoin.identity.blanks import compact, is_blank_or_test, is_deletion_mark, is_test_word
from ecoin.identity.charsets import CACHED_LENGTH, DAMAGED, REPAIRED, readable_name
from ecoin.identity.dates import parse_birth_date
from ecoin.identity.emails import Email
from ecoin.identity.keys import Key, identity_keys
from ecoin.identity.names import Name, full_name, parse_name
from ecoin.identity.phones import Phones, parse_phones, raw_digits
from ecoin.identity.text import is_damaged, repair_double_encoding, unescaped
from legacy_import.rules.email_fields import as_read, email_issues, parse_email_field

# Staged column → its width in characters. Longer values are cut there (never in the payload).
WIDTHS = {
    "first_name": 150,
    "last_name": 150,
    "full_name": 300,
    "phone_raw": 190,
    "email_raw": 254,
    "raw_status": 190,
}
MAX_REFERENCE_DIGITS = 20  # an unsigned 64-bit id


@dataclass(frozen=True, slots=True)
class Settings:
    """What normalization depends on besides the row."""

    today: datetime.date  # of the run, so that a repeated run gives the same
    placeholder_emails: frozenset[str]
    role_mailboxes: frozenset[str]


class NormalizedLearner(NamedTuple):
    """The derived columns of one staged learner, its identity keys and what was noted on the way."""

    first_name: str
    last_name: str
    full_name: str
    name_key: str
    birth_date: datetime.date | None
    phone_raw: str
    phone_normalized: str | None
    email_raw: str
    email_normalized: str | None
    raw_status: str
    legacy_formation_id: str | None
    legacy_session_id: str | None
    keys: tuple[Key, ...]
    issues: tuple[str, ...]


def normalize_learner(
    fields: Mapping[str, str | None], read_issues: tuple[str, ...], settings: Settings
) -> NormalizedLearner:
    """Normalize one learner. `fields`: canonical name → text as found (legacy_import.source.schema)."""
    issues = list(read_issues)
    if is_deletion_mark(fields.get("deleted_at")):
        issues.append("deleted_at_source")  # first: it decides whether the row counts at all
    first, last, full, phone, mail, status = [
        _storable(fields.get(name), name, issues) for name in WIDTHS_BY_FIELD
    ]
    name = parse_name(full) if full else parse_name(first, last)
    if not name.key:
        issues.append("name_missing")
    elif _is_test(name, (first, last, full)):
        issues.append("name_test")
    elif not name.is_readable:
        if not any(issue.startswith("text_damaged:") for issue in issues):
            issues.append("name_unreadable")
    elif full and (first or last):
        _note_contradiction(name, parse_name(first, last), issues)
    birth = parse_birth_date(as_read(fields.get("birth_date") or ""), today=settings.today)
    if birth.problem:
        issues.append(f"birth_date_{birth.problem}")
    plain_phone = as_read(phone)
    phones, digits = parse_phones(plain_phone), raw_digits(plain_phone)
    email = parse_email_field(
        mail,
        placeholders=settings.placeholder_emails,
        role_mailboxes=settings.role_mailboxes,
    )
    _note_contacts(digits, phones, email, issues)
    return NormalizedLearner(
        first_name=_cut(first, "first_name", issues),
        last_name=_cut(last, "last_name", issues),
        full_name=_cut(full_name(first, last, full), "full_name", issues),
        name_key=name.key[:190],
        birth_date=birth.value,
        phone_raw=_cut(phone, "phone_raw", issues),
        phone_normalized=phones.valid[0] if phones.valid else None,
        email_raw=_cut(mail, "email_raw", issues),
        email_normalized=email.value,
        raw_status=_cut(status, "raw_status", issues),
        legacy_formation_id=_reference(fields.get("formation_id"), "formation_id", issues),
        legacy_session_id=_reference(fields.get("session_id"), "session_id", issues),
        keys=identity_keys(
            name=name,
            phones=phones,
            email=email,
            birth_date=birth.value,
            phone_digits=digits,
        ),
        issues=tuple(issues),
    )


NAME_FIELDS = frozenset({"first_name", "last_name", "full_name"})
WIDTHS_BY_FIELD = ("first_name", "last_name", "full_name", "phone", "email", "status")


def reference(text: str | None) -> str | None:
    """A legacy id as decimal digits without leading zeros; None where it names nothing.

    Raises ValueError for a text that is not a number (it points nowhere, which is not the same).
    """
    if text is None:
        return None
    if text.isdecimal() and text.isascii() and text[0] != "0" and len(text) <= MAX_REFERENCE_DIGITS:
        return text
    value = as_read(text).strip().lower()
    if is_blank_or_test(value):
        return None
    digits = value.removesuffix(".0")  # a spreadsheet passed by
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MAX_REFERENCE_DIGITS:
        raise ValueError("not a legacy id")
    return digits.lstrip("0") or None


def _reference(text: str | None, field: str, issues: list[str]) -> str | None:
    try:
        return reference(text)
    except ValueError:
        issues.append(f"{field}_invalid")
        return None


def _storable(value: str | None, field: str, issues: list[str]) -> str:
    """The text without what no database column can contain; notes it when it was damaged or repaired."""
    if not value:
        return ""
    if value.isascii() and (value.isalnum() or (value.isprintable() and not _ODD.search(value))):
        return value
    value = value.rstrip("\x00")  # the padding of BINARY columns, and of programs in C
    cached = _examined_name if field in NAME_FIELDS else _examined
    text, problem = (cached if len(value) <= CACHED_LENGTH else cached.__wrapped__)(value)
    if problem:
        issues.append(f"{problem}:{field}")
    return text


_ODD = re.compile(r"[?&\\%]")  # a lost letter, or an escape


@lru_cache(maxsize=4_096)
def _examined_name(value: str) -> tuple[str, str]:
    """The storable text of a name, and what was wrong with it: text_repaired, text_damaged or ''."""
    text = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return text, _NAME_PROBLEMS[readable_name(value).problem]


_NAME_PROBLEMS = {"": "", REPAIRED: "text_repaired", DAMAGED: "text_damaged"}


@lru_cache(maxsize=4_096)  # a status is the same few texts in row after row
def _examined(value: str) -> tuple[str, str]:
    """The storable text, and what was wrong with it: text_repaired, text_damaged or ''."""
    plain = unescaped(value)
    text = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if plain != value or repair_double_encoding(plain) is not None:
        return text, "text_repaired"
    return text, "text_damaged" if is_damaged(value) else ""


def _cut(value: str, column: str, issues: list[str]) -> str:
    width = WIDTHS[column]
    if len(value) <= width:
        return value
    issues.append(f"column_cut:{column}")
    return value[:width]


def _is_test(name: Name, parts: tuple[str, ...]) -> bool:
    """A word of the name was typed to try the form out; one in Arabic letters is its whole part."""
    if any(map(is_test_word, name.key.split())):
        return True
    return not "".join(parts).isascii() and any(is_test_word(compact(part)) for part in parts)


def _note_contradiction(full: Name, first_and_last: Name, issues: list[str]) -> None:
    """The full name and the first and last name are two hands; they must mean one person."""
    whole, parts = set(full.fold.split()), set(first_and_last.fold.split())
    if whole and parts and not (whole <= parts or parts <= whole):
        issues.append("names_contradict")


def _note_contacts(digits: str, phones: Phones, email: Email, issues: list[str]) -> None:
    if phones.placeholder and not phones.valid:
        issues.append("phone_placeholder")
    elif not phones.valid:
        issues.append("phone_invalid" if digits else "phone_missing")
    elif len(phones.valid) > 1:
        issues.append("phone_several")
    issues.extend(email_issues(email))
