"""Which server the tests run on: what is one server's only is counted with its reason, never hidden."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.mysql_server import INSTEAD
from tests.processes import ROOT

MARKED = """
import pytest

@pytest.mark.mariadb_only("what only MariaDB has")
def test_of_mariadb(): pass

@pytest.mark.mysql_only("what only MySQL has")
def test_of_mysql(): pass

@pytest.mark.own_server("it stops a server")
def test_that_stops_a_server(): pass

def test_of_both(): pass
"""


def run_tests(folder: Path, content: str, *options: str, **values: str) -> str:
    """What pytest prints about that file."""
    file = folder / "test_marked.py"
    file.write_text(content)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:django", "-p", "tests.server_marks",
         "-c", os.devnull, "--rootdir", str(folder), "--strict-markers", *options,
         str(file)],
        env={**kept, **values}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("values", "runs", "others"),
    [
        ({"TEST_APP_DATABASE": "sqlite"}, "mariadb",
         ["not on this server (1 tests): MySQL only: what only MySQL has"]),
        ({"TEST_APP_DATABASE": "mysql"}, "mysql",
         ["not on this server (1 tests): MariaDB only: what only MariaDB has"]),
        ({"TEST_APP_DATABASE": "mysql", "TEST_NO_OWN_SERVER": "1"}, "mysql",
         ["not on this server (1 tests): MariaDB only: what only MariaDB has",
          "not on this server (1 tests): needs a server of its own: it stops a server"]),
    ],
)  # fmt: skip
def test_what_is_one_servers_only_is_deselected_and_counted(
    values: dict[str, str], runs: str, others: list[str], tmp_path: Path
) -> None:
    printed = run_tests(tmp_path, MARKED, **values)
    assert f"::test_of_{runs} PASSED" in printed
    assert "::test_of_both PASSED" in printed
    assert [line for line in printed.splitlines() if line.startswith("not on this")] == others
    assert f"{4 - len(others)} passed, {len(others)} deselected" in printed


def test_they_are_counted_where_processes_share_the_tests(tmp_path: Path) -> None:
    printed = run_tests(tmp_path, MARKED, "-n", "2", TEST_APP_DATABASE="mysql")
    assert "not on this server (1 tests): MariaDB only: what only MariaDB has" in printed
    assert "3 passed" in printed


def test_a_mark_without_a_reason_stops_the_tests(tmp_path: Path) -> None:
    content = "import pytest\n\n@pytest.mark.mariadb_only\ndef test_it(): pass\n"
    assert "the mark mariadb_only needs its reason" in run_tests(tmp_path, content)


def test_where_no_mysql_can_be_fetched_it_says_what_to_do(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.servers", "--mysql", "--", "true"],
        env={"PATH": "", "XDG_CACHE_HOME": str(tmp_path)},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("No MySQL server: ")
    assert INSTEAD in ended.stderr
    assert "Traceback" not in ended.stderr
