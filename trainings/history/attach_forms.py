"""What the forms about the owner of a learner's history send: parsed here, validated by the services."""

from collections.abc import Iterable

from django.http import Http404, HttpRequest

from trainings.attachments import MAX_REASON, SeenRecord
from trainings.models import ImportedHistory, PersonKind
from trainings.owners import Person

MOST_DIGITS = 18  # of ids and versions; every database can compare such a number with its keys
LONGEST_KEY = 190


def sent_number(text: str) -> int | None:
    """A whole number that is not negative; None for anything else."""
    if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS:
        return int(text)
    return None


def sent_records(values: Iterable[str]) -> list[SeenRecord]:
    """Records as `record_value` wrote them. Raises Http404 for anything else."""
    records = []
    for value in values:
        origin, _, version = value.rpartition(" ")
        number = sent_number(version)
        if number is None or not is_key(origin):
            raise Http404
        records.append(SeenRecord(origin, number))
    return records


def record_value(record: ImportedHistory) -> str:
    """The record and its version, as a form sends them back."""
    return f"{record.origin} {record.version}"


def sent_person(text: str) -> Person | None:
    """`lead:12` or `user:3`; None for anything else."""
    kind, _, number = text.partition(":")
    pk = sent_number(number)
    return (kind, pk) if pk and kind in PersonKind.values else None


def is_key(text: str) -> bool:
    """Whether a text may be an origin or a learner key; MariaDB cannot compare others with them."""
    return 0 < len(text) <= LONGEST_KEY and text.isascii() and text.isprintable()


def sent_reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")[: MAX_REASON + 1]
