"""Phone fields as people fill them, and the agreement with `phonenumbers`."""

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ecoin.identity.phones import Phones, is_placeholder, parse_phones, raw_digits

A, B = "213559446168", "213776845160"
LANDLINE = "21321456389"


def valid(*numbers):
    return Phones(numbers, (), False)


def invalid(*digits):
    return Phones((), digits, False)


NOTHING = Phones((), (), False)
PLACEHOLDER = Phones((), (), True)

SPELLINGS = [
    # one number, in every spelling
    ("0559446168", valid(A)),
    ("0776845160", valid(B)),
    ("559446168", valid(A)),
    ("+213559446168", valid(A)),
    ("00213559446168", valid(A)),
    ("213559446168", valid(A)),
    ("0213559446168", valid(A)),
    ("+2130559446168", valid(A)),
    ("2130559446168", valid(A)),
    ("+213 (0) 559 44 61 68", valid(A)),
    ("+0559446168", valid(A)),
    ("05 59 44 61 68", valid(A)),
    ("0559 44 61 68", valid(A)),
    ("0559.44.61.68", valid(A)),
    ("0559-44-61-68", valid(A)),
    ("0559/44/61/68", valid(A)),
    ("0559_44_61_68", valid(A)),
    ("055 944 6168", valid(A)),
    ("0 559 44 61 68", valid(A)),
    ("(0559) 44 61 68", valid(A)),
    (" 0559446168 ", valid(A)),
    ("0559446168\n", valid(A)),
    ("0559\u00a044\u00a061\u00a068", valid(A)),
    ("0559\u202f446168", valid(A)),
    ("\u202a0559446168\u202c", valid(A)),
    ("'0559446168", valid(A)),
    ('="0559446168"', valid(A)),
    ("٠٥٥٩٤٤٦١٦٨", valid(A)),
    ("۰۵۵۹۴۴۶۱۶۸", valid(A)),
    ("０５５９４４６１６８", valid(A)),
    ("021 45 63 89", valid(LANDLINE)),
    ("21456389", valid(LANDLINE)),
    # what spreadsheets make of it
    ("559446168.0", valid(A)),
    ("0559446168.00", valid(A)),
    ("559446168,0", valid(A)),
    ("213559446168.0", valid(A)),
    ("5.59446168E8", valid(A)),
    ("5,59446168E+08", valid(A)),
    ("2.13559446168E+11", valid(A)),
    ("2.13559E+11", NOTHING),  # rounded: the digits are lost
    # slips and remarks
    ("O559446168", valid(A)),
    ("o5 59 44 61 68", valid(A)),
    ("05594461O8", valid("213559446108")),
    ("(père) 0559446168", valid(A)),
    ("0559446168 (père)", valid(A)),
    ("tel: 0559446168", valid(A)),
    ("Tél.0559446168", valid(A)),
    ("père0559446168", valid(A)),
    ("whatsapp +213 559 44 61 68", valid(A)),
    # two numbers in one field
    ("0559446168/0776845160", valid(A, B)),
    ("0559446168 / 0776845160", valid(A, B)),
    ("0559446168-0776845160", valid(A, B)),
    ("0559446168 - 0776845160", valid(A, B)),
    ("0559446168,0776845160", valid(A, B)),
    ("0559446168;0776845160", valid(A, B)),
    ("0559446168 0776845160", valid(A, B)),
    ("0559446168 et 0776845160", valid(A, B)),
    ("0559446168 ou 0776845160", valid(A, B)),
    ("0559446168\n0776845160", valid(A, B)),
    ("0559446168+213776845160", valid(A, B)),
    ("05594461680776845160", valid(A, B)),
    ("05 59 44 61 68 07 76 84 51 60", valid(A, B)),
    ("559446168 776845160", valid(A, B)),
    ("père 0559446168 mère 0776845160", valid(A, B)),
    ("0559446168 / 0559446168", valid(A)),
    ("0776845160 / 0559446168", valid(B, A)),
    ("0559446168/69", valid(A, "213559446169")),
    ("0661 22 33 44/45", valid("213661223344", "213661223345")),
    ("0661 22 33 44 / 45 / 46", valid("213661223344", "213661223345", "213661223346")),
    ("0661.22.33.44 ou 45", valid("213661223344", "213661223345")),
    ("+213 661-22-33-44 et 45 (père)", valid("213661223344", "213661223345")),
    # before 2008: nine digits, spelled as their ten-digit selves, and still not valid
    ("061 22 33 44", Phones((), ("213661223344",), False)),
    ("+213 61 22 33 44", Phones((), ("213661223344",), False)),
    ("070112233", Phones((), ("213770112233",), False)),
    ("055 12 34 56", Phones((), ("213555123456",), False)),
    ("16777215", PLACEHOLDER),
    ("2147483647", PLACEHOLDER),
    ("4294967295", PLACEHOLDER),
    ("8388607", PLACEHOLDER),
    ("-2147483648", PLACEHOLDER),
    ("2147483647.0", PLACEHOLDER),
    ("18446744073709551615", PLACEHOLDER),
    ("021 45 63 89/90", valid(LANDLINE, "21321456390")),
    ("0661 22 33 44 / 45 ans", valid("213661223344")),  # an age
    ("0661 22 33 44/5", valid("213661223344")),  # an extension, a house number
    ("0661 22 33 44/2019", valid("213661223344")),  # a year
    ("0661 22 33 44/45 46", valid("213661223344")),  # which digits it ends in is a guess
    ("0559446168 / 021 45 63 89", valid(A, LANDLINE)),
    ("0559446168 / 0531239876", Phones((A,), ("213531239876",), False)),
    # no valid number
    ("055944616", invalid("213555944616")),
    ("05594461681", invalid("05594461681")),
    ("0531239876", invalid("213531239876")),
    ("+213531239876", invalid("213531239876")),
    ("+33612398745", invalid("33612398745")),
    ("0033612398745", invalid("33612398745")),
    ("+559446168", invalid("559446168")),
    ("12/05/1999", NOTHING),
    ("1999-05-12", NOTHING),
    ("123", NOTHING),
    ("/", NOTHING),
    ("NULL", NOTHING),
    ("", NOTHING),
    (None, NOTHING),
    # nobody's number
    ("0555555555", PLACEHOLDER),
    ("0000000000", PLACEHOLDER),
    ("0555555556", PLACEHOLDER),
    ("0550000000", PLACEHOLDER),
    ("0660606060", PLACEHOLDER),
    ("0612345678", PLACEHOLDER),
    ("0687654321", PLACEHOLDER),
    ("+213777777777", PLACEHOLDER),
    ("0559446168 / 0555555555", Phones((A,), (), True)),
]


