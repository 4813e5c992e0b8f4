"""The demo's road: a fictional SQLite school, imported up to a stored plan."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts import demo_settings
from tests.journeys.roads import (
    ROAD,
    assert_every_row_is_planned,
    business_content,
    follow_the_advice,
)
from tests.legacy_database import SQLiteLegacy
from tests.processes import OWN_KEYS, ROOT, AppDatabase, environment, manage

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
    # The row in words of the README, and the one next to it.
    columns = "full_name, raw_status, classification, planned_action, planned_reason"
    rows = app.rows(
        f"SELECT legacy_id, {columns} FROM legacy_student_imports "
        "WHERE source_table = 'stagiaires' AND legacy_id IN ('398', '399') ORDER BY legacy_id"
    )
    assert [(str(legacy_id), *values) for legacy_id, *values in rows] == [
        ("398", "Wafa Madani", "Ne répond pas", "lead_only", "review", "shared_contact_other_name"),
        ("399", "Asma Madani", "Formée", "completed", "create_completed_training",
         "history_of_known_person"),
    ]  # fmt: skip


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


# --- make demo, as it is typed ------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout with a .env for the real thing, which the demo must leave alone."""
    folder = tmp_path / "a checkout"
    made_here = shutil.ignore_patterns(
        ".*", "var", "__pycache__", "*.sqlite3*", "demo.env", "tests"
    )
    shutil.copytree(ROOT, folder, ignore=made_here)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / ".env").write_text("DATABASE_URL=sqlite:////nowhere/real.sqlite3\nSECRET_KEY=real\n")
    return folder


def bash(
    line: str, folder: Path, *, answer: str = "", **values: str
) -> subprocess.CompletedProcess[str]:
    """A line typed in that folder, with the answer to its question. No setting but `values` is set."""
    own = (*OWN_KEYS, "ENV_FILE")
    kept: Mapping[str, str] = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env={**kept, **values}, text=True, encoding="utf-8",
        input=answer, capture_output=True, timeout=300, check=False,
    )  # fmt: skip


def test_after_make_demo_one_line_is_enough_for_every_command_that_it_prints(
    checkout: Path,
) -> None:
    elsewhere = {"DATABASE_URL": "sqlite:////nowhere/x.sqlite3", "LEGACY_DB_DRIVER": "mysql"}
    env_file = (checkout / ".env").read_bytes()
    demo = bash("make demo SERVE=0", checkout, **elsewhere)
    assert demo.returncode == 0, demo.stderr
    (export,) = re.findall(r"^ +(export .+)$", demo.stdout, re.MULTILINE)
    assert export == "export ENV_FILE=demo.env"
    commands = re.findall(r"^ +(\.venv/bin/python manage\.py .+)$", demo.stdout, re.MULTILINE)
    assert [line.split()[2] for line in commands] == [
        "legacy_status", "legacy_commit", "legacy_reconcile", "legacy_rollback", "legacy_rollback",
    ]  # fmt: skip
    without = bash(commands[0], checkout, ENV_FILE=os.devnull)
    assert (without.returncode, "export ENV_FILE=demo.env" in without.stderr) == (1, True)
    for command in commands:
        ended = bash(f"{export}; {command}", checkout, answer="db.sqlite3\n")
        assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    assert re.search(r"undone=[1-9][\d,]* kept=0", ended.stdout)
    assert (checkout / ".env").read_bytes() == env_file
    assert {path.name for path in checkout.glob("*.sqlite3")} == {
        "db.sqlite3",
        "legacy_demo.sqlite3",
    }


def test_the_demos_settings_keep_their_key_and_are_only_for_their_owner(tmp_path: Path) -> None:
    first = demo_settings.write(tmp_path).read_text("utf-8")
    again = demo_settings.write(tmp_path)
    assert again.read_text("utf-8") == first
    assert again.stat().st_mode & 0o777 == 0o600
    assert len(demo_settings.secret_key(again)) > 50
    (tmp_path / "another").mkdir()
    other = demo_settings.write(tmp_path / "another")
    assert demo_settings.secret_key(other) != demo_settings.secret_key(again)


def test_git_never_sees_the_demos_settings() -> None:
    assert demo_settings.NAME in (ROOT / ".gitignore").read_text("utf-8").splitlines()
