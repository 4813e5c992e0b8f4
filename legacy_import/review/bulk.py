"""One decision about many rows: never a link, never a commit, at most a thousand rows at a time.

What was said of earlier versions of rows is repeated in the same way, one cause at a time.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, TextChoices
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from ecoin.bulk import Ids, insert_rows
from ecoin.identity.text import fold
from ecoin.records import timestamp
from legacy_import.choices import COMMITTED_OUTCOMES, Classification, ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.people.source_decisions import decisions_on, row_at_decision
from legacy_import.review.decisions import NotPossible, lock_run
from legacy_import.review.filter import RowFilter
from legacy_import.review.offers import ALWAYS, TREATABLE, is_offered, reasons_of
from legacy_import.rules.commit_policy import Decision
from legacy_import.rules.decisions import Event
from legacy_import.runs import counts
from legacy_import.stages.planning.effect_of_decision import Effect, effects_on_rows

MAX_ROWS = 1_000
D = ReviewDecision
IN_BULK = (
    D.SKIP, D.LATER, D.RESET, D.ACCEPT_DATA, D.TREAT_AS, D.CREATE_ANYWAY,
    D.RELEASE_WITHOUT_SESSION,
)  # fmt: skip
OF_ONE_CAUSE = (D.ACCEPT_DATA, D.CREATE_ANYWAY, D.RELEASE_WITHOUT_SESSION)
# Decisions that are repeated about many rows: none that gives a row to a person, or denies it.
REPEATED = frozenset(ReviewDecision) - {D.LINK, D.NOT_SAME, D.LATER, D.RESET}


class Repeat(TextChoices):
    """What stands for a decision where each row gets the one about its earlier version again."""

    REPEAT = "repeat", gettext_lazy("say again")


REPEAT = Repeat.REPEAT
Choice = ReviewDecision | Repeat
RowEvents = Mapping[int, Sequence[Event]]  # row id → its new decisions


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
    return BulkReport(len(effect.events), committed, effect.does_not_apply)


@dataclass(frozen=True, slots=True)
class BulkEffect:
    """What decisions would do to many rows. `answers`: the plan's answer → its number of rows."""

    events: RowEvents
    suffices: Mapping[int, bool]  # row id → whether its decisions suffice
    answers: Mapping[Decision, int]  # of these rows, the most frequent first
    does_not_apply: int


def effect_on(
    run: LegacyImportRun,
    ids: Sequence[int],
    decision: Choice,
    treat_as: Classification | None = None,
) -> BulkEffect:
    """The effect of the decision on these rows, which are not committed. Raises NotPossible."""
    if decision == REPEAT:
        events = _said_earlier(run, ids)
    else:
        if decision == D.TREAT_AS:
            _require_one_status(ids, treat_as)
        event = Event(D(decision), treat_as=treat_as if decision == D.TREAT_AS else None)
        events = {pk: [event] for pk in ids}
    effects = _effects_of_offered(run, events)
    answers = Counter(after.answer for after in effects.values())
    return BulkEffect(
        {pk: events[pk] for pk in effects},
        {pk: after.suffices and decision != D.RESET for pk, after in effects.items()},
        dict(answers.most_common()),
        len(ids) - len(effects),
    )


def _said_earlier(run: LegacyImportRun, ids: Sequence[int]) -> RowEvents:
    """Row → all that was said of its earlier version; only rows where all of it may be repeated."""
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
    return {
        pk: [made.event for made in of_row.earlier]
        for pk, of_row in decisions_on(staged, run.connection_name).items()
        if of_row.earlier and all(made.decision in REPEATED for made in of_row.earlier)
    }


def _effects_of_offered(run: LegacyImportRun, events: RowEvents) -> dict[int, Effect]:
    """Row → its answer after all of its decisions; without rows to which one of them does not apply.

    The decisions of a row are tried one after another, as they would be taken.
    """
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(events))
    planned = dict(staged.values_list("pk", "planned_reason"))
    offered: dict[int, Effect] = {}
    trying = dict(events)
    for number in range(1, max(map(len, events.values()), default=0) + 1):
        trying = {pk: of_row for pk, of_row in trying.items() if len(of_row) >= number}
        first = {pk: of_row[:number] for pk, of_row in trying.items()}
        for pk, (before, after) in effects_on_rows(run, first).items():
            before, event = offered.pop(pk, before), first[pk][-1]
            reasons = reasons_of(planned[pk], before)
            if event.decision in ALWAYS or is_offered(event, after, before, reasons):
                offered[pk] = after
            else:
                del trying[pk]
    return offered


def _append(run: LegacyImportRun, effect: BulkEffect, actor: User, now: datetime.datetime) -> None:
    """Write the decisions on all rows of the effect."""
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(effect.events))
    rows = staged.defer("raw_payload", "duplicate_evidence").order_by("pk")
    events = [
        {
            **row_at_decision(row, run.connection_name, event.decision),
            **_columns(event),
            "actor_id": actor.pk,
            "created_at": timestamp(now),
        }
        for row in rows
        for event in effect.events[row.pk]
    ]
    if not events:
        return
    insert_rows(LegacyReviewDecision, tuple(events[0]), [tuple(one.values()) for one in events])
    rows_by_result: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
    for pk, settled in effect.suffices.items():
        latest = effect.events[pk][-1].decision
        rows_by_result["" if latest == D.RESET else latest.value, settled].append(pk)
    for (standing, settled), ids in rows_by_result.items():
        # Whoever decides about this version has seen what was said of an earlier one.
        new = {"decision": standing, "earlier_decision": "", "settled": settled}
        counts.apply(run.pk, ids, new=new)
        LegacyStudentImport.objects.filter(pk__in=ids).update(**new, version=F("version") + 1)


def _columns(event: Event) -> dict[str, Any]:
    """A decision about many rows as it is stored, without its row: none of them has a person."""
    return {
        "decision": event.decision.value,
        "treat_as": event.treat_as or "",
        "target_kind": "",
        "target_id": None,
        "course_id": event.course_id,
        "note": "",
    }


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
