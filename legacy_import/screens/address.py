"""What a request asks for, read once and in one way."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest

from legacy_import.models import LegacyImportRun
from legacy_import.review.filter import UnknownFilter
from legacy_import.review.learner_filter import LearnerFilter

MAX_DIGITS = 18  # a number that every database can compare with its keys


def number_asked(request: HttpRequest, name: str) -> int | None:
    """The number in `?name=`; None where it is missing or empty. Raises Http404 for anything else."""
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS:
        raise Http404
    return int(text)


def run_asked(request: HttpRequest) -> LegacyImportRun:
    """The run in `?run=`, the newest without it. Raises Http404 for an unknown one, or for none."""
    number = number_asked(request, "run")
    if number is not None:
        return run_numbered(number)
    newest = LegacyImportRun.objects.order_by("-pk").first()
    if newest is None:
        raise Http404
    return newest


def run_numbered(number: int) -> LegacyImportRun:
    """The run with this number. Raises Http404."""
    run = (
        LegacyImportRun.objects.filter(pk=number).first()
        if len(str(number)) <= MAX_DIGITS
        else None
    )
    if run is None:
        raise Http404
    return run


def filter_asked(query: Mapping[str, str]) -> LearnerFilter:
    """The filter in an address. Raises ContainsContact, Http404 for what is no filter."""
    try:
        return LearnerFilter.asked(query)
    except UnknownFilter:
        raise Http404 from None


def reviewer_of(request: HttpRequest) -> User:
    """Whoever is signed in; `permission_needed` let nobody else pass."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user
