"""What the benchmark promises is judged by the largest size; nothing here measures a time."""

import pytest

from benchmarks.commit.report import COMMIT, INSERTS
from benchmarks.figures import Figures, median_of
from benchmarks.report import Line, Target
from benchmarks.rivals.compare import LOOP, import_export
from benchmarks.targets import check_targets
from tests.benchmarks.figures import figures, size


def found(given: Figures, beginning: str) -> list[Target]:
    return [target for target in check_targets(given) if target.what.startswith(beginning)]


def test_the_share_of_the_floor_counts_at_the_largest_size_only():
    given = figures(size(1_000), size(1_000_000), size(10_000_000))
    judged = found(given, "import, learners/s, of the floor")
    assert [(target.what.partition("floor, ")[2], target.is_promise) for target in judged] == [
        ("10,000,000 rows", True),
        ("1,000,000 rows", False),
        ("1,000 rows", False),
    ]
    assert judged[0].value == "0.399"  # 400 s of 1,002, starting included
    assert judged[0].is_met


@pytest.mark.parametrize(("later", "met"), [(10, True), (60, False)])
def test_the_judging_stages_are_compared_with_the_import(later, met):
    (target,) = found(figures(size(10_000_000, micros=200, later=later)), "validate + classify")
    assert target.is_met is met
    assert target.is_promise


@pytest.mark.parametrize(("now", "met"), [(129, True), (131, False)])
def test_the_cost_of_a_row_leaves_starting_out(now, met):
    targets = found(figures(size(1_000), size(100_000, micros=now)), "legacy_import, µs a row")
    assert [target.is_met for target in targets] == [met]
    assert targets[0].value.startswith(f"100 → {now}")


def test_the_largest_is_held_against_the_smallest_and_only_compared_with_the_middle():
    targets = found(figures(size(1_000), size(2_000), size(3_000)), "legacy_validate, µs a row")
    assert [target.is_promise for target in targets] == [True, False]


@pytest.mark.parametrize(("more", "met"), [(30, True), (31, False)])
def test_memory_within_thirty_megabytes_is_flat(more, met):
    given = figures(size(1_000), size(100_000))
    line = given.largest.stages["legacy_import"]
    given.largest.stages["legacy_import"] = Line(line.what, line.rows, line.seconds, 1.0, 80 + more)
    (target,) = found(given, "legacy_import, peak MB")
    assert target.is_met is met


def test_rivals_and_the_plain_inserts_stand_in_the_same_table():
    judged = {target.what: target for target in check_targets(figures(size(1_000_000)))}
    rate = 1_000_000 / 102
    default, bulk = import_export("default", "same"), import_export("bulk", "same")
    for rival, each, wanted in ((LOOP, 100, 10), (default, 50, 30), (bulk, 1_000, 3)):
        target = judged[f"import, learners/s, of {rival}"]
        assert (target.bound, target.value) == (f"≥ {wanted} ×", f"{rate / each:.1f} ×")
        assert target.is_promise
    commit = judged[f"{COMMIT}, rows/s, of {INSERTS}, 1,000 rows"]
    assert (commit.bound, commit.value, commit.is_met) == ("≥ 0.30", "0.250", False)


def test_a_single_size_and_nothing_else_can_be_judged():
    alone = Figures([size(1_000)])
    assert {target.what.split(",")[0] for target in check_targets(alone)} == {
        "import", "validate + classify + dry run",
    }  # fmt: skip


def test_nothing_measured_is_nothing_judged():
    assert check_targets(Figures()) == []


def test_of_several_rounds_each_stage_is_its_median():
    rounds = [size(1_000, micros=micros) for micros in (900, 100, 300)]
    rounds[0].starting = 9.0
    one = median_of(rounds)
    assert one.starting == 2.0
    assert round(one.stages["legacy_import"].micros) == 300


def test_a_run_too_small_to_tell_from_starting_proves_nothing():
    (target,) = found(figures(size(1_000, later=0), size(2_000)), "legacy_classify, µs a row")
    assert (target.is_met, target.is_promise) == (False, True)
    assert target.value == "0 → 10 (too few rows to tell)"
