"""One decision about many rows: the page that says what would happen, then the doing of it."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from legacy_import.choices import ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.permissions import REVIEW, permission_needed
from legacy_import.review.bulk import (
    MAX_ROWS,
    BulkReport,
    CountChanged,
    bulk,
    matching,
    require_bulk,
)
from legacy_import.review.decisions import NotPossible
from legacy_import.screens.address import MAX_DIGITS, reviewer_of, run_with_id
from legacy_import.screens.facet_words import FACET_NAMES, value_name
from legacy_import.screens.page import render_page
from legacy_import.screens.review.address import QueueAddress, sent_address
from legacy_import.screens.review.forms import BulkForm
from legacy_import.screens.review.render import SECTION, render_queue, title
from legacy_import.screens.review.screen_words import EFFECTS, STATE_NAMES

CONFIRM = "admin/legacy_imports/review/bulk.html"


@never_cache
@permission_needed(REVIEW)
@require_POST
def bulk_decision(request: HttpRequest) -> HttpResponse:
    """Without a confirmed number of rows the confirm page; with it the decision."""
    address = sent_address(request, run_with_id(_digits(request.POST.get("run", ""))))
    form = BulkForm(request.POST)
    if not form.is_valid():
        refusal = _("Choose a decision and the rows it is about.")
        return render_queue(request, address, status=400, refusal=refusal)
    decision = ReviewDecision(form.cleaned_data["decision"])
    everything = form.cleaned_data["scope"] == "all"
    ids = None if everything else [_digits(text) for text in request.POST.getlist("ids")]
    if ids is not None and not 0 < len(ids) <= MAX_ROWS:
        return render_queue(request, address, status=400, refusal=_("No row is selected."))
    expected = form.cleaned_data["expected"]
    if expected is None:
        return _confirm(request, address, decision, ids)
    return _do(request, address, decision, ids, expected)


def _confirm(
    request: HttpRequest, address: QueueAddress, decision: ReviewDecision, ids: Sequence[int] | None
) -> HttpResponse:
    """The filter, the number and the effect, repeated before anything is written."""
    try:
        require_bulk(address.query, decision)
    except NotPossible as refused:
        return render_queue(request, address, status=409, refusal=_(refused.message))
    found = matching(address.run, address.query, ids)
    if not found or len(found) > MAX_ROWS:
        refusal = _("At most 1,000 rows at a time.") if found else _("No row is selected.")
        return render_queue(request, address, status=409, refusal=refusal)
    shown = [(str(FACET_NAMES[name]), value_name(name, value))
             for name, value in address.query.facets.items()]  # fmt: skip
    return render_page(
        request,
        CONFIRM,
        section=SECTION,
        title=title(),
        run=address.run,
        address=address,
        here=address.query_string(),
        back=address.url(),
        decision=decision,
        effect=EFFECTS[decision],
        state=STATE_NAMES[address.query.state],
        filters=shown,
        number=len(found),
        ids=found if ids is not None else None,
        scope="all" if ids is None else "chosen",
    )


def _do(
    request: HttpRequest,
    address: QueueAddress,
    decision: ReviewDecision,
    ids: Sequence[int] | None,
    expected: int,
) -> HttpResponse:
    try:
        report = bulk(
            run=address.run,
            query=address.query,
            expected=expected,
            decision=decision,
            actor=reviewer_of(request),
            now=timezone.now(),
            ids=ids,
        )
    except CountChanged as changed:
        words = _("You confirmed %(expected)s rows; %(found)s match now. Nothing was written.")
        hint = words % {"expected": changed.expected, "found": changed.found}
        return render_queue(
            request, address, status=409, refusal=_(changed.message), refusal_hint=hint
        )
    except LegacyImportError as refused:
        return render_queue(request, address, status=409, refusal=_(refused.message))
    _tell(request, decision, report)
    return HttpResponseRedirect(QueueAddress(address.run, address.query).url())


def _tell(request: HttpRequest, decision: ReviewDecision, report: BulkReport) -> None:
    """What was done, and which rows were left out."""
    done = ngettext(
        "%(decision)s – %(number)d row.", "%(decision)s – %(number)d rows.", report.decided
    )
    messages.success(request, done % {"decision": decision.label, "number": report.decided})
    if report.committed_meanwhile:
        left = ngettext(
            "%(number)d row was committed meanwhile and left out.",
            "%(number)d rows were committed meanwhile and left out.",
            report.committed_meanwhile,
        )
        messages.warning(request, left % {"number": report.committed_meanwhile})
    if report.does_not_apply:
        left = ngettext(
            "To %(number)d row this decision does not apply; it was left out.",
            "To %(number)d rows this decision does not apply; they were left out.",
            report.does_not_apply,
        )
        messages.warning(request, left % {"number": report.does_not_apply})


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS:
        raise Http404
    return int(text)
