"""How likely evidence makes one person, as a table."""

import pytest

from legacy_import.rules.duplicates import EVIDENCE_WORDS
from legacy_import.rules.guards import BirthDates, Names
from legacy_import.rules.reliability import DATE, NAME, NAME_ALONE, UNKNOWN, distance, name_and_date

PHONE, EMAIL = "same_phone:2135•••168", "same_email:a•••@gmail.com"


def test_every_code_of_the_guards_has_its_place():
    assert set(NAME) == {*(name.value for name in Names), "name_same_order_swapped"}
    assert set(DATE) == {date.value for date in BirthDates}
    assert {*NAME, *DATE} <= set(EVIDENCE_WORDS)


ORDER = [
    (PHONE, EMAIL, "name_same", "birth_date_equal"),
    (PHONE, "name_same_order_swapped", "birth_date_swapped"),
    ("name_same", "birth_date_equal"),
    (PHONE, "name_similar", "birth_date_one_part_off"),
    (PHONE, "name_similar", "birth_date_missing"),
    (PHONE, "name_same", "birth_date_conflict"),
    ("name_same", "birth_date_missing"),
    (PHONE, "name_similar", "birth_date_conflict"),
    (PHONE, "name_differs", "birth_date_missing"),
    (PHONE, EMAIL, "name_differs", "birth_date_conflict"),
    (PHONE, "name_differs", "birth_date_conflict"),
    ("same_invalid_phone:2135•••168", "name_differs", "birth_date_conflict"),
]


def test_evidence_is_ordered_from_surely_the_same_to_surely_another():
    distances = [distance(evidence) for evidence in ORDER]
    assert distances == sorted(distances)
    assert distances[0] < distances[-1]


@pytest.mark.parametrize(("more", "fewer"), [((PHONE, EMAIL), (PHONE,)), ((PHONE,), ())])
def test_a_contact_in_common_counts_half_a_step(more, fewer):
    rest = ("name_similar", "birth_date_equal")
    assert distance((*fewer, *rest)) - distance((*more, *rest)) == 1


def test_a_name_alone_comes_after_a_name_and_a_contact():
    rest = ("name_same", "birth_date_missing")
    assert distance(rest) - distance((PHONE, *rest)) == 1 + NAME_ALONE


def test_unknown_codes_are_as_doubtful_as_can_be():
    assert name_and_date(("name_of_tomorrow",)) == (UNKNOWN, UNKNOWN)
