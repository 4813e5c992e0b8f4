"""One decision about many rows: never a link, never a commit, at most a thousand rows at a time.

Decisions about earlier versions of rows are repeated in the same way, one cause at a time.
"""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, TextChoices
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from ecoin.bulk import Ids, insert_rows
from ecoin.records import timestamp
from legacy_import.choices import COMMITTED_OUTCOMES, Classification, ReviewDecision
from legacy_import.errors import LegacyImportError
from legacy_import.models import (
    LegacyImportRun,
    LegacyReviewBulk,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.people.groups import regroup_around
from legacy_import.people.source_decisions import (
    any_decisions,
    decided_rows,
    decisions_on,
    row_at_decision,
)
from legacy_import.review.decisions import NotPossible, lock_run
from legacy_import.review.filter import RowFilter
from legacy_import.review.offers import ALWAYS, TREATABLE, is_offered, reasons_of
from legacy_import.review.old_status import value_of
from legacy_import.rules.commit_policy import Decision
from legacy_import.rules.decisions import Event
from legacy_import.rules.resolutions import OF_A_CAUSE
from legacy_import.runs import counts
from legacy_import.stages.planning.effect_of_decision import EffectOnRow, effects_on_rows

MAX_ROWS = 1_000
D = ReviewDecision
OF_ONE_CAUSE = (*OF_A_CAUSE, D.ANOTHER_PERSON, D.CREATE_AGAIN)
IN_BULK = (D.SKIP, D.LATER, D.RESET, D.TREAT_AS, *OF_ONE_CAUSE)


class Repeat(TextChoices):
    """The choice in place of a decision where each row gets the one about its earlier version again."""

    REPEAT = "repeat", gettext_lazy("repeat the earlier decision")


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
        if effect.rows:
            record = LegacyReviewBulk.objects.create(
                legacy_import_run=run, decision=decision.value, rows=len(effect.rows), actor=actor,
                created_at=now,
            )  # fmt: skip
            _append(run, effect, record)
    return BulkReport(len(effect.rows), committed, effect.does_not_apply)


@dataclass(frozen=True, slots=True)
class BulkEffect:
    """What a decision would do to many rows. `answers`: the plan's answer → its number of rows."""

    rows: Mapping[
        int, tuple[Sequence[Event], EffectOnRow]
    ]  # row id → its new decisions, and their effect
    does_not_apply: int

    @property
    def answers(self) -> dict[Decision, int]:
        """The most frequent first."""
        return dict(Counter(after.answer for _, after in self.rows.values()).most_common())


def effect_on(
    run: LegacyImportRun,
    ids: Sequence[int],
    decision: Choice,
    treat_as: Classification | None = None,
) -> BulkEffect:
    """The effect of the decision on these rows, which are not committed. Raises NotPossible."""
    if isinstance(decision, Repeat):
        rows = _repeated(run, ids)
        return BulkEffect(rows, len(ids) - len(rows))
    if decision == D.TREAT_AS:
        _require_one_status(ids, treat_as)
    event = Event(decision, treat_as=treat_as if decision == D.TREAT_AS else None)
    planned = dict(
        LegacyStudentImport.objects.filter(pk__among=Ids(ids)).values_list("pk", "planned_reason")
    )
    effects = effects_on_rows(run, dict.fromkeys(ids, (event,)))
    rows = {
        pk: ((event,), after)
        for pk, (before, after) in effects.items()
        if decision in ALWAYS or is_offered(event, after, before, reasons_of(planned[pk], before))
    }
    return BulkEffect(rows, len(ids) - len(rows))


RowEvents = dict[int, tuple[Sequence[Event], EffectOnRow]]


def _repeated(run: LegacyImportRun, ids: Sequence[int]) -> RowEvents:
    """Row → the decisions about its earlier version, where each part of it changes something."""
    events = _earlier_events(run, ids)
    rows: RowEvents = {}
    for parts in range(1, max(map(len, events.values()), default=0) + 1):
        tried = {pk: of_row[:parts] for pk, of_row in events.items() if len(of_row) >= parts}
        for pk, (before, after) in effects_on_rows(run, tried).items():
            if after.changes(rows[pk][1] if pk in rows else before):
                rows[pk] = (tried[pk], after)
            else:
                events.pop(pk)
                rows.pop(pk, None)
    return rows


def _earlier_events(run: LegacyImportRun, ids: Sequence[int]) -> dict[int, tuple[Event, ...]]:
    """Row → all decisions about its earlier version; without rows of which a part is not repeated."""
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
    return {
        pk: tuple(one.event for one in of_row.earlier)
        for pk, of_row in decisions_on(staged, run.connection_name).items()
        if of_row.earlier and all(one.decision in REPEATED for one in of_row.earlier)
    }


def _append(run: LegacyImportRun, effect: BulkEffect, record: LegacyReviewBulk) -> None:
    """Write the new decisions; the decision in force, whether it suffices and a version of the rows."""
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(effect.rows))
    events = []
    states: defaultdict[RowState, list[int]] = defaultdict(list)
    for row in staged.defer("raw_payload", "duplicate_evidence").order_by("pk"):
        of_row, after = effect.rows[row.pk]
        for event in of_row:
            entry = after.log_entry_of(event.decision)
            events.append(event_values(row, run, event, record, log_entry_id=entry))
        standing = "" if of_row[-1].decision == D.RESET else of_row[-1].decision.value
        # Decisions about this version are taken with those about the earlier one in view.
        states[RowState(standing, "", bool(standing) and after.suffices)].append(row.pk)
    insert_events(events)
    write_states(run, states)
    regroup_separated(run, effect.rows)


