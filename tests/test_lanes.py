"""Every test runs in a lane of `make test`, and one that reaches the app database in the right ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import LANES, TESTS
from tests.lanes import (
    APP_DATABASE_FIXTURES,
    BOTH,
    MATRIX,
    PLACES,
    Lane,
    Place,
    lanes_of,
    may_hold_tests_of,
    touches_app_database,
)

NEW_PATHS = st.from_regex(r"([a-z]{1,8}/){0,2}test_[a-z]{1,8}\.py", fullmatch=True)
LISTED_PATHS = st.sampled_from(
    [place.path if ".py" in place.path else f"{place.path}/test_x.py::test_y" for place in PLACES]
)


@given(st.one_of(NEW_PATHS, LISTED_PATHS), st.booleans())
def test_no_test_is_without_a_lane(path: str, touches: bool) -> None:
    lanes = lanes_of(path, touches_app_database=touches)
    assert lanes
    assert lanes <= BOTH


@pytest.mark.parametrize(
    ("path", "touches", "expected"),
    [
        ("rules/test_names.py", False, {Lane.SQLITE}),
        ("stages/test_new.py", True, BOTH),
        ("a_new_folder/test_new.py", True, BOTH),
        ("browser/test_new.py", True, {Lane.MARIADB}),
        ("browser_of_old/test_new.py", True, BOTH),
        ("screens/runs/test_views.py", True, {Lane.SQLITE}),
        ("screens/test_access_matrix.py::test_unknown_numbers", True, {Lane.SQLITE}),
        (f"{MATRIX}::test_a_post_writes_only_its_own_tables_whatever_is_sent_along", True, BOTH),
        (f"{MATRIX}::test_every_view_answers_who_may_everything", True, {Lane.MARIADB}),
    ],
)
def test_where_a_test_runs(path: str, touches: bool, expected: set[Lane]) -> None:
    assert lanes_of(path, touches_app_database=touches) == expected


@pytest.mark.parametrize("fixture", sorted(APP_DATABASE_FIXTURES))
def test_a_fixture_of_the_app_database_is_noticed(fixture: str) -> None:
    assert touches_app_database(["tmp_path", fixture], [])


def test_a_marker_of_the_app_database_is_noticed() -> None:
    assert touches_app_database([], ["parametrize", "django_db"])
    assert not touches_app_database(["tmp_path", "mariadb"], ["parametrize"])


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.path)
def test_every_place_exists_and_gives_its_reason(place: Place) -> None:
    file, _, test = place.path.partition("::")
    assert (TESTS / file).exists()
    assert not test or f"def {test}(" in (TESTS / file).read_text("utf-8")
    assert place.reason


@given(st.one_of(NEW_PATHS, LISTED_PATHS), st.booleans(), st.sampled_from(Lane))
def test_a_file_with_a_test_of_a_lane_is_read_by_it(path: str, touches: bool, lane: Lane) -> None:
    if lane in lanes_of(path, touches_app_database=touches):
        assert may_hold_tests_of(lane, path.partition("::")[0])


def test_a_file_without_a_test_of_a_lane_is_not_read_by_it() -> None:
    assert not may_hold_tests_of(Lane.MARIADB, "rules/test_names.py")
    assert not may_hold_tests_of(Lane.SQLITE, "browser/test_new.py")
    assert may_hold_tests_of(Lane.MARIADB, MATRIX)
    assert may_hold_tests_of(Lane.MARIADB, "a_new_folder/test_new.py")


def test_of_this_very_run_nothing_is_lost(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> None:
    """What pytest kept are exactly the collected tests of this lane."""
    lanes = pytestconfig.stash[LANES]
    lane = pytestconfig.getoption("--lane")
    kept = {item.nodeid for item in request.session.items}
    assert all(lanes.values())
    assert kept == {name for name, of in lanes.items() if not lane or lane in of}
