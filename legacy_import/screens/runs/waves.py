"""What a commit has still to do, per wave, and what a rollback would take back, per outcome."""

from dataclasses import dataclass

from legacy_import.choices import COMMITTED_OUTCOMES, FocusMode, PlannedAction
from legacy_import.screens.runs.counts import RunCounts, waiting


@dataclass(frozen=True, slots=True)
class WaveLine:
    """The rows of one wave ("": of the whole run) that wait for their commit.

    `actions` are numbers in the order of ACTIONS; `review` rows wait for people and only leave a
    line in the log.
    """

    focus: str
    actions: tuple[int, ...]
    rows: int
    review: int


# The order of the columns.
ACTIONS = (
    PlannedAction.CREATE_COMPLETED_TRAINING,
    PlannedAction.CREATE_ENROLLMENT,
    PlannedAction.CREATE_CRM_LEAD,
    PlannedAction.LINK_EXISTING,
    PlannedAction.SKIP,
)


def wave_lines(counts: RunCounts) -> tuple[WaveLine, ...]:
    """One line per wave, in their order, then all of them with what belongs to none."""
    return tuple(_line(counts, focus) for focus in (*FocusMode, None))


def _line(counts: RunCounts, focus: FocusMode | None) -> WaveLine:
    found = waiting(counts, focus)
    actions = tuple(found[action] for action in ACTIONS)
    return WaveLine(
        focus.value if focus else "", actions, sum(actions), found[PlannedAction.REVIEW]
    )


def outcomes_in_force(counts: RunCounts) -> tuple[tuple[str, int], ...]:
    """(outcome, rows) of what stands on the platform, the most frequent first."""
    return tuple(counts.spread("outcome", outcome=COMMITTED_OUTCOMES).items())
