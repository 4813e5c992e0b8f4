"""What the stages must reach, and how far they are."""

from collections.abc import Iterator

from benchmarks.commit import report
from benchmarks.figures import IMPORT, LATER_STAGES, STAGES, Figures, Size
from benchmarks.report import Line, Target
from benchmarks.rivals.compare import IMPORT_EXPORT, LOOP, import_export

SHARE_OF_FLOOR = 0.30
SHARE_OF_IMPORT = 0.50  # of its seconds, for validate, classify and dry run together
COST_TIMES = 1.3  # the most that a row may cost at the largest size, of its cost at another
MEMORY_MB = 30  # what more a process may take at the largest size and still be called flat
# (mode, work) of django-import-export → how many times faster the import must be; whether promised.
TIMES_IMPORT_EXPORT = {
    ("default", "same"): (30.0, True),
    ("lean", "same"): (30.0, False),
    ("lean", "plain"): (30.0, False),
    ("bulk", "same"): (3.0, True),
    ("bulk", "plain"): (3.0, False),
}
TIMES_LOOP = 10.0


def check_targets(figures: Figures) -> list[Target]:
    """Each target that the figures allow to check; promises are held to the largest size."""
    if not figures.sizes:
        return []
    return [
        *_floors(figures),
        *_later_stages(figures),
        *_costs(figures),
        *_memories(figures),
        *_rivals(figures),
        *(report.shares(list(figures.commit.values())) if figures.commit else []),
    ]


def _floors(figures: Figures) -> Iterator[Target]:
    for size in reversed(figures.sizes):
        floor = size.floor_line
        if floor is None or IMPORT not in size.stages:
            continue
        share = size.stages[IMPORT].rate / floor.rate
        yield Target(
            f"import, learners/s, of the floor, {size.rows:,} rows", f"≥ {SHARE_OF_FLOOR:.2f}",
            f"{share:.3f}", share >= SHARE_OF_FLOOR, size is figures.largest,
        )  # fmt: skip


def _later_stages(figures: Figures) -> Iterator[Target]:
    for size in reversed(figures.sizes):
        if not _complete(size):
            continue
        share = size.seconds(*LATER_STAGES) / size.seconds(IMPORT)
        yield Target(
            f"validate + classify + dry run, seconds, of the import, {size.rows:,} rows",
            f"≤ {SHARE_OF_IMPORT:.2f}", f"{share:.2f}", share <= SHARE_OF_IMPORT,
            size is figures.largest,
        )  # fmt: skip


def _costs(figures: Figures) -> Iterator[Target]:
    """The largest size against the smallest counts; against those between, for comparison."""
    large, others = figures.largest, figures.sizes[:-1]
    for other in others:
        for stage in STAGES:
            if stage not in large.stages or stage not in other.stages:
                continue
            before, now = other.stages[stage].micros, large.stages[stage].micros
            times = now / before if before else float("inf")
            change = f"= {times:.2f} ×" if before else "(too few rows to tell)"
            yield Target(
                f"{stage}, µs a row, {large.rows:,} against {other.rows:,} rows, starting apart",
                f"≤ {COST_TIMES:g} ×", f"{before:,.0f} → {now:,.0f} {change}",
                times <= COST_TIMES, other is figures.sizes[0],
            )  # fmt: skip


def _memories(figures: Figures) -> Iterator[Target]:
    large, small = figures.largest, figures.sizes[0]
    if large is small:
        return
    for stage in STAGES:
        if stage in large.stages and stage in small.stages:
            more = (large.stages[stage].peak_mb or 0) - (small.stages[stage].peak_mb or 0)
            yield Target(
                f"{stage}, peak MB, {large.rows:,} against {small.rows:,} rows",
                f"within {MEMORY_MB} MB", f"{more:+.0f} MB", more <= MEMORY_MB,
            )  # fmt: skip


def _rivals(figures: Figures) -> Iterator[Target]:
    own = figures.largest.stages.get(IMPORT)
    if own is None:
        return
    times_of = {import_export(*of): TIMES_IMPORT_EXPORT[of] for of in IMPORT_EXPORT}
    for name, (times, is_promise) in {**times_of, LOOP: (TIMES_LOOP, True)}.items():
        if name in figures.rivals:
            yield _faster(own, figures.rivals[name], times, is_promise=is_promise)


def _faster(own: Line, rival: Line, times: float, *, is_promise: bool) -> Target:
    faster = own.rate / rival.rate
    return Target(
        f"import, learners/s, of {rival.what}", f"≥ {times:g} ×", f"{faster:.1f} ×",
        faster >= times, is_promise,
    )  # fmt: skip


def _complete(size: Size) -> bool:
    return all(stage in size.stages for stage in STAGES)
