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
    request: HttpRequest, asked: QueueAddress, *, status: int = 200, **told: Any
) -> HttpResponse:
    """The page. `told`: a refusal, a revealed contact, a payload, people found, for the template."""
    run, now, actor = asked.run, timezone.now(), reviewer_of(request)
    counts = count_queue(run, asked.query)
    total, progress = counts.total(), counts.progress()
    page = _page(asked, counts)
    selected = asked.row or _first(asked, page)
    detail = (
        detail_of(run, selected, actor=actor, now=now, person=asked.person) if selected else None
    )
    if asked.row and detail is None:
        raise Http404
    asked = replace(asked, row=selected)
    recent = last_decisions(actor)
    context = {
        "asked": asked,
        "here": asked.encoded(),
        "tabs": tabs_of(asked, progress),
        "progress": progress[asked.query.focus],
        "states": states_of(asked, counts),
        "facets": facets_of(asked, counts),
        "chips": chips_of(asked),
        "cleared": asked.filtered(ReviewFilter(focus=asked.query.focus)),
        "total": total,
        "cut": counts.cut,
        "how": counts.matches.how if counts.matches else "",
        "lines": _lines(asked, page, actor, now),
        "position": _position(page, selected),
        "page": page,
        "pager": pager_of(asked, page, counts),
        "detail": detail,
        "people": _people(asked, detail),
        "diff_address": asked.address(only_differences=not asked.only_differences),
        "recent": recent,
        "undo_first": next((one for one in recent if one.can_be_undone), None),
        "since_plan": decisions_since_plan(run),
        "saved": [(one, asked_address(run, one.query)) for one in filters_of(actor)],
        "next_focus": None if total else next_focus_of(asked, progress),
        "most_in_bulk": MAX_ROWS,
        "bulk_decisions": bulk_decisions(asked.query),
        "treat_as_choices": treat_as_choices(),
        "may_reveal": actor.has_perm(f"{APP_LABEL}.{REVEAL_PII}"),
        "may_see_raw": actor.has_perm(f"{APP_LABEL}.{VIEW_RAW}"),
        "may_map": actor.has_perm(f"{APP_LABEL}.{MAP}"),
    }
    return render_page(
        request, TEMPLATE, section=SECTION, title=title(), run=run, status=status,
        **{**context, **told},
    )  # fmt: skip


def asked_address(run: LegacyImportRun, query: str) -> str:
    """The address of a saved filter in this run."""
    return f"{QueueAddress(run, ReviewFilter()).address().partition('?')[0]}?run={run.pk}&{query}"


def _page(asked: QueueAddress, counts: FilteredCounts) -> Page:
    if asked.at or asked.after or asked.before:
        found = page_of(asked.run, counts, at=asked.at, after=asked.after, before=asked.before)
        if found.lines:
            return found
    page = page_of(asked.run, counts)
    if asked.row and page.next and all(line.row != asked.row for line in page.lines):
        from_row = page_of(asked.run, counts, at=asked.row)
        return from_row if any(line.row == asked.row for line in from_row.lines) else page
    return page


def _first(asked: QueueAddress, page: Page) -> int | None:
    """The row that opens by itself: the nearest in the direction the reader came from."""
    if not page.lines:
        return None
    return page.lines[-1 if asked.before else 0].row


def _position(page: Page, selected: int | None) -> int:
    return next((n for n, line in enumerate(page.lines, 1) if line.row == selected), 0)


def _lines(asked: QueueAddress, page: Page, actor: User, now: Any) -> list[dict[str, Any]]:
    stay = replace(asked, at=page.lines[0].row, after=None, before=None) if page.lines else asked
    looking = holders(row_ids=[line.row for line in page.lines], actor=actor, now=now)
    return [
        {
            "line": line,
            "address": stay.at_row(line.row),
            "current": line.row == asked.row,
            "holder": looking.get(line.row),
        }
        for line in page.lines
    ]


def _people(asked: QueueAddress, detail: Any) -> Sequence[tuple[Any, str]]:
    if detail is None:
        return ()
    return [(target, asked.address(person=(target.kind, target.id))) for target in detail.targets]


__all__ = ["Recent", "asked_address", "render_queue"]
