"""The demo's road: a fictional SQLite school, imported up to a stored plan."""

import re
from pathlib import Path

import pytest

from tests.journeys.roads import (
    ROAD,
    assert_every_row_is_planned,
    business_content,
    follow_the_advice,
)
from tests.legacy_database import SQLiteLegacy
from tests.processes import AppDatabase, environment, manage

ROWS = 2_500


@pytest.fixture
def legacy(tmp_path: Path) -> SQLiteLegacy:
    return SQLiteLegacy(tmp_path / "legacy_demo.sqlite3")


@pytest.fixture
def env(app: AppDatabase, legacy: SQLiteLegacy) -> dict[str, str]:
    """The school is built and the platform knows some of its people already."""
    env = environment(app, **legacy.environment())
    ended = manage("legacy_demo", "--with-platform", env=env)
    assert ended.code == 0, ended.err
    return env


def test_from_the_demo_to_the_plan_by_following_what_each_command_says(
    env: dict[str, str], app: AppDatabase, legacy: SQLiteLegacy
) -> None:
    before, source = business_content(app), legacy.checksum()
    ends = follow_the_advice(env)
    assert len(ends) == 1 + len(ROAD)
    assert_every_row_is_planned(app, run=1, rows=ROWS)
    assert business_content(app) == before
    assert legacy.checksum() == source
    last = " ".join(ends[-1].out.split())
    assert f"total={ROWS:,}" in last
    assert "No business table was changed." in last


def test_the_demos_plan_holds_every_kind_of_answer(env: dict[str, str], app: AppDatabase) -> None:
    follow_the_advice(env)
    counts = manage("legacy_dry_run", "--json", env=env).told["counts"]
    for name in ("classification", "duplicate_confidence", "import_actions", "session_types"):
        assert min(counts[name].values()) > 0, name
    assert {name for name, rows in counts["plan"].items() if rows} >= {
        "create_crm_lead", "create_completed_training", "link_existing", "review",
    }  # fmt: skip
    assert counts["plan"]["skip"] == 0  # nothing was committed yet, and nobody reviewed
    assert min(counts["risks"].values()) > 0
    # No registration becomes an enrolment before a person confirms its session (docs/decisions/0001).
    assert counts["plan"]["create_enrollment"] == 0
    assert counts["risks"]["registered_to_decide"] == counts["classification"]["registered"]


def test_the_road_can_be_taken_again(env: dict[str, str], app: AppDatabase) -> None:
    follow_the_advice(env)
    first = manage("legacy_dry_run", "--json", env=env).told["counts"]
    assert manage("legacy_demo", "--with-platform", env=env).code == 0
    again = follow_the_advice(env, "legacy_import")
    assert re.search(r"unchanged +2,500", again[0].out)
    second = manage("legacy_dry_run", "--diff", "1", "--json", env=env).told
    difference = second["counts"].pop("diff")
    assert (second["run"], second["counts"]) == (2, first)
    assert (difference["changed"], difference["unchanged"]) == ({}, ROWS)
