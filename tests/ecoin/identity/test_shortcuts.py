"""What reads the common shape of a value directly says what the whole reading would say.

Every shortcut of the normalizers is held here to the path it goes around, on dirty generated text
and on the fictional learners of two seeds.
"""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecoin.identity import dates, emails, names, phones, text
from ecoin.identity.keys import canonical_date, is_missing_date, swapped_date
from legacy_import.demo.people import generate
from legacy_import.rules import normalization
from legacy_import.source.decode import CORRECTIONS, decoder_for
from legacy_import.source.rows import Json, LegacyRow
from legacy_import.stages.staging.chunk_rows import hash_rows

TODAY = date(2026, 3, 1)
PIECES = [
    "0559446168", "+213", "00213", "213", "05", "٠٥٥٩", "\x00", "\ud800", "é", "Ã©", " ", "\u00a0",
    "\n", "?", "a?b", "@", "ali", "contact", "@gmail.com", "@gmail.con", "@a.invalid", ".", "Ben",
    "El ", "abd", "eddine", "Nour", "houda", "m ", "M'", "hamed", "med", "mme", "محمد", "NULL", "/",
    "1999-05-12", "1970-01-01", "1900-12-31", "2026-03-01", "2026-03-02", "0000-00-00", "x" * 160,
    "y" * 301, "٧", "K", "İ", "\x7f", "\x1f", "²", "\u200b", "Formée", "aaa",
]  # fmt: skip
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
DIRTY = (
    ANY_TEXT
    | st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=5).map("".join)
    | st.text("abdehilmnou AEKZ'-", max_size=20)
    | st.text("0123456789 .-", max_size=16)
    | st.from_regex(
        r"[ \t]?[a-zA-Z0-9._+\-]{1,70}@[a-zA-Z0-9.\-]{1,14}\.[a-z]{1,6}\s?", fullmatch=True
    )
    | st.from_regex(r"[\d²]{4}-[\dW]{2}[-\d]\d{1,2}", fullmatch=True)
)


