"""How similar two values of a person are, side by side: the word for it, and contacts compared.

Equality is decided on the whole values: two masks can look equal and differ.
"""

from enum import StrEnum

from ecoin.identity.emails import parse_email
from ecoin.identity.phones import parse_phones, raw_digits


class Likeness(StrEnum):
    """How similar the two sides of a line are."""

    SAME = "same"
    SIMILAR = "similar"
    DIFFERENT = "different"
    ONE_SIDED = "one_sided"  # only one of the two has it
    ABSENT = "absent"  # neither has it

    @property
    def is_difference(self) -> bool:
        return self in (Likeness.SIMILAR, Likeness.DIFFERENT, Likeness.ONE_SIDED)


def presence(ours: object, theirs: object) -> Likeness | None:
    """The likeness where a side is empty; None where both have a value."""
    if ours and theirs:
        return None
    return Likeness.ONE_SIDED if ours or theirs else Likeness.ABSENT


def likeness_of_phones(ours: str, theirs: str) -> Likeness:
    """Of two fields: SIMILAR if they share one of several numbers."""
    first, second = set(_numbers(ours)), set(_numbers(theirs))
    likeness = presence(first, second)
    if likeness or first == second:
        return likeness or Likeness.SAME
    return Likeness.SIMILAR if first & second else Likeness.DIFFERENT


def _numbers(text: str) -> tuple[str, ...]:
    phones = parse_phones(text)
    digits = raw_digits(text)
    return phones.valid or phones.invalid_digits or ((digits,) if digits else ())


def likeness_of_emails(ours: str, theirs: str) -> Likeness:
    first, second = _address(ours), _address(theirs)
    return presence(first, second) or (Likeness.SAME if first == second else Likeness.DIFFERENT)


def _address(text: str) -> str:
    return parse_email(text).value or text.strip().lower()
