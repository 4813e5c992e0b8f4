"""The labelled sets: which kinds of people and errors each one contains, and what it must reach.

A share is of rows unless its comment has another base. A set changes only the shares that it lists; the
others are those of `ERRORS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ERRORS: Final[Mapping[str, float]] = {
    "sibling": 0.10,  # of people: a brother or sister is in the data too
    "sibling_shares_phone": 0.50,  # of siblings
    "sibling_shares_email": 0.20,  # of siblings who share the phone
    "rhyming_sibling": 0.05,  # of siblings: given names a letter or two apart (Samir, Samira)
    "twin": 0.03,  # of siblings
    "child": 0.0,  # of people born up to 1988: a son or daughter is in the data too
    "child_shares_phone": 0.50,  # of children
    "namesake_child": 0.0,  # of children: the parent's given name, with or without "fils"
    "unmarked_namesake": 0.0,  # of namesake children: nothing but the birth date tells them apart
    "recycled_phone": 0.006,  # of people: the number belonged to another person before
    "arabic_script": 0.0,  # of people: every row is written in Arabic letters
    "both_scripts": 0.0,  # of people: each row is written in one of the two scripts
    "presumed_birth": 0.0,  # of people: born on 1 January, as many registers have it
    "common_name": 0.0,  # of people: one of the commonest given and family names
    "damaged_name": 0.0,  # a name that went through entities or a wrong charset, or was lost
    "placeholder_phone": 0.015,
    "lent_phone": 0.01,  # the number of a school or cyber café
    "missing_phone": 0.03,
    "broken_phone": 0.02,  # a digit is missing
    "second_phone": 0.12,  # of people: two numbers, typed together or in turn
    "role_mailbox": 0.015,
    "placeholder_email": 0.04,
    "missing_email": 0.30,
    "other_email": 0.08,  # a second address of the same person
    "swapped_name": 0.08,
    "spelling_variant": 0.30,  # of names: another attested spelling
    "typing_slip": 0.02,  # of names: one letter wrong, missing or exchanged
    "missing_birth_date": 0.05,
    "swapped_birth_date": 0.02,
    "one_digit_birth_date": 0.02,
    "first_of_january": 0.01,
    "wrong_birth_date": 0.01,  # these five: 11 % wrong or missing
    "trained": 0.20,  # the row is history; the others are leads
}


@dataclass(frozen=True, slots=True)
class Targets:
    """The least (precision, recall, order of the queue) or the most (people doubled) that is accepted.

    None: no target for this kind of people; the figure is printed all the same.
    """

    link_precision: float = 0.9998
    link_recall: float | None = None
    same_name_and_date_precision: float | None = None
    joined_precision: float | None = None
    joined_recall: float | None = None
    doubled: float | None = None
    queue_precision: float | None = 0.98


# The population on which the targets are defined, and the same with siblings who rhyme.
_PLAIN: Final = Targets(
    link_precision=0.9999,
    link_recall=0.84,
    same_name_and_date_precision=0.999,
    joined_precision=0.9998,
    joined_recall=0.91,
    doubled=0.008,
)
_RHYMING: Final = Targets(
    link_recall=0.84,
    same_name_and_date_precision=0.999,
    joined_precision=0.9998,
    joined_recall=0.91,
    doubled=0.008,
)


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One kind of people; `shares` replaces shares of `ERRORS`."""

    name: str
    content: str
    shares: Mapping[str, float] = field(default_factory=dict)
    targets: Targets = Targets()

    def share(self, error: str) -> float:
        return self.shares.get(error, ERRORS[error])


_THIRD_RHYMES: Final = {"rhyming_sibling": 1 / 3}

SETS: Final = (
    LabelledSet("plain", "Latin letters, everyday errors", targets=_PLAIN),
    LabelledSet(
        "rhyming", "a third of siblings have names that rhyme", _THIRD_RHYMES, targets=_RHYMING
    ),
    LabelledSet("arabic", "every row in Arabic letters", {**_THIRD_RHYMES, "arabic_script": 1.0}),
    LabelledSet(
        "both-scripts", "each row in one of the two scripts", {**_THIRD_RHYMES, "both_scripts": 1.0}
    ),
    LabelledSet(
        "twins",
        "half of siblings are twins, all on one phone",
        {**_THIRD_RHYMES, "sibling": 0.20, "twin": 0.50, "sibling_shares_phone": 1.0},
    ),
    LabelledSet(
        "presumed-births",
        "1 January and a common name",
        {"presumed_birth": 0.30, "common_name": 0.50},
    ),
    LabelledSet(
        "generations",
        "parents and children, half of them namesakes",
        {"child": 0.25, "namesake_child": 0.50, "unmarked_namesake": 0.20},
    ),
    LabelledSet(
        "damaged",
        "one name in seven is damaged",
        {**_THIRD_RHYMES, "damaged_name": 0.15, "arabic_script": 0.30, "sibling": 0.20,
         "sibling_shares_phone": 1.0},
    ),
    LabelledSet(
        "school",
        "all of these, in the shares of a school",
        {**_THIRD_RHYMES, "arabic_script": 0.12, "both_scripts": 0.05, "presumed_birth": 0.04,
         "child": 0.03, "namesake_child": 0.10, "damaged_name": 0.02},
    ),
)  # fmt: skip
