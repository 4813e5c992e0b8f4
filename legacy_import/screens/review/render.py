"""The review queue as one page: tabs, facets, list, and the open row. Built for GET and POST alike."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from legacy_import.models import LegacyImportRun
from legacy_import.permissions import APP_LABEL, MAP, REVEAL_PII, VIEW_RAW
from legacy_import.review.bulk import MAX_ROWS
from legacy_import.review.counts import FilteredCounts, count_queue, decisions_since_plan
from legacy_import.review.decisions import Recent, holders, last_decisions
from legacy_import.review.filter import ReviewFilter
from legacy_import.review.saved_filters import filters_of
from legacy_import.screens.address import reviewer_of
from legacy_import.screens.page import render_page
from legacy_import.screens.review.address import QueueAddress
from legacy_import.screens.review.detail import detail_of
from legacy_import.screens.review.links import (
    chips_of,
    facets_of,
    next_focus_of,
    pager_of,
    states_of,
    tabs_of,
)
from legacy_import.screens.review.listing import Page, page_of
from legacy_import.screens.review.screen_words import bulk_decisions, treat_as_choices

SECTION = "review"
TEMPLATE = "admin/legacy_imports/review/page.html"


def title() -> str:
    return _("Review queue")


def render_queue(
    request: HttpRequest, address: QueueAddress, *, status: int = 200, **told: Any
) -> HttpResponse:
    """The page. `told`: a refusal, a revealed contact, a payload, people found, for the template."""
    run, now, actor = address.run, timezone.now(), reviewer_of(request)
    counts = count_queue(run, address.query)
    total, progress = counts.total(), counts.progress()
    page = _page(address, counts)
    selected = address.row or _first(address, page)
    detail = (
        detail_of(run, selected, actor=actor, now=now, person=address.person) if selected else None
    )
    if address.row and detail is None:
        raise Http404
    address = replace(address, row=selected)
    recent = last_decisions(actor)
    context = {
        "address": address,
        "here": address.query_string(),
        "tabs": tabs_of(address, progress),
        "progress": progress[address.query.focus],
        "states": states_of(address, counts),
        "facets": facets_of(address, counts),
        "chips": chips_of(address),
        "cleared": address.filtered(ReviewFilter(focus=address.query.focus)),
        "total": total,
        "cut": counts.cut,
        "how": counts.matches.how if counts.matches else "",
        "lines": _lines(address, page, actor, now),
        "position": _position(page, selected),
        "page": page,
        "pager": pager_of(address, page, counts),
        "detail": detail,
        "people": _people(address, detail),
        "diff_address": address.url(only_differences=not address.only_differences),
        "recent": recent,
        "undo_first": next((one for one in recent if one.can_be_undone), None),
        "since_plan": decisions_since_plan(run),
        "saved": [(one, saved_filter_url(run, one.query)) for one in filters_of(actor)],
        "next_focus": None if total else next_focus_of(address, progress),
        "most_in_bulk": MAX_ROWS,
        "bulk_decisions": bulk_decisions(address.query),
        "treat_as_choices": treat_as_choices(),
        "may_reveal": actor.has_perm(f"{APP_LABEL}.{REVEAL_PII}"),
        "may_see_raw": actor.has_perm(f"{APP_LABEL}.{VIEW_RAW}"),
        "may_map": actor.has_perm(f"{APP_LABEL}.{MAP}"),
    }
    return render_page(
        request, TEMPLATE, section=SECTION, title=title(), run=run, status=status,
        **{**context, **told},
    )  # fmt: skip


def saved_filter_url(run: LegacyImportRun, query: str) -> str:
    """The address of a saved filter in this run."""
    return f"{QueueAddress(run, ReviewFilter()).url().partition('?')[0]}?run={run.pk}&{query}"


def _page(address: QueueAddress, counts: FilteredCounts) -> Page:
    if address.at or address.after or address.before:
        found = page_of(
            address.run, counts, at=address.at, after=address.after, before=address.before
        )
        if found.lines:
            return found
    page = page_of(address.run, counts)
    if address.row and page.next and all(line.row != address.row for line in page.lines):
        from_row = page_of(address.run, counts, at=address.row)
        return from_row if any(line.row == address.row for line in from_row.lines) else page
    return page


def _first(address: QueueAddress, page: Page) -> int | None:
    """The row that opens by itself: the nearest in the direction the reader came from."""
    if not page.lines:
        return None
    return page.lines[-1 if address.before else 0].row


def _position(page: Page, selected: int | None) -> int:
    return next((n for n, line in enumerate(page.lines, 1) if line.row == selected), 0)


def _lines(address: QueueAddress, page: Page, actor: User, now: Any) -> list[dict[str, Any]]:
    stay = (
        replace(address, at=page.lines[0].row, after=None, before=None) if page.lines else address
    )
    looking = holders(row_ids=[line.row for line in page.lines], actor=actor, now=now)
    return [
        {
            "line": line,
            "address": stay.at_row(line.row),
            "current": line.row == address.row,
            "holder": looking.get(line.row),
        }
        for line in page.lines
    ]


def _people(address: QueueAddress, detail: Any) -> Sequence[tuple[Any, str]]:
    if detail is None:
        return ()
    return [(target, address.url(person=(target.kind, target.id))) for target in detail.targets]


__all__ = ["Recent", "render_queue", "saved_filter_url"]
