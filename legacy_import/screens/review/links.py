"""Where the links of the review queue lead: tabs, states, facets, chips, pages."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from django.utils.translation import gettext as _

from legacy_import.choices import FocusMode
from legacy_import.review.counts import FilteredCounts, ReviewProgress
from legacy_import.review.filter import ALL, FOCUSES, OTHER, ReviewFilter
from legacy_import.review.search import BY_NAME
from legacy_import.screens.facet_words import FACET_NAMES, value_name
from legacy_import.screens.review.address import QueueAddress
from legacy_import.screens.review.listing import Page
from legacy_import.screens.review.screen_words import STATE_NAMES

QUIET_FACETS = ("decision",)  # the states say it better; still a chip when an address has it


class Link(NamedTuple):
    """A tab, a state or a facet value: where it leads and how many rows are there."""

    name: str
    rows: int
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class Tab:
    """One focus with its progress."""

    name: str
    address: str
    current: bool
    progress: ReviewProgress


def focus_name(focus: str) -> str:
    """What a tab is called."""
    if focus == ALL:
        return _("all")
    return _("other") if focus == OTHER else str(FocusMode(focus).label)


def tabs_of(address: QueueAddress, progress: dict[str, ReviewProgress]) -> list[Tab]:
    return [
        Tab(
            focus_name(focus),
            address.filtered(ReviewFilter(focus=focus)),
            focus == address.query.focus,
            progress[focus],
        )
        for focus in FOCUSES
    ]


def states_of(address: QueueAddress, counts: FilteredCounts) -> list[Link]:
    return [
        Link(
            str(STATE_NAMES[found.value]),
            found.rows,
            address.filtered(replace(address.query, state=found.value)),
            found.active,
        )
        for found in counts.states()
    ]


def facets_of(address: QueueAddress, counts: FilteredCounts) -> list[tuple[str, list[Link]]]:
    """Each facet with more than one value: its values, counted under the other active filters."""
    groups = []
    for name, words in FACET_NAMES.items():
        found = [] if name in QUIET_FACETS else counts.facet(name)
        links = [
            Link(
                value_name(name, one.value),
                one.rows,
                address.filtered(address.query.with_facet(name, "" if one.active else one.value)),
                one.active,
            )
            for one in found
        ]
        if len(links) > 1 or name in address.query.facets:
            groups.append((str(words), links))
    return groups


def chips_of(address: QueueAddress) -> list[tuple[str, str, str]]:
    """(facet, value, the address without it) of every active filter."""
    chips = [
        (str(FACET_NAMES[name]), value_name(name, value),
         address.filtered(address.query.with_facet(name, "")))
        for name, value in address.query.facets.items()
    ]  # fmt: skip
    if address.query.search:
        chips.append(
            (
                _("search"),
                address.query.search,
                address.filtered(replace(address.query, search="", parts=False, beyond=0)),
            )
        )
    return chips


def pager_of(address: QueueAddress, page: Page, counts: FilteredCounts) -> dict[str, str]:
    """Addresses of the pages around this one; "" where there is none.

    `further`: what a search has not looked at yet; `parts`: the same search for parts of names.
    """
    first, matches = QueueAddress(address.run, address.query), counts.matches
    further = replace(address.query, beyond=matches.beyond or 0) if matches else address.query
    parts = replace(address.query, parts=True, beyond=0)
    return {
        "further": address.filtered(further) if matches and matches.beyond else "",
        "parts": address.filtered(parts) if matches and matches.how == BY_NAME else "",
        "first": first.url() if page.previous else "",
        "previous": first.url(before=page.previous) if page.previous else "",
        "next": first.url(after=page.next) if page.next else "",
    }


def next_focus_of(address: QueueAddress, progress: dict[str, ReviewProgress]) -> Tab | None:
    """The next focus, in the order of the work, in which rows still wait."""
    for focus in (*FocusMode.values, OTHER):
        if focus != address.query.focus and progress[focus].left:
            url = address.filtered(ReviewFilter(focus=focus))
            return Tab(focus_name(focus), url, False, progress[focus])
    return None
