"""How many rows for review one decision about their cause settles; the others need a look at each row.

Run inside the application, by `python -m benchmarks.settling`. Nothing is decided: the effects are
computed as the page of a decision about many rows does before it is confirmed.
"""

import json
from collections import defaultdict

from legacy_import.choices import Classification, PlannedAction, ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.review.bulk import effect_on

# Decisions that suit every row of a cause alike; each is only offered where it changes the answer.
OF_A_CAUSE = (ReviewDecision.ACCEPT_DATA, ReviewDecision.CREATE_ANYWAY)
# Somebody whose training is recorded is not needed as a lead, too.
SKIPPED = "person_has_history"


def settled_together(run: LegacyImportRun) -> dict[str, int]:
    """Review reason → rows that decisions about the whole cause settle."""
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, planned_action=PlannedAction.REVIEW
    )
    by_reason: defaultdict[str, dict[int, tuple[str, str]]] = defaultdict(dict)
    for pk, reason, *of_row in rows.values_list(
        "pk", "planned_reason", "classification", "raw_status"
    ):
        by_reason[reason][pk] = (of_row[0], of_row[1])
    return {
        reason: len(of_cause) if reason == SKIPPED else _settled(run, of_cause)
        for reason, of_cause in by_reason.items()
    }


def _settled(run: LegacyImportRun, of_cause: dict[int, tuple[str, str]]) -> int:
    left = set(of_cause)
    for decision in OF_A_CAUSE:
        left -= _sufficient(run, left, decision)
    # A registration that cannot be one becomes a lead, one old status at a time.
    by_status: defaultdict[str, set[int]] = defaultdict(set)
    for pk in left:
        classification, status = of_cause[pk]
        if classification == Classification.REGISTERED:
            by_status[status].add(pk)
    for of_status in by_status.values():
        left -= _sufficient(run, of_status, ReviewDecision.TREAT_AS, Classification.LEAD_ONLY)
    return len(of_cause) - len(left)


def _sufficient(
    run: LegacyImportRun,
    rows: set[int],
    decision: ReviewDecision,
    treat_as: Classification | None = None,
) -> set[int]:
    if not rows:
        return set()
    effect = effect_on(run, sorted(rows), decision, treat_as)
    return {pk for pk, (_, after) in effect.rows.items() if after.suffices}


def main() -> None:
    print(json.dumps(settled_together(LegacyImportRun.objects.latest("pk"))))
