"""The keys by which people find each other."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoin.identity.emails import parse_email
from ecoin.identity.keys import MAX_VALUE, Key, canonical_date, identity_keys, swapped_date
from ecoin.identity.names import parse_name
from ecoin.identity.phones import parse_phones, raw_digits

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
DATES = st.dates(date(1901, 1, 1), date(2026, 1, 1))


def keys_of(name="", phone="", email="", birth_date=None):
    return identity_keys(
        name=parse_name(name),
        phones=parse_phones(phone),
        email=parse_email(email),
        birth_date=birth_date,
        phone_digits=raw_digits(phone),
    )


def test_a_full_row_has_one_key_of_each_kind_and_no_raw_one():
    assert keys_of("Ali Haddad", "0559446168 / 0531239876", "ALI@gmail.com", date(1999, 5, 12)) == (
        Key("P", "213559446168"),
        Key("Q", "213531239876"),
        Key("E", "ali@gmail.com"),
        Key("D", "1999-05-12|ali hadad"),
        Key("S", "ali hdd"),
    )


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        pytest.param({}, "", id="blank"),
        pytest.param({"name": "/", "phone": "/", "email": "/"}, "", id="slashes"),
        pytest.param(
            {"name": "Amina", "birth_date": date(1999, 5, 12)}, "", id="one-name-is-no-full-name"
        ),
        pytest.param({"name": "Ali Kaci", "birth_date": date(1900, 1, 1)}, "S", id="1900"),
        pytest.param({"name": "Ali Kaci", "birth_date": date(1970, 1, 1)}, "S", id="1970"),
        pytest.param(
            {"name": "Ali Kaci", "birth_date": date(1999, 1, 1)}, "DS", id="first-of-january"
        ),
        pytest.param({"name": "Ali Kaci", "phone": "0559446168"}, "PS", id="valid-phone"),
        pytest.param({"name": "Ali Kaci", "phone": "05594461"}, "QSR", id="short-phone"),
        pytest.param({"name": "Ali Kaci", "phone": "123456"}, "SR", id="very-short-phone"),
        pytest.param({"name": "Ali Kaci", "phone": "0"}, "S", id="zero-is-blank"),
        pytest.param({"name": "Ali Kaci", "phone": "0555555555"}, "S", id="placeholder-phone"),
        pytest.param({"name": "Ali", "phone": "05594461"}, "Q", id="raw-phone-needs-a-full-name"),
        pytest.param({"email": "Ecoin.hank@gmail.com"}, "", id="placeholder-address"),
        pytest.param({"email": "contact@ecole.dz"}, "E", id="role-mailbox"),
    ],
)
def test_a_blank_or_weak_value_makes_no_key(row, kinds):
    assert "".join(key.kind for key in keys_of(**row)) == kinds


@given(DATES, DATES)
def test_canonical_dates_are_equal_exactly_when_dates_are_equal_or_swapped(one, other):
    same = canonical_date(one) == canonical_date(other)
    blank = canonical_date(one) is None and canonical_date(other) is None
    assert same == (one == other or swapped_date(one) == other or blank)


@given(DATES)
def test_a_date_and_its_twin_share_the_key(value):
    twin = swapped_date(value)
    if twin is not None and twin != date(1970, 1, 1):
        assert canonical_date(twin) == canonical_date(value)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, DATES)
def test_every_value_is_short_ascii(name, phone, email, born):
    for key in keys_of(name, phone, email, born):
        assert key.value.isascii()
        assert 0 < len(key.value) <= MAX_VALUE


def test_a_long_value_is_cut_and_stays_distinct():
    one, other = (keys_of("ali kaci", "12345 " * 60 + tail, "", None) for tail in "12")
    values = [key.value for keys in (one, other) for key in keys if key.kind == "R"]
    assert len(set(values)) == 2
    assert all(len(value) <= MAX_VALUE for value in values)
