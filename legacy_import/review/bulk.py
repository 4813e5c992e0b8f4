"""One decision about many rows: never a link, never a commit, at most a thousand rows at a time."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _

from ecoin.bulk import insert_rows
from ecoin.records import timestamp
from legacy_import.choices import COMMITTED_OUTCOMES, ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.people.source_decisions import row_at_decision
from legacy_import.review.decisions import NotPossible, applies, lock_run
from legacy_import.review.filter import RowFilter
from legacy_import.runs import counts

MAX_ROWS = 1_000
D = ReviewDecision
IN_BULK = (D.SKIP, D.LATER, D.RESET, D.ACCEPT_DATA, D.RELEASE_WITHOUT_SESSION)
OF_ONE_CAUSE = (D.ACCEPT_DATA, D.RELEASE_WITHOUT_SESSION)
EVENT = ("connection_name", "source_table", "legacy_id", "row_digest", "payload_hash", "subject",
         "student_import_id", "decision", "treat_as", "target_kind", "target_id", "note", "actor_id",
         "created_at")  # fmt: skip


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
    decision: ReviewDecision,
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
        staged = LegacyStudentImport.objects.filter(pk__in=matches).select_related("training")
        columns = staged.defer("raw_payload", "duplicate_evidence").order_by("pk")
        rows = [row for row in columns if applies(row, decision)]
        ids_to_decide = [row.pk for row in rows]
        said = (decision.value, "", "", None, "", actor.pk, timestamp(now))
        events = [
            (*row_at_decision(row, run.connection_name, decision).values(), *said) for row in rows
        ]
        insert_rows(LegacyReviewDecision, EVENT, events)
        standing = "" if decision == D.RESET else decision.value
        # Whoever decides about this version has seen what was said of an earlier one.
        new = {"decision": standing, "earlier_decision": ""}
        counts.apply(run.pk, ids_to_decide, new=new)
        LegacyStudentImport.objects.filter(pk__in=ids_to_decide).update(
            **new, version=F("version") + 1
        )
    return BulkReport(len(ids_to_decide), committed, len(matches) - len(ids_to_decide))


def require_bulk(query: RowFilter, decision: ReviewDecision) -> None:
    """Raise NotPossible for a decision that is taken row by row, or needs one cause."""
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
