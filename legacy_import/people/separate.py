"""Rows that reviewers took out of their group: another person than its other rows."""

from collections.abc import Collection

from ecoin.bulk import Ids
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyReviewDecision


def separate_rows(rows: Collection[int]) -> set[int]:
    """Those of these staged rows that are separate from their group, by the decisions in force."""
    decisions = LegacyReviewDecision.objects.standing().filter(
        student_import__among=Ids(rows),
        decision__in=(ReviewDecision.SEPARATE, ReviewDecision.RESET),
    )
    last = dict(decisions.order_by("pk").values_list("student_import_id", "decision"))
    return {row for row, decision in last.items() if decision == ReviewDecision.SEPARATE}
