"""What a hundred million rows would take, computed from the measurements: docs/performance.md."""

import math
from collections.abc import Iterator

from benchmarks.commit.report import COMMIT, IDLE
from benchmarks.figures import FLOOR, STAGES, Figures, Size
from benchmarks.report import table

ROWS = 100_000_000
GIGABYTE = 1e9
KEY_TABLE = "legacy_identity_keys"
SMALL_TABLE_ROWS = 1_000  # below, half-empty pages distort the size of a row


def render(figures: Figures) -> str:
    """The generated block: hours, hours through workers, room, memory, as Markdown."""
    parts = [
        f"Computed for {ROWS:,} rows from runs of {_sizes(figures)}; none of that size was run.",
        table(("stage", "µs/row", "hours, cost unchanged", "× per tenfold", "hours, trend continues"),
              _hours(figures)),
    ]  # fmt: skip
    if figures.workers:
        parts += [
            f"Through Celery, on the machine that also runs the server ({figures.middle.rows:,} rows):",
            table(("workers", "µs/row", "speed-up", "efficiency", "hours, cost unchanged"),
                  _workers(figures)),
        ]  # fmt: skip
    parts += [
        "Room, once planned (pages of rows and of indexes):",
        table(("table", "rows/learner", "bytes/row", "of these indexes", "GB"), _rooms(figures)),
        table(("what grows", "measured", f"at {ROWS:,}"), list(_growing(figures))),
    ]
    return "\n\n".join(parts)


def hours(micros: float) -> float:
    return micros * ROWS / 1e6 / 3600


def growth_per_tenfold(large: tuple[int, float], other: tuple[int, float]) -> float:
    """How many times dearer a row gets when the run is ten times larger; 1 at the least."""
    (rows, micros), (other_rows, other_micros) = large, other
    if rows == other_rows or other_micros <= 0 or micros <= 0:
        return 1.0
    return max(1.0, math.pow(micros / other_micros, 1 / math.log10(rows / other_rows)))


def _sizes(figures: Figures) -> str:
    return ", ".join(f"{size.rows:,}" for size in figures.sizes) + " learners"


def _hours(figures: Figures) -> list[tuple[str, str, str, str, str]]:
    rows = [_hours_of(figures, stage) for stage in STAGES if stage in figures.largest.stages]
    if len(rows) == len(STAGES):
        whole = [_cost(size) for size in (figures.largest, _before(figures))]
        rows.append(_line("all four", *whole))
    if COMMIT in figures.commit and IDLE in figures.commit:
        line, idle = figures.commit[COMMIT], figures.commit[IDLE]
        cost = max(0.0, line.seconds - idle.seconds) / line.rows * 1e6
        rows.append(
            (f"{COMMIT} (of {line.rows:,})", f"{cost:,.0f}", f"{hours(cost):,.0f}", "–", "–")
        )
    floor = figures.largest.floor_line
    if floor:
        rows.append((FLOOR, f"{floor.micros:,.0f}", f"{hours(floor.micros):,.1f}", "–", "–"))
    return rows


def _before(figures: Figures) -> Size:
    """The size below the largest: what the trend is taken from."""
    return figures.sizes[-2] if len(figures.sizes) > 1 else figures.largest


def _cost(size: Size) -> tuple[int, float]:
    return size.rows, sum(line.micros for line in size.stages.values())


def _hours_of(figures: Figures, stage: str) -> tuple[str, str, str, str, str]:
    large, other = figures.largest, _before(figures)
    now = (large.rows, large.stages[stage].micros)
    before = (other.rows, other.stages[stage].micros) if stage in other.stages else now
    return _line(stage, now, before)


def _line(
    what: str, now: tuple[int, float], before: tuple[int, float]
) -> tuple[str, str, str, str, str]:
    growth = growth_per_tenfold(now, before)
    dearer = growth ** math.log10(ROWS / now[0])
    same = hours(now[1])
    return what, f"{now[1]:,.0f}", f"{same:,.1f}", f"{growth:.2f}", f"{same * dearer:,.1f}"


def _workers(figures: Figures) -> list[tuple[str, str, str, str, str]]:
    """Cost of the four stages together; the first line is the command alone, without Celery."""
    inline = _cost(figures.middle)[1]
    whole = hours(_cost(figures.largest)[1])
    lines = [("none (inline)", f"{inline:,.0f}", "1.00 ×", "–", f"{whole:,.1f}")]
    for count, size in figures.workers.items():
        if not all(stage in size.stages for stage in STAGES):
            continue
        cost = _cost(size)[1]
        if not cost:
            continue
        speed_up = inline / cost
        lines.append(
            (str(count), f"{cost:,.0f}", f"{speed_up:.2f} ×", f"{speed_up / count:.0%}",
             f"{whole / speed_up if speed_up else math.inf:,.1f}")
        )  # fmt: skip
    return lines


def _rooms(figures: Figures) -> list[tuple[str, str, str, str, str]]:
    size, lines, total = figures.largest, [], 0.0
    for name, room in size.rooms.items():
        if room.rows < min(SMALL_TABLE_ROWS, size.rows // 2):
            continue
        share = room.rows / size.rows
        room_needed = room.bytes_a_row * share * ROWS / GIGABYTE
        total += room_needed
        lines.append(
            (name, f"{share:.2f}", f"{room.bytes_a_row:,.0f}",
             f"{room.indexes / room.rows:,.0f}", f"{room_needed:,.0f}")
        )  # fmt: skip
    return [*lines, ("all", "", "", "", f"{total:,.0f}")]


def _growing(figures: Figures) -> Iterator[tuple[str, str, str]]:
    size = figures.largest
    for stage, redo in size.redo.items():
        each = redo / size.rows
        yield (
            f"redo log of {stage}",
            f"{each:,.0f} bytes/learner",
            f"{each * ROWS / GIGABYTE:,.0f} GB",
        )
    paired = size.edges.rows / size.rows
    memory = paired * size.edges.bytes_a_row * ROWS / GIGABYTE
    yield (
        "memory of grouping (validate)",
        f"{paired:.1%} of rows in a pair, {size.edges.bytes_a_row:,.0f} bytes each",
        f"{memory:,.1f} GB",
    )
    if KEY_TABLE in size.rooms:
        keys = size.rooms[KEY_TABLE]
        needed = keys.bytes_a_row * keys.rows / size.rows * ROWS
        yield (
            "key table, of the buffer pool",
            f"{(keys.data + keys.indexes) / figures.buffer_pool:.2f} × of "
            f"{figures.buffer_pool / GIGABYTE:,.1f} GB",
            f"{needed / figures.buffer_pool:,.0f} × of it ({needed / GIGABYTE:,.0f} GB)",
        )
