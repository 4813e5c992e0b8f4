"""Whom reviewers said a row is not: remembered for good, in every run of its source."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db.models import Q

from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyReviewDecision
from legacy_import.rules.duplicates import Target

SourceRow = tuple[str, str]  # source table, legacy id
RuledOut = Mapping[SourceRow, frozenset[Target]]


def people_ruled_out(connection_name: str, rows: Collection[SourceRow] | None = None) -> RuledOut:
    """Row → the people it is not; of all rows of the source, or of these. A later link takes it back."""
    if rows is not None and not rows:
        return {}
    which = Q() if rows is None else Q(student_import__legacy_id__in=[one for _, one in rows])
    decisions = LegacyReviewDecision.objects.standing()
    events = decisions.filter(
        which,
        student_import__legacy_import_run__connection_name=connection_name,
        decision__in=(ReviewDecision.NOT_SAME, ReviewDecision.LINK),
    ).order_by("pk")
    people: defaultdict[SourceRow, set[Target]] = defaultdict(set)
    for table, legacy_id, decision, kind, pk in events.values_list(
        "student_import__source_table", "student_import__legacy_id", "decision", "target_kind",
        "target_id",
    ):  # fmt: skip
        if pk is None:
            continue
        if decision == ReviewDecision.NOT_SAME:
            people[table, legacy_id].add((kind, pk))
        else:
            people[table, legacy_id].discard((kind, pk))
    return {
        row: frozenset(targets) for row, targets in people.items() if rows is None or row in rows
    }