@pytest.fixture(scope="module", params=[2024, 7])
def fictional(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The learners of both tables under this seed, everyday dirt and single cases included."""
    return [row for _, row in generate(seed=request.param).learners()]


def same_name(first: str, last: str) -> None:
    assert names.parse_name(first, last) == names.parse_name_as_written(first, last)[0]


def same_display(first: str, last: str, full: str) -> None:
    collapsed = [" ".join(part.split()) for part in (first, last)]
    parts = " ".join(part for part in collapsed if part)
    assert names.full_name(first, last, full) == (" ".join(full.split()) or parts)


def same_phones(raw: str) -> None:
    if raw:
        assert phones.parse_phones(raw) == phones._parse_field(raw[: phones.MAX_FIELD])
    digits = phones._ALL_DIGITS.findall(phones.ascii_digits(raw))
    assert phones.raw_digits(raw) == "".join(digits)


def same_email(raw: str) -> None:
    assert emails._address_of(raw) == emails._read_odd(raw)


def same_date(raw: str) -> None:
    if raw and len(raw) <= dates.MAX_FIELD:
        assert dates.parse_birth_date(raw, today=TODAY) == dates._parse(raw, TODAY)


def same_text(raw: str) -> None:
    issues: list[str] = []
    stored = normalization._storable(raw, "status", issues)
    expected = raw.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    whole = raw.rstrip("\x00")
    plain = text.unescaped(whole)
    repaired = plain != whole or text.repair_double_encoding(plain) is not None
    damaged = text.is_damaged(whole) and not repaired
    assert stored == expected
    assert issues == ["text_repaired:status"] * repaired + ["text_damaged:status"] * damaged


@given(DIRTY, DIRTY, DIRTY)
@example("Nour", "Eddine", "")
@example("Ali", "Ali", " ")
@example("El", "Hadi", "")
@example("z" * 297 + " mme", "Nora", "")  # what is read of it ends in the middle of the title
def test_two_plain_words_are_the_name_that_any_parts_make(first: str, last: str, full: str) -> None:
    same_name(first, last)
    same_display(first, last, full)


@given(DIRTY)
@example("ali@exemple.test")
@example("a" * 65 + "@exemple.dz")
@example("ali@exemple.dz\x00")
@example("\u212aarim@exemple.dz")  # the sign of the kelvin, a k in small letters
@example("ali@" + "exemple." * 30 + "dz")
def test_a_plain_value_is_what_the_whole_reading_finds(raw: str) -> None:
    for same in (same_phones, same_email, same_date, same_text):
        same(raw)


def test_every_fictional_learner_is_read_alike(fictional: list[dict[str, Any]]) -> None:
    for row in fictional:
        first, last, phone, mail, born, status = (
            str(row[column] or "")
            for column in ("prenom", "nom", "telephone", "email", "date_naissance", "statut")
        )
        same_name(first, last)
        same_display(first, last, "")
        same_phones(phone)
        same_email(mail)
        same_date(born)
        for value in (first, last, phone, mail, status):
            same_text(value)


@given(st.dates())
def test_the_canonical_date_is_the_earlier_twin(value: date) -> None:
    twins = [value, swapped_date(value) or value]
    assert canonical_date(value) == (None if is_missing_date(value) else min(twins))


@given(st.text("0123456789", max_size=12) | st.text("01", max_size=12))
@example("55555555")
@example("5555557")
@example("05555555")
@example("01234567")
@example("76543210")
@example("5656565")
@example("56565655")
def test_nobodys_number_is_a_repetition_a_ladder_or_a_loop(digits: str) -> None:
    tail = digits[-8:]
    most = max(map(tail.count, tail), default=0)
    if len(tail) < phones.MIN_INVALID_DIGITS:
        nobodys = most == len(tail) > 1
    else:
        loop = (tail[:2] * 4)[: len(tail)]
        nobodys = most >= len(tail) - 1 or tail == loop or tail in phones._LADDERS
    assert phones.is_placeholder(digits) is nobodys


@given(DIRTY)
@example("٧")
@example("1" * 21)
def test_a_plain_reference_is_what_stripping_and_trimming_would_leave(raw: str) -> None:
    def read(value: str) -> str | None:
        try:
            return normalization.reference(value)
        except ValueError:
            return "not a legacy id"

    assert read(raw) == read(f" {raw}")  # a blank before it takes the long way


VALUES: st.SearchStrategy[Json] = (
    st.none() | ANY_TEXT | st.fixed_dictionaries({"hex": ANY_TEXT, "length": st.integers()})
)


def payloads_are_as_json(payloads: list[dict[str, Json]]) -> None:
    rows = [LegacyRow("archives", str(n), {}, payload, ()) for n, payload in enumerate(payloads)]
    written = [hashed.payload for hashed in hash_rows(rows)]
    assert written == [json.dumps(p, sort_keys=True, separators=(",", ":")) for p in payloads]


@given(st.data(), st.lists(ANY_TEXT | st.just("%s"), unique=True, max_size=5))
def test_payloads_of_one_table_are_the_json_of_each(
    data: st.DataObject, columns: list[str]
) -> None:
    row = st.fixed_dictionaries(dict.fromkeys(columns, VALUES))
    payloads_are_as_json(data.draw(st.lists(row, max_size=4)))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES), max_size=4))
def test_payloads_of_different_columns_are_the_json_of_each(
    payloads: list[dict[str, Json]],
) -> None:
    payloads_are_as_json(payloads)


@pytest.mark.parametrize("charset", sorted(CORRECTIONS))
def test_a_corrected_charset_reads_ascii_as_it_is(charset: str) -> None:
    decode = decoder_for(charset)
    assert decode is not None
    assert decode(bytes(range(128))) == bytes(range(128)).decode("ascii")
