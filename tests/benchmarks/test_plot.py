"""The plots are well-formed, told in words, and stay inside their frame."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from benchmarks.plot import HUES, INK, Point, bars, cost_by_size

SVG = "{http://www.w3.org/2000/svg}"
SERIES = {
    "import": [Point(10_000, 120), Point(100_000, 118), Point(1_000_000, 131)],
    "validate & group": [Point(10_000, 40), Point(100_000, 41), Point(1_000_000, 44)],
    "floor": [Point(10_000, 39), Point(100_000, 40), Point(1_000_000, 43)],
}


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def texts(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    "svg",
    [cost_by_size("Cost <of> a row", SERIES), bars("Speed & rivals", "learners/s", {"a<b": 5.0})],
    ids=["lines", "bars"],
)
def test_it_says_what_it_shows_to_those_who_do_not_see_it(svg):
    root = drawn(svg)
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text
    assert desc.text


def test_every_figure_is_told_in_words():
    told = drawn(cost_by_size("Cost", SERIES)).findtext(f"{SVG}desc") or ""
    assert "import: 120 µs at 10,000 rows, 118 µs at 100,000 rows, 131 µs at 1,000,000 rows" in told


def test_a_line_per_name_a_point_per_size_and_a_size_a_tick():
    root = drawn(cost_by_size("Cost", SERIES))
    lines = [line.get("points", "").split() for line in root.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [3, 3, 3]
    places = [float(point.split(",")[0]) for point in lines[0]]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=0.2)  # log
    assert {"10,000", "100,000", "1,000,000"} <= set(texts(root))
    assert len({line.get("stroke-dasharray") for line in root.iter(f"{SVG}polyline")}) == 3


def test_nothing_leaves_the_picture():
    root = drawn(cost_by_size("Cost", SERIES))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for line in root.iter(f"{SVG}polyline"):
        for point in line.get("points", "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_names_at_the_ends_do_not_lie_on_each_other():
    root = drawn(cost_by_size("Cost", {name: [Point(10, 50)] for name in "abcd"}))
    heights = sorted(
        float(text.get("y", "0")) for text in root.iter(f"{SVG}text") if ": 50" in (text.text or "")
    )
    assert all(after - before >= 16 for before, after in pairwise(heights))


def test_the_longest_bar_is_the_greatest_and_each_says_its_value():
    root = drawn(bars("Speed", "learners/s", {"own": 8_000, "slow": 100, "none": 0.01}))
    widths = [float(bar.get("width", "0")) for bar in root.iter(f"{SVG}rect")]
    assert widths[0] == max(widths)
    assert widths[1] == pytest.approx(widths[0] / 80, abs=0.1)
    assert widths[2] == 1  # still seen
    assert "8,000" in texts(root)


@pytest.mark.parametrize("paper", ["#ffffff", "#0d1117"], ids=["light", "dark"])
@pytest.mark.parametrize("ink", sorted({INK, *HUES}))
def test_every_colour_reads_on_light_and_on_dark(ink, paper):
    one, other = sorted((_luminance(ink), _luminance(paper)))
    assert (other + 0.05) / (one + 0.05) >= 3.9


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
