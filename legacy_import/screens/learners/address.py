"""The address of the learners list, read and written in one place; its exports use the same keys."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse

from legacy_import.models import LegacyImportRun
from legacy_import.privacy.free_text import ContainsContact
from legacy_import.review.learner_filter import LearnerFilter
from legacy_import.screens.address import filter_asked, number_asked

LIST, SEARCH = "legacy_imports:students", "legacy_imports:students-search"
FORM = "filter"  # the field in which the search carries the facets of the address it came from


@dataclass(frozen=True, slots=True)
class LearnersAddress:
    """One page of one run's list. `beyond`: the row after which a search for parts goes on."""

    run: LegacyImportRun
    query: LearnerFilter = field(default_factory=LearnerFilter)
    after: int | None = None
    before: int | None = None
    beyond: int | None = None

    def address(self, **changes: Any) -> str:
        """The address of this page with other values."""
        asked = replace(self, **changes)
        told: dict[str, Any] = {"run": asked.run.pk, **asked.query.query()}
        told |= {"after": asked.after, "before": asked.before, "beyond": asked.beyond}
        return f"{reverse(LIST)}?{urlencode({name: v for name, v in told.items() if v})}"

    def filtered(self, query: LearnerFilter) -> str:
        """The first page of the run's list under another filter."""
        return LearnersAddress(self.run, query).address()


def asked_in(run: LegacyImportRun, request: HttpRequest) -> LearnersAddress:
    """What the address asks of the run's list. Raises ContainsContact, Http404 for what is no filter."""
    return LearnersAddress(
        run,
        filter_asked(request.GET.dict()),
        after=number_asked(request, "after"),
        before=number_asked(request, "before"),
        beyond=number_asked(request, "beyond"),
    )


def facets_before(request: HttpRequest) -> LearnerFilter:
    """The facets of the list from which a search was sent; none where they cannot be read."""
    sent: dict[str, Any] = QueryDict(request.POST.get(FORM, "")).dict()
    try:
        return LearnerFilter(filter_asked({**sent, "q": ""}).facets)
    except (Http404, ContainsContact):
        return LearnerFilter()
