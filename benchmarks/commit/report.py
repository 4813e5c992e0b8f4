"""What commit and rollback must reach, how far they are, and their section of docs/performance.md."""

from collections.abc import Sequence

from benchmarks.report import PERFORMANCE, Line, Report, Target, write_block

COMMIT, ROLLBACK = "legacy_commit", "legacy_rollback"
IDLE = "legacy_commit, nothing left to do"
INSERTS, DELETES = "plain INSERTs, same records", "plain DELETEs, same records"
BLOCK = "commit measured"
PAIRS = (
    (COMMIT, INSERTS, 0.30),
    (ROLLBACK, DELETES, 0.15),
)  # own, plain, least share of its rows/s
FLAT = 1.2  # the most that a row may cost in a large run, of what it costs in a small one
MEMORY_MB = 30


def check_targets(lines: Sequence[Line], small_lines: Sequence[Line]) -> list[Target]:
    """Each target, from the lines of the large run and of the small one."""
    full = {line.what: line for line in lines}
    small = {line.what: line for line in small_lines}
    targets = shares(lines) + shares(small_lines, counts=False)
    targets += [_flat(name, full, small) for name, _, _ in PAIRS]
    return targets + [_memory(full[name], small[name]) for name, _, _ in PAIRS]


def shares(lines: Sequence[Line], *, counts: bool = True) -> list[Target]:
    """Commit and rollback next to the plain statements, in one run."""
    by_name = {line.what: line for line in lines}
    targets = []
    for own, plain, least in PAIRS:
        share = by_name[own].rate / by_name[plain].rate
        what = f"{own}, rows/s, of {plain}, {by_name[own].rows:,} rows"
        targets.append(Target(what, f"≥ {least:.2f}", f"{share:.3f}", share >= least, counts))
    return targets


def _flat(name: str, full: dict[str, Line], small: dict[str, Line]) -> Target:
    """Without what starting costs: that would make the small run's rows look dear."""
    start = small[IDLE].seconds
    cost = [(lines[name].seconds - start) / lines[name].rows * 1e3 for lines in (small, full)]
    ratio = cost[1] / cost[0]
    return Target(
        f"{name}, ms a row, {full[name].rows:,} against {small[name].rows:,} rows, starting apart",
        f"≤ {FLAT} ×", f"{cost[0]:.3f} → {cost[1]:.3f} = {ratio:.2f} ×", ratio <= FLAT,
    )  # fmt: skip


def _memory(full: Line, small: Line) -> Target:
    more = (full.peak_mb or 0) - (small.peak_mb or 0)
    return Target(
        f"{full.what}, peak MB, {full.rows:,} against {small.rows:,} rows",
        f"within {MEMORY_MB} MB", f"{more:+.0f} MB", more <= MEMORY_MB,
    )  # fmt: skip


def write_section(report: Report) -> None:
    """Replace the commit's block of docs/performance.md. Raises ValueError without its markers."""
    write_block(PERFORMANCE, BLOCK, report.render())
