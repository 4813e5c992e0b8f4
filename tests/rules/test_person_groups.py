"""Rows of one run that are one person."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoin.identity.names import parse_name
from legacy_import.rules.guards import BirthDates, birth_date_guard
from legacy_import.rules.person_groups import MAX_ROWS, Member, group_people

BORN, OTHER_DAY = date(1999, 5, 12), date(2003, 8, 27)


def member(place, born=None, target=None, table=0):
    return Member((table, place), born, target)


def test_rows_chain_into_one_group_named_by_its_first_row():
    members = {7: member(3), 8: member(1), 9: member(2), 5: member(4)}
    groups = group_people([(7, 8), (9, 7)], members)
    assert groups.first_of == {8: 8, 9: 8, 7: 8}
    assert groups.refused == ()


def test_stagiaires_come_before_archives():
    members = {1: member(1, table=1), 2: member(99, table=0)}
    assert group_people([(1, 2)], members).first_of == {2: 2, 1: 2}


def test_a_row_alone_is_no_group():
    assert group_people([], {1: member(1)}).first_of == {}
    assert group_people([(1, 1)], {1: member(1)}).first_of == {}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param(
            {1: member(1, target=("user", 1)), 2: member(2, target=("lead", 1))},
            "two_existing_people",
            id="two-existing-people",
        ),
        pytest.param(
            {1: member(1, BORN), 2: member(2, OTHER_DAY)}, "birth_date_conflict", id="dates"
        ),
    ],
)
def test_an_impossible_union_is_refused_with_its_reason(members, reason):
    groups = group_people([(1, 2)], members)
    assert groups.first_of == {}
    assert groups.refused == ((1, 2, reason),)


def test_a_dateless_row_does_not_bridge_two_birth_dates():
    members = {1: member(1, BORN), 2: member(2), 3: member(3, OTHER_DAY)}
    groups = group_people([(1, 2), (2, 3)], members)
    assert groups.first_of == {1: 1, 2: 1}
    assert groups.refused == ((2, 3, "birth_date_conflict"),)


def named(place, name):
    return Member((0, place), None, None, parse_name(name))


def test_a_short_name_does_not_bridge_two_names():
    members = {
        1: named(1, "Mohamed Haddad"),
        2: named(2, "Mohamed Amine Haddad"),
        3: named(3, "Mohamed Islam Haddad"),
        4: named(4, "Haddad Mohamed"),
    }
    groups = group_people([(1, 2), (1, 3), (1, 4)], members)
    assert groups.first_of == {1: 1, 2: 1, 4: 1}
    assert groups.refused == ((1, 3, "other_name"),)


def test_two_names_that_an_edge_joins_are_one_person_whatever_the_names_alone_say():
    members = {1: named(1, "Nabil Cherfaoui"), 2: named(2, "Nadir Cherfaoui")}
    assert group_people([(1, 2)], members).first_of == {1: 1, 2: 1}


def test_a_missing_date_written_as_1900_contradicts_nothing():
    members = {1: member(1, BORN), 2: member(2, date(1900, 1, 1)), 3: member(3, BORN)}
    assert len(group_people([(1, 2), (2, 3)], members).first_of) == 3


def test_an_existing_person_spreads_through_the_group():
    members = {1: member(1, target=("user", 1)), 2: member(2), 3: member(3, target=("user", 2))}
    groups = group_people([(1, 2), (2, 3)], members)
    assert groups.refused == ((2, 3, "two_existing_people"),)


def test_a_group_never_exceeds_ten_rows():
    members = {number: member(number) for number in range(15)}
    groups = group_people([(number, number + 1) for number in range(14)], members)
    assert len([row for row, first in groups.first_of.items() if first == 0]) == MAX_ROWS
    assert groups.refused == ((9, 10, "group_too_large"),)


MEMBERS = st.lists(
    st.tuples(
        st.sampled_from(
            [None, BORN, OTHER_DAY, date(1999, 12, 5), date(1999, 1, 1), date(1900, 1, 1)]
        ),
        st.sampled_from([None, None, None, ("user", 1), ("lead", 1)]),
    ),
    min_size=1,
    max_size=25,
)


@given(MEMBERS, st.data(), st.integers())
def test_groups_never_depend_on_the_order_of_edges_and_never_contradict_themselves(
    rows, data, seed
):
    members = {n: Member((n % 2, n // 2), born, target) for n, (born, target) in enumerate(rows)}
    ids = st.integers(0, len(rows) - 1)
    edges = data.draw(st.lists(st.tuples(ids, ids), max_size=60))
    groups = group_people(edges, members)
    shuffled = [edge[::-1] if index % 2 else edge for index, edge in enumerate(edges)]
    random.Random(seed).shuffle(shuffled)
    assert group_people(shuffled, members) == groups
    for first in set(groups.first_of.values()):
        rows_of = [row for row, its_first in groups.first_of.items() if its_first == first]
        assert 2 <= len(rows_of) <= MAX_ROWS
        assert min(rows_of, key=lambda row: members[row].order) == first
        assert len({members[row].target for row in rows_of} - {None}) <= 1
        dates = [members[row].birth_date for row in rows_of]
        assert all(birth_date_guard(a, b) is not BirthDates.CONFLICT for a in dates for b in dates)
