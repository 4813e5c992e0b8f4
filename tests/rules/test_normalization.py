"""From a source row's texts, as found, to the derived columns, keys and issues of a staged row."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoin.identity.keys import Key
from legacy_import.rules.normalization import (
    WIDTHS,
    WIDTHS_BY_FIELD,
    NormalizedLearner,
    Settings,
    normalize_learner,
    reference,
)
from legacy_import.rules.validation import ISSUES

SETTINGS = Settings(
    today=date(2026, 3, 1),
    placeholder_emails=frozenset({"ecole@exemple.dz"}),
    role_mailboxes=frozenset({"guichet"}),
)
AMEL = {"first_name": "Amel", "last_name": "Haddad", "status": "Formée",
        "birth_date": "1999-02-03", "phone": "0559446168", "email": "Amel.H@Exemple.dz",
        "formation_id": "7", "session_id": "40"}  # fmt: skip


def normalized(**changed: str | None) -> NormalizedLearner:
    return normalize_learner({**AMEL, **changed}, (), SETTINGS)


def test_a_clean_row_keeps_its_texts_and_gets_its_keys() -> None:
    row = normalized()
    assert (row.first_name, row.last_name, row.full_name) == ("Amel", "Haddad", "Amel Haddad")
    assert row.name_key == "amel haddad"
    assert row.birth_date == date(1999, 2, 3)
    assert (row.phone_raw, row.phone_normalized) == ("0559446168", "213559446168")
    assert (row.email_raw, row.email_normalized) == ("Amel.H@Exemple.dz", "amel.h@exemple.dz")
    assert (row.raw_status, row.legacy_formation_id, row.legacy_session_id) == ("Formée", "7", "40")
    assert set(row.keys) == {
        Key("P", "213559446168"),
        Key("E", "amel.h@exemple.dz"),
        Key("D", "1999-02-03|amal hadad"),
        Key("S", "aml hdd"),
    }
    assert row.issues == ()


@pytest.mark.parametrize(
    ("raw", "number", "issues"),
    [
        pytest.param("0559446168", "213559446168", (), id="mobile"),
        pytest.param("0776845160", "213776845160", (), id="another-mobile"),
        pytest.param("05594461", None, ("phone_invalid",), id="short"),
        pytest.param("055944616899", None, ("phone_invalid",), id="malformed"),
        pytest.param("", None, ("phone_missing",), id="blank"),
        pytest.param(None, None, ("phone_missing",), id="null"),
        pytest.param("-", None, ("phone_missing",), id="no-digit"),
        pytest.param("0555555555", None, ("phone_placeholder",), id="nobody-s-number"),
        pytest.param(
            "0559446168 / 0776845160", "213559446168", ("phone_several",), id="the-first-of-two"
        ),
        pytest.param("12 / 0776845160", "213776845160", (), id="the-first-valid-one"),
    ],
)
def test_the_phone_is_the_first_valid_number_and_kept_as_found(
    raw: str | None, number: str | None, issues: tuple[str, ...]
) -> None:
    row = normalized(phone=raw)
    assert (row.phone_raw, row.phone_normalized, row.issues) == (raw or "", number, issues)


def test_two_numbers_in_one_field_are_two_keys() -> None:
    keys = normalized(phone="0559446168 / 0776845160").keys
    assert [key.value for key in keys if key.kind == "P"] == ["213559446168", "213776845160"]


@pytest.mark.parametrize(
    ("raw", "address", "issues"),
    [
        pytest.param("/", None, ("email_placeholder",), id="slash"),
        pytest.param("NULL", None, ("email_placeholder",), id="null-typed"),
        pytest.param("Ecoin.hank@gmail.com", None, ("email_placeholder",), id="the-old-default"),
        pytest.param("ECOIN.HANK@GMAIL.COM", None, ("email_placeholder",), id="in-any-case"),
        pytest.param("Ecole@Exemple.dz", None, ("email_placeholder",), id="configured"),
        pytest.param("pas une adresse", None, ("email_invalid",), id="invalid"),
        pytest.param("", None, ("email_missing",), id="blank"),
        pytest.param(
            "amel@gmail.con", "amel@gmail.con", ("email_typo",), id="a-hint-never-applied"
        ),
        pytest.param(
            "contact@exemple.dz", "contact@exemple.dz", ("email_role_mailbox",), id="role"
        ),
        pytest.param("guichet@exemple.dz", "guichet@exemple.dz", ("email_role_mailbox",), id="set"),
        pytest.param("Amel.H+x@Exemple.dz", "amel.h+x@exemple.dz", (), id="dots-and-tags-stay"),
    ],
)
def test_an_address_is_a_lower_case_key_or_null_and_kept_as_found(
    raw: str, address: str | None, issues: tuple[str, ...]
) -> None:
    row = normalized(email=raw)
    assert (row.email_raw, row.email_normalized, row.issues) == (raw, address, issues)


@pytest.mark.parametrize(
    ("raw", "born", "issues"),
    [
        pytest.param("1999-02-03", date(1999, 2, 3), (), id="iso"),
        pytest.param("03/02/1999", date(1999, 2, 3), (), id="day-first"),
        pytest.param("2019-02-31", None, ("birth_date_impossible",), id="impossible"),
        pytest.param("2031-01-01", None, ("birth_date_future",), id="future"),
        pytest.param("0000-00-00", None, ("birth_date_placeholder",), id="zero"),
        pytest.param("1900-05-05", None, ("birth_date_placeholder",), id="1900"),
        pytest.param("1970-01-01", None, ("birth_date_placeholder",), id="epoch"),
        pytest.param("1999-00-00", None, ("birth_date_partial",), id="a-year"),
        pytest.param(None, None, ("birth_date_missing",), id="null"),
    ],
)
def test_a_birth_date_is_a_date_or_says_why_not(
    raw: str | None, born: date | None, issues: tuple[str, ...]
) -> None:
    row = normalized(birth_date=raw)
    assert (row.birth_date, row.issues) == (born, issues)


@pytest.mark.parametrize("name", [None, "", "   ", "...", "?"])
def test_a_row_without_any_name_says_so(name: str | None) -> None:
    row = normalized(first_name=name, last_name=name)
    assert "name_missing" in row.issues
    assert row.name_key == ""
    assert {key.kind for key in row.keys} == {"P", "E"}


@pytest.mark.parametrize(
    ("full", "contradicts"),
    [
        pytest.param("Haddad Amel", False, id="other-order"),
        pytest.param("HADDAD Amal", False, id="other-spelling"),
        pytest.param("Amel Haddad Bouzid", False, id="one-name-more"),
        pytest.param("Lina Saadi", True, id="somebody-else"),
        pytest.param("", False, id="blank"),
    ],
)
def test_a_full_name_must_be_that_of_the_parts(full: str, contradicts: bool) -> None:
    assert ("names_contradict" in normalized(full_name=full).issues) is contradicts


@pytest.mark.parametrize(
    ("field", "value", "issue"),
    [
        pytest.param("status", "FormÃ©e", "text_repaired:status", id="double-encoded"),
        pytest.param("status", "Form?e", "text_damaged:status", id="lost-letter"),
        pytest.param("first_name", "Am\ufffdl", "text_damaged:first_name", id="replacement"),
        pytest.param("last_name", "Had\x00dad", "text_damaged:last_name", id="nul-byte"),
        pytest.param("first_name", "Am\ud83dl", "text_damaged:first_name", id="lone-surrogate"),
    ],
)
def test_damaged_and_repaired_text_leaves_its_issue(field: str, value: str, issue: str) -> None:
    assert issue in normalized(**{field: value}).issues


@pytest.mark.parametrize(
    ("name", "issue"),
    [
        pytest.param("&#1603;&#1585;&#1610;&#1605;", "text_repaired:first_name", id="entities"),
        pytest.param("ãÍãÏ", "text_repaired:first_name", id="windows-1256-read-as-latin-1"),
        pytest.param("„Õ„œ", "text_repaired:first_name", id="windows-1256-read-as-mac-roman"),
        pytest.param("ظ…ط\xadظ…ط¯", "text_repaired:first_name", id="utf-8-read-as-windows-1256"),
        pytest.param("ŸÖÿ≠ŸÖÿØ", "text_repaired:first_name", id="utf-8-read-as-mac-roman"),
        pytest.param("ChÈrif", "text_repaired:first_name", id="latin-1-read-as-mac-roman"),
        pytest.param("ÞËÞËÞ", "text_damaged:first_name", id="wrong-charset-that-is-no-name"),
        pytest.param("ظ…ط", "text_damaged:first_name", id="utf-8-cut-off"),
        pytest.param("12", "name_unreadable", id="no-letter"),
    ],
)
def test_a_wrong_charset_in_a_name_leaves_its_issue(name: str, issue: str) -> None:
    row = normalized(first_name=name)
    assert row.issues == (issue,)
    assert row.first_name == name
    assert any(key.kind == "D" for key in row.keys) is issue.startswith("text_repaired")


@pytest.mark.parametrize(
    "name",
    [
        "Zoé",
        "NOËL",
        "Aïcha",
        "François",
        "كريم",
        "مُحَمَّد",
        "D'Artagnan",
        "Ali&Omar",
        "Ali & fils",
        "Œdipe",
        "Łukasz",
    ],
)
def test_an_ordinary_accent_or_vowel_sign_is_no_damage(name: str) -> None:
    assert normalized(first_name=name).issues == ()


def test_double_encoded_text_is_kept_as_found() -> None:
    assert normalized(status="FormÃ©e").raw_status == "FormÃ©e"


def test_a_nul_byte_and_a_surrogate_never_reach_a_column() -> None:
    row = normalized(first_name="A\x00mel\ud800é", email="a\x00@exemple.dz", status="x\udfff")
    for text in (row.first_name, row.full_name, row.email_raw, row.raw_status):
        assert "\x00" not in text
        text.encode("utf-8")


@pytest.mark.parametrize("field", WIDTHS_BY_FIELD)
def test_only_derived_columns_are_cut_and_say_so(field: str) -> None:
    row = normalized(**{field: "x" * 1000})
    cut = [issue for issue in row.issues if issue.startswith("column_cut:")]
    assert cut
    for issue in cut:
        column = issue.partition(":")[2]
        assert len(getattr(row, column)) == WIDTHS[column]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7", "7"), (" 7 ", "7"), ("007", "7"), ("7.0", "7"), ("0", None), ("", None), (None, None),
        ("NULL", None), ("000", None), ("18446744073709551615", "18446744073709551615"),
    ],
)  # fmt: skip
def test_a_reference_is_decimal_digits_or_names_nothing(
    text: str | None, meant: str | None
) -> None:
    assert reference(text) == meant


@pytest.mark.parametrize("text", ["voir", "-1", "7a", "1" * 21, "٧", "7.5"])
def test_a_reference_that_is_no_number_points_nowhere_and_says_so(text: str) -> None:
    row = normalized(formation_id=text, session_id=text)
    assert (row.legacy_formation_id, row.legacy_session_id) == (None, None)
    assert row.issues == ("formation_id_invalid", "session_id_invalid")


def test_what_the_reader_noted_comes_first() -> None:
    row = normalize_learner({**AMEL, "phone": None}, ("unreadable:telephone",), SETTINGS)
    assert row.issues == ("unreadable:telephone", "phone_missing")


fields = st.dictionaries(
    st.sampled_from([*AMEL, "full_name"]),
    st.none() | st.text(max_size=60) | st.sampled_from(["0559446168", "Formée", "a@b.dz", "1"]),
)


@given(fields)
def test_no_text_makes_it_raise_and_every_issue_is_in_the_table(found: dict[str, Any]) -> None:
    row = normalize_learner(found, (), SETTINGS)
    assert {issue.partition(":")[0] for issue in row.issues} <= set(ISSUES)
    assert len(set(row.issues)) == len(row.issues)
    for column, width in WIDTHS.items():
        assert len(getattr(row, column)) <= width
    assert all(value.isascii() and len(value) <= 190 for _, value in row.keys)


@pytest.mark.parametrize("padding", ["\x00", "\x00" * 12])
def test_the_padding_of_a_binary_column_is_no_damage(padding: str) -> None:
    row = normalize_learner({field: text + padding for field, text in AMEL.items()}, (), SETTINGS)
    assert row == normalized()


def test_a_nul_inside_a_value_is_damage() -> None:
    assert "text_damaged:last_name" in normalized(last_name="Had\x00dad").issues
    assert "text_damaged:status" in normalized(status="For\x00mée").issues


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Test", "Test"), ("test", "Haddad"), ("Amel", "azerty"), ("", "AZERTY"), ("aaa", "bbb"),
        ("Amel Test", ""), ("تجربة", ""),
    ],
)  # fmt: skip
def test_a_name_that_tries_the_form_out_is_a_doubt(first: str, last: str) -> None:
    assert "name_test" in normalized(first_name=first, last_name=last).issues
    full = normalized(first_name=None, last_name=None, full_name=f"{first} {last}".strip())
    assert "name_test" in full.issues


@pytest.mark.parametrize(
    ("first", "last"), [("x", "x"), ("-", "/"), ("néant", ""), ("N.A", "R.A.S")]
)
def test_a_name_of_nothing_is_missing(first: str, last: str) -> None:
    assert "name_missing" in normalized(first_name=first, last_name=last).issues


def test_entities_are_decoded_for_the_keys_and_the_columns_stay_as_found() -> None:
    row = normalized(
        last_name="Hadd&agrave;d", phone="0559&nbsp;44&#160;61&nbsp;68", email="amel.h&#64;exemple.dz",
        birth_date="03&#47;02&#x2F;1999",
    )  # fmt: skip
    assert row.keys == normalized(email="amel.h@exemple.dz").keys
    assert row.birth_date == date(1999, 2, 3)
    assert (row.last_name, row.email_raw) == ("Hadd&agrave;d", "amel.h&#64;exemple.dz")
    assert {"text_repaired:last_name", "text_repaired:phone", "text_repaired:email"} == set(
        row.issues
    )
    assert normalized(email="amel.h&amp;#64;exemple.dz").email_normalized is None
