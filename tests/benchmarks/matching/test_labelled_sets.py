"""The labelled sets contain what they state, the same for the same seed, and no tuned name twice."""

import csv
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import pytest

from benchmarks.matching import build_labelled_set as builder
from benchmarks.matching.attested_pairs import HELD_OUT, TUNED_ON, half_of, shipped_names
from benchmarks.matching.build_labelled_set import Row, build
from benchmarks.matching.damage import KINDS
from benchmarks.matching.fictional_people import GENERATION_MARKS, PeopleBuilder, Person
from benchmarks.matching.labelled_sets import ERRORS, SETS, LabelledSet
from benchmarks.matching.name_pool import NamePool
from ecoin.identity.arabic import ARABIC

KINDS_OF_PEOPLE = {kind.name: kind for kind in SETS}
ROWS = 1_500


def people_of(kind: LabelledSet, count: int, half: int = HELD_OUT) -> list[Person]:
    names = NamePool(shipped_names(), half)
    drawn = PeopleBuilder(kind, names, half, builder.random.Random(3)).people()
    return [person for _, person in zip(range(count), drawn, strict=False)]


def relatives(people: list[Person]) -> list[tuple[Person, Person]]:
    """Each person with the sibling or child that was drawn right after."""
    return [
        (one, other)
        for one, other in pairwise(people)
        if one.family == other.family and one.particle == other.particle
    ]


def is_arabic(row: Row) -> bool:
    return bool(ARABIC.search(row.first_name + row.last_name))


def test_the_shipped_rows_are_those_that_the_command_writes():
    with builder.SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["set", *Row._fields]
    assert [tuple(row) for row in rows[1:]] == [
        (name, *map(builder.as_text, row)) for name, row in builder.shipped_sets()
    ]


@pytest.mark.parametrize("kind", SETS, ids=lambda kind: kind.name)
def test_a_set_is_a_function_of_its_arguments(kind: LabelledSet):
    rows = build(kind, 300, 7)
    assert rows == build(kind, 300, 7)
    assert rows != build(kind, 300, 8)
    assert sum(not row.on_platform for row in rows) == 300
    records = [row.person for row in rows if row.on_platform]
    assert len(records) == len(set(records)) > 50
    assert not any(row.is_trained for row in rows if row.on_platform)


def test_every_set_changes_shares_that_exist():
    for kind in SETS:
        assert kind.shares.keys() <= ERRORS.keys()
        assert all(0 <= share <= 1 for share in kind.shares.values())


def test_half_of_every_list_is_held_out():
    tuned, held_out = (NamePool(shipped_names(), half) for half in (TUNED_ON, HELD_OUT))
    assert set(tuned.given).isdisjoint(held_out.given)
    assert set(tuned.families).isdisjoint(held_out.families)
    assert {half_of(name) for name in (*held_out.given, *held_out.families)} == {HELD_OUT}
    assert min(len(pool.given) for pool in (tuned, held_out)) > 300
    for lists in (
        builder.PLACEHOLDER_PHONES, builder.PLACEHOLDER_EMAILS, builder.ROLES, KINDS
    ):  # fmt: skip
        assert set(lists[TUNED_ON]).isdisjoint(lists[HELD_OUT])
    words = {
        half: {mark for mark, _ in marks} - {"ben"} for half, marks in GENERATION_MARKS.items()
    }
    assert words[TUNED_ON].isdisjoint(words[HELD_OUT])


def test_arabic_rows_are_in_arabic_letters_and_plain_ones_are_not():
    assert all(map(is_arabic, build(KINDS_OF_PEOPLE["arabic"], ROWS, 7)))
    assert not any(map(is_arabic, build(KINDS_OF_PEOPLE["plain"], ROWS, 7)))


def test_one_person_is_written_in_both_scripts():
    scripts = defaultdict(set)
    for row in build(KINDS_OF_PEOPLE["both-scripts"], ROWS, 7):
        scripts[row.person].add(is_arabic(row))
        assert is_arabic(row) is (row.script == "arabic")
    assert sum(len(both) == 2 for both in scripts.values()) > 0.3 * len(scripts)


def test_a_third_of_siblings_rhyme_and_none_has_an_elder_ones_name():
    kind = LabelledSet("siblings", "", {"sibling": 1.0, "rhyming_sibling": 1 / 3})
    names = NamePool(shipped_names(), HELD_OUT)
    pairs = relatives(people_of(kind, 2_000))
    assert len(pairs) > 900
    assert not any(names.are_one_name(one.given, other.given) for one, other in pairs)
    rhyming = sum(other.given in names.alike(one.given) for one, other in pairs)
    # Drawn without intent, a few rhyme as well.
    assert 0.30 < rhyming / len(pairs) < 0.40


def test_twins_have_one_birth_date_and_one_phone():
    pairs = relatives(people_of(KINDS_OF_PEOPLE["twins"], 3_000))
    twins = [(one, other) for one, other in pairs if one.birth_date == other.birth_date]
    assert 0.4 < len(twins) / len(pairs) < 0.6
    assert all(one.phones[0] == other.phones[0] for one, other in twins)


def test_presumed_births_are_on_the_first_of_january():
    people = people_of(KINDS_OF_PEOPLE["presumed-births"], 2_000)
    presumed = sum((one.birth_date.month, one.birth_date.day) == (1, 1) for one in people)
    assert 0.25 < presumed / len(people) < 0.35
    most, times = Counter(one.given for one in people).most_common(1)[0]
    assert times > 20, most


def test_children_are_born_a_generation_later_and_namesakes_are_marked():
    people = people_of(KINDS_OF_PEOPLE["generations"], 4_000)
    pairs = [
        (parent, child)
        for parent, child in relatives(people)
        if (child.birth_date - parent.birth_date).days > 17 * 365
    ]
    assert len(pairs) > 200
    assert all(child.birth_date < date(2013, 1, 1) for _, child in pairs)
    namesakes = [child for parent, child in pairs if child.given == parent.given]
    assert 0.4 < len(namesakes) / len(pairs) < 0.6
    unmarked = sum(child.generation == ("", "") for child in namesakes)
    assert 0.1 < unmarked / len(namesakes) < 0.3
    written = {row.first_name for row in build(KINDS_OF_PEOPLE["generations"], 2_000, 7)}
    assert any("Junior" in name for name in written)
    assert any(" ben " in name for name in written)


def test_damaged_names_have_each_kind_of_damage():
    rows = build(KINDS_OF_PEOPLE["damaged"], 2_000, 7)
    written = {row.first_name for row in rows} | {row.last_name for row in rows}
    for trace in ("&#x6", "\\u06", "%D9", "Ø", "\ufffd", "...", "2019"):
        assert any(trace in name for name in written), trace


@pytest.mark.parametrize("half", [TUNED_ON, HELD_OUT])
def test_damage_changes_a_name_in_arabic_letters(half: int):
    for kind, damage in KINDS[half].items():
        assert damage("كريم") != "كريم", kind
        assert damage("كريم"), kind
