"""One decision about many rows: never a link, never a commit, at most a thousand rows at a time.

What was said of earlier versions of rows is repeated in the same way, one cause at a time.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet, TextChoices
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from ecoin.bulk import insert_rows
from ecoin.records import timestamp
from legacy_import.choices import COMMITTED_OUTCOMES, ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.people.source_decisions import RowDecisions, decisions_on, row_at_decision
from legacy_import.review.decisions import (
    NotPossible,
    applies,
    deleted_entries,
    lock_run,
)
from legacy_import.review.filter import RowFilter
from legacy_import.runs import counts

MAX_ROWS = 1_000
D = ReviewDecision
OF_ONE_CAUSE = (
    D.ACCEPT_DATA, D.RELEASE_WITHOUT_SESSION, D.ANOTHER_PERSON, D.CREATE_AGAIN,
)  # fmt: skip
IN_BULK = (D.SKIP, D.LATER, D.RESET, *OF_ONE_CAUSE)
NO_ARGUMENTS: dict[str, Any] = {
    "treat_as": "", "target_kind": "", "target_id": None, "target_inactive": False,
    "course_id": None, "log_entry_id": None,
}  # fmt: skip
RowEvents = dict[int, list[dict[str, Any]]]  # staged row → the columns of its new decisions


class Repeat(TextChoices):
    """What stands for a decision where each row gets the one about its earlier version again."""

    REPEAT = "repeat", gettext_lazy("say again")


REPEAT = Repeat.REPEAT
Choice = ReviewDecision | Repeat
# Decisions that are repeated about many rows: none that gives a row to a person, or denies it, or is
# about one deleted record.
REPEATED = frozenset(ReviewDecision) - {D.LINK, D.NOT_SAME, D.CREATE_AGAIN, D.LATER, D.RESET}


class CountChanged(LegacyImportError):
    """The filter matches another number of rows than the reviewer was shown."""

    exit_code = 5

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(_("The rows changed while you were looking at them; look again."))
        self.expected, self.actual = expected, actual


@dataclass(frozen=True, slots=True)
class BulkReport:
    """Rows that were decided, and rows that were skipped by reason."""

    decisions: int
    committed_meanwhile: int = 0
    does_not_apply: int = 0


def bulk(
    *,
    run: LegacyImportRun,
    query: RowFilter,
    expected: int,
    decision: Choice,
    actor: User,
    now: datetime.datetime,
    ids: Collection[int] | None = None,
) -> BulkReport:
    """Append one decision to each of the rows that the filter matches (`ids`: only these of them).

    `expected`: how many the reviewer was shown. Rows committed since then are skipped. Raises
    NotPossible, CountChanged.
    """
    require_bulk(query, decision)
    with transaction.atomic():
        lock_run(run.pk)
        matches = matching(run, query, ids)
        committed = _committed(run, ids, matches)
        if len(matches) + committed != expected:
            raise CountChanged(expected, len(matches))
        if len(matches) > MAX_ROWS:
            raise NotPossible(_("At most 1,000 rows at a time."))
        events = (
            _repeated(run, matches) if decision == REPEAT else _the_same(run, matches, decision)
        )
        _append(run, events, actor, now)
    return BulkReport(len(events), committed, len(matches) - len(events))


def _the_same(run: LegacyImportRun, ids: Sequence[int], decision: ReviewDecision) -> RowEvents:
    """One decision for each of these rows that it applies to."""
    rows = [row for row in _rows(ids) if applies(row, decision)]
    deleted = deleted_entries(rows, decision)
    return {row.pk: [_event(row, run, decision, log_entry_id=deleted.get(row.pk))] for row in rows}


def _repeated(run: LegacyImportRun, ids: Sequence[int]) -> RowEvents:
    """Row → all that was said of its earlier version; without rows to which a part does not apply."""
    staged = LegacyStudentImport.objects.filter(pk__in=ids)
    decisions = decisions_on(staged, run.connection_name)
    return {
        row.pk: [_event(row, run, D(made.decision), **made.arguments) for made in earlier]
        for row in _rows(ids)
        if (earlier := decisions.get(row.pk, RowDecisions()).earlier)
        and all(made.decision in REPEATED and applies(row, D(made.decision)) for made in earlier)
    }


def _rows(ids: Sequence[int]) -> QuerySet[LegacyStudentImport]:
    staged = LegacyStudentImport.objects.filter(pk__in=ids).select_related("training")
    return staged.defer("raw_payload", "duplicate_evidence").order_by("pk")


def _event(
    row: LegacyStudentImport, run: LegacyImportRun, decision: ReviewDecision, **arguments: Any
) -> dict[str, Any]:
    made_on = row_at_decision(row, run.connection_name, decision)
    return {**made_on, "decision": decision.value, **NO_ARGUMENTS, **arguments, "note": ""}


def _append(run: LegacyImportRun, events: RowEvents, actor: User, now: datetime.datetime) -> None:
    """Write the events, and the decision in force and a new version of their rows."""
    columns = (actor.pk, timestamp(now))
    of_rows = [event for of_row in events.values() for event in of_row]
    if not of_rows:
        return
    names = (*of_rows[0], "actor_id", "created_at")
    insert_rows(LegacyReviewDecision, names, [(*event.values(), *columns) for event in of_rows])
    rows_by_decision: defaultdict[str, list[int]] = defaultdict(list)
    for pk, of_row in events.items():
        latest = of_row[-1]["decision"]
        rows_by_decision["" if latest == D.RESET else latest].append(pk)
    for standing, ids in rows_by_decision.items():
        # Whoever decides about this version has seen what was said of an earlier one.
        new = {"decision": standing, "earlier_decision": ""}
        counts.apply(run.pk, ids, new=new)
        LegacyStudentImport.objects.filter(pk__in=ids).update(**new, version=F("version") + 1)


def require_bulk(query: RowFilter, decision: Choice) -> None:
    """Raise NotPossible for a decision that is taken row by row, or needs one cause."""
    if decision == REPEAT:
        if not {"planned_reason", "earlier_decision"} <= set(query.facets):
            raise NotPossible(
                _(
                    "Choose one cause and one earlier decision first: it is repeated for one at a time."
                )
            )
        return
    if decision not in IN_BULK:
        raise NotPossible(_("This decision is taken row by row."))
    if decision in OF_ONE_CAUSE and "planned_reason" not in query.facets:
        raise NotPossible(
            _("Choose one cause first: this decision is only taken for one at a time.")
        )


def matching(run: LegacyImportRun, query: RowFilter, ids: Collection[int] | None) -> list[int]:
    """The ids of the matching rows, in order; one more than allowed where there are too many."""
    rows = query.rows(run)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return list(rows.order_by("pk").values_list("pk", flat=True)[: MAX_ROWS + 1])


def _committed(run: LegacyImportRun, ids: Collection[int] | None, matches: Sequence[int]) -> int:
    """How many of the selected rows a commit processed since they were selected."""
    missing = set(ids or ()) - set(matches)
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, pk__in=missing, outcome__in=COMMITTED_OUTCOMES
    )
    return rows.count() if missing else 0
