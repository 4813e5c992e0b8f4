"""The old status as a filter of the queue: one spelling at a time, whether the rules know it or not.

A value is the folded status: that of rules.statuses.key_of for an unknown one. It contains no contact.
"""

from collections import Counter
from typing import NamedTuple

from django.db.models import Count, Min, Q, QuerySet

from ecoin.identity.masking import mask_text
from legacy_import.models import LegacyStudentImport
from legacy_import.rules.statuses import LONGEST_KEY, POSTPONED, STATUSES

EMPTY = "-"  # the value of an empty status; typed, a dash is one
MOST_STATUSES = 50  # that are listed
MOST_ROWS = 20_000  # that are read to count the statuses; no stored count has them


class OldStatus(NamedTuple):
    """One status of some rows: its value, a spelling of it with contacts masked, and the rows."""

    value: str
    spelling: str
    rows: int


def is_status(value: str) -> bool:
    """Whether an address may contain this value."""
    return value.isascii() and len(value) <= LONGEST_KEY and mask_text(value) == value


def with_status(value: str) -> Q:
    """The rows with this status."""
    if value in STATUSES or value == POSTPONED:
        rule = f"status:{value.replace(' ', '_')}"
        rules = Q(classification_rule=rule) | Q(classification_rule__startswith=f"{rule}:")
        return Q(status_key=None) & rules
    return Q(status_key="" if value == EMPTY else value)


def value_of(status_key: str | None, classification_rule: str) -> str:
    """The value of a row's status, from its columns."""
    if status_key is not None:
        return status_key or EMPTY
    # "status:ne_repond_pas", "status:reporter:real_session"
    return classification_rule.partition(":")[2].partition(":")[0].replace("_", " ")


def statuses_of(rows: QuerySet[LegacyStudentImport]) -> list[OldStatus]:
    """The statuses of most of these rows, as the first row of each has it typed; in two queries."""
    groups = rows.order_by().values_list("status_key", "classification_rule")
    numbers: Counter[str] = Counter()
    firsts: dict[str, int] = {}
    for key, rule, number, first in groups.annotate(n=Count("pk"), first=Min("pk")):
        value = value_of(key, rule)
        numbers[value] += number
        firsts[value] = min(first, firsts.get(value, first))
    most = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))[:MOST_STATUSES]
    typed = LegacyStudentImport.objects.filter(pk__in=[firsts[value] for value, _ in most])
    spellings = dict(typed.values_list("pk", "raw_status"))
    return [
        OldStatus(value, mask_text(spellings.get(firsts[value], "")), number)
        for value, number in most
    ]