@pytest.mark.parametrize(("raw", "expected"), SPELLINGS, ids=[repr(raw) for raw, _ in SPELLINGS])
def test_a_phone_field_is_read_as_a_person_would(raw, expected):
    assert parse_phones(raw) == expected


def test_the_table_is_long_enough():
    assert len(SPELLINGS) >= 60


def _library_accepts(text):
    try:
        number = phonenumbers.parse(text, "DZ")
    except phonenumbers.NumberParseException:
        return None
    is_ours = number.country_code == 213 and phonenumbers.is_valid_number(number)
    return f"213{number.national_number}" if is_ours else None


# Nearly valid numbers: uniform digits would almost never be.
LEADING = [
    "",
    "1",
    "2",
    "3",
    "4",
    "41",
    "5",
    "54",
    "55",
    "56",
    "6",
    "7",
    "77",
    "8",
    "80",
    "9",
    "98",
    "96",
]
NATIONAL = st.builds(
    lambda lead, rest: (lead + rest)[:10],
    st.sampled_from(LEADING),
    st.text("0123456789", min_size=6, max_size=9),
).filter(lambda digits: not digits.startswith("0") and not is_placeholder(digits))


@given(NATIONAL, st.sampled_from(["+213", "00213", "0"]))
def test_the_fast_path_agrees_with_the_library(national, prefix):
    expected = _library_accepts(prefix + national)
    # The library reads 0 + 213… as a national number of its own; so do we, below the table's forms.
    assume(not national.startswith("213"))
    assert parse_phones(prefix + national).valid == ((expected,) if expected else ())


@given(NATIONAL)
def test_a_number_without_prefix_agrees_with_the_library(national):
    assume(not national.startswith("213"))
    expected = _library_accepts(national)
    assert parse_phones(national).valid == ((expected,) if expected else ())


@given(st.text("0123456789+ ./-()oOEe,;\u0665\u00a0abcé", max_size=40))
def test_every_number_found_is_one_the_library_accepts(raw):
    for number in parse_phones(raw).valid:
        assert _library_accepts("+" + number) == number


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=60))
def test_no_text_makes_it_raise(raw):
    phones = parse_phones(raw)
    assert all(n.isascii() and n.isdigit() for n in phones.valid + phones.invalid_digits)
    assert raw_digits(raw).isascii()


@pytest.mark.parametrize("piece", ["0", "05 ", "0559446168/", "O", "\u0665", "1.", "+", "1E9 "])
def test_a_megabyte_is_no_trouble(piece):
    raw = piece * (1_000_000 // len(piece))
    parse_phones(raw)
    raw_digits(raw)


@pytest.mark.parametrize(
    ("raw", "digits"),
    [
        pytest.param("05 59-44/61 68 (père)", "0559446168", id="separators"),
        pytest.param("٠٥٥", "055", id="arabic-digits"),
        pytest.param("/", "", id="no-digit"),
        pytest.param(None, "", id="none"),
    ],
)
def test_raw_digits_are_all_digits_of_the_field(raw, digits):
    assert raw_digits(raw) == digits


@pytest.mark.parametrize(
    "field",
    ["+33 6 39 98 12 34", "0033 6 39 98 12 34", "+33 06 39 98 12 34", "0044 7911 123456"],
)
def test_a_foreign_number_written_in_groups_never_becomes_an_algerian_one(field: str) -> None:
    assert parse_phones(field).valid == ()
    assert len(parse_phones(field).invalid_digits) == 1


@pytest.mark.parametrize("between", [" / ", " "])
def test_an_algerian_number_after_a_foreign_one_is_found(between: str) -> None:
    assert parse_phones(f"+33 6 39 98 12 34{between}0559446168").valid == ("213559446168",)
