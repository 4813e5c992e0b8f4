"""The keys by which people find each other: pure functions of a row, versioned.

A key is a kind and an ASCII value, the same for staged rows, leads and users; two owners of one key
are candidates, nothing more. Raising `NORM_VERSION` is due whenever any function of
`ecoin.identity` gives another answer than before: stored keys are then computed again.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final, NamedTuple

from ecoin.identity.emails import Email
from ecoin.identity.names import Name, parse_name
from ecoin.identity.phones import Phones

NORM_VERSION: Final = 3
MAX_VALUE: Final = 190
"""Characters: the width of the indexed column."""
_KEPT_HEAD: Final = 120
MIN_RAW_DIGITS: Final = 5
"""A raw phone of fewer digits ("0", "00", "123") is a way of leaving the field blank."""


class Key(NamedTuple):
    """kind: P valid phone, Q invalid phone, E e-mail, D name and birth date, R name and raw phone,
    S skeleton of the name."""

    kind: str
    value: str


def identity_keys(
    *,
    name: Name,
    phones: Phones,
    email: Email,
    birth_date: date | None,
    phone_digits: str,
) -> tuple[Key, ...]:
    """All keys of one person; a blank value gives no key, so blank never matches blank.

    D, R and S need two different words, and no part that cannot be read: "Amina" and a birth date are
    not a full name. R is for rows without a valid phone; with one, P proves more. A name in Arabic
    letters has an S for each way it may be spelled.
    """
    keys = [Key("P", number) for number in phones.valid]
    keys.extend(Key("Q", digits) for digits in phones.invalid_digits)
    keys.extend(email_keys(email))
    same_day = name_and_date_key(name, birth_date)
    if same_day is not None:
        keys.append(same_day)
    if name.is_whole and name.is_readable:
        keys.append(_key("S", name.skeleton))
        if name.more_skeletons:
            keys.extend(_key("S", value) for value in name.more_skeletons)
        if len(phone_digits) >= MIN_RAW_DIGITS and not phones.valid and not phones.placeholder:
            keys.append(_key("R", f"{name.fold}|{phone_digits}"))
    return tuple(keys)


def email_keys(email: Email) -> tuple[Key, ...]:
    """The key of an address, if there is one."""
    return (_key("E", email.value),) if email.value else ()


def name_and_date_key(name: Name, birth_date: date | None) -> Key | None:
    """The key D: equal for two people of one full name and one birth date, day and month swapped too."""
    canonical = canonical_date(birth_date)
    if canonical is None or not (name.is_whole and name.is_readable):
        return None
    # The date first: sorted, the keys of one day are neighbours (see people.same_day).
    return _key("D", f"{canonical.isoformat()}|{name.fold}")


def stored_name_and_date(name: str, birth_date: date | str | None) -> str | None:
    """The value of D for the columns `name_date_key`; a date that was not saved yet may be ISO text."""
    born = date.fromisoformat(birth_date) if isinstance(birth_date, str) else birth_date
    key = name_and_date_key(parse_name(name), born)
    return key.value if key else None


class NameKeys(NamedTuple):
    """`rotations`: the name's fold, beginning with each of its first words; `skeleton`: its consonants.

    Each word, and each pair of words of a name of up to three, begins one of the rotations: so a part of
    a name is found by the beginning of an indexed column.
    """

    rotations: tuple[str, str, str]
    skeleton: str


def name_keys(name: str) -> NameKeys:
    """The forms by which a name is searched; "" where it has fewer words, or none that can be read."""
    parsed = parse_name(name)
    words = parsed.fold.split()
    places = range(min(len(words), 3))
    forms = [" ".join(words[place:] + words[:place])[:MAX_VALUE] for place in places]
    first, second, third = (*forms, "", "", "")[:3]
    return NameKeys((first, second, third), parsed.skeleton[:MAX_VALUE])


def canonical_date(value: date | None) -> date | None:
    """The earlier of a date and its day/month-swapped twin; None for dates that prove nothing.

    Two dates are equal or swapped if and only if their canonical dates are equal.
    """
    if value is None or is_missing_date(value):
        return None
    # The twin is the earlier one where the day is the smaller number; then it is a date, too.
    return value if value.day >= value.month else swapped_date(value)


def swapped_date(value: date) -> date | None:
    """The date with day and month exchanged, where that is a date."""
    return value.replace(month=value.day, day=value.month) if value.day <= 12 else None


def is_missing_date(value: date) -> bool:
    """Dates that old forms and epochs write for "none": all of 1900 and before, 1 January 1970."""
    return value.year <= 1900 or value == _EPOCH


_EPOCH: Final = date(1970, 1, 1)


def is_first_of_january(value: date | None) -> bool:
    """What registers write for "some day of that year", and forms where no one typed a day."""
    return value is not None and value.month == 1 and value.day == 1


def _key(kind: str, value: str) -> Key:
    if len(value) > MAX_VALUE:
        value = value[:_KEPT_HEAD] + "#" + hashlib.sha256(value.encode("ascii")).hexdigest()
    return Key(kind, value)
