"""2 normalize: from a source row's texts, as found, to the columns and keys of a staged row.

Pure. What cannot be understood stays as found and leaves an issue; nothing is dropped.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from ecoin.identity.dates import parse_birth_date
from ecoin.identity.emails import Email, parse_email
from ecoin.identity.keys import Key, identity_keys
from ecoin.identity.names import full_name, parse_name
from ecoin.identity.phones import Phones, parse_phones, raw_digits
from ecoin.identity.text import is_damaged, repair_double_encoding

# Staged column → its width in characters. Longer values are cut there (never in the payload).
WIDTHS = {
    "first_name": 150,
    "last_name": 150,
    "full_name": 300,
    "phone_raw": 190,
    "email_raw": 254,
    "raw_status": 190,
}
NO_REFERENCE = frozenset({"", "0", "null"})  # what the old platform wrote for "none"
MAX_REFERENCE_DIGITS = 20  # an unsigned 64-bit id


@dataclass(frozen=True, slots=True)
class Settings:
    """What normalization depends on besides the row."""

    today: datetime.date  # of the run, so that a repeated run says the same
    placeholder_emails: frozenset[str]
    role_mailboxes: frozenset[str]


@dataclass(frozen=True, slots=True)
class NormalizedLearner:
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
    text = {name: _storable(fields.get(name), name, issues) for name in WIDTHS_BY_FIELD}
    whole = full_name(text["first_name"], text["last_name"], text["full_name"])
    name = parse_name(
        *((text["full_name"],) if text["full_name"] else (text["first_name"], text["last_name"]))
    )
    if not name.key:
        issues.append("name_missing")
    elif text["full_name"] and (text["first_name"] or text["last_name"]):
        _note_contradiction(text, issues)
    birth = parse_birth_date(fields.get("birth_date"), today=settings.today)
    if birth.problem:
        issues.append(f"birth_date_{birth.problem}")
    phones = parse_phones(text["phone"])
    email = parse_email(
        text["email"],
        placeholders=settings.placeholder_emails,
        role_mailboxes=settings.role_mailboxes,
    )
    _note_contacts(text["phone"], phones, email, issues)
    return NormalizedLearner(
        first_name=_cut(text["first_name"], "first_name", issues),
        last_name=_cut(text["last_name"], "last_name", issues),
        full_name=_cut(whole, "full_name", issues),
        name_key=name.key[:190],
        birth_date=birth.value,
        phone_raw=_cut(text["phone"], "phone_raw", issues),
        phone_normalized=phones.valid[0] if phones.valid else None,
        email_raw=_cut(text["email"], "email_raw", issues),
        email_normalized=email.value,
        raw_status=_cut(text["status"], "raw_status", issues),
        legacy_formation_id=_reference(fields.get("formation_id"), "formation_id", issues),
        legacy_session_id=_reference(fields.get("session_id"), "session_id", issues),
        keys=identity_keys(
            name=name,
            phones=phones,
            email=email,
            birth_date=birth.value,
            phone_digits=raw_digits(text["phone"]),
        ),
        issues=tuple(issues),
    )


WIDTHS_BY_FIELD = ("first_name", "last_name", "full_name", "phone", "email", "status")


def reference(text: str | None) -> str | None:
    """A legacy id as decimal digits without leading zeros; None where it names nothing.

    Raises ValueError for a text that is no number (it points nowhere, which is not the same).
    """
    value = (text or "").strip().lower()
    if value in NO_REFERENCE:
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
    """The text without what no database column holds; says so when it was damaged or repaired."""
    if not value:
        return ""
    if not value.isascii():
        if repair_double_encoding(value) is not None:
            issues.append(f"text_repaired:{field}")
        elif is_damaged(value):
            issues.append(f"text_damaged:{field}")
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if "\x00" in value or is_damaged(value):
        issues.append(f"text_damaged:{field}")
        return value.replace("\x00", "")
    return value


def _cut(value: str, column: str, issues: list[str]) -> str:
    width = WIDTHS[column]
    if len(value) <= width:
        return value
    issues.append(f"column_cut:{column}")
    return value[:width]


def _note_contradiction(text: Mapping[str, str], issues: list[str]) -> None:
    """The full name and the first and last name are two hands; they must mean one person."""
    whole = set(parse_name(text["full_name"]).fold.split())
    parts = set(parse_name(text["first_name"], text["last_name"]).fold.split())
    if whole and parts and not (whole <= parts or parts <= whole):
        issues.append("names_contradict")


def _note_contacts(raw_phone: str, phones: Phones, email: Email, issues: list[str]) -> None:
    if phones.placeholder and not phones.valid:
        issues.append("phone_placeholder")
    elif not phones.valid:
        issues.append("phone_invalid" if raw_digits(raw_phone) else "phone_missing")
    elif len(phones.valid) > 1:
        issues.append("phone_several")
    if email.problem:
        issues.append(f"email_{email.problem}")
    if email.role_mailbox:
        issues.append("email_role_mailbox")
    if email.hint:
        issues.append("email_typo")
