"""The digest of who a row is: what two digests have in common, and what they do not tell."""

import datetime
from typing import Any

import pytest

from legacy_import.rules.row_digest import (
    DIGEST_COLUMNS,
    DIGEST_LENGTH,
    row_digest,
    same_person,
)

DAY = datetime.date(1994, 3, 12)
AMINA: dict[str, Any] = {
    "name_key": "amina benali",
    "birth_date": DAY,
    "phone_raw": "0559 44 61 68",
    "phone_normalized": "213559446168",
    "email_normalized": "amina.benali@example.org",
}
KARIM: dict[str, Any] = {
    "name_key": "karim saidi",
    "birth_date": datetime.date(1988, 11, 30),
    "phone_raw": "0776845160",
    "phone_normalized": "213776845160",
    "email_normalized": "karim.saidi@example.org",
}
NO_ONE: dict[str, Any] = {
    "name_key": "", "birth_date": None, "phone_raw": "", "phone_normalized": None,
    "email_normalized": None,
}  # fmt: skip


def test_the_arguments_are_the_columns_of_a_staged_row() -> None:
    assert tuple(AMINA) == DIGEST_COLUMNS
    assert row_digest(*(AMINA[column] for column in DIGEST_COLUMNS)) == row_digest(**AMINA)


@pytest.mark.parametrize(
    "column", ["name_key", "birth_date", "phone_normalized", "email_normalized"]
)
def test_one_part_in_common_is_the_same_person(column: str) -> None:
    other = KARIM | {column: AMINA[column]}
    if column == "phone_normalized":
        other["phone_raw"] = AMINA["phone_raw"]
    assert same_person(row_digest(**AMINA), row_digest(**other))


def test_nothing_in_common_is_another_person() -> None:
    assert not same_person(row_digest(**AMINA), row_digest(**KARIM))


def test_blank_parts_are_not_in_common() -> None:
    only_name = NO_ONE | {"name_key": "amina benali"}
    only_date = NO_ONE | {"birth_date": DAY}
    assert not same_person(row_digest(**only_name), row_digest(**only_date))


@pytest.mark.parametrize("date", [datetime.date(1990, 1, 1), datetime.date(1970, 1, 1)])
def test_a_date_that_many_share_is_no_part(date: datetime.date) -> None:
    assert not same_person(
        row_digest(**AMINA | {"birth_date": date}), row_digest(**KARIM | {"birth_date": date})
    )


def test_a_row_without_any_part_is_no_one() -> None:
    assert row_digest(**NO_ONE) == ""
    assert not same_person("", "")
    assert not same_person("", row_digest(**AMINA))


def test_the_second_number_of_a_field_is_a_contact() -> None:
    two = KARIM | {"phone_raw": "0776845160 / 0559446168"}
    assert same_person(row_digest(**two), row_digest(**(NO_ONE | {
        "phone_raw": "0559446168", "phone_normalized": "213559446168",
    })))  # fmt: skip


def test_one_text_in_two_columns_is_two_parts() -> None:
    as_name = row_digest(**(NO_ONE | {"name_key": "213559446168"}))
    as_phone = row_digest(**(NO_ONE | {"phone_normalized": "213559446168"}))
    assert not same_person(as_name, as_phone)


def test_a_digest_fits_its_column_and_is_ascii() -> None:
    phones = " / ".join(f"05594461{number}" for number in range(10, 24))
    digest = row_digest(**(AMINA | {"phone_raw": phones}))
    assert len(digest) <= DIGEST_LENGTH
    assert digest.isascii()
    # The e-mail is never the contact that is left out.
    assert same_person(digest, row_digest(**(NO_ONE | {
        "email_normalized": AMINA["email_normalized"],
    })))  # fmt: skip


def test_many_numbers_share_the_hash_of_a_phone_and_many_dates_that_of_a_date() -> None:
    """So neither can be computed from a digest: three mobile prefixes have 3 × 10^8 numbers."""
    parts = row_digest(**AMINA).split(".")
    bits = {part[0]: 4 * (len(part) - 1) for part in parts}
    assert 3 * 10**8 / 2 ** bits["c"] > 10
    assert 70 * 365 / 2 ** bits["d"] > 5
