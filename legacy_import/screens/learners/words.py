"""What the filters of the learners list are called, in the reader's language."""

from dataclasses import replace
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from legacy_import.choices import Outcome, PlannedAction
from legacy_import.review.counts import FilteredCounts
from legacy_import.screens.facet_words import FACET_NAMES, value_name
from legacy_import.screens.learners.address import LearnersAddress

# In the order of the journey of a row: where it comes from, what it is, what is planned, what became.
NAMES: dict[str, str | Promise] = {
    "source_table": FACET_NAMES["source_table"],
    "classification": FACET_NAMES["classification"],
    "validation_status": FACET_NAMES["validation_status"],
    "duplicate_confidence": FACET_NAMES["duplicate_confidence"],
    "planned_action": gettext_lazy("plan"),
    "planned_reason": gettext_lazy("reason of the plan"),
    "outcome": gettext_lazy("outcome"),
    "decision": FACET_NAMES["decision"],
    "session_type": FACET_NAMES["session_type"],
    "import_action": FACET_NAMES["import_action"],
    "without_course": FACET_NAMES["without_course"],
    "to_classify": FACET_NAMES["to_classify"],
}
FIRST = 7  # facets that are open from the beginning
SHOWN = 6  # values of a facet that are shown before the others


class FacetLink(NamedTuple):
    """One value of a facet: where it leads ("" leads nowhere: it would leave no row)."""

    name: str
    rows: int
    address: str
    current: bool


class Facet(NamedTuple):
    """A facet with its values, most rows first; `rest` are shown on demand."""

    name: str
    values: list[FacetLink]
    rest: list[FacetLink]
    is_open: bool


class Chip(NamedTuple):
    """An active filter and the address without it."""

    name: str
    value: str
    address: str


def facets_of(address: LearnersAddress, counts: FilteredCounts) -> list[Facet]:
    """Each facet in which rows differ, its values counted under the other active filters."""
    found = []
    for place, (name, words) in enumerate(NAMES.items()):
        active = address.query.facets.get(name, "")
        values = [
            FacetLink(
                named(name, one.value),
                one.rows,
                address.filtered(address.query.with_facet(name, "" if one.active else one.value))
                if one.rows or one.active
                else "",
                one.active,
            )
            for one in counts.facet(name)
            if one.value
        ]
        if len(values) > 1 or active:
            shown = max(SHOWN, 1 + next((n for n, v in enumerate(values) if v.current), 0))
            is_open = place < FIRST or bool(active)
            found.append(Facet(str(words), values[:shown], values[shown:], is_open))
    return found


def chips_of(address: LearnersAddress) -> list[Chip]:
    """Every active filter, the search among them."""
    chips = [
        Chip(str(NAMES[name]), named(name, value),
             address.filtered(address.query.with_facet(name, "")))
        for name, value in address.query.facets.items()
    ]  # fmt: skip
    if address.query.search:
        without = replace(address.query, search="", parts=False)
        chips.append(Chip(_("search"), address.query.search, address.filtered(without)))
    return chips


def named(facet: str, value: str) -> str:
    """One value of one facet, never raw where there are words for it."""
    if facet == "planned_action":
        return str(PlannedAction(value).label)
    if facet == "outcome":
        return str(Outcome(value).label)
    return value_name(facet, value)
