"""Text made comparable, and text that went through a wrong charset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoin.identity.text import fold, is_damaged, repair_double_encoding

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        pytest.param("Formée", "formee", id="accent"),
        pytest.param("  Ne   répond\tpas ", "ne repond pas", id="whitespace"),
        pytest.param("Archivè", "archive", id="wrong-accent"),
        pytest.param("ARCHIVÉ", "archive", id="capitals"),
        pytest.param("Arch\u200bive\u0301", "archive", id="zero-width-and-combining"),
        pytest.param("nouveau\u00a0!", "nouveau !", id="no-break-space"),
        pytest.param("l’été", "l'ete", id="curly-apostrophe"),
        pytest.param("«Bureautique»", '"bureautique"', id="french-quotes"),
        pytest.param("Word–Excel", "word-excel", id="en-dash"),
        pytest.param("\u202bمحمد\u202c", "mhmd", id="arabic-with-bidi-marks"),
        pytest.param("ﬁnance Straße", "finance strasse", id="ligature-and-sharp-s"),
        pytest.param("a\x00b", "ab", id="nul"),
        pytest.param("a\ud800b", "ab", id="lone-surrogate"),
        pytest.param("", "", id="empty"),
    ],
)
def test_variants_fold_together(typed, folded):
    assert fold(typed) == folded


@given(ANY_TEXT)
def test_a_fold_is_ascii_trimmed_and_final(text):
    folded = fold(text)
    assert folded.isascii()
    assert folded.isprintable()
    assert folded == " ".join(folded.split())
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("damaged", "repaired"),
    [
        pytest.param("FormÃ©e", "Formée", id="cp1252"),
        pytest.param("ArchivÃ\xa8", "Archivè", id="latin-1"),
        pytest.param("FormÃƒÂ©e", "Formée", id="twice"),
        pytest.param("Ù\x85Ø\xadÙ\x85Ø¯", "محمد", id="arabic-latin-1"),
        pytest.param("Ù…Ø\xadÙ…Ø¯", "محمد", id="arabic-cp1252"),
        pytest.param("lâ€™Ã©tÃ©", "l’été", id="punctuation"),
        pytest.param("Formée", None, id="nothing-to-repair"),
        pytest.param("plain", None, id="ascii"),
        pytest.param("é FormÃ©e", None, id="half-repaired-already"),
        pytest.param("dÃ©jÃ ", None, id="no-break-space-lost"),
        pytest.param("Âge NOËL", None, id="true-capitals"),
        pytest.param("", None, id="empty"),
    ],
)
def test_only_an_unambiguous_repair_is_made(damaged, repaired):
    assert repair_double_encoding(damaged) == repaired


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0xFF), min_size=1, max_size=20))
def test_what_was_read_as_latin_1_comes_back(text):
    assert repair_double_encoding(text.encode().decode("latin-1")) == text


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        pytest.param("Formée", False, id="fine"),
        pytest.param("محمد علي", False, id="arabic"),
        pytest.param("FormÃ©e", False, id="repairable"),
        pytest.param("dÃ©jÃ ", True, id="beyond-repair"),
        pytest.param("Form\ufffde", True, id="replacement-character"),
        pytest.param("Form?e", True, id="letter-became-question-mark"),
        pytest.param("?cole", True, id="first-letter-lost"),
        pytest.param("???? ???", True, id="arabic-became-question-marks"),
        pytest.param("Ali ????", True, id="a-word-became-question-marks"),
        pytest.param("Reporter ?", False, id="a-question"),
        pytest.param("Reporter??", False, id="an-emphatic-question"),
        pytest.param("?", False, id="one-mark-is-a-clerk's-blank"),
        pytest.param("a\x00b", True, id="nul"),
        pytest.param("line\nbreak\ttab", False, id="line-break-and-tab"),
        pytest.param("a\ud800", True, id="lone-surrogate"),
        pytest.param("a\x85b", True, id="control-character"),
        pytest.param("", False, id="empty"),
    ],
)
def test_damage_is_lost_letters(text, damaged):
    assert is_damaged(text) is damaged


@given(ANY_TEXT)
def test_no_text_makes_the_repair_or_the_check_raise(text):
    is_damaged(text)
    repair_double_encoding(text)


@pytest.mark.parametrize("piece", ["a", "é", "Ã©", "?", " ", "\u0301", "م"])
def test_a_megabyte_is_no_trouble(piece):
    text = piece * (1_000_000 // len(piece))
    fold(text)
    is_damaged(text)
    repair_double_encoding(text)
