"""The README is read in five minutes: short, in order, with figures that were measured."""

import re

from tests.docs.tables import DOCS, ROOT

TEXT = (ROOT / "README.md").read_text("utf-8")
PERFORMANCE = (DOCS / "performance.md").read_text("utf-8")
MOST_LINES = 150
FIRST_SCREEN = 20  # lines
STAGES = ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run")
REQUIREMENTS = (ROOT / "requirements.txt").read_text("utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")


def seconds(command: str, rows: str) -> float:
    """What the scale benchmark measured for a command over so many rows."""
    (cells,) = {
        line for line in PERFORMANCE.splitlines() if re.match(rf"\| {command} +\| +{rows} \|", line)
    } & set(PERFORMANCE.partition("## Commit and rollback")[0].splitlines())
    return float(cells.split("|")[3])


def test_it_is_short():
    assert len(TEXT.splitlines()) <= MOST_LINES


def test_it_is_in_the_order_in_which_it_is_read():
    assert re.findall(r"^## (.+)$", TEXT, re.MULTILINE) == [
        "What you get", "See it: `make demo`", "The journey of one row", "Use it for real",
        "Safety in five lines", "Work on it: `make test`", "The docs, by reader",
    ]  # fmt: skip


def test_the_first_screen_has_the_versions_and_a_picture():
    first = "\n".join(TEXT.splitlines()[:FIRST_SCREEN])
    (django,) = re.findall(r"^Django==(\d+\.\d+)\.", REQUIREMENTS, re.MULTILINE)
    (python,) = re.findall(r'^requires-python = ">=([\d.]+)"', PYPROJECT, re.MULTILINE)
    assert f"Django {django}" in first
    assert f"Python {python} or newer" in first
    for server in ("MySQL or MariaDB from 5.5", "MariaDB from 10.5", "MySQL from 8.0.11"):
        assert server in first
    assert "](docs/screens/review.png)" in first


def test_its_figures_are_those_that_were_measured():
    minutes = sum(seconds(stage, "1,000,000") for stage in STAGES) / 60
    assert f"in {minutes:.1f} minutes" in " ".join(TEXT.split())
    peak = max(
        int(cells.split("|")[-2])
        for stage in STAGES
        for cells in re.findall(rf"^\| {stage} +\| +1,000,000 \|.*$", PERFORMANCE, re.MULTILINE)
    )
    assert f"in {peak} MB of memory" in TEXT
    commit, rollback = seconds("legacy_commit", "100,000"), seconds("legacy_rollback", "100,000")
    assert f"committed in {commit:.0f} seconds and rolled back in {rollback:.0f}" in TEXT


def test_safety_takes_five_lines():
    lines = (
        TEXT.partition("## Safety in five lines\n")[2].partition("\n## ")[0].strip().splitlines()
    )
    assert len(lines) == 5
    assert all(line.startswith("- ") for line in lines)


def test_every_page_of_the_docs_is_on_the_map():
    by_reader = TEXT.partition("## The docs, by reader\n")[2]
    pages = {page.name for page in DOCS.glob("*.md")}
    assert {page for page in pages if f"(docs/{page})" not in by_reader} == set()
    assert [line.split("|")[1].strip() for line in by_reader.splitlines() if line.startswith("| ")] == [
        "you are", "a developer", "an operator", "a manager or a reviewer",
    ]  # fmt: skip
