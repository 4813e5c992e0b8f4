"""What people and programs type where there is nothing: one table for every field.

Texts are compared by their folded letters and digits: `N.A`, `n/a` and `NA` are one word.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ecoin.identity.text import fold, is_damaged, is_picture

_NO_LETTER: Final = re.compile("[^a-z0-9]+")
_CACHED_LENGTH: Final = 60


def compact(text: str) -> str:
    """The letters and digits of a text, folded; other scripts as they are transliterated."""
    return _NO_LETTER.sub("", fold(text))


WORDS: Final = """
    null none nil nan nat na nd nr nc neant aucun aucune rien vide ras non no sans undefined void
    inconnu inconnue unknown anonyme empty blank pasdenom sansnom sansobjet
    nonrenseigne nonrenseignee nonrenseigner nondefini nondefinie nonprecise nonprecisee
    nonconnu nonconnue noncommunique noncommuniquee nondisponible nondeclare nonfourni
    arenseigner acompleter adefinir aremplir indisponible indetermine indeterminee
    pasdemail pasemail sansemail sansmail sansadresse noemail nomail pasdadresse pasdadressemail
    pasdetelephone pasdetel pasdenumero sanstelephone sanstel sansnumero
    nom prenom nomprenom nometprenom prenomnom name email mail gmail telephone tel datedenaissance
    مجهول مجهولة بدون فارغ لايوجد لاتوجد لاشيء لاشي لااحد غيرمعروف غيرمعروفة غيرمتوفر غيرموجود
    بدوناسم بدونهاتف الاسم اللقب الاسماللقب الاسمواللقب
"""
BLANKS: Final = frozenset(map(compact, WORDS.split()))
"""A form's own labels are among them: someone submitted the example."""

_TEST_WORDS: Final = """
    test tests teste tester testtest testeur essai essais azerty azertyuiop azert qwerty
    qwertz qwertyuiop asdf asdfgh qsdf qsdfgh wxcvbn abc abcd abcdef toto
    foo foobar exemple example demo lorem xyz
    تجربة اختبار تست
"""
TEST_WORDS: Final = frozenset(map(compact, _TEST_WORDS.split()))
"""Typed to try a form out. As a name a doubt, anywhere else nothing."""


def is_blank(text: str) -> bool:
    """Whether a text means that there is nothing. A text whose letters are lost does not."""
    if len(text) > _CACHED_LENGTH:
        return not text.strip()
    return _is_blank(text)


@lru_cache(maxsize=8_192)
def _is_blank(text: str) -> bool:
    word = compact(text)
    if not word:
        # Pictures, and marks left in place of lost letters, are something that cannot be read.
        return not is_damaged(text) and not any(
            c == "?" or c.isalnum() or is_picture(c) for c in text
        )
    return is_blank_word(word)


def is_blank_word(word: str) -> bool:
    """Whether a folded word without signs means that there is nothing."""
    return word in BLANKS or not word.strip("x")


def is_blank_or_test(text: str) -> bool:
    """The same, or typed to try the form out: outside of names that is nothing, too."""
    return is_blank(text) or (len(text) <= _CACHED_LENGTH and is_test_word(compact(text)))


def is_test_word(word: str) -> bool:
    """Whether a folded word was typed to try a form out; also one letter three times: `aaa`."""
    repeated = word[:1] * 3 == word[:3] and _REPEATED.fullmatch(word) is not None
    return repeated or word in TEST_WORDS


_REPEATED: Final = re.compile(r"([a-hj-wyz])\1{2,}")  # Mohamed III is a king

_PART: Final = "[0-9]{2}"
_YEAR: Final = "(?:0000|0001|1899|1900|1970|9999)"
_ZERO_DATE: Final = re.compile(
    f"{_YEAR}[-/.]{_PART}[-/.]{_PART}|{_PART}[-/.]{_PART}[-/.]{_YEAR}" + r"|[0.:\s/-]+"
)
DELETION_PREFIX: Final = 10
"""Characters of a deletion mark that decide: a date, or a word."""
_ALIVE: Final = frozenset(
    compact(word[:DELETION_PREFIX])
    for word in (
        "0", "false", "faux", "f", "n", "off", "لا", "jamais", "never", "actif", "active",
        "non supprimé", "nonsupprimé", "not deleted",
    )
)  # fmt: skip


def is_zero_date(text: str) -> bool:
    """Whether a program wrote the date for lack of one: `0000-00-00`, 1 January 1970, 9999-12-31."""
    return _ZERO_DATE.fullmatch(text.strip()[:DELETION_PREFIX].strip()) is not None


def is_deletion_mark(text: str | None) -> bool:
    """Whether the value of a column like `deleted_at` or `is_deleted` means that the row is deleted."""
    if not text:
        return False
    mark = text.replace("\x00", "").strip()[:DELETION_PREFIX].strip()
    if is_blank(mark):
        return False
    return compact(mark) not in _ALIVE and not is_zero_date(mark)