class RowState(NamedTuple):
    """The columns of a row that its decisions determine."""

    decision: str
    earlier_decision: str
    settled: bool


def event_values(
    row: LegacyStudentImport,
    run: LegacyImportRun,
    event: Event,
    record: LegacyReviewBulk,
    *,
    log_entry_id: int | None = None,
    undoes_id: int | None = None,
) -> dict[str, Any]:
    """The columns of one of the bulk's events, for `insert_events`."""
    return {
        **row_at_decision(row, run.connection_name, event.decision),
        **event.columns,
        "log_entry_id": log_entry_id,
        "undoes_id": undoes_id,
        "note": "",
        "bulk_id": record.pk,
        "actor_id": record.actor_id,
        "created_at": timestamp(record.created_at),
    }


def insert_events(events: Sequence[dict[str, Any]]) -> None:
    """Write these events, of which there is at least one, in a few statements."""
    insert_rows(LegacyReviewDecision, tuple(events[0]), [tuple(one.values()) for one in events])


def write_states(run: LegacyImportRun, states: Mapping[RowState, Collection[int]]) -> None:
    """Store the states of these rows, which gives each a new version, and adjust the counts."""
    for state, ids in states.items():
        counts.apply(run.pk, ids, new=state._asdict())
        rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
        rows.update(**state._asdict(), version=F("version") + 1)


def regroup_separated(run: LegacyImportRun, ids: Collection[int]) -> None:
    """Write the groups around those rows again that are separate, or were until now."""
    if any_decisions(run.connection_name, decision=D.SEPARATE):
        rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
        separated = decided_rows(rows, run.connection_name, decision=D.SEPARATE)
        for pk in separated.order_by("pk").values_list("pk", flat=True):
            regroup_around(run, pk)


def _require_one_status(ids: Sequence[int], treat_as: Classification | None) -> None:
    """Raise NotPossible unless all of the rows have the same old status."""
    if treat_as not in TREATABLE:
        raise NotPossible(_("Choose how the row is to be treated."))
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids)).order_by()
    columns = rows.values_list("status_key", "classification_rule").distinct()
    if len({value_of(key, rule) for key, rule in columns}) > 1:
        raise NotPossible(
            _("These rows have several old statuses: choose one of them among the filters first.")
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
