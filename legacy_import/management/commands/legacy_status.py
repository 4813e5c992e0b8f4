"""legacy_status: all runs, or one, and what to do next."""

from collections.abc import Iterator, Mapping
from typing import Any

from legacy_import.choices import RunStatus
from legacy_import.engine.attempts import long_attempts
from legacy_import.management.base import LegacyCommand
from legacy_import.management.certificate import certificate_table
from legacy_import.management.guide import next_of_closed, next_of_planned
from legacy_import.management.printer import Block, CommandResult, Table, shares
from legacy_import.permissions import VIEW
from legacy_import.rules.reasons import REASONS
from legacy_import.runs.lifecycle import find_run
from legacy_import.runs.overview import (
    ReviewState,
    RunOverview,
    review_state,
    rows_left_out,
    run_overviews,
)

LONG_SECONDS = 30  # a chunk takes seconds: who is at work for longer may hang


class Command(LegacyCommand):
    help = "Show all runs (or one with --run): the status of each and what comes next."
    permission = VIEW
    notifies = False
    run_help = "one run in full, by its number; default: all runs"

    def work(self, options: Mapping[str, Any], actor: str) -> CommandResult:
        return status_result(run_overviews(options["run"]), options["run"])


# --- What it prints ---------------------------------------------------------------------------------


def status_result(overviews: list[RunOverview], only: int | None) -> CommandResult:
    """All runs, or with `only` that one in full."""
    counts = {"runs": [overview.as_dict() for overview in overviews]}
    blocks = _blocks(overviews, in_full=only is not None)
    return CommandResult(only, "", counts, blocks, **_next(overviews))


def _next(overviews: list[RunOverview]) -> dict[str, Any]:
    """The next step of the latest run; of one that is planned, the step that makes sense."""
    if not overviews:
        return {"next_command": "legacy_import"}
    latest = overviews[-1]
    run = find_run(latest.run)
    if run.planned_at and latest.next_command == f"legacy_commit --run {run.pk}":
        return next_of_planned(run)
    if run.status == RunStatus.CLOSED:
        return {"next_page": next_of_closed(run)}
    return {"next_command": latest.next_command}


def _blocks(overviews: list[RunOverview], *, in_full: bool) -> Iterator[Block]:
    if not overviews:
        yield "There is no run yet."
        return
    columns = ("run", "status", "connection", "rows", "started", "locked by")
    rows = [
        (str(o.run), o.status, o.connection, o.rows, o.started_at, o.lease_holder or "–")
        for o in overviews
    ]
    yield Table("Runs", columns, rows)
    for attempt in long_attempts(LONG_SECONDS):
        yield f"{attempt.sentence} If it no longer runs, end its session: KILL {attempt.session}"
    latest = overviews[-1]
    if in_full:
        yield from _full_blocks(latest)
    yield f"{len(overviews):,} run(s). Run {latest.run} is '{latest.status}'."


def _full_blocks(overview: RunOverview) -> Iterator[Block]:
    yield f"Source: {overview.source}"
    if overview.certificate:
        yield certificate_table(overview.certificate)
    yield shares("Outcomes", overview.outcomes, "outcome")
    yield from _review(review_state(overview.run))
    left_out = rows_left_out(overview.run).items()
    reasons = [(outcome, why, rows, REASONS.get(why, "")) for (outcome, why), rows in left_out]
    yield Table("Why rows were not committed", ("outcome", "why", "rows", "meaning"), reasons)


def _review(state: ReviewState) -> Iterator[Block]:
    rows = [
        ("decided", state.decided_rows),
        ("postponed", state.postponed),
        ("to decide", state.to_decide),
        ("  of these: a decision was not sufficient", state.insufficient),
    ]
    yield Table("Review", ("state", "rows"), rows)
