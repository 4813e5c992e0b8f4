"""Every test runs in a lane of `make test`, and one that reaches the app database in the right ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import LANES, TESTS
from tests.lanes import APP_DATABASE_FIXTURES, BOTH, PLACES, Lane, lanes_of, touches_app_database

NEW_PATHS = st.from_regex(r"([a-z]{1,8}/){0,2}test_[a-z]{1,8}\.py", fullmatch=True)
LISTED_PATHS = st.sampled_from(
    [place.path if place.path.endswith(".py") else f"{place.path}/test_x.py" for place in PLACES]
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
        ("screens/test_access_matrix.py", True, BOTH),
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


def test_every_place_exists_and_gives_its_reason() -> None:
    assert all((TESTS / place.path).exists() and place.reason for place in PLACES)


def test_of_this_very_run_nothing_is_lost(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> None:
    """What pytest kept are exactly the collected tests of this lane."""
    lanes = pytestconfig.stash[LANES]
    lane = pytestconfig.getoption("--lane")
    kept = {item.nodeid for item in request.session.items}
    assert all(lanes.values())
    assert kept == {name for name, of in lanes.items() if not lane or lane in of}
