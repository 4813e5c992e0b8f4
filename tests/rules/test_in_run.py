"""Two rows of one run: one person, two people, or a pair in doubt."""

from datetime import date

import pytest

from ecoin.identity.keys import Key, swapped_date
from legacy_import.rules.duplicates import Match
from legacy_import.rules.in_run import Relation, relation_of, rows_in_doubt
from legacy_import.rules.person_groups import Member

BORN, JANUARY = date(1999, 5, 12), date(1999, 1, 1)
P, E, D, R, S, Q = (Key(kind, "x") for kind in "PEDRSQ")
PHONE = "same_phone:2135•••168"


def match(tier, *evidence, blockers=()):
    return Match(tier, blockers, evidence)


RELATIONS = {
    "unblocked-high": (
        match("high", PHONE, "name_same", "birth_date_missing"), {P}, BORN, "one_person"),
    "unblocked-high-on-the-first-of-january": (
        match("high", PHONE, "name_same", "birth_date_year_only"), {P, D}, JANUARY, "one_person"),
    "name-and-date": (match("medium", "name_same", "birth_date_equal"), {D}, BORN, "one_person"),
    "name-and-date-on-a-hot-phone": (
        match("high", PHONE, "name_same", "birth_date_equal", blockers=("hot_key",)),
        {P, D}, BORN, "one_person"),
    "name-and-first-of-january": (
        match("medium", "name_same", "birth_date_year_only"), {D, S}, JANUARY, None),
    "name-and-first-of-january-on-a-hot-phone": (
        match("high", PHONE, "name_same", "birth_date_year_only", blockers=("hot_key",)),
        {P, D}, JANUARY, None),
    "another-date": (
        match("high", PHONE, "name_same", "birth_date_conflict",
              blockers=("birth_date_conflict",)), {P}, BORN, "other_date"),
    "a-similar-name-one-part-off": (
        match("high", PHONE, "name_similar", "birth_date_one_part_off",
              blockers=("birth_date_conflict",)), {P}, BORN, "other_date"),
    "another-name": (
        match("high", PHONE, "name_differs", "birth_date_swapped",
              blockers=("shared_contact_other_name",)), {P}, BORN, "other_name"),
    "another-name-on-the-first-of-january": (
        match("high", PHONE, "name_differs", "birth_date_year_only",
              blockers=("shared_contact_other_name",)), {P}, JANUARY, "other_name"),
    "another-name-without-a-date": (
        match("high", PHONE, "name_differs", "birth_date_missing",
              blockers=("shared_contact_other_name",)), {P}, BORN, "other_person"),
    "another-name-and-date": (
        match("high", PHONE, "name_differs", "birth_date_conflict",
              blockers=("shared_contact_other_name", "birth_date_conflict")), {P}, BORN,
        "other_person"),
    "another-name-in-a-shared-mailbox": (
        match("high", "same_email:c•••@x.dz", "name_differs", "birth_date_equal",
              blockers=("role_mailbox", "shared_contact_other_name")), {E}, BORN, None),
    "a-similar-name-without-a-date": (
        match("high", PHONE, "name_similar", "birth_date_missing",
              blockers=("name_only_similar",)), {P}, BORN, "similar_name"),
    "a-name-in-another-script": (
        match("high", PHONE, "name_similar_other_script", "birth_date_equal",
              blockers=("name_in_other_script",)), {P}, BORN, "similar_name"),
    "one-word-of-a-name": (
        match("high", PHONE, "name_one_word", "birth_date_missing",
              blockers=("name_incomplete",)), {P}, BORN, "similar_name"),
    "one-word-of-a-name-and-another-date": (
        match("high", PHONE, "name_one_word", "birth_date_conflict",
              blockers=("name_incomplete", "birth_date_conflict")), {P}, BORN, None),
    "a-name-that-cannot-be-read": (
        match("high", PHONE, "name_unreadable", "birth_date_equal", blockers=("name_missing",)),
        {P}, BORN, None),
    "no-name": (
        match("high", PHONE, "name_missing", "birth_date_equal", blockers=("name_missing",)),
        {P}, BORN, None),
    "the-phone-as-typed": (
        match("medium", "same_raw_phone", "name_same", "birth_date_missing"), {R}, BORN,
        "similar_name"),
    "the-phone-as-typed-and-another-date": (
        match("medium", "same_raw_phone", "name_same", "birth_date_conflict"), {R}, BORN,
        "other_date"),
    "an-invalid-phone": (
        match("medium", "same_invalid_phone:2135•••168", "name_similar", "birth_date_missing"),
        {Q}, BORN, "similar_name"),
    "another-name-on-a-shared-mailbox-and-an-invalid-phone": (
        match("high", "same_email:c•••@x.dz", "same_invalid_phone:2135•••168", "name_differs",
              "birth_date_equal", blockers=("role_mailbox", "shared_contact_other_name")),
        {E, Q}, BORN, None),
    "a-similar-name-and-date-on-a-hot-phone": (
        match("high", PHONE, "name_similar", "birth_date_equal", blockers=("hot_key",)),
        {P, S}, BORN, "same_day"),
    "a-similar-name-and-a-date": (
        match("medium", "name_similar", "birth_date_equal"), {S}, BORN, "same_day"),
    "a-similar-name-and-first-of-january": (
        match("low", "name_similar", "birth_date_year_only"), {S}, JANUARY, None),
}  # fmt: skip


