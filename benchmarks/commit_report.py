"""What commit and rollback must reach, how far they are, and their section of docs/performance.md."""

from collections.abc import Sequence

from benchmarks.report import DOCS, Line, Report, Target

COMMIT, ROLLBACK = "legacy_commit", "legacy_rollback"
IDLE = "legacy_commit, nothing left to do"
INSERTS, DELETES = "plain INSERTs, same records", "plain DELETEs, same records"
BEGIN, END = "<!-- commit measured: begin -->", "<!-- commit measured: end -->"
SHARE_OF_PLAIN = 0.15
FLAT = 1.2  # the most that a row may cost in a large run, of what it costs in a small one
MEMORY_MB = 30


def judge(lines: Sequence[Line], small_lines: Sequence[Line]) -> list[Target]:
    """Each target, from the lines of the large run and of the small one."""
    full = {line.what: line for line in lines}
    small = {line.what: line for line in small_lines}
    pairs = ((COMMIT, INSERTS), (ROLLBACK, DELETES))
    targets = [_share(full, *pair, counts=True) for pair in pairs]
    targets += [_share(small, *pair, counts=False) for pair in pairs]
    targets += [_flat(name, full, small) for name, _ in pairs]
    return targets + [_memory(full[name], small[name]) for name, _ in pairs]


def _share(lines: dict[str, Line], own: str, plain: str, *, counts: bool) -> Target:
    share = lines[own].rate / lines[plain].rate
    return Target(
        f"{own}, rows/s, of {plain}, {lines[own].rows:,} rows", f"≥ {SHARE_OF_PLAIN:.2f}",
        f"{share:.3f}", share >= SHARE_OF_PLAIN, counts,
    )  # fmt: skip


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
    before, begin, rest = DOCS.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{DOCS} lacks the markers {BEGIN} and {END}")
    DOCS.write_text(f"{before}{BEGIN}\n\n{report.render()}\n\n{END}{after}")
