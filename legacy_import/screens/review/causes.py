"""The queue by its causes, the one that frees most rows first: where each is settled, and for how many.

Causes that only a mapping settles are a manager's; other reviewers see how many rows wait for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun
from legacy_import.review.bulk import MAX_ROWS
from legacy_import.review.counts import FilteredCounts
from legacy_import.review.filter import PENDING, RowFilter
from legacy_import.rules.reasons import REASONS
from legacy_import.rules.resolutions import OF_A_CAUSE, ONLY_BY_MAPPING, RESOLUTIONS
from legacy_import.screens.address import RowsAddress
from legacy_import.screens.review.words import EFFECTS
from legacy_import.screens.text import thousands
from legacy_import.stages.planning.guide import MAPPED, Cause, causes_of

# Kind of mapping → the page on which a manager settles it, and the words of its button.
MAPPING_PAGES: dict[str, tuple[str, Promise]] = {
    "sessions": ("legacy_imports:session-mapping", gettext_lazy("Map the sessions")),
    "courses": ("legacy_imports:course-mapping", gettext_lazy("Map the courses")),
    "statuses": ("legacy_imports:status-mapping", gettext_lazy("Define the statuses")),
}


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One cause in words. `mapping`: address and button of the page that settles it, or None."""

    rows: int
    words: str
    why: str  # the reason, where `words` does not contain it
    queue: RowsAddress  # its rows
    mapping: tuple[str, Promise] | None
    decisions: Sequence[tuple[ReviewDecision, Promise]]  # about all of its rows, with the effect


def cause_lines(
    run: LegacyImportRun, pending: FilteredCounts, *, may_map: bool
) -> tuple[list[CauseLine], int]:
    """The causes of the rows to decide, and how many rows wait for a manager who sees more of them."""
    reasons = {value.value: value.rows for value in pending.facet("planned_reason") if value.rows}
    lines, for_manager = [], 0
    for cause in causes_of(run, reasons, most=None):
        if cause.reason in ONLY_BY_MAPPING and not may_map:
            for_manager += cause.rows
        else:
            lines.append(_line(run, cause, may_map))
    return lines, for_manager


def _line(run: LegacyImportRun, cause: Cause, may_map: bool) -> CauseLine:
    kind = cause.kind or (MAPPED[cause.reason] if cause.reason in ONLY_BY_MAPPING else "")
    mapping = None
    if may_map and kind:
        page, button = MAPPING_PAGES[kind]
        mapping = (f"{reverse(page)}?run={run.pk}", button)
    in_bulk = RESOLUTIONS.get(cause.reason, ()) if cause.rows <= MAX_ROWS else ()
    return CauseLine(
        cause.rows,
        _words(cause),
        _reason(cause) if cause.mappings else "",
        RowsAddress(run, RowFilter({"planned_reason": cause.reason}, state=PENDING)),
        mapping,
        [(decision, EFFECTS[decision]) for decision in in_bulk if decision in OF_A_CAUSE],
    )


def _words(cause: Cause) -> str:
    """'151 registrations wait for 126 sessions'; "" where the reason itself is enough."""
    numbers: dict[str, Any] = {"rows": thousands(cause.rows), "shown": thousands(cause.mappings)}
    if cause.reason == "person_has_history":
        words = ngettext(
            "%(rows)s row of a person who already has a history",
            "%(rows)s rows of people who already have a history",
            cause.rows,
        )
        return words % numbers
    if not cause.mappings:
        words = ngettext("%(shown)s row: %(words)s", "%(shown)s rows: %(words)s", cause.rows)
        return words % {"shown": thousands(cause.rows), "words": _reason(cause)}
    if cause.kind == "statuses":
        words = ngettext("%(rows)s row carries", "%(rows)s rows carry", cause.rows)
        things = ngettext("%(shown)s unknown status", "%(shown)s unknown statuses", cause.mappings)
    elif cause.kind == "sessions":
        words = (
            ngettext(
                "%(rows)s registration waits for", "%(rows)s registrations wait for", cause.rows
            )
            if cause.reason == "session_not_confirmed"
            else _rows_wait(cause.rows)
        )
        things = ngettext("%(shown)s session", "%(shown)s sessions", cause.mappings)
    else:
        words = _rows_wait(cause.rows)
        things = ngettext("%(shown)s course", "%(shown)s courses", cause.mappings)
    return f"{words % numbers} {things % numbers}"


def _reason(cause: Cause) -> str:
    return gettext(REASONS.get(cause.reason, cause.reason))


def _rows_wait(rows: int) -> str:
    return ngettext("%(rows)s row waits for", "%(rows)s rows wait for", rows)
