"""What a run of the benchmark writes into docs/, and that it can be written again and again."""

from pathlib import Path

import pytest

from benchmarks import scale_docs
from benchmarks.report import Report, around_block
from tests.benchmarks.figures import figures, size

PAGE = "performance.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A separate docs/, with the page as it is."""
    (tmp_path / PAGE).write_text((scale_docs.DOCS / PAGE).read_text("utf-8"), "utf-8")
    monkeypatch.setattr(scale_docs, "DOCS", tmp_path)
    monkeypatch.setattr(scale_docs, "PERFORMANCE", tmp_path / PAGE)
    return tmp_path


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_pages_and_plots_are_written_and_writing_again_changes_nothing(folder: Path) -> None:
    before, _ = around_block(folder / PAGE, scale_docs.BLOCK)
    _, after = around_block(folder / PAGE, scale_docs.PROJECTED)
    given, report = figures(size(10_000), size(100_000), size(1_000_000)), Report()
    scale_docs.complete(report, given)
    scale_docs.write(report, given)
    first = written(folder)
    scale_docs.write(report, given)
    assert written(folder) == first
    assert around_block(folder / PAGE, scale_docs.BLOCK)[0] == before
    assert around_block(folder / PAGE, scale_docs.PROJECTED)[1] == after
    for picture in (scale_docs.COST_PLOT, scale_docs.RIVALS_PLOT):
        assert f"]({picture})" in first[PAGE]
        assert first[picture].startswith("<svg")
    assert "Through Celery workers, 100,000 learners" in first[PAGE]
    assert "for 100,000,000 rows from runs of 10,000, 100,000, 1,000,000" in first[PAGE]


@pytest.mark.parametrize("block", [scale_docs.BLOCK, scale_docs.PROJECTED])
def test_a_page_without_its_place_is_refused_before_measuring(folder: Path, block: str) -> None:
    text = (folder / PAGE).read_text("utf-8")
    (folder / PAGE).write_text(text.replace(f"<!-- {block}: begin -->", ""), "utf-8")
    with pytest.raises(ValueError, match="lacks the markers"):
        scale_docs.require_places()
