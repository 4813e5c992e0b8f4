"""The last answers of a reviewer, and the undo of one about several rows: all of it, or the rest."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_noop as _

from ecoin.bulk import Ids
from legacy_import.choices import COMMITTED_OUTCOMES, Outcome, ReviewDecision
from legacy_import.models import (
    LegacyImportRun,
    LegacyReviewBulk,
    LegacyReviewDecision,
    LegacyStudentImport,
)
from legacy_import.people.source_decisions import RowDecisions, decisions_on
from legacy_import.review.bulk import (
    REPEAT,
    RowState,
    event_values,
    insert_events,
    regroup_separated,
    write_states,
)
from legacy_import.review.decisions import (
    UNDO_LAST,
    NotPossible,
    RecentDecision,
    RowCommitted,
    last_decisions,
    lock_run,
)
from legacy_import.rules.decisions import Event
from legacy_import.stages.planning.effect_of_decision import effects_on_rows


@dataclass(frozen=True, slots=True)
class RecentBulk:
    """One of a reviewer's last answers about several rows."""

    bulk: int
    decision: str  # of ReviewDecision, or `repeat`
    rows: int
    at: datetime.datetime
    undone: bool

    @property
    def label(self) -> str:
        """The decision in words."""
        choice = REPEAT if self.decision == REPEAT else ReviewDecision(self.decision)
        return str(choice.label)

    @property
    def can_be_undone(self) -> bool:
        return not self.undone


@dataclass(frozen=True, slots=True)
class UndoReport:
    """Rows that wait again, and rows that were left: committed, or not in the run."""

    rows: int
    left: int = 0


def last_answers(
    actor: User, run: LegacyImportRun | None = None
) -> list[RecentDecision | RecentBulk]:
    """The actor's last ten answers, newest first: about one row, or about several as one."""
    bulks = LegacyReviewBulk.objects.filter(actor=actor, undoes=None).order_by("-pk")
    columns = bulks.values_list("pk", "decision", "rows", "created_at", "undone_by")[:UNDO_LAST]
    several = [
        RecentBulk(pk, decision, rows, at, undone is not None)
        for pk, decision, rows, at, undone in columns
    ]
    answers: list[RecentDecision | RecentBulk] = [*several, *last_decisions(actor, run)]
    return sorted(answers, key=lambda answer: answer.at, reverse=True)[:UNDO_LAST]


def undo_bulk(
    *, bulk_id: int, actor: User, now: datetime.datetime, run: LegacyImportRun
) -> UndoReport:
    """Undo one of the actor's last answers about several rows, with an event for each decision.

    `run`: the current run; its rows are meant, even if the decision was made in an earlier run of the
    source. Committed rows keep their decision. Raises NotPossible, RowCommitted if no row is left.
    """
    mine = {one.bulk for one in last_answers(actor) if isinstance(one, RecentBulk)}
    if bulk_id not in mine:
        raise NotPossible(_("Only your own last ten decisions can be undone."))
    bulk = LegacyReviewBulk.objects.select_related("legacy_import_run").get(pk=bulk_id)
    if run.connection_name != bulk.legacy_import_run.connection_name:
        run = bulk.legacy_import_run
    with transaction.atomic():
        lock_run(run.pk)
        if LegacyReviewBulk.objects.filter(undoes=bulk).exists():
            raise NotPossible(_("This decision is undone already."))
        events = _events_of(bulk)
        rows = _open_rows(run, events)
        if not rows:
            raise RowCommitted(_("These rows are committed; only a rollback undoes that."))
        undo = LegacyReviewBulk.objects.create(
            legacy_import_run=run, decision=ReviewDecision.RESET, rows=len(rows), undoes=bulk,
            actor=actor, created_at=now,
        )  # fmt: skip
        reset = Event(ReviewDecision.RESET)
        insert_events(
            [
                event_values(rows[source], run, reset, undo, undoes_id=pk)
                for source, pks in events.items()
                for pk in pks
                if source in rows
            ]
        )
        ids = sorted(row.pk for row in rows.values())
        _write_states_again(run, ids)
    return UndoReport(len(ids), len(events) - len(ids))


SourceRow = tuple[str, str]  # (source_table, legacy_id)


def _events_of(bulk: LegacyReviewBulk) -> dict[SourceRow, list[int]]:
    """The source rows of the bulk, with the events about each."""
    events: defaultdict[SourceRow, list[int]] = defaultdict(list)
    of_bulk = LegacyReviewDecision.objects.filter(bulk=bulk).order_by("pk")
    for table, legacy_id, pk in of_bulk.values_list("source_table", "legacy_id", "pk"):
        events[table, legacy_id].append(pk)
    return dict(events)


def _open_rows(
    run: LegacyImportRun, events: dict[SourceRow, list[int]]
) -> dict[SourceRow, LegacyStudentImport]:
    """Those of these source rows that the run has, and that no commit processed."""
    staged = LegacyStudentImport.objects.filter(
        legacy_import_run=run, legacy_id__in={legacy_id for _table, legacy_id in events}
    )
    return {
        (row.source_table, row.legacy_id): row
        for row in staged.defer("raw_payload", "duplicate_evidence")
        if (row.source_table, row.legacy_id) in events
        and Outcome(row.outcome) not in COMMITTED_OUTCOMES
    }


def _write_states_again(run: LegacyImportRun, ids: list[int]) -> None:
    """The state of each row under the decisions that are still in force about it."""
    regroup_separated(run, ids)
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
    decisions = decisions_on(rows, run.connection_name)
    effects = effects_on_rows(run, dict.fromkeys(ids, ()))
    states: defaultdict[RowState, list[int]] = defaultdict(list)
    for pk in ids:
        of_row = decisions.get(pk, RowDecisions())
        settled = bool(of_row.standing and effects[pk][0].suffices)
        states[RowState(of_row.standing, of_row.latest_earlier, settled)].append(pk)
    write_states(run, states)
