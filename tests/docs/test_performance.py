"""The first ten lines of docs/performance.md are taken from the tables below them."""

import re

from tests.docs.tables import DOCS

TEXT = (DOCS / "performance.md").read_text("utf-8")
TOP, _, REST = TEXT.partition("\n## Figures\n")
MEASURED = REST.partition("<!-- measured: end -->")[0]
STAGES = ("legacy_import", "legacy_validate", "legacy_classify", "legacy_dry_run")


def seconds(rows: str, suffix: str = "") -> float:
    """The seconds of the four stages together."""
    found = [
        re.search(rf"^\| {stage}{suffix} +\| +{rows} \| +([\d.]+) \|", MEASURED, re.MULTILINE)
        for stage in STAGES
    ]
    assert all(found)
    return sum(float(line[1]) for line in found if line)


def result(what: str) -> str:
    (line,) = [line for line in TOP.splitlines() if line.startswith(f"| {what}")]
    return line.split(" | ")[1]


def test_there_are_ten_and_the_method_is_elsewhere():
    assert len([line for line in TOP.splitlines() if line.startswith("| ")]) == 11  # and the header
    assert "benchmarks/README.md" in TOP
    assert "## What is compared" in (DOCS.parent / "benchmarks/README.md").read_text("utf-8")


def test_seconds_are_sums_of_the_stages():
    assert f"{seconds('1,000,000') / 60:.1f} minutes" in result("a million learners")
    both = f"{seconds('10,000'):.0f} s and {seconds('100,000'):.0f} s"
    assert result("10,000 and 100,000 learners").startswith(both)
    workers = f"{seconds('100,000', ', 2 workers'):.0f} s instead of {seconds('100,000'):.0f} s"
    assert workers in result("two Celery workers")


def test_the_targets_that_are_not_met_are_those_that_are_explained():
    missed = re.findall(r"^\| (.+?) +\|.+[^(]NOT MET \|$", MEASURED, re.MULTILINE)
    assert missed == [
        "validate + classify + dry run, seconds, of the import, 1,000,000 rows",
        "legacy_validate, peak MB, 1,000,000 against 10,000 rows",
        "legacy_commit, rows/s, of plain INSERTs, same records, 100,000 rows",
    ]
    for words in ("half of the import's time", "0.3 of plain INSERTs", "validate by 38 MB"):
        assert words in TOP
