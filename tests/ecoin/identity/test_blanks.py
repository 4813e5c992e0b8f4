"""One table of what means nothing, for every field, and of words that try a form out."""

import datetime

import pytest

from ecoin.identity.blanks import is_blank, is_blank_or_test, is_deletion_mark, is_test_word
from ecoin.identity.dates import parse_birth_date
from ecoin.identity.emails import parse_email
from ecoin.identity.names import UNREADABLE, parse_name
from ecoin.identity.phones import parse_phones
from legacy_import.rules.normalization import reference

NOTHING = (
    "", " ", "-", "--", "/", "...", "x", "XX", "xxx", "néant", "NEANT", "NULL", "null", "None", "NaN",
    "N.A", "n/a", "NA", "R.A.S", "ras", "Aucun", "vide", "non renseigné", "Inconnu", "sans", "مجهول",
    "لا يوجد", "غير معروف", "بدون",
)  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_nothing_in_every_field(text: str) -> None:
    assert is_blank(text)
    assert parse_name(text).key == ""
    assert parse_name(text, "Haddad").key == "haddad"
    assert not parse_name(f"Haddad {text}").is_whole
    assert parse_phones(text) == ((), (), False)
    assert parse_email(text).value is None
    assert parse_email(text).problem in ("missing", "placeholder")
    assert parse_birth_date(text, today=datetime.date(2026, 1, 1)).problem == "missing"
    assert reference(text) is None


@pytest.mark.parametrize("text", ["test", "TEST", "azerty", "aaa", "qwerty", "Essai"])
def test_a_test_word_is_nothing_but_in_a_name(text: str) -> None:
    assert is_blank_or_test(text)
    assert not is_blank(text)
    assert parse_name(text).key == text.lower()
    assert parse_email(text).problem == "placeholder"
    assert parse_birth_date(text, today=datetime.date(2026, 1, 1)).problem == "missing"
    assert reference(text) is None


@pytest.mark.parametrize(
    "text", ["Anna", "Amel", "Nadia", "Mohamed III", "Tata", "Rasha", "12", "????"]
)
def test_other_texts_are_neither(text: str) -> None:
    assert not is_blank_or_test(text)


@pytest.mark.parametrize("text", ["🌸", "🙂🙂", "♥", "☎️"])
def test_pictures_are_no_words_but_not_nothing_either(text: str) -> None:
    assert not is_blank(text)
    assert parse_name(text, "Haddad").key == f"{UNREADABLE} haddad"
    assert parse_name(f"Amel {text}", f"{text}Haddad") == parse_name("Amel", "Haddad")
    assert parse_name(f"{text} Amel", f"Haddad {text}") == parse_name("Amel", "Haddad")
    assert parse_name(f"{text} Amel {text} Haddad") == parse_name("Amel Haddad")
    assert parse_name(f"{text} أمينة", "حداد") == parse_name("أمينة", "حداد")
    assert not is_test_word(text)


@pytest.mark.parametrize(
    ("mark", "deleted"),
    [
        *((mark, False) for mark in (None, "", " ", "0", "0.0", "NULL", "-", "non", "N", "false",
          "off", "لا",
          "0000-00-00", "0000-00-00 00:00:00", "1970-01-01 00:00:00", "\x00", "00:00:00",
          "9999-12-31", "9999-12-31 23:59:59", "31/12/9999", "1970/01/01", "01/01/1970", "1899-12-30",
          "jamais", "Never", "non supprimé", "Non-supprimée", "NON SUPPRIME", "actif")),
        *((mark, True) for mark in ("1", "-1", "2021-03-04", "2021-03-04 12:00:00", "04/03/2021",
          "oui", "Y",
          "true", "نعم", "supprimé", "inactif", "1999-12-31", "01/02/2019", "deleted")),
    ],
)  # fmt: skip
def test_a_deletion_mark_says_whether_the_row_lives(mark: str | None, deleted: bool) -> None:
    assert is_deletion_mark(mark) is deleted
