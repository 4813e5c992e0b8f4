"""`make test` runs every lane to its end, and its last lines name every failure."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import run_tests
from scripts.run_tests import Check, Result, main, outcome, summary

TWO_OF_FOUR = """
import pytest

def test_good(): pass

@pytest.mark.parametrize("n", [1, 2])
def test_bad(n): assert n == 1

@pytest.fixture
def broken(): raise OSError

def test_without_its_fixture(broken): pass
"""


def test_the_closing_lines_name_every_failure_and_the_minutes_of_each_lane() -> None:
    lines = summary(
        [
            Result("checks", ["lint (ruff check): exit code 1"], 6, 61.0),
            Result("sqlite", [], 5_000, 240.0),
            Result("mariadb", ["tests.stages.test_a::test_b[x]"], 2_999, 180.0),
        ],
        250.0,
    ).splitlines()
    assert "checks     1.0 min  6 passed, 1 failed" in lines
    assert "sqlite     4.0 min  5000 passed" in lines
    assert "checks   lint (ruff check): exit code 1" in lines
    assert "mariadb  tests.stages.test_a::test_b[x]" in lines
    assert "4.2 minutes in all" in lines
    assert lines[-1] == "8005 passed, 2 failed"


def test_a_report_of_pytest_is_read_with_its_failures_and_errors(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TWO_OF_FOUR)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:django", "--junitxml=report.xml"],
        cwd=tmp_path, check=False, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    passed, failures = outcome(tmp_path / "report.xml")
    assert passed == 2
    assert failures == ["test_some::test_bad[2]", "test_some::test_without_its_fixture"]


def test_no_report_is_no_success(tmp_path: Path) -> None:
    assert outcome(tmp_path / "report.xml") == (0, [])


def test_a_failing_lane_does_not_hide_the_next(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    said = (sys.executable, "-c", "print('one check says this'); raise SystemExit(3)")
    monkeypatch.setattr(run_tests, "CHECKS", (Check("one check", said),))
    # In the place of pytest and its servers: a command that fails without a report.
    monkeypatch.setattr(run_tests, "PYTHON", "false")
    assert main([]) == 1
    printed = capfd.readouterr().out
    assert "one check says this" in printed
    assert "checks   one check: exit code 3" in printed
    assert "sqlite   pytest: exit code 1" in printed
    assert "mariadb  pytest: exit code 1" in printed
    assert printed.endswith("0 passed, 3 failed\n")
