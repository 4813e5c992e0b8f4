"""The names that are known: each parses, keeps to itself, and meets its own spellings."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.matching.attested_pairs import HELD_OUT, half_of, shipped
from ecoin.identity.arabic import code, fold_arabic, is_code, skeletons
from ecoin.identity.given_names import KnownName, known_names, written_by_hand
from ecoin.identity.latin import fold_spelling
from ecoin.identity.names import Name, parse_name
from legacy_import.rules.guards import Names, name_guard

GIVEN = [name for name in known_names() if name.is_given]
FAMILIES = [name for name in known_names() if not name.is_given]
ARABIC_WORDS = st.text("ابتثجحخدذرزسشصضطظعغفقكلمنهوية", min_size=1, max_size=9)


def judged(left: Name, right: Name) -> Names:
    return name_guard(
        left.fold,
        left.skeleton,
        right.fold,
        right.skeleton,
        left_script=left.script,
        right_script=right.script,
    )


def spelled(name: KnownName) -> list[Name]:
    """A learner of this given name, in every spelling."""
    return [
        *(parse_name(form, "بن علي") for form in name.arabic),
        *(parse_name(spelling, "Benali") for spelling in name.latin),
    ]


def test_the_table_is_big_enough_to_know_a_school():
    assert len(GIVEN) > 600
    assert len(FAMILIES) > 3_000


def test_no_form_in_arabic_letters_stands_for_two_names():
    forms = [form for name in known_names() for form in name.arabic]
    assert len(forms) == len(set(forms))


def test_no_family_name_folds_like_another_known_name():
    given_folds = {fold_spelling(spelling) for name in GIVEN for spelling in name.latin}
    folds = [fold_spelling(name.latin[0]) for name in FAMILIES]
    assert len(folds) == len(set(folds))
    assert given_folds.isdisjoint(folds)


@pytest.mark.parametrize("name", [pytest.param(n, id=n.latin[0]) for n in written_by_hand()])
def test_a_known_name_is_one_word_and_its_spellings_are_never_another_name(name: KnownName):
    forms = [parse_name(form) for form in (*name.arabic, *name.latin)]
    assert all(form.key and " " not in form.key for form in forms)
    for left, right in itertools.combinations(spelled(name), 2):
        assert judged(left, right).is_same


def test_every_attested_name_is_one_word():
    for name in known_names():
        for form in (*name.arabic, *name.latin):
            assert parse_name(form).key.count(" ") == 0 < len(parse_name(form).key), form


def _share(one: KnownName, other: KnownName) -> bool:
    """Do two names have a spelling in common? Nobody can tell them apart by that one."""
    return not set(one.latin).isdisjoint(other.latin)


def test_two_names_that_share_a_spelling_are_two_in_arabic_letters():
    for one, other in itertools.combinations(GIVEN, 2):
        if _share(one, other):
            for left, right in itertools.product(one.arabic, other.arabic):
                assert (
                    judged(parse_name(left, "بن علي"), parse_name(right, "بن علي")) is Names.OTHER
                )


def test_a_shared_spelling_proves_nothing():
    malak, spelling = parse_name("ملاك بن علي"), parse_name("Malak Benali")
    assert judged(malak, spelling) is Names.OTHER_SCRIPT
    assert judged(parse_name("Malek Benali"), spelling) is Names.OTHER
    assert judged(parse_name("Malak Benali"), spelling) is Names.EQUAL


SOUND_ALIKE = """
    Hassiba/Hassib حسيبة/Hacib Anis/Anaïs أنيس/Anaïs Samah/Sameh سماح/Sameh Samer/Samar
    Rachid/Rachad رشيد/Rachad Rachid/Rached راشد/Rachid Karim/Karam كريم/Karam Djaber/Djabbar
    Charef/Charaf شرف/Charef Cherif/Charef Saïda/Saada Maya/Mia مايا/Mia Saleh/Sali صالح/Sali
    Salih/Sali Ziad/Zayed زايد/Ziad Bassam/Bassem Rabie/Rabih Raed/Raad Kamel/Camille Rima/Rama
    Nihad/Nahed Hanane/Hanine Sahar/Saher Malika/Malaika ندى/Nida Sabah/Saba
    """


@pytest.mark.parametrize("pair", SOUND_ALIKE.split())
def test_two_names_that_sound_alike_are_two(pair: str):
    one, other = pair.split("/")
    left, right = (parse_name(word, "Haddad") for word in (one, other))
    assert judged(left, right) is Names.OTHER


@pytest.mark.parametrize("pair", ["Ramdane/Roumdane", "رمضان/Roumdane"])
def test_a_spelling_that_nobody_attests_equals_no_name_by_a_seldom_one(pair: str):
    one, other = pair.split("/")
    left, right = parse_name(one, "Haddad"), parse_name(other, "Haddad")
    assert judged(left, right) in (Names.SIMILAR, Names.OTHER_SCRIPT)


def test_a_spelling_that_nobody_attests_is_its_name_where_the_letters_say_so():
    for one, other in (("كريم", "Karym"), ("Toufik", "Toufiq"), ("أنيس", "Aniss")):
        assert judged(parse_name(one, "Haddad"), parse_name(other, "Haddad")) is Names.EQUAL


def found_as_candidates(half: int) -> float:
    """Share of attested (Arabic, Latin) spellings of one name that have a skeleton in common."""
    found = total = 0
    for arabic, latin, _, _ in shipped():
        if half_of(arabic) == half:
            written = parse_name(arabic)
            total += 1
            found += parse_name(latin).skeleton in (written.skeleton, *written.more_skeletons)
    return found / total


def test_attested_spellings_of_names_that_the_table_does_not_have_are_found():
    assert found_as_candidates(HELD_OUT) >= 0.95


def test_a_name_that_only_arabic_letters_know_is_never_equal_to_a_latin_one():
    for arabic, latin, _, _ in shipped():
        left, right = parse_name(arabic, "محمد"), parse_name(latin, "Mohamed")
        if any(map(is_code, left.fold.split())):
            assert judged(left, right) is not Names.EQUAL


@given(ARABIC_WORDS, ARABIC_WORDS)
def test_the_code_of_a_word_is_its_own(one: str, other: str):
    one, other = fold_arabic(one), fold_arabic(other)
    assert (code(one) == code(other)) is (one == other)
    assert is_code(code(one))
    assert skeletons(code(one))
