"""The facets and active filters of a list of rows as links, in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from legacy_import.review.counts import FilteredCounts
from legacy_import.review.filter import STATUS, VOCABULARIES
from legacy_import.review.old_status import EMPTY, OldStatus
from legacy_import.rules.reasons import REASONS
from legacy_import.screens.address import RowsAddress

FACET_NAMES: dict[str, Promise] = {
    "planned_reason": gettext_lazy("why it waits"),
    STATUS: gettext_lazy("old status"),
    "classification": gettext_lazy("meaning of the row"),
    "validation_status": gettext_lazy("validation"),
    "duplicate_confidence": gettext_lazy("match with a known person"),
    "session_type": gettext_lazy("session"),
    "import_action": gettext_lazy("requested training record"),
    "without_course": gettext_lazy("course"),
    "source_table": gettext_lazy("source table"),
    "to_classify": gettext_lazy("mapping"),
    "decision": gettext_lazy("decision"),
    "earlier_decision": gettext_lazy("decided about an earlier version"),
}
# Facets that are shown for one value, too: most rows have none.
RARE = frozenset({"earlier_decision"})
YES_NO: dict[str, tuple[Promise, Promise]] = {
    "without_course": (
        gettext_lazy("without a mapped course"),
        gettext_lazy("with a mapped course"),
    ),
    "to_classify": (gettext_lazy("changed since the plan"), gettext_lazy("as in the plan")),
}


class FacetLink(NamedTuple):
    """One value of a facet: how many rows it selects, and the URL that sets or removes it."""

    name: str
    rows: int
    url: str
    current: bool


class Facet(NamedTuple):
    """A facet in which rows differ, with its values, most rows first."""

    code: str
    name: str
    values: list[FacetLink]


Chip = tuple[str, str, str]  # an active filter: its name, its value, and the URL without it


def facets_of(
    address: RowsAddress, counts: FilteredCounts, names: Mapping[str, str | Promise]
) -> list[Facet]:
    """Each active, rare or differing facet, counted under the other active filters."""
    facets = []
    for facet, name in names.items():
        links = [
            FacetLink(
                value_name(facet, item.value),
                item.rows,
                address.first_page(
                    address.query.with_facet(facet, "" if item.active else item.value)
                ),
                item.active,
            )
            for item in counts.facet(facet)
            if item.value
        ]
        if len(links) > (facet not in RARE) or facet in address.query.facets:
            facets.append(Facet(facet, str(name), links))
    return facets


def status_facet(address: RowsAddress, statuses: Sequence[OldStatus] | None) -> Facet | None:
    """The old statuses as they were typed; None where the rows do not differ in them.

    Without any where too many rows pass the filter to be read (`statuses` is None).
    """
    query = address.query
    if statuses is None:
        return Facet(STATUS, str(FACET_NAMES[STATUS]), [])
    current = query.facets.get(STATUS, "")
    if len(statuses) < 2 and not current:
        return None
    links = [
        FacetLink(
            # Typed by hand, in any direction: apart from the words around it.
            format_html("<bdi>{}</bdi>", value_name(STATUS, EMPTY) if value == EMPTY else spelling),
            rows,
            address.first_page(query.with_facet(STATUS, "" if value == current else value)),
            value == current,
        )
        for value, spelling, rows in statuses
    ]
    return Facet(STATUS, str(FACET_NAMES[STATUS]), links)


def chips_of(address: RowsAddress, names: Mapping[str, str | Promise]) -> list[Chip]:
    """Every active filter, including the search."""
    query = address.query
    chips = [
        (
            str(names[facet]),
            value_name(facet, value),
            address.first_page(query.with_facet(facet, "")),
        )
        for facet, value in query.facets.items()
    ]
    if query.search:
        chips.append((_("search"), query.search, address.first_page(query.without_search())))
    return chips


def value_name(facet: str, value: str) -> str:
    """One value of one facet, never raw where there are words for it."""
    if facet == STATUS:
        return gettext("none") if value == EMPTY else value
    if facet in YES_NO:
        return str(YES_NO[facet][value != "1"])
    vocabulary = VOCABULARIES[facet]
    if vocabulary is None:
        return gettext(REASONS.get(value, "unknown"))
    return str(vocabulary(value).label) if value in vocabulary.values else gettext("none")
