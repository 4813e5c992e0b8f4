"""One decision about several rows of the same person: each with its own event and version check."""

import datetime
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_noop as _

from legacy_import.choices import ReviewDecision
from legacy_import.models import (
    LegacyImportRun,
    LegacyReviewBulk,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.review.decisions import NotPossible, decide, lock_row
from legacy_import.review.filter import queue_of
from legacy_import.review.offers import decisions_on_rows
from legacy_import.review.old_status import value_of
from legacy_import.rules.duplicates import Target

MOST_FELLOWS = 9  # a group has ten rows at most
D = ReviewDecision
# About one row and its own past: never taken for another row with it.
ALONE = frozenset({D.SEPARATE, D.ANOTHER_PERSON, D.CREATE_AGAIN, D.RESET})
NOT_FOR_THE_OTHER = _("This decision does not apply to the other row; decide about each.")
COLUMNS = (
    "source_table", "legacy_id", "version", "planned_reason", "status_key", "classification_rule",
    "legacy_formation_id", "legacy_session_id", "group_first_id", "legacy_import_run_id",
)  # fmt: skip


class OtherRow(NamedTuple):
    """Another row, and the version of it that the reviewer saw."""

    row: int
    version: int


class Fellow(NamedTuple):
    """Another row of the same person that waits, and which of the row's decisions apply to it, too."""

    row: int
    version: int
    name: str  # source_table:legacy_id
    decisions: list[ReviewDecision]
    excepted: list[ReviewDecision]


def fellows_of(
    run: LegacyImportRun,
    row: LegacyStudentImport,
    decisions: Collection[ReviewDecision],
    person: Target | None,
) -> list[Fellow]:
    """The other rows of the row's person to which one of these decisions, offered for it, applies."""
    if row.group_first_id is None or not decisions:
        return []
    others = queue_of(run).filter(group_first_id=row.group_first_id, settled=False)
    rows = list(others.exclude(pk=row.pk).order_by("pk").only(*COLUMNS)[:MOST_FELLOWS])
    offered = decisions_on_rows(run, rows, person) if rows else {}
    fellows = []
    for other in rows:
        its = offered.get(other.pk, set())
        every = list(dict.fromkeys(decisions))
        both = [one for one in every if one in its and _is_alike(one, row, other)]
        if both:
            name = f"{other.source_table}:{other.legacy_id}"
            excepted = [one for one in every if one not in both]
            fellows.append(Fellow(other.pk, other.version, name, both, excepted))
    return fellows


def decide_together(
    *,
    row_id: int,
    others: Sequence[OtherRow],
    decision: ReviewDecision,
    actor: User,
    now: datetime.datetime,
    version: int,
    **arguments: Any,
) -> list[LegacyReviewDecision]:
    """Decide about the row, and the same about others of its person: all of it or nothing.

    `arguments`: as of decisions.decide, which raises what this raises. Of several rows, the decisions
    are undone together.
    """
    about = {"decision": decision, "actor": actor, "now": now, **arguments}
    if not others:
        return [decide(row_id=row_id, version=version, **about)]
    with transaction.atomic():
        row = lock_row(row_id)
        rows = LegacyStudentImport.objects.only(*COLUMNS).in_bulk([other.row for other in others])
        for other in others:
            _require_fellow(decision, row, rows.get(other.row))
        bulk = LegacyReviewBulk.objects.create(
            legacy_import_run_id=row.legacy_import_run_id, decision=decision, rows=len(rows) + 1,
            actor=actor, created_at=now,
        )  # fmt: skip
        events = [decide(row_id=row_id, version=version, bulk=bulk, **about)]
        for other in dict.fromkeys(others):
            try:
                events.append(decide(row_id=other.row, version=other.version, bulk=bulk, **about))
            except NotPossible:
                raise NotPossible(NOT_FOR_THE_OTHER) from None
    return events


def _require_fellow(
    decision: ReviewDecision, row: LegacyStudentImport, other: LegacyStudentImport | None
) -> None:
    """Raise NotPossible unless it is another row of the same person to which the decision extends."""
    if (
        other is None
        or other.pk == row.pk
        or other.legacy_import_run_id != row.legacy_import_run_id
        or row.group_first_id is None
        or other.group_first_id != row.group_first_id
    ):
        raise NotPossible(_("The other row is no longer one of the same person."))
    if not _is_alike(decision, row, other):
        raise NotPossible(NOT_FOR_THE_OTHER)


def _is_alike(
    decision: ReviewDecision, row: LegacyStudentImport, other: LegacyStudentImport
) -> bool:
    """Whether what the decision is about is the same in both rows."""
    if decision == D.TREAT_AS:
        return _status(row) == _status(other)
    if decision == D.SET_COURSE:
        courses = [(one.legacy_formation_id, one.legacy_session_id) for one in (row, other)]
        return courses[0] == courses[1]
    return decision not in ALONE


def _status(row: LegacyStudentImport) -> str:
    return value_of(row.status_key, row.classification_rule)
