"""Every given name that the project knows, in every spelling of both scripts.

Each parses to a name, two names are never one, and one name's spellings are never two. The pairs
are those that `make matching` counts.
"""

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.matching.known_names import (
    FAMILY,
    are_spelled_alike,
    guard,
    known_given_names,
    pairs_of_one_name,
    pairs_of_two_names,
)
from ecoin.identity import arabic, latin
from ecoin.identity.given_names import KnownName, known_names
from ecoin.identity.names import UNREADABLE, Name, parse_name
from legacy_import.rules.guards import Names

GIVEN = known_given_names()
FAMILIES = [name for name in known_names() if not name.is_given]
# "Sid" is a given name, but with what follows it is one word: Sid Ahmed, Sid Ali.
PARTICLES = arabic.PARTICLES | latin.PARTICLES
FORMS = [(form, name) for name in GIVEN for form in (*name.arabic, *name.latin)]
SIGNS = "\u064e\u064f\u0650\u0651\u0652\u0640\u200f"  # vowels, shadda, sukun, tatweel, direction

# How a clerk may write (given name, family name).
WRITINGS: dict[str, Callable[[str, str], Name]] = {
    "given name first": parse_name,
    "family name first": lambda first, last: parse_name(last, first),
    "one field": lambda first, last: parse_name(f"{first} {last}"),
    "capitals": lambda first, last: parse_name(first.upper(), last.upper()),
    "a title": lambda first, last: parse_name(f"Mme {first}", last),
    "a title in Arabic": lambda first, last: parse_name(first, f"السيدة {last}"),
}


def test_every_spelling_parses_to_at_least_one_token() -> None:
    for form, _ in FORMS:
        for name in (parse_name(form), parse_name(None, form), parse_name(form.upper())):
            assert name.key, form
            assert name.fold, form
            assert name.skeleton, form


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_given_name_never_disappears_beside_a_family_name(writing: str) -> None:
    alone = {parse_name(family).fold for family in FAMILY}
    for form, _ in FORMS:
        for family in FAMILY:
            name = WRITINGS[writing](form, family)
            assert name.fold not in alone, (form, family)
            assert UNREADABLE not in name.fold, (form, family)
            assert " " in name.fold or not PARTICLES.isdisjoint((form, parse_name(form).key)), form


def test_two_given_names_are_never_equal_or_similar() -> None:
    wrong = [
        (one.form, other.form)
        for one, other in pairs_of_two_names(GIVEN)
        if guard(one.name, other.name).is_same
    ]
    assert wrong == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "family",
    [("حداد", "Haddad"), ("عمر", "Omar"), ("آيت علي", "Aït Ali"), ("مراد", "Mourad"), ("", "")],
    ids=lambda family: family[1] or "none",
)
def test_no_family_name_makes_two_given_names_one(family: tuple[str, str]) -> None:
    spelled = {*family, family[1].lower(), *PARTICLES}
    names = [name for name in GIVEN if spelled.isdisjoint((*name.arabic, *name.latin))]
    wrong = [
        (one.form, other.form)
        for one, other in pairs_of_two_names(names, family)
        if guard(one.name, other.name).is_same
    ]
    assert wrong == []


def test_spellings_of_one_name_are_never_two_names() -> None:
    for one, other in pairs_of_one_name(GIVEN):
        assert guard(one.name, other.name).is_same, (one.form, other.form)


def test_a_name_equals_its_usual_spelling_in_the_other_script() -> None:
    """Unless other names are spelled alike: then the usual spelling may mean one of those."""
    for name in GIVEN:
        if any(are_spelled_alike(name, other) for other in GIVEN if other is not name):
            continue
        if PARTICLES.isdisjoint(name.arabic):
            usual = parse_name(name.latin[0], FAMILY[1])
            for form in name.arabic:
                assert guard(parse_name(form, FAMILY[0]), usual) is Names.EQUAL, form


NAMES = st.sampled_from([name for name in GIVEN if PARTICLES.isdisjoint(name.arabic)])
WRITING = st.sampled_from(sorted(WRITINGS)).map(WRITINGS.__getitem__)


def _written(name: KnownName, family: KnownName, data: st.DataObject) -> Name:
    """The name as some clerk writes it, in one of the two scripts or in both."""
    forms = st.sampled_from((*name.arabic, *name.latin))
    families = st.sampled_from((*family.arabic, *family.latin))
    return data.draw(WRITING)(data.draw(forms), data.draw(families))


@given(NAMES, NAMES, st.sampled_from(FAMILIES), st.data())
def test_two_of_one_family_are_two_people_however_they_are_written(
    one: KnownName, other: KnownName, family: KnownName, data: st.DataObject
) -> None:
    assume(one is not other and not are_spelled_alike(one, other))
    left, right = _written(one, family, data), _written(other, family, data)
    assert not guard(left, right).is_same, (left, right)


@given(st.sampled_from([form for name in GIVEN for form in name.arabic]), st.data())
def test_signs_between_arabic_letters_change_nothing(form: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(form)))
    signs = data.draw(st.text(SIGNS, min_size=1, max_size=2))
    assert parse_name(form[:place] + signs + form[place:], "حداد") == parse_name(form, "حداد")


@given(st.sampled_from([form for name in GIVEN for form in name.arabic]))
def test_hurried_and_careful_letters_are_one_name(form: str) -> None:
    ends = form.removesuffix("ة") + ("\u0647" if form.endswith("ة") else "")  # of a word only
    hurried = ends.translate(str.maketrans("أإآى", "ااا\u064a"))
    careful = f"أ{form[1:]}" if form.startswith("ا") and not form.startswith("ال") else form
    for other in (hurried, careful):
        assert parse_name(other, "حداد") == parse_name(form, "حداد")
