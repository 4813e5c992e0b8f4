"""`make matching` imports a small set with the product's own commands and prints its figures."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.matching.quality import SECTIONS
from tests.processes import ROOT

SMALL = ("--rows", "60", "--sets", "school", "--seed", "7")


def quality(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.matching.quality", *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, text=True, encoding="utf-8", capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_set_is_measured_next_to_its_targets(tmp_path: Path):
    output = quality(*SMALL, "--json", str(tmp_path / "figures.json"))
    lines = output.splitlines()
    assert lines[0] == "school: all of these, in the shares of a school"
    assert lines[1].startswith("  60 rows of ")
    assert any(line.startswith("  auto-link precision") and "≥ 0.9998" in line for line in lines)
    assert " targets met, in " in output
    (figures,) = json.loads((tmp_path / "figures.json").read_text()).values()
    assert figures["rows"] == 60
    assert figures["link_recall"]["whole"] > 10
    assert figures["link_recall"]["part"] > 0
    assert figures["queue_rows"] > 0


def test_every_kind_of_people_and_the_names_by_themselves_are_measured():
    assert set(SECTIONS) == {
        "plain", "rhyming", "arabic", "both-scripts", "twins", "presumed-births", "generations",
        "damaged", "school", "names",
    }  # fmt: skip
