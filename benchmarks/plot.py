"""Two plots as SVG: cost of a row against size, and learners a second against rivals.

Drawn without a library. Greys and hues of middle lightness on no background read on white and on black;
nothing is expressed by colour alone: lines are dashed differently and carry their names at their ends.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

INK = "#777777"  # 4.5 : 1 on white, 4.6 : 1 on black
HUES = ("#2f7fd1", "#b3631d", "#1f8a4c", "#a45bb8", "#c2475d", "#777777")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 4")
WIDTH = 760
FONT = 'font-family="system-ui, sans-serif" font-size="13"'
LABEL_HEIGHT = 16  # between two names that would lie on each other


class Point(NamedTuple):
    """Rows, and microseconds a row."""

    rows: int
    micros: float


Series = Mapping[str, Sequence[Point]]


class _Frame(NamedTuple):
    """Where the lines are drawn: pixels, and what they represent."""

    left: float
    top: float
    right: float
    bottom: float
    least: float  # log10 of rows
    most: float
    highest: float  # microseconds

    def x(self, rows: int) -> float:
        span = self.most - self.least
        share = (math.log10(rows) - self.least) / span if span else 0.5
        return self.left + share * (self.right - self.left)

    def y(self, micros: float) -> float:
        return self.bottom - micros / self.highest * (self.bottom - self.top)


def cost_by_size(title: str, series: Series) -> str:
    """An SVG: sizes (log) across, µs a row up, one line per name. Needs one point at least."""
    points = [point for line in series.values() for point in line]
    sizes = sorted({point.rows for point in points})
    step = _step(max(point.micros for point in points))
    highest = step * math.ceil(max(point.micros for point in points) / step * 1.02)
    frame = _Frame(70, 24, 520, 330, math.log10(sizes[0]), math.log10(sizes[-1]), highest)
    parts = [_text(8, 14, "µs a row")]
    for tick in range(round(highest / step) + 1):
        y = frame.y(tick * step)
        parts.append(_rule(frame.left, y, frame.right, y))
        parts.append(_text(frame.left - 8, y + 4, f"{tick * step:,.0f}", "end"))
    for rows in sizes:
        parts.append(_text(frame.x(rows), frame.bottom + 20, f"{rows:,}", "middle"))
    parts.append(_text((frame.left + frame.right) / 2, frame.bottom + 42, "learners", "middle"))
    ends = {name: frame.y(line[-1].micros) for name, line in series.items()}
    places = _apart(ends)
    for number, (name, line) in enumerate(series.items()):
        hue, dash = HUES[number % len(HUES)], DASHES[number % len(DASHES)]
        path = " ".join(f"{frame.x(one.rows):.1f},{frame.y(one.micros):.1f}" for one in line)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{hue}" stroke-width="2"{dashed}/>'
        )
        for one in line:
            parts.append(
                f'<circle cx="{frame.x(one.rows):.1f}" cy="{frame.y(one.micros):.1f}" r="3" '
                f'fill="{hue}"/>'
            )
        label = f"{name}: {line[-1].micros:,.0f}"
        parts.append(_text(frame.right + 12, places[name] + 4, label, fill=hue))
    description = "; ".join(
        f"{name}: " + ", ".join(f"{one.micros:,.0f} µs at {one.rows:,} rows" for one in line)
        for name, line in series.items()
    )
    return _svg(390, title, description, parts)


def bars(title: str, unit: str, values: Mapping[str, float]) -> str:
    """An SVG: one bar per name, from zero, its value next to it; the first is emphasized."""
    most = max(values.values())
    left, row, room = 330, 30, WIDTH - 330 - 90
    parts = [_text(left, 16, unit)]
    for number, (name, value) in enumerate(values.items()):
        y = 28 + number * row
        width = max(1.0, value / most * room)
        hue = HUES[0] if number == 0 else INK
        parts.append(_text(left - 10, y + 15, name, "end"))
        parts.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="20" fill="{hue}"/>')
        parts.append(_text(left + width + 8, y + 15, f"{value:,.0f}"))
    description = "; ".join(f"{name}: {value:,.0f} {unit}" for name, value in values.items())
    return _svg(32 + len(values) * row, title, description, parts)


def _svg(height: int, title: str, description: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="title description" fill="{INK}" {FONT}>'
    )
    names = [
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
    ]
    return "\n".join([head, *names, *parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str = "start", fill: str = "") -> str:
    colour = f' fill="{fill}"' if fill else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{colour}>{escape(text)}</text>'


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{INK}" '
        'stroke-opacity="0.35"/>'
    )


def _step(highest: float) -> float:
    """1, 2 or 5 times a power of ten: five ticks or so."""
    power = 10.0 ** math.floor(math.log10(max(highest, 1) / 5))
    return next(power * times for times in (1, 2, 5, 10) if power * times * 5 >= highest)


def _apart(ends: Mapping[str, float]) -> dict[str, float]:
    """Heights of names, moved upwards where they would lie on each other."""
    places: dict[str, float] = {}
    free = math.inf
    for name, y in sorted(ends.items(), key=lambda item: -item[1]):
        free = places[name] = min(y, free - LABEL_HEIGHT)
    return places
