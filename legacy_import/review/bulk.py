"""One decision about many rows: never a link, never a commit, never more than a thousand at once."""

import datetime
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _

from ecoin.bulk import insert_rows
from ecoin.records import timestamp
from legacy_import.choices import COMMITTED_OUTCOMES, ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.models import (
    FACETS,
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.review.decisions import NotPossible, applies, lock_run
from legacy_import.review.filter import ReviewFilter
from legacy_import.runs import counts

MAX_ROWS = 1_000
D = ReviewDecision
IN_BULK = (D.SKIP, D.LATER, D.RESET, D.ACCEPT_DATA, D.RELEASE_WITHOUT_SESSION)
OF_ONE_CAUSE = (D.ACCEPT_DATA, D.RELEASE_WITHOUT_SESSION)
EVENT = ("student_import_id", "decision", "treat_as", "target_kind", "note", "actor_id",
         "created_at")  # fmt: skip


class CountChanged(LegacyImportError):
    """The filter matches another number of rows than the reviewer was shown."""

    exit_code = 5

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(_("The rows changed while you were looking at them; look again."))
        self.expected, self.found = expected, found


@dataclass(frozen=True, slots=True)
class BulkReport:
    """Rows by what became of them."""

    decided: int
    committed_meanwhile: int = 0
    does_not_apply: int = 0


def bulk(
    *,
    run: LegacyImportRun,
    query: ReviewFilter,
    expected: int,
    decision: ReviewDecision,
    actor: User,
    now: datetime.datetime,
    ids: Collection[int] | None = None,
) -> BulkReport:
    """Append one decision to each of the rows that the filter matches (`ids`: only these of them).

    `expected`: how many the reviewer was shown. Rows committed since are left out. Raises
    NotPossible, CountChanged.
    """
    require_bulk(query, decision)
    with transaction.atomic():
        lock_run(run.pk)
        found = matching(run, query, ids)
        gone = _committed(run, ids, found)
        if len(found) + gone != expected:
            raise CountChanged(expected, len(found))
        if len(found) > MAX_ROWS:
            raise NotPossible(_("At most 1,000 rows at a time."))
        rows = [row for row in _locked(found) if applies(row, decision)]
        _append(rows, decision, actor, now)
        _write(run, rows, "" if decision == D.RESET else decision.value)
    return BulkReport(len(rows), gone, len(found) - len(rows))


def require_bulk(query: ReviewFilter, decision: ReviewDecision) -> None:
    """Raise NotPossible for a decision that is taken row by row, or needs one cause."""
    if decision not in IN_BULK:
        raise NotPossible(_("This decision is taken row by row."))
    if decision in OF_ONE_CAUSE and "planned_reason" not in query.facets:
        raise NotPossible(
            _("Choose one cause first: this decision is only taken for one at a time.")
        )


def matching(run: LegacyImportRun, query: ReviewFilter, ids: Collection[int] | None) -> list[int]:
    """The rows that are meant, in order; one more than allowed where there are too many."""
    rows = query.rows(run)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return list(rows.order_by("pk").values_list("pk", flat=True)[: MAX_ROWS + 1])


def _committed(run: LegacyImportRun, ids: Collection[int] | None, found: Sequence[int]) -> int:
    """How many of the chosen rows a commit dealt with since they were chosen."""
    missing = set(ids or ()) - set(found)
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, pk__in=missing, outcome__in=COMMITTED_OUTCOMES
    )
    return rows.count() if missing else 0


def _locked(ids: Sequence[int]) -> list[LegacyStudentImport]:
    rows = LegacyStudentImport.objects.filter(pk__in=ids).select_related("training")
    return list(rows.defer("raw_payload", "duplicate_evidence").order_by("pk"))


def _append(
    rows: Sequence[LegacyStudentImport],
    decision: ReviewDecision,
    actor: User,
    now: datetime.datetime,
) -> None:
    moment = timestamp(now)
    insert_rows(
        LegacyReviewDecision,
        EVENT,
        [(row.pk, decision.value, "", "", "", actor.pk, moment) for row in rows],
    )


def _write(run: LegacyImportRun, rows: Sequence[LegacyStudentImport], standing: str) -> None:
    """The standing decision, a new version, and the facets, one move per combination."""
    moved: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        moved[tuple(_combination(row).items())] += 1
    LegacyStudentImport.objects.filter(pk__in=[row.pk for row in rows]).update(
        decision=standing, version=F("version") + 1
    )
    for combination, number in moved.items():
        before = dict(combination)
        counts.move(run.pk, before, {**before, "decision": standing}, number)


def _combination(row: LegacyStudentImport) -> Mapping[str, Any]:
    """facets.combination_of for a row that is already read."""
    training = row.training
    known = {
        "session_type": training.session_type,
        "import_action": training.import_action,
        "without_course": training.course_id is None,
    }
    return {name: known[name] if name in known else getattr(row, name) for name in FACETS}
