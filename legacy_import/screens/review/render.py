"""The review queue as one page: tabs, facets, list, and the open row. Built for GET and POST alike."""

import hashlib
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
from legacy_import.models import LegacyImportRun
from legacy_import.permissions import APP_LABEL, MAP, REVEAL_PII, VIEW_RAW
from legacy_import.review.bulk import MAX_ROWS
from legacy_import.review.bulk_undo import last_answers
from legacy_import.review.claims import other_viewers, take, taken_rows
from legacy_import.review.counts import (
    FilteredCounts,
    ReviewProgress,
    count_rows,
    decisions_since_plan,
    statuses_under,
)
from legacy_import.review.decisions import NotPossible
from legacy_import.review.filter import ALL, FOCUSES, OTHER, PENDING, STATUS, RowFilter
from legacy_import.review.saved_filters import filters_of
from legacy_import.review.tally import tally, tally_of
from legacy_import.screens.address import QUEUE, RowsAddress, reviewer_of
from legacy_import.screens.facets import (
    FACET_NAMES,
    Facet,
    FacetLink,
    chips_of,
    facets_of,
    status_facet,
)
from legacy_import.screens.page import render_page
from legacy_import.screens.pages import Anchor, Page, pager_of
from legacy_import.screens.review.causes import cause_lines
from legacy_import.screens.review.detail import detail_of
from legacy_import.screens.review.keys import keys_for_templates
from legacy_import.screens.review.listing import (
    claim_next_row,
    next_row,
    notes_of_postponed,
    page_of,
    with_fellows,
)
from legacy_import.screens.review.words import (
    STATE_NAMES,
    bulk_decisions,
    focus_name,
    treat_as_choices,
)

SECTION, TITLE = "review", gettext_lazy("Review queue")
TEMPLATE = "admin/legacy_imports/review/page.html"
CAUSES = "admin/legacy_imports/review/causes.html"
ROW_TEMPLATE = "admin/legacy_imports/review/row.html"
# The parts of the page that its script requests with this header, to show another row in its place.
# Looking ahead is not opening: neither records that the row is open.
PART, ROW, AROUND = "X-Part", "row", "around"
FRAMES = {"": "admin/legacy_imports/base.html", AROUND: "admin/legacy_imports/review/around.html"}
# The states replace the facet of decisions; in an address it still is an active filter.
SIDE_FACETS = {
    name: words for name, words in FACET_NAMES.items() if name not in ("decision", STATUS)
}


Progress = Mapping[str, ReviewProgress]  # of each focus


def render_queue(
    request: HttpRequest, address: RowsAddress, *, status: int = 200, **extra: Any
) -> HttpResponse:
    """The page, or the part of it that its script requests.

    `extra`: a refusal, a contact, a payload, people with a phone, for the template.
    """
    run, now, actor = address.run, timezone.now(), reviewer_of(request)
    part = request.headers.get(PART, "") if request.method == "GET" else ""
    counts = count_rows(run, address.query)
    if part == ROW and address.row:
        context = _row_context(address, counts, actor, now)
        return render_page(
            request, ROW_TEMPLATE, section=SECTION, title=TITLE, run=run, **context
        )  # fmt: skip
    page = _page(address, counts)
    requested = address.row
    if not requested and part != AROUND:
        address = replace(address, row=_free_row(address, counts, page, actor, now))
    context = _list_context(address, counts, page, actor, now)
    if part != AROUND:
        context |= _row_context(address, counts, actor, now)
        if requested and context["detail"]["open"]:
            take(row_id=requested, actor=actor, now=now)
    return render_page(
        request, TEMPLATE, section=SECTION, title=TITLE, run=run, status=status,
        part=part, frame=FRAMES.get(part, FRAMES[""]), **{**context, **extra},
    )  # fmt: skip


def _row_context(
    address: RowsAddress, counts: FilteredCounts, actor: User, now: datetime
) -> dict[str, Any]:
    """The open row, and the address of the next one. Raises Http404 for a row of another run."""
    run, detail = address.run, None
    if address.row:
        detail = detail_of(run, address.row, actor=actor, now=now, person=address.person)
        if detail is None:
            raise Http404
    taken_ids = taken_rows(actor=actor, now=now) if detail else []
    following = next_row(run, counts, address.row, without=taken_ids) if detail else None
    return {
        "address": address,
        "here": address.query_string(),
        "keys": keys_for_templates(),
        "detail": detail,
        "next_url": address.starting_at(following) if following not in (None, address.row) else "",
        "people": _people(address, detail),
        "earlier_url": _earlier_url(address, detail),
        "diff_url": address.url(only_differences=not address.only_differences),
        "may_reveal": actor.has_perm(f"{APP_LABEL}.{REVEAL_PII}"),
        "may_see_raw": actor.has_perm(f"{APP_LABEL}.{VIEW_RAW}"),
        "may_map": actor.has_perm(f"{APP_LABEL}.{MAP}"),
    }


