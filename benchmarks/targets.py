"""What the stages must reach, and how far they are."""

from collections.abc import Sequence

from benchmarks.report import Line, Target

FLOOR = "floor: INSERT … SELECT per table"
IMPORT = "legacy_import"
JUDGING = ("legacy_validate", "legacy_classify", "legacy_dry_run")
SHARE_OF_FLOOR = 0.15
MEMORY_MB = 30
# (mode, work) of the rival → how many times faster the import must be; whether issue 2 says so.
TIMES_RIVAL = {
    ("default", "same"): (15.0, True),
    ("lean", "same"): (15.0, False),
    ("lean", "plain"): (15.0, False),
    ("bulk", "same"): (1.5, True),
    ("bulk", "plain"): (1.5, False),
}
MODES = {
    "default": "default settings",
    "lean": "default, no foreign key",
    "bulk": "bulk mode",
}
WORKS = {"same": "same normalization", "plain": "plain columns"}


def rival(mode: str, work: str) -> str:
    """How a django-import-export line is called."""
    return f"django-import-export, {MODES[mode]}, {WORKS[work]}"


def judge(lines: Sequence[Line], small_lines: Sequence[Line]) -> list[Target]:
    """Each target that the measured lines allow to judge."""
    by_name = {line.what: line for line in lines}
    small = {line.what: line for line in small_lines}
    targets = []
    own = by_name.get(IMPORT)
    if own is None:
        return []
    if FLOOR in by_name:
        share = own.rate / by_name[FLOOR].rate
        targets.append(
            Target(
                "import, learners/s, of the floor", f"≥ {SHARE_OF_FLOOR:.2f}", f"{share:.3f}",
                share >= SHARE_OF_FLOOR,
            )
        )  # fmt: skip
    if all(name in by_name for name in JUDGING):
        ratio = sum(by_name[name].seconds for name in JUDGING) / own.seconds
        targets.append(
            Target(
                "validate + classify + dry run, seconds, of the import", "≤ 1.00", f"{ratio:.2f}",
                ratio <= 1,
            )
        )  # fmt: skip
    for name in (IMPORT, *JUDGING):
        if name in small and name in by_name:
            targets.append(_memory(name, by_name[name], small[name]))
    for (mode, work), (times, counts) in TIMES_RIVAL.items():
        if other := by_name.get(rival(mode, work)):
            ratio = own.rate / other.rate
            targets.append(
                Target(
                    f"import, learners/s, of {rival(mode, work)}", f"≥ {times:g} ×",
                    f"{ratio:.1f} ×", ratio >= times, counts,
                )
            )  # fmt: skip
    return targets


def _memory(name: str, full: Line, small: Line) -> Target:
    more = (full.peak_mb or 0) - (small.peak_mb or 0)
    return Target(
        f"{name}, peak MB, {full.rows:,} against {small.rows:,} rows", f"within {MEMORY_MB} MB",
        f"{more:+.0f} MB", more <= MEMORY_MB,
    )  # fmt: skip
