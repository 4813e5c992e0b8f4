"""Who a source row was, as a short text: the one answer to "is this row still the same person?".

A row number of the old platform is not a person: numbers are given again and rows are typed over.
So all that outlives a run (decisions, log entries, erasures) stores the digest of its row. Two digests
are of one person if they have a part in common: the name key, the birth date or a contact.

A digest is pure ASCII, at most DIGEST_LENGTH characters: one truncated hash per part, sorted, such as
`c8a1b2c.d04f.n3fa9c1`. It contains no personal data: the hashes are so short that many names, dates
and numbers share each of them (docs/decisions/0065-decisions-belong-to-the-source-row.md). Two rows of
one number still differ: that they share a part by chance is as rare as two strangers' birthday.
"""

import datetime
from collections.abc import Iterable
from hashlib import blake2b

from ecoin.identity.keys import is_missing_date
from ecoin.identity.phones import parse_phones

DIGEST_LENGTH = 64  # the width of the columns that store a digest
# The columns behind the digest of a staged row, in the order of the arguments of row_digest.
DIGEST_COLUMNS = (
    "name_key", "birth_date", "phone_raw", "phone_normalized", "email_normalized",
)  # fmt: skip

SEPARATOR = "."
MOST_CONTACTS = 6  # so that a digest fits into its column
DIGITS_OF_TWO_PHONES = 16  # fewer characters cannot contain a second number
# Part → bytes and hex digits of its hash. A date has 12 bits: with more, its 25,000 likely values
# could be distinguished, and strangers have the same birth date about as often.
NAME, DATE, CONTACT = "n", "d", "c"
LENGTHS = {NAME: (3, 6), DATE: (2, 3), CONTACT: (3, 6)}


def row_digest(
    name_key: str,
    birth_date: datetime.date | None,
    phone_raw: str,
    phone_normalized: str | None,
    email_normalized: str | None,
) -> str:
    """The digest of a staged row with these columns (DIGEST_COLUMNS). "" if nothing identifies it."""
    phones: Iterable[str] = (phone_normalized,) if phone_normalized else ()
    if len(phone_raw) >= DIGITS_OF_TWO_PHONES:
        phones = parse_phones(phone_raw).valid
    contacts = [*phones, *((email_normalized,) if email_normalized else ())]
    parts = {_part(CONTACT, contact) for contact in contacts[-MOST_CONTACTS:]}
    if name_key:
        parts.add(_part(NAME, name_key))
    if birth_date and not says_little(birth_date):
        parts.add(_part(DATE, birth_date.isoformat()))
    return SEPARATOR.join(sorted(parts))


def says_little(date: datetime.date) -> bool:
    """A placeholder, or 1 January, which old forms write for a year: many people share it."""
    return is_missing_date(date) or (date.day, date.month) == (1, 1)


def same_person(left: str, right: str) -> bool:
    """Whether two digests have the name key, the birth date or a contact in common.

    An empty digest is of no one, so it is the same person as none.
    """
    return bool(set(left.split(SEPARATOR)) & set(right.split(SEPARATOR)) - {""})


def _part(kind: str, value: str) -> str:
    size, digits = LENGTHS[kind]
    return (
        kind + blake2b(value.encode(), digest_size=size, person=kind.encode()).hexdigest()[:digits]
    )
