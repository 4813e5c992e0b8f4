"""What a hundred million rows would take follows from the measured figures by plain arithmetic."""

import pytest

from benchmarks.projection import growth_per_tenfold, hours, render
from benchmarks.report import Report
from benchmarks.scale_docs import complete, costs, require_places, speeds
from tests.benchmarks.figures import figures, size


def test_hours_are_microseconds_times_a_hundred_million():
    assert hours(36) == pytest.approx(1)


@pytest.mark.parametrize(
    ("large", "other", "growth"),
    [
        ((1_000_000, 121.0), (10_000, 100.0), 1.1),
        ((1_000_000, 120.0), (100_000, 100.0), 1.2),
        ((1_000_000, 80.0), (100_000, 100.0), 1.0),
        ((1_000, 80.0), (1_000, 80.0), 1.0),
        ((1_000, 80.0), (100, 0.0), 1.0),
    ],
    ids=["two-tenfolds", "one", "cheaper-is-not-believed", "one-size", "nothing-to-compare"],
)
def test_the_trend_is_per_tenfold(large, other, growth):
    assert growth_per_tenfold(large, other) == pytest.approx(growth)


def test_the_page_tells_hours_workers_room_and_memory():
    text = render(figures(size(100_000), size(1_000_000, micros=120)))
    # The import: 120 µs, 3.3 hours, 1.2 times dearer per tenfold, two tenfolds away.
    assert cells(text, "legacy_import") == ["120", "3.3", "1.20", "4.8"]
    assert cells(text, "all four") == ["150", "4.2", "1.15", "5.5"]
    assert cells(text, "legacy_identity_keys") == ["3.00", "200", "100", "60"]
    # The middle of two is the larger one: 150 µs without workers, 65 µs through two of them.
    assert cells(text, "2") == ["65", "2.31 ×", "115%", "1.8"]
    grouping = cells(text, "memory of grouping (validate)")
    assert grouping == ["10.0% of rows in a pair, 500 bytes each", "5.0 GB"]


def cells(text: str, first: str) -> list[str]:
    """The further cells of the only line that begins with this one."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    (row,) = [row for row in rows if row and row[0] == first]
    return row[1:]


def test_parts_that_were_not_measured_are_left_out():
    alone = figures(size(1_000))
    alone.workers, alone.commit, alone.rivals = {}, {}, {}
    report = Report()
    complete(report, alone)
    assert "Celery" not in render(alone)
    assert report.sections == []
    assert list(speeds(alone)) == ["legacy_import"]


def test_plots_are_given_every_size_and_the_floor():
    given = costs(figures(size(1_000), size(2_000)))
    assert set(given) == {"import", "validate", "classify", "dry run", "floor of the import"}
    assert [point.rows for point in given["import"]] == [1_000, 2_000]
    assert [round(point.micros) for point in given["import"]] == [100, 100]


def test_the_pages_have_their_places():
    require_places()
