"""The figures of a labelled set are counted as their names state."""

from dataclasses import replace

import pytest

from benchmarks.matching.labelled_sets import LabelledSet, Targets
from benchmarks.matching.measures import measures_of_set
from benchmarks.matching.outcomes import (
    Candidate,
    Figures,
    RowOutcome,
    Share,
    figures_of,
    queue_order,
)

SAME = frozenset({"same_phone", "name_same", "birth_date_equal"})
OTHER = frozenset({"same_phone", "name_differs", "birth_date_conflict"})


def match(person: int, *, tier: str = "high", blocked: bool = False, codes=SAME) -> Candidate:
    return Candidate(person, tier, blocked, codes)


def row(person: int, *targets: Candidate, **values) -> RowOutcome:
    outcome = RowOutcome(person, "latin", False, targets, (), None, None, "review")
    return replace(outcome, **values)


def figures(*rows: RowOutcome, records: dict[int, str] | None = None) -> Figures:
    return figures_of(rows, {1: "latin", 2: "latin"} if records is None else records, 1.0)


def test_a_link_to_another_person_costs_precision_and_recall():
    right, wrong = row(1, match(1), linked_person=1), row(2, match(1), linked_person=1)
    result = figures(right, wrong, row(2))
    assert result.link_precision == Share(1, 2)
    assert result.link_recall == Share(1, 3)


def test_rows_of_people_without_a_record_are_not_part_of_the_recall():
    assert figures(row(1, match(1), linked_person=1), row(7)).link_recall == Share(1, 1)


def test_unblocked_high_and_medium_are_joined_and_nothing_else():
    result = figures(
        row(1, match(1), match(2, tier="medium")),
        row(2, match(2, blocked=True), match(1, tier="low")),
    )
    assert result.joined_precision == Share(1, 2)
    assert result.joined_recall == Share(1, 2)


def test_same_name_and_date_needs_both():
    similar = frozenset({"same_phone", "name_similar", "birth_date_equal"})
    result = figures(row(1, match(1), match(2, codes=similar)))
    assert result.same_name_and_date_precision == Share(1, 1)


def test_groups_are_counted_by_pairs_of_rows():
    rows = [row(1, group=1), row(1, group=1), row(2, group=1), row(2), row(2)]
    result = figures(*rows)
    assert result.group_precision == Share(1, 3)
    assert result.group_recall == Share(1, 4)


def test_a_person_with_a_record_or_two_leads_more_is_doubled():
    new = {"action": "create_crm_lead"}
    assert figures(row(1, **new), row(2)).doubled == Share(1, 2)
    assert figures(row(3, **new), row(3, **new), row(4, **new), records={}).doubled == Share(1, 2)


def test_a_trained_person_who_becomes_a_lead_is_counted():
    trained = row(3, is_trained=True, action="create_completed_training")
    result = figures(trained, row(3, action="create_crm_lead"), row(4, is_trained=True))
    assert result.trained_as_lead == Share(1, 2)


def test_two_people_on_one_contact_are_taken_for_one_name_unless_it_differs():
    result = figures(
        row(1, match(2, blocked=True, codes=OTHER), match(1)),
        row(2, in_run=(match(1),)),
        row(2, match(1, tier="low", codes=frozenset({"name_similar"}))),
    )
    assert result.one_name == Share(1, 2)


def test_records_in_the_other_script_are_shown_or_linked():
    rows = [
        row(1, match(1), script="arabic", linked_person=1),
        row(1, match(1, blocked=True), script="arabic"),
        row(1, script="arabic"),
        row(1, match(1)),
    ]
    result = figures(*rows)
    assert result.other_script_shown == Share(2, 3)
    assert result.other_script_linked == Share(1, 3)


def test_the_queue_has_rows_with_matches_in_its_own_order():
    rows = [
        row(1, match(2, codes=OTHER), match(1), queue_place=2),
        row(2, match(1, codes=OTHER), queue_place=0),
        row(2, queue_place=1),
        row(2, match(2)),
    ]
    result = figures(*rows)
    assert (result.queue_rows, result.queue_precision, result.queue_read) == (2, 0.5, 2)
    assert result.own_target_first == Share(0, 1)


@pytest.mark.parametrize(
    ("order", "precision", "read"),
    [
        ([True] * 5, 1.0, 4),
        ([True, False, True], (1 + 2 / 3) / 2, 3),
        ([False, False, True], 1 / 3, 3),
        ([False], 1.0, 0),
        ([], 1.0, 0),
    ],
)
def test_the_order_of_a_queue(order: list[bool], precision: float, read: int):
    assert queue_order(order) == (pytest.approx(precision), read)


def test_figures_survive_their_json():
    result = figures(row(1, match(1), linked_person=1))
    assert Figures.from_json(result.as_json()) == result


def test_a_measure_states_its_target_and_whether_it_is_met():
    kind = LabelledSet("few", "", targets=Targets(link_precision=0.75, doubled=0.4))
    result = figures(*[row(1, match(1), linked_person=1)] * 3, row(2, match(1), linked_person=1))
    by_label = {measure.label: measure for measure in measures_of_set(kind, result)}
    assert by_label["auto-link precision"].is_met
    assert by_label["auto-link precision"].line.endswith("≥ 0.75        met")
    assert by_label["auto-link recall"].is_met is None
    worse = replace(result, link_precision=Share(74, 100), doubled=Share(5, 10))
    missed = [m.label for m in measures_of_set(kind, worse) if m.is_met is False]
    assert missed == ["auto-link precision", "people doubled"]


def test_what_was_before_is_compared():
    kind = LabelledSet("few", "")
    before = replace(figures(row(1)), doubled=Share(4, 100), seconds=10.0)
    half = replace(before, doubled=Share(2, 100), seconds=11.0)
    more = replace(before, doubled=Share(3, 100), seconds=11.5)
    compared = ("people doubled, of those before", "processor seconds, of those before")

    def answers(now: Figures) -> list[bool | None]:
        return [m.is_met for m in measures_of_set(kind, now, before) if m.label in compared]

    assert answers(half) == [True, True]
    assert answers(more) == [False, False]
    before = replace(before, doubled=Share(0, 100))
    assert answers(half) == [False, True]
