"""POSTs of the queue as a whole: the search, saved filters, and one decision about many rows."""

from collections.abc import Sequence
from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.permissions import REVIEW, permission_needed
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.bulk import (
    MAX_ROWS,
    BulkReport,
    Choice,
    CountChanged,
    bulk,
    effect_on,
    matching,
    require_bulk,
)
from legacy_import.review.bulk_undo import undo_bulk
from legacy_import.review.decisions import NotPossible, name_of
from legacy_import.review.filter import RowFilter, UnknownFilter
from legacy_import.review.saved_filters import delete_filter, save_filter
from legacy_import.screens.address import (
    RowsAddress,
    parse_number,
    reviewer_of,
    sent_address,
    sent_run,
)
from legacy_import.screens.facets import FACET_NAMES, value_name
from legacy_import.screens.page import render_page
from legacy_import.screens.review.effect_words import answer_words
from legacy_import.screens.review.forms import BulkForm, FilterForm, UndoForm
from legacy_import.screens.review.render import SECTION, TITLE, render_queue, render_refusal
from legacy_import.screens.review.words import EFFECTS, STATE_NAMES, done_words

CONFIRM = "admin/legacy_imports/review/bulk.html"


@permission_needed(REVIEW, methods=["POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Redirect to the rows with an old number or a name; 400 for a contact, never in an address."""
    address = _sent_address(request)
    query = address.query.without_search()
    try:
        parameters = {**query.parameters(), "q": request.POST.get("q", "").strip()}
        result = RowFilter.parse(parameters, queue=True)
    except ContainsContact:
        refusal = _("A phone or an e-mail is never searched for in an address.")
        return render_queue(request, RowsAddress(address.run, query), status=400, refusal=refusal)
    return HttpResponseRedirect(address.first_page(result))


@permission_needed(REVIEW, methods=["POST"])
def filters(request: HttpRequest) -> HttpResponse:
    """Save the filter of the page under a name, or delete a saved one."""
    address = _sent_address(request)
    form, actor = FilterForm(request.POST), reviewer_of(request)
    if not form.is_valid():
        return render_queue(request, address, status=400, refusal=_("Give the filter a name."))
    if form.cleaned_data["forget"]:
        delete_filter(actor=actor, filter_id=form.cleaned_data["forget"])
        return HttpResponseRedirect(address.url())
    try:
        query = replace(address.query, beyond=0).query_string()  # `beyond` is a row of this run
        save_filter(actor=actor, name=form.cleaned_data["name"], query=query)
    except UnknownFilter:
        raise Http404 from None
    except LegacyImportError as error:
        return render_refusal(request, address, error)
    messages.success(request, _("The filter is saved."))
    return HttpResponseRedirect(address.url())


@permission_needed(REVIEW, methods=["POST"])
def bulk_decision(request: HttpRequest) -> HttpResponse:
    """The confirm page; with a confirmed number of rows, the decision."""
    address, form = _sent_address(request), BulkForm(request.POST)
    if not form.is_valid():
        refusal = _("Choose a decision and the rows it is about.")
        return render_queue(request, address, status=400, refusal=refusal)
    decision, treat_as = form.cleaned_data["decision"], form.cleaned_data["treat_as"]
    ids = None
    if form.cleaned_data["scope"] == "chosen":
        ids = [parse_number(text) or 0 for text in request.POST.getlist("ids")]
        if not 0 < len(ids) <= MAX_ROWS:
            refusal = _("At most 1,000 rows at a time.") if ids else _("No row is selected.")
            return render_queue(request, address, status=400, refusal=refusal)
    expected = form.cleaned_data["expected"]
    if expected is None:
        return _confirm(request, address, decision, treat_as, ids)
    return _decide(request, address, decision, treat_as, ids, expected)


@permission_needed(REVIEW, methods=["POST"])
def undo_many(request: HttpRequest) -> HttpResponse:
    """Undo one of the reviewer's own last answers about several rows."""
    address, form = _sent_address(request), UndoForm(request.POST)
    if not form.is_valid():
        return render_queue(request, address, status=400, refusal=_("This decision is incomplete."))
    try:
        report = undo_bulk(
            bulk_id=form.cleaned_data["event"],
            actor=reviewer_of(request),
            now=timezone.now(),
            run=address.run,
        )
    except LegacyImportError as error:
        return render_refusal(request, address, error, status=409)
    text = ngettext(
        "Undone: %(number)d row waits again.", "Undone: %(number)d rows wait again.", report.rows
    )
    messages.success(request, text % {"number": report.rows})
    if report.left:
        text = ngettext(
            "%(number)d row keeps its decision: it is committed, or not in this run.",
            "%(number)d rows keep their decision: they are committed, or not in this run.",
            report.left,
        )
        messages.warning(request, text % {"number": report.left})
    return HttpResponseRedirect(address.first_page(address.query))


def _sent_address(request: HttpRequest) -> RowsAddress:
    """The page of the queue from which the form was sent. Raises Http404."""
    return sent_address(request, sent_run(request), queue=True)


def _confirm(
    request: HttpRequest,
    address: RowsAddress,
    decision: Choice,
    treat_as: Classification | None,
    ids: Sequence[int] | None,
) -> HttpResponse:
    """The filter, the number and the effect, repeated before anything is written."""
    query = address.query
    try:
        require_bulk(query, decision)
        rows = matching(address.run, query, ids)
        answers = effect_on(address.run, rows[:MAX_ROWS], decision, treat_as)
    except NotPossible as error:
        return render_refusal(request, address, error)
    if not rows or len(rows) > MAX_ROWS:
        refusal = _("At most 1,000 rows at a time.") if rows else _("No row is selected.")
        return render_queue(request, address, status=409, refusal=refusal)
    return render_page(
        request,
        CONFIRM,
        section=SECTION,
        title=TITLE,
        run=address.run,
        address=address,
        here=address.query_string(),
        back=address.url(),
        decision=decision,
        treat_as=treat_as if decision == ReviewDecision.TREAT_AS else None,
        effect=EFFECTS[decision],
        answers=[(answer_words(answer), number) for answer, number in answers.answers.items()],
        does_not_apply=answers.does_not_apply,
        state=STATE_NAMES[query.state],
        filters=[
            (FACET_NAMES[name], value_name(name, value)) for name, value in query.facets.items()
        ],
        number=len(rows),
        ids=rows if ids is not None else None,
        scope="all" if ids is None else "chosen",
    )


def _decide(
    request: HttpRequest,
    address: RowsAddress,
    decision: Choice,
    treat_as: Classification | None,
    ids: Sequence[int] | None,
    expected: int,
) -> HttpResponse:
    try:
        report = bulk(
            run=address.run,
            query=address.query,
            expected=expected,
            decision=decision,
            treat_as=treat_as,
            actor=reviewer_of(request),
            now=timezone.now(),
            ids=ids,
        )
    except CountChanged as error:
        words = _("You confirmed %(expected)s rows; %(found)s match now. Nothing was written.")
        hint = words % {"expected": error.expected, "found": error.actual}
        return render_queue(
            request, address, status=409, refusal=_(error.message), refusal_hint=hint
        )
    except LegacyImportError as error:
        return render_refusal(request, address, error, status=409)
    _add_messages(request, decision, report)
    # The script forgets which rows were selected.
    return HttpResponseRedirect(f"{address.first_page(address.query)}#decided")


def _add_messages(request: HttpRequest, decision: Choice, report: BulkReport) -> None:
    """How many rows were decided, and how many were skipped."""
    text = ngettext(
        "%(decision)s – %(number)d row.", "%(decision)s – %(number)d rows.", report.decisions
    )
    words = done_words(decision, name_of(reviewer_of(request)))
    messages.success(request, text % {"decision": words, "number": report.decisions})
    if report.committed_meanwhile:
        text = ngettext(
            "%(number)d row was committed meanwhile, so it was not decided.",
            "%(number)d rows were committed meanwhile, so they were not decided.",
            report.committed_meanwhile,
        )
        messages.warning(request, text % {"number": report.committed_meanwhile})
    if report.does_not_apply:
        text = ngettext(
            "This decision does not apply to %(number)d row, which was not decided.",
            "This decision does not apply to %(number)d rows, which were not decided.",
            report.does_not_apply,
        )
        messages.warning(request, text % {"number": report.does_not_apply})
