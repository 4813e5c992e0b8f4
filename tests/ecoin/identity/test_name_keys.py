"""By which forms a learner's name is found."""

import pytest

from ecoin.identity.keys import MAX_VALUE, name_keys
from ecoin.identity.names import parse_name


def test_the_first_form_is_the_fold_of_the_name():
    assert name_keys("Haddad Karim").rotations[0] == parse_name("Karim Haddad").fold


@pytest.mark.parametrize("other", ["HADDAD karim", "Kareem Hadad", "كريم حداد"])
def test_order_spelling_and_script_make_no_difference(other):
    assert name_keys(other).rotations == name_keys("Karim Haddad").rotations


def test_every_word_and_every_pair_of_three_words_begins_a_form():
    forms = name_keys("Mohamed Amine Haddad").rotations
    words = parse_name("Mohamed Amine Haddad").fold.split()
    assert sorted(form.split()[0] for form in forms) == sorted(words)
    pairs = {frozenset(form.split()[:2]) for form in forms}
    assert pairs == {frozenset((one, other)) for one in words for other in words if one != other}


def test_a_name_of_two_words_has_two_forms_and_no_name_none():
    assert name_keys("Karim Haddad").rotations[2] == ""
    assert name_keys("") == (("", "", ""), "")


def test_forms_are_ascii_and_fit_their_columns():
    keys = name_keys("ععععع " * 40 + "w" * 300)
    for form in (*keys.rotations, keys.skeleton):
        assert form.isascii()
        assert len(form) <= MAX_VALUE
