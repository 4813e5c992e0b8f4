"""One mask for every contact that leaves the server."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy_import.rules.masking import mask_email, mask_key, mask_phone

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("0559446482", "05•• ••• 482"),
        ("213559446482", "05•• ••• 482"),
        ("+213 559 44 64 82", "05•• ••• 482"),
        ("0559446482 / 0776845160", "05•• ••• 482 / 07•• ••• 160"),
        ("(père) 0559446482", "05•• ••• 482"),
        ("021456389", "•••• 89"),
        ("+33612398745", "•••• 45"),
        ("0559446", "•••• 46"),
        ("123", "••••"),
        ("0555555555", "•••• 55"),
        ("Ali Haddad", "••••"),
        ("/", "••••"),
        ("  ", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_phone_shows_its_kind_and_its_end(raw, masked):
    assert mask_phone(raw) == masked


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("ali@gmail.com", "a•••@gmail.com"),
        ("ALI@Gmail.com", "A•••@gmail.com"),
        ("a@gmail.com", "•••@gmail.com"),
        (".a@gmail.com", "•••@gmail.com"),
        ("ali", "•••"),
        ("ali@gmail", "•••"),
        ("0559446482", "•••"),
        ("ali@b.com c@d.com", "•••"),
        ("ali@0559446482", "•••"),
        ("@gmail.com", "•••"),
        ("", ""),
        (None, ""),
    ],
)
def test_an_address_shows_its_first_letter_and_its_domain(raw, masked):
    assert mask_email(raw) == masked


def test_evidence_masks_keys():
    assert mask_key("P", "213559446168") == "2135•••168"
    assert mask_key("P", "21321456389") == "2132•••389"
    assert mask_key("E", "ali@gmail.com") == "a•••@gmail.com"
    assert mask_key("Q", "33612398745") == "•••• 45"


@given(ANY_TEXT | st.text("0123456789+ /-", max_size=40))
def test_no_mask_shows_more_than_three_digits_in_a_row(raw):
    assert not re.search(r"\d{4}", mask_phone(raw))
    for number in mask_phone(raw).split(" / "):
        assert sum(c.isdigit() for c in number) <= 5


@given(st.from_regex(r"[a-z0-9.]{2,20}@[a-z]{2,8}\.(com|dz)", fullmatch=True))
def test_no_mask_shows_more_than_one_letter_of_the_local_part(address):
    assert mask_email(address).partition("@")[0].strip("•") in ("", address[0])