@pytest.mark.parametrize(("found", "shared", "born", "relation"), RELATIONS.values(), ids=RELATIONS)
def test_the_relation_of_two_rows(found, shared, born, relation):
    births = (born, born) if "missing" not in found.evidence[-1] else (born, None)
    if found.evidence[-1] == "birth_date_swapped":
        births = (born, swapped_date(born))
    if found.evidence[-1] in ("birth_date_conflict", "birth_date_one_part_off"):
        births = (born, date(2001, 7, 20))
    assert relation_of(found, shared=frozenset(shared), births=births) == relation


LEAD, OTHER = ("lead", 1), ("lead", 2)


@pytest.mark.parametrize(
    ("relation", "targets", "in_doubt"),
    [
        pytest.param("other_date", (None, None), {1, 2}, id="nobody-known"),
        pytest.param("same_day", (None, None), {1, 2}, id="nobody-known-no-contact"),
        pytest.param("one_person", (None, None), set(), id="an-edge-is-no-doubt"),
        pytest.param("other_name", (LEAD, None), {2}, id="one-is-known"),
        pytest.param("other_date", (LEAD, OTHER), set(), id="two-known-people"),
        pytest.param("other_date", (LEAD, LEAD), {1, 2}, id="two-dates-of-one-known-person"),
        pytest.param("other_name", (LEAD, LEAD), {1, 2}, id="two-names-of-one-known-person"),
        pytest.param("similar_name", (LEAD, LEAD), set(), id="two-spellings-of-a-known-person"),
        pytest.param("other_person", (LEAD, LEAD), {1, 2}, id="two-people-of-one-known-person"),
        pytest.param("other_person", (LEAD, None), set(), id="one-of-two-people-is-known"),
        pytest.param("other_person", (LEAD, OTHER), set(), id="two-people-are-two"),
        pytest.param("other_person", (None, None), set(), id="two-new-people"),
    ],
)
def test_who_of_a_pair_in_doubt_waits(relation, targets, in_doubt):
    members = {n: Member((0, n), None, target) for n, target in enumerate(targets, 1)}
    assert rows_in_doubt([(1, 2, Relation(relation))], {}, members) == in_doubt


def test_who_follows_a_row_of_a_known_person_is_not_another_one_of_that_person():
    members = {1: Member((0, 1), None, LEAD), 2: Member((0, 2), None, None)}
    members[3] = Member((0, 3), None, LEAD)
    pairs = [(2, 3, Relation.OTHER_PERSON)]
    assert rows_in_doubt(pairs, {1: 1, 2: 1}, members) == {2, 3}
    assert rows_in_doubt(pairs, {}, members) == set()


def test_a_pair_in_doubt_of_one_group_is_settled():
    members = {n: Member((0, n), None, None) for n in (1, 2, 3)}
    pairs = [(1, 2, Relation.SIMILAR_NAME), (2, 3, Relation.SIMILAR_NAME)]
    assert rows_in_doubt(pairs, {1: 1, 2: 1}, members) == {2, 3}
