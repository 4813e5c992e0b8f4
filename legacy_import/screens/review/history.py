"""What reviewers said about one row, newest first."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from legacy_import.choices import Classification, ReviewDecision
from legacy_import.models import LegacyReviewDecision, LegacyStudentImport
from legacy_import.review.decisions import name_of
from legacy_import.rules.duplicates import Target


@dataclass(frozen=True, slots=True)
class SaidLine:
    """One event of the row's history; `undoes`: it takes another one back."""

    event: int
    decision: ReviewDecision
    treat_as: str
    target_kind: str
    target_id: int | None
    note: str
    actor: str
    at: datetime.datetime
    undoes: bool
    undone: bool


def history_of(row: LegacyStudentImport) -> list[SaidLine]:
    """Every event of the row, newest first."""
    events = LegacyReviewDecision.objects.filter(student_import=row).select_related("actor")
    undone = set()
    lines = []
    for event in events.order_by("-pk"):
        if event.undoes_id:
            undone.add(event.undoes_id)
        lines.append(
            SaidLine(
                event=event.pk,
                decision=ReviewDecision(event.decision),
                treat_as=str(Classification(event.treat_as).label) if event.treat_as else "",
                target_kind=event.target_kind,
                target_id=event.target_id,
                note=event.note,
                actor=name_of(event.actor),
                at=event.created_at,
                undoes=event.undoes_id is not None,
                undone=event.pk in undone,
            )
        )
    return lines


def ruled_out(said: Sequence[SaidLine]) -> set[Target]:
    """Whom the standing decisions say the row is not; a later link takes that back."""
    people: set[Target] = set()
    for event in reversed(said):
        if event.undone or event.undoes or event.target_id is None:
            continue
        target = (event.target_kind, event.target_id)
        if event.decision == ReviewDecision.NOT_SAME:
            people.add(target)
        else:
            people.discard(target)
    return people
