"""Who is found by a name, in either script, and by a phone or e-mail."""

from typing import Any

import pytest

from tests.factories import (
    CompletedTrainingFactory,
    CrmLeadFactory,
    EnrollmentFactory,
    LearnerProfileFactory,
)
from trainings.history.search import LEARNERS, Cursor, FoundPage, find_by_contact, find_by_name

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "0559446168", "karim.haddad@exemple.dz"


def learner(key: str, name: str, **fields: Any) -> None:
    CompletedTrainingFactory(learner_key=key, learner_name=name, **fields)


def keys(page: FoundPage) -> list[str]:
    return [one.learner_key for one in page.learners]


@pytest.mark.parametrize(
    "typed",
    ["Karim Haddad", "haddad KARIM", "Haddad", "Karim", "Hadad Kar", "Kareem Hadad", "حداد كريم"],
)
def test_a_name_is_found_in_any_order_spelling_and_script(typed: str) -> None:
    learner("a", "Karim Haddad")
    learner("b", "Amel Ziani")
    assert keys(find_by_name(typed)) == ["a"]


@pytest.mark.parametrize(
    "typed", ["Amine", "Mohamed", "Haddad Amine", "Mohamed Haddad", "Amine Mohamed", "أمين حداد"]
)
def test_any_words_of_a_name_of_three_are_enough(typed: str) -> None:
    learner("a", "Mohamed Amine Haddad")
    assert keys(find_by_name(typed)) == ["a"]


@pytest.mark.parametrize(
    "typed",
    ["Zitouni Amine", "Mohamed Zitouni", "Salah Amin", "zitoun moham", "Salah Mohamed Zitouni",
     "Amine Mohamed Salah Zitouni", "أمين زيتوني"],
)  # fmt: skip
def test_two_words_of_a_name_of_four_are_enough_wherever_they_stand(typed: str) -> None:
    learner("a", "Mohamed Amine Salah Zitouni")
    learner("b", "Mohamed Amine Salah Ziani")
    learner("c", "Zoubir Zitouni")
    assert "a" in keys(find_by_name(typed))
    assert "c" not in keys(find_by_name(typed))


def test_a_namesake_with_fewer_words_hides_nobody() -> None:
    learner("a", "Mohamed Amine Salah Zitouni")
    EnrollmentFactory(learner_key="b", learner_name="Amine Zitouni")
    page = find_by_name("Zitouni Amine")
    assert (keys(page), page.similar, page.next) == (["b", "a"], False, None)


def test_the_last_page_of_a_name_repeats_nobody() -> None:
    for number in range(LEARNERS + 3):
        learner(f"k{number:02d}", "Karim Haddad")
    learner("z", "Karim Bachir Haddad Touati")
    first = find_by_name("Haddad Karim")
    last = find_by_name("Haddad Karim", first.next)
    assert len(keys(first)) == LEARNERS
    assert sorted(keys(last)) == ["k25", "k26", "k27", "z"]


def test_a_name_in_arabic_letters_is_found_by_its_latin_spelling() -> None:
    learner("a", "كريم حداد")
    assert keys(find_by_name("Haddad Karim")) == ["a"]


@pytest.mark.parametrize("typed", ["", "?!", "Ziani Karim", "0559446168"])
def test_nobody_is_found_by_another_name_or_none(typed: str) -> None:
    learner("a", "Karim Haddad")
    assert keys(find_by_name(typed)) == []


def test_where_nobody_has_the_name_similar_ones_are_offered() -> None:
    learner("a", "Karim Haddad")
    page = find_by_name("Kirim Houdad")
    assert (page.similar, keys(page)) == (True, ["a"])
    assert keys(find_by_name("Kirim")) == []  # half a name is like too many


def test_enrolments_are_found_too_and_a_learner_only_once() -> None:
    learner("a", "Karim Haddad")
    EnrollmentFactory(learner_key="a", learner_name="Karim Haddad")
    EnrollmentFactory(learner_key="b", learner_name="Karima Haddad")
    page = find_by_name("haddad")
    assert keys(page) == ["a", "b"]
    assert [len(one.records) for one in page.learners] == [2, 1]


def test_pages_follow_each_other_without_a_gap_or_a_repetition() -> None:
    everyone = [f"k{number:02d}" for number in range(2 * LEARNERS + 7)]
    for key in everyone:
        learner(key, f"Karim Haddad{'abcdefghi'[int(key[-1]) % 9]}")
        EnrollmentFactory(learner_key=key, learner_name="Karim Haddad")
    EnrollmentFactory(learner_key="z", learner_name="Karim Amine Haddad")
    seen: list[str] = []
    cursor, pages = None, 0
    while pages < 9:
        page = find_by_name("Karim", cursor)
        seen += keys(page)
        pages += 1
        if page.next is None:
            break
        cursor = Cursor.parse(str(page.next))
    assert pages == 3
    assert sorted(seen) == sorted([*everyone, "z"])


@pytest.mark.parametrize("text", ["", "1", "-", "x-1", "1-x", "1-" + "9" * 30, "-1-2"])
def test_a_cursor_that_is_none_is_passed_over(text: str) -> None:
    assert Cursor.parse(text) is None


@pytest.mark.parametrize(
    "typed", [PHONE, "+213 559 44 61 68", "0559.44.61.68", EMAIL, EMAIL.upper()]
)
def test_a_contact_is_found_however_it_is_typed(typed: str) -> None:
    learner("a", "Karim Haddad", learner_phone="0661223344 / 0559446168", learner_email=EMAIL)
    learner("b", "Amel Ziani", learner_phone="0559446169", learner_email=f"x{EMAIL}")
    assert keys(find_by_contact(typed)) == ["a"]


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("+33 7 56 78 43 21", "+33756784321"), ("0033756784321", "0033 7 56 78 43 21"),
        ("0559446168 / +33 7 56 78 43 21", "+33756784321"),
        ("05594461680", "055 944 616 80"),  # a digit too many, as on the paper that she has
    ],
)  # fmt: skip
def test_a_foreign_or_misspelt_number_is_found_as_it_was_typed(stored: str, typed: str) -> None:
    learner("a", "Karim Haddad", learner_phone=stored)
    learner("b", "Amel Ziani", learner_phone="0559446169")
    assert keys(find_by_contact(typed)) == ["a"]
    assert keys(find_by_contact(typed[:-1])) == []


@pytest.mark.parametrize("typed", ["055944616", "559446168999", "haddad@exemple.dz", "", "@"])
def test_a_part_of_a_contact_finds_nobody(typed: str) -> None:
    learner("a", "Karim Haddad", learner_phone=PHONE, learner_email=EMAIL)
    assert keys(find_by_contact(typed)) == []


def test_a_contact_of_the_user_or_lead_that_has_the_history_finds_it_too() -> None:
    profile = LearnerProfileFactory(phone=PHONE)
    learner("a", "Karim Haddad", user=profile.user, learner_phone="0661000001")
    EnrollmentFactory(learner_key="b", lead=CrmLeadFactory(phone=PHONE, email=EMAIL))
    assert sorted(keys(find_by_contact(PHONE))) == ["a", "b"]
    assert keys(find_by_contact(EMAIL)) == ["b"]
