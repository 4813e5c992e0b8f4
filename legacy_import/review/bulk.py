"""One decision about many rows: never a link, never a commit, at most a thousand rows at a time."""

import datetime
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _

from ecoin.bulk import Ids, insert_rows
from ecoin.identity.text import fold
from ecoin.records import timestamp
from legacy_import.choices import COMMITTED_OUTCOMES, Classification, ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.people.source_decisions import row_at_decision
from legacy_import.review.decisions import NotPossible, lock_run
from legacy_import.review.filter import RowFilter
from legacy_import.review.offers import ALWAYS, TREATABLE, is_offered, reasons_of
from legacy_import.rules.commit_policy import Decision
from legacy_import.rules.decisions import Event
from legacy_import.runs import counts
from legacy_import.stages.planning.effect_of_decision import effects_on_rows

MAX_ROWS = 1_000
D = ReviewDecision
OF_ONE_CAUSE = (
    D.ACCEPT_DATA, D.CREATE_ANYWAY, D.RELEASE_WITHOUT_SESSION, D.ANOTHER_PERSON, D.CREATE_AGAIN,
)  # fmt: skip
IN_BULK = (D.SKIP, D.LATER, D.RESET, D.TREAT_AS, *OF_ONE_CAUSE)
EVENT = ("connection_name", "source_table", "legacy_id", "row_digest", "payload_hash", "subject",
         "student_import_id", "log_entry_id", "decision", "treat_as", "target_kind", "target_id",
         "note", "actor_id", "created_at")  # fmt: skip


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
    treat_as: Classification | None = None,
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
        effect = effect_on(run, matches, decision, treat_as)
        _append(run, effect, actor, now)
    return BulkReport(len(effect.rows), committed, effect.does_not_apply)


@dataclass(frozen=True, slots=True)
class BulkEffect:
    """What one decision would do to many rows. `answers`: the plan's answer → its number of rows."""

    event: Event
    rows: Mapping[int, bool]  # row id → whether the decision suffices
    log_entries: Mapping[int, int | None]  # row id → the entry whose record is created again
    answers: Mapping[Decision, int]  # of these rows, the most frequent first
    does_not_apply: int


def effect_on(
    run: LegacyImportRun,
    ids: Sequence[int],
    decision: ReviewDecision,
    treat_as: Classification | None = None,
) -> BulkEffect:
    """The effect of the decision on these rows, which are not committed. Raises NotPossible."""
    if decision == D.TREAT_AS:
        _require_one_status(ids, treat_as)
    event = Event(decision, treat_as=treat_as if decision == D.TREAT_AS else None)
    effects = effects_on_rows(run, ids, event)
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
    planned = dict(staged.values_list("pk", "planned_reason"))
    rows = {
        pk: after
        for pk, (before, after) in effects.items()
        if decision in ALWAYS or is_offered(event, after, before, reasons_of(planned[pk], before))
    }
    answers = Counter(after.answer for after in rows.values())
    return BulkEffect(
        event,
        {pk: after.suffices and decision != D.RESET for pk, after in rows.items()},
        {pk: after.log_entry_of(decision) for pk, after in rows.items()},
        dict(answers.most_common()),
        len(ids) - len(rows),
    )


def _append(run: LegacyImportRun, effect: BulkEffect, actor: User, now: datetime.datetime) -> None:
    """Write the decision on all rows of the effect."""
    decision = effect.event.decision
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(effect.rows))
    rows = staged.defer("raw_payload", "duplicate_evidence").order_by("pk")
    said = (
        decision.value, effect.event.treat_as or "", "", None, "", actor.pk, timestamp(now),
    )  # fmt: skip
    events = [
        (*row_at_decision(row, run.connection_name, decision).values(),
         effect.log_entries[row.pk], *said)
        for row in rows
    ]  # fmt: skip
    insert_rows(LegacyReviewDecision, EVENT, events)
    # Whoever decides about this version has seen what was said of an earlier one.
    standing = "" if decision == D.RESET else decision.value
    for settled in (True, False):
        ids = [pk for pk, suffices in effect.rows.items() if suffices == settled]
        new = {"decision": standing, "earlier_decision": "", "settled": settled}
        if ids:
            counts.apply(run.pk, ids, new=new)
            LegacyStudentImport.objects.filter(pk__in=ids).update(**new, version=F("version") + 1)


def _require_one_status(ids: Sequence[int], treat_as: Classification | None) -> None:
    """Raise NotPossible unless all of the rows have the same old status."""
    if treat_as not in TREATABLE:
        raise NotPossible(_("Choose how the row is to be treated."))
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids)).order_by()
    statuses = {fold(status) for status in rows.values_list("raw_status", flat=True).distinct()}
    if len(statuses) > 1:
        raise NotPossible(
            _("These rows have several old statuses: this decision is taken for one at a time.")
        )


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