def _list_context(
    address: RowsAddress, counts: FilteredCounts, page: Page, actor: User, now: datetime
) -> dict[str, Any]:
    """Everything around the open row: tabs, progress, list, filters, the last decisions."""
    run, total, progress = address.run, counts.total(), counts.progress()
    recent = last_answers(actor, run)
    return {
        "address": address,
        "here": address.query_string(),
        "keys": keys_for_templates(),
        "tabs": [_tab(address, focus, progress) for focus in FOCUSES],
        "causes_url": causes_url(run),
        "progress": progress[address.query.focus],
        "tally": tally(run, counts, now),
        "own_tally": tally_of(run, address.query, actor, now),
        "states": _states(address, counts),
        "facets": _facets(address, counts),
        "chips": chips_of(address, FACET_NAMES),
        "unfiltered_url": address.first_page(RowFilter(focus=address.query.focus, state=PENDING)),
        "total": total,
        "cut": counts.cut,
        "matches": counts.matches,
        "lines": _lines(address, counts, page, actor, now),
        "list_key": _list_key(address),
        "pager": pager_of(address, page, counts.matches),
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
        "may_map": actor.has_perm(f"{APP_LABEL}.{MAP}"),
    }


def render_causes(request: HttpRequest, run: LegacyImportRun) -> HttpResponse:
    """What the queue opens with: why its rows wait, over all focuses."""
    address = RowsAddress(run, RowFilter(state=PENDING))
    counts, now, actor = count_rows(run, address.query), timezone.now(), reviewer_of(request)
    progress = counts.progress()
    may_map = actor.has_perm(f"{APP_LABEL}.{MAP}")
    lines, for_manager = cause_lines(run, counts, may_map=may_map)
    return render_page(
        request,
        CAUSES,
        section=SECTION,
        title=TITLE,
        run=run,
        causes=lines,
        for_manager=for_manager,
        causes_url=causes_url(run),
        tabs=[_tab(address, focus, progress) | {"current": False} for focus in FOCUSES],
        progress=progress[ALL],
        tally=tally(run, counts, now),
        own_tally=tally_of(run, address.query, actor, now),
    )


def causes_url(run: LegacyImportRun) -> str:
    """The address of the causes: that of the queue without a filter."""
    return f"{reverse(QUEUE)}?run={run.pk}"


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


def _free_row(
    address: RowsAddress, counts: FilteredCounts, page: Page, actor: User, now: datetime
) -> int | None:
    """The row that opens by default: the nearest in the direction of paging that no other user has
    open. It is the actor's from now on."""
    rows = [line["pk"] for line in page.lines]
    taken_ids = set(taken_rows(actor=actor, now=now)) if rows else set()
    for row in reversed(rows) if address.before else rows:
        if row not in taken_ids and take(row_id=row, actor=actor, now=now):
            return int(row)
    return claim_next_row(address.run, counts, rows[-1], actor=actor, now=now) if rows else None


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


def _facets(address: RowsAddress, counts: FilteredCounts) -> list[Facet]:
    """The facets of the side panel; the old status after the cause."""
    facets = facets_of(address, counts, SIDE_FACETS)
    statuses = status_facet(address, statuses_under(address.run, counts))
    if statuses:
        facets.insert(bool(facets) and facets[0].code == "planned_reason", statuses)
    return facets


def _lines(
    address: RowsAddress, counts: FilteredCounts, page: Page, actor: User, now: datetime
) -> list[dict[str, Any]]:
    if page.lines:
        address = replace(address, at=page.lines[0]["pk"], after=None, before=None)
    lines = with_fellows(address.run, counts, page.lines)
    viewers = other_viewers(
        row_ids=[line["pk"] for line, _is_fellow in lines], actor=actor, now=now
    )
    notes = notes_of_postponed(address.run, [line for line, _is_fellow in lines])
    items, cause = [], ""
    for line, is_fellow in lines:
        own = line["planned_reason"]
        items.append(
            {
                "line": line,
                "url": address.at_row(line["pk"]),
                "current": line["pk"] == address.row,
                "viewer": viewers.get(line["pk"]),
                "note": notes.get(line["pk"], ""),
                "is_fellow": is_fellow,
                # A heading for each cause; a row of the same person stays where that person is.
                "heading": "" if is_fellow or own == cause else own,
                "other_cause": own if is_fellow and own != cause else "",
            }
        )
        cause = cause if is_fellow else own
    return items


def _list_key(address: RowsAddress) -> str:
    """The list in which rows are selected: its run and filter, from which neither can be read."""
    text = f"{address.run.pk}?{address.query.query_string()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
