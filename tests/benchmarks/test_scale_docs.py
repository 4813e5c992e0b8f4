"""What a run of the benchmark writes into docs/, and that it can be written again and again."""

from pathlib import Path

import pytest

from benchmarks import scale_docs
from benchmarks.report import Report, around_block
from tests.benchmarks.figures import figures, size

PAGES = ("performance.md", "hundred-million.md")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docs/ of its own, with the pages as they are."""
    for page in PAGES:
        (tmp_path / page).write_text((scale_docs.DOCS / page).read_text("utf-8"), "utf-8")
    monkeypatch.setattr(scale_docs, "DOCS", tmp_path)
    monkeypatch.setattr(scale_docs, "PERFORMANCE", tmp_path / PAGES[0])
    monkeypatch.setattr(scale_docs, "PROJECTION", tmp_path / PAGES[1])
    return tmp_path


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_pages_and_plots_are_written_and_writing_again_changes_nothing(folder: Path) -> None:
    around = {page: around_block(folder / page, scale_docs.BLOCK) for page in PAGES}
    given, report = figures(size(10_000), size(100_000), size(1_000_000)), Report()
    scale_docs.complete(report, given)
    scale_docs.write(report, given)
    first = written(folder)
    scale_docs.write(report, given)
    assert written(folder) == first
    assert {page: around_block(folder / page, scale_docs.BLOCK) for page in PAGES} == around
    for picture in (scale_docs.COST_PLOT, scale_docs.RIVALS_PLOT):
        assert f"]({picture})" in first[PAGES[0]]
        assert first[picture].startswith("<svg")
    assert "Through Celery workers, 100,000 learners" in first[PAGES[0]]
    assert "for 100,000,000 rows from runs of 10,000, 100,000, 1,000,000" in first[PAGES[1]]


def test_a_page_without_its_place_is_refused_before_measuring(folder: Path) -> None:
    (folder / PAGES[1]).write_text("A page.")
    with pytest.raises(ValueError, match="lacks the markers"):
        scale_docs.require_places()
