"""Rows that a commit would process, per wave, and rows that a rollback would undo, per outcome."""

from dataclasses import dataclass

from legacy_import.choices import COMMITTED_OUTCOMES, FocusMode, PlannedAction
from legacy_import.screens.runs.counts import RunCounts, pending_counts


@dataclass(frozen=True, slots=True)
class WaveLine:
    """The pending rows of one wave ("": of the whole run).

    `actions` are numbers in the order of ACTIONS; a commit only logs the `review` rows.
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
    """One line per wave, in their order, then one for all rows, including those of no wave."""
    return tuple(_line(counts, focus) for focus in (*FocusMode, None))


def _line(counts: RunCounts, focus: FocusMode | None) -> WaveLine:
    pending = pending_counts(counts, focus)
    actions = tuple(pending[action] for action in ACTIONS)
    return WaveLine(
        focus.value if focus else "", actions, sum(actions), pending[PlannedAction.REVIEW]
    )


def outcomes_in_force(counts: RunCounts) -> tuple[tuple[str, int], ...]:
    """(outcome, rows) of the rows with effects in force, the most frequent first."""
    return tuple(counts.spread("outcome", outcome=COMMITTED_OUTCOMES).items())
