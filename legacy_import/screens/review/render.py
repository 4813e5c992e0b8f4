"""The review queue as one page: tabs, facets, list, and the open row. Built for GET and POST alike."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from legacy_import.choices import FocusMode
from legacy_import.errors import LegacyImportError
from legacy_import.permissions import APP_LABEL, MAP, REVEAL_PII, VIEW_RAW
from legacy_import.review.bulk import MAX_ROWS
from legacy_import.review.bulk_undo import last_answers
from legacy_import.review.counts import (
    FilteredCounts,
    ReviewProgress,
    count_rows,
    decided_since,
    decisions_since_plan,
)
from legacy_import.review.decisions import NotPossible, other_viewers
from legacy_import.review.filter import ALL, FOCUSES, OTHER, PENDING, RowFilter
from legacy_import.review.saved_filters import filters_of
from legacy_import.screens.address import QUEUE, RowsAddress, reviewer_of
from legacy_import.screens.facets import FACET_NAMES, FacetLink, chips_of, facets_of
from legacy_import.screens.page import render_page
from legacy_import.screens.pages import Anchor, Page, pager_of
from legacy_import.screens.review.detail import detail_of
from legacy_import.screens.review.listing import page_of
from legacy_import.screens.review.words import (
    STATE_NAMES,
    bulk_decisions,
    focus_name,
    treat_as_choices,
)

SECTION, TITLE = "review", gettext_lazy("Review queue")
TEMPLATE = "admin/legacy_imports/review/page.html"
# The states replace the facet of decisions; in an address it still is an active filter.
SIDE_FACETS = {name: words for name, words in FACET_NAMES.items() if name != "decision"}


Progress = Mapping[str, ReviewProgress]  # of each focus


def render_queue(
    request: HttpRequest, address: RowsAddress, *, status: int = 200, **extra: Any
) -> HttpResponse:
    """The page. `extra`: a refusal, a contact, a payload, people with a phone, for the template."""
    run, now, actor = address.run, timezone.now(), reviewer_of(request)
    counts = count_rows(run, address.query)
    total, progress = counts.total(), counts.progress()
    page = _page(address, counts)
    row = address.row or _first(address, page)
    detail = detail_of(run, row, actor=actor, now=now, person=address.person) if row else None
    if address.row and detail is None:
        raise Http404
    address = replace(address, row=row)
    recent = last_answers(actor, run)
    context = {
        "address": address,
        "here": address.query_string(),
        "tabs": [_tab(address, focus, progress) for focus in FOCUSES],
        "progress": progress[address.query.focus],
        "decided_today": decided_since(run, timezone.localtime(now).replace(hour=0, minute=0)),
        "states": _states(address, counts),
        "facets": facets_of(address, counts, SIDE_FACETS),
        "chips": chips_of(address, FACET_NAMES),
        "unfiltered_url": address.first_page(RowFilter(focus=address.query.focus, state=PENDING)),
        "total": total,
        "cut": counts.cut,
        "matches": counts.matches,
        "lines": _lines(address, page, actor, now),
        "position": next((n for n, line in enumerate(page.lines, 1) if line["pk"] == row), 0),
        "pager": pager_of(address, page, counts.matches),
        "detail": detail,
        "people": _people(address, detail),
        "earlier_url": _earlier_url(address, detail),
        "diff_url": address.url(only_differences=not address.only_differences),
        "recent": recent,
        "undo_first": next((item for item in recent if item.can_be_undone), None),
        "since_plan": decisions_since_plan(run),
        "saved_filters": [
            (item, f"{reverse(QUEUE)}?run={run.pk}&{item.query}") for item in filters_of(actor)
        ],
        "next_focus": None if total else _next_focus(address, progress),
        "most_in_bulk": MAX_ROWS,
        "bulk_decisions": bulk_decisions(address.query),
        "treat_as_choices": treat_as_choices(),
        "may_reveal": actor.has_perm(f"{APP_LABEL}.{REVEAL_PII}"),
        "may_see_raw": actor.has_perm(f"{APP_LABEL}.{VIEW_RAW}"),
        "may_map": actor.has_perm(f"{APP_LABEL}.{MAP}"),
    }
    return render_page(
        request, TEMPLATE, section=SECTION, title=TITLE, run=run, status=status,
        **{**context, **extra},
    )  # fmt: skip


def render_refusal(
    request: HttpRequest,
    address: RowsAddress,
    error: LegacyImportError,
    *,
    status: int = 400,
    **extra: Any,
) -> HttpResponse:
    """The page unchanged, with the translated reason; 409 for a decision that is not possible."""
    hint = _(error.hint) if error.hint else ""
    status = 409 if isinstance(error, NotPossible) else status
    return render_queue(
        request, address, status=status, refusal=_(error.message), refusal_hint=hint, **extra
    )


def _page(address: RowsAddress, counts: FilteredCounts) -> Page:
    anchor = Anchor(address.after, address.before, address.at)
    if anchor.row:
        page = page_of(address.run, counts, anchor)
        if page.lines:
            return page
    page = page_of(address.run, counts, Anchor())
    if address.row and page.next and all(line["pk"] != address.row for line in page.lines):
        from_row = page_of(address.run, counts, Anchor(at=address.row))
        return from_row if any(line["pk"] == address.row for line in from_row.lines) else page
    return page


def _first(address: RowsAddress, page: Page) -> int | None:
    """The row that opens by default: the nearest in the direction of paging."""
    return page.lines[-1 if address.before else 0]["pk"] if page.lines else None


def _tab(address: RowsAddress, focus: str, progress: Progress) -> dict[str, Any]:
    return {
        "name": focus_name(focus),
        "url": address.first_page(RowFilter(focus=focus, state=PENDING)),
        "current": focus == address.query.focus,
        "progress": progress[focus],
    }


def _next_focus(address: RowsAddress, progress: Progress) -> dict[str, Any] | None:
    """The next focus, in the order of the work, in which rows still wait."""
    for focus in (*FocusMode.values, OTHER):
        if focus != address.query.focus and progress[focus].pending:
            return _tab(address, focus, progress)
    return None


def _states(address: RowsAddress, counts: FilteredCounts) -> list[FacetLink]:
    return [
        FacetLink(
            str(STATE_NAMES[state.value]),
            state.rows,
            address.first_page(replace(address.query, state=state.value)),
            state.active,
        )
        for state in counts.states()
    ]


def _lines(address: RowsAddress, page: Page, actor: User, now: datetime) -> list[dict[str, Any]]:
    if page.lines:
        address = replace(address, at=page.lines[0]["pk"], after=None, before=None)
    viewers = other_viewers(row_ids=[line["pk"] for line in page.lines], actor=actor, now=now)
    return [
        {
            "line": line,
            "url": address.at_row(line["pk"]),
            "current": line["pk"] == address.row,
            "viewer": viewers.get(line["pk"]),
        }
        for line in page.lines
    ]


def _people(address: RowsAddress, detail: dict[str, Any] | None) -> Sequence[tuple[Any, str]]:
    targets = detail["targets"] if detail else ()
    return [(target, address.url(person=(target["kind"], target["id"]))) for target in targets]


def _earlier_url(address: RowsAddress, detail: dict[str, Any] | None) -> str:
    """The rows of the queue with the cause and the earlier decision of the open row, to repeat it."""
    columns = ("planned_reason", "earlier_decision")
    facets = {name: getattr(detail["row"], name) for name in columns} if detail else {}
    if not all(facets.values()) or not facets:
        return ""
    return address.first_page(RowFilter(facets, state=ALL))
