"""Birth dates in the orders people type, and dates that cannot be."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoin.identity.dates import parse_birth_date

TODAY = date(2026, 1, 15)
MAY_12 = date(1999, 5, 12)


AS_FORMS_HAVE_IT = (
    "04 / 03 / 2001", "04,03,2001", "04\\03\\2001", "(04/03/2001)", "04032001", "4032001", "04-mars-01",
    "4 مارس 2001", "٤ مارس ٢٠٠١", "né le 04/03/2001", "Née le 4 mars 2001", "né(e) le : 04/03/2001",
    "04/03/2001 à Oran", "04/03/2001 (Oran)", "4 mars 2001 à Béni Saf (31)", "04/03/2001 بوهران",
    "O4/O3/2001", "04/03/2OO1", "04|03|2001", "04_03_2001", "[04-03-2001]", "'04/03/2001", "04/03-2001",
    "2001 / 03 / 04", "04.03.2001.", "lundi 4 mars 2001", "March 4, 2001", "4mars2001", "O4-MARS-2001",
    "مولود في 4 مارس 2001", "date de naissance : 04/03/2001", "04/03/2001 10:30 à Oran", "20010304",
)  # fmt: skip
PARTIAL = (
    "présumé 1985", "1985 présumé", "mars 1999", "Présumé(e) 1985", "présumée en 1985", "vers 1985",
    "né en 1985", "1985 (présumé)", "مارس 1999", "1999 mars", "xx/xx/1985", "??/??/1985", "01/xx/1985",
    "Présumé 01/01/1985", "juin1999", "مفترض 1985", "O3/1985", "(1985)",
)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("1999-05-12", MAY_12, ""),
        ("1999-5-12", MAY_12, ""),
        ("1999/05/12", MAY_12, ""),
        ("19990512", MAY_12, ""),
        ("1999-05-12 00:00:00", MAY_12, ""),
        ("1999-05-12T00:00:00.000Z", MAY_12, ""),
        ("1999-05-12T10:00:00+01:00", MAY_12, ""),
        ("12/05/1999", MAY_12, ""),
        ("12-05-1999", MAY_12, ""),
        ("12.05.1999", MAY_12, ""),
        ("12 05 1999", MAY_12, ""),
        ("12/5/99", MAY_12, ""),
        ("12/05/05", date(2005, 5, 12), ""),
        ("12/05/26", date(1926, 5, 12), ""),
        ("12/05/16", date(2016, 5, 12), ""),
        ("١٢/٠٥/١٩٩٩", MAY_12, ""),
        (" 12/05/1999 ", MAY_12, ""),
        ("12\u00a0mai\u00a01999", MAY_12, ""),
        ("1er août 1999", date(1999, 8, 1), ""),
        ("بتاريخ 12/05/1999", MAY_12, ""),
        ("المولود في 12/05/1999", MAY_12, ""),
        ("مولودة في 12 ماي 1999", MAY_12, ""),
        ("12 أوت 1999", date(1999, 8, 12), ""),
        ("ماي 1999", None, "partial"),
        ("تاريخ الميلاد: 12/05/1999", MAY_12, ""),
        ("12/05/1999 ORAN", MAY_12, ""),
        ("12/05/1999 Sidi Bel Abbès", MAY_12, ""),
        ("12/05/1999 وهران", MAY_12, ""),
        ("12 mai 1999 Oran", MAY_12, ""),
        ("né à Oran 12/05/1999", MAY_12, ""),
        ("Née à Oran le 12/05/1999", MAY_12, ""),
        ("12;05;1999", MAY_12, ""),
        ("12 mai 99", MAY_12, ""),
        ("12/05/1999 13/05/1999", None, "impossible"),
        ("né à Oran", None, "impossible"),
        ("~1985", None, "partial"),
        ("~12/05/1985", None, "partial"),
        ("Pr. 1985", None, "partial"),
        ("1985 (P)", None, "partial"),
        ("حوالي 1985", None, "partial"),
        ("مفترض 1985", None, "partial"),
        ("سنة 1985", None, "partial"),
        ("مواليد 1985", None, "partial"),
        ("né à Oran 1985", None, "partial"),
        ("12 May 1999", MAY_12, ""),
        ("2000-01-01", date(2000, 1, 1), ""),
        ("2000-02-29", date(2000, 2, 29), ""),
        ("", None, "missing"),
        (None, None, "missing"),
        ("  ", None, "missing"),
        ("/", None, "missing"),
        ("NULL", None, "missing"),
        ("2019-02-31", None, "impossible"),
        ("31/02/1999", None, "impossible"),
        ("1999-13-01", None, "impossible"),
        ("05/25/1999", None, "impossible"),
        ("1999-02-29", None, "impossible"),
        ("0099-05-12", None, "impossible"),
        ("abc", None, "missing"),
        ("voir dossier", None, "impossible"),
        ("36292", None, "impossible"),
        ("0000-00-00", None, "placeholder"),
        ("0000-00-00 00:00:00", None, "placeholder"),
        ("00/00/0000", None, "placeholder"),
        ("0001-01-01", None, "placeholder"),
        ("1900-01-01", None, "placeholder"),
        ("1970-01-01", None, "placeholder"),
        ("0", None, "placeholder"),
        ("1999-00-00", None, "partial"),
        ("1999-05-00", None, "partial"),
        ("1999", None, "partial"),
        ("05/1999", None, "partial"),
        ("2030-01-01", None, "future"),
        ("2026-01-16", None, "future"),
        ("2026-01-15", TODAY, ""),
        *((text, None, "missing") for text in ("x", "non", "N.A", "R.A.S", "/", "test", "لا يوجد")),
        *((text, date(2001, 3, 4), "") for text in AS_FORMS_HAVE_IT),
        *((text, None, "partial") for text in PARTIAL),
        ("31022001", None, "impossible"),
        ("04/03/2001 ou 05/03/2001", None, "impossible"),
        ("inscrit le 04/03/2001", None, "impossible"),
        ("040301", None, "impossible"),  # which part is the year, nobody can tell
        ("01011900", None, "placeholder"),
        ("04032031", None, "future"),
    ],
    ids=repr,
)
def test_a_birth_date_is_read_or_says_why_not(raw, value, problem):
    parsed = parse_birth_date(raw, today=TODAY)
    assert (parsed.value, parsed.problem) == (value, problem)


@given(st.dates(date(1971, 1, 1), TODAY))
def test_every_real_date_comes_back(value):
    for written in (value.isoformat(), value.strftime("%d/%m/%Y"), f"{value.isoformat()} 00:00:00"):
        assert parse_birth_date(written, today=TODAY).value == value


@given(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
    | st.from_regex(r"\d{1,4}[-/. ]\d{1,4}[-/. ]\d{1,4}.{0,3}", fullmatch=True)
)
def test_no_text_makes_it_raise(raw):
    parsed = parse_birth_date(raw, today=TODAY)
    assert (parsed.value is None) == bool(parsed.problem)


@pytest.mark.parametrize("piece", ["1", "12/", " ", "é"])
def test_a_megabyte_is_no_trouble(piece):
    parse_birth_date(piece * (1_000_000 // len(piece)), today=TODAY)
