"""Fixtures that every test may use, and the choice of a lane's tests (`--lane`)."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.lanes import Lane, lanes_of, may_hold_tests_of, touches_app_database

pytest_plugins = [
    "tests.server_marks", "tests.processes", "tests.source_fixtures", "tests.legacy_database",
]  # fmt: skip

TESTS = Path(__file__).parent
LANES = pytest.StashKey[dict[str, frozenset[Lane]]]()  # of every collected test, by node id

# Thousands of collected tests are searched for reference cycles again and again: a tenth of the time.
gc.set_threshold(10_000)

# The same examples every time, and many new ones for `make test-all`.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lane", choices=list(Lane), help="only what this lane of make test runs")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file without a test of this lane is not read."""
    lane = config.getoption("--lane")
    if not lane or TESTS not in collection_path.parents or not collection_path.match("test_*.py"):
        return None
    file = collection_path.relative_to(TESTS).as_posix()
    return None if may_hold_tests_of(Lane(lane), file) else True


@pytest.hookimpl(trylast=True)  # once every conftest has set its markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    lanes = {item.nodeid: _lanes(item) for item in items}
    config.stash[LANES] = lanes
    if lane := config.getoption("--lane"):
        config.hook.pytest_deselected(items=[i for i in items if lane not in lanes[i.nodeid]])
        items[:] = [item for item in items if lane in lanes[item.nodeid]]


def _lanes(item: pytest.Item) -> frozenset[Lane]:
    fixtures = getattr(item, "fixturenames", ())
    markers = {marker.name for marker in item.iter_markers()}
    name = getattr(item, "originalname", None) or item.name
    path = f"{item.path.relative_to(TESTS).as_posix()}::{name}"
    return lanes_of(path, touches_app_database=touches_app_database(fixtures, markers))
