"""8 rollback: only what the run created, and only what nobody touched since."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from ecoin.among import Ids
from legacy_import.choices import Outcome, PlannedAction, ReversalOutcome, RunStatus, Stage
from legacy_import.commit_actions import EFFECTS
from legacy_import.commit_actions.effect import LEAD, Logged, Undoing
from legacy_import.errors import LegacyImportError, OutOfOrder
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun
from legacy_import.progress import Progress
from legacy_import.services import commit_log, facets, runs
from legacy_import.services.isolation import isolate
from legacy_import.services.lease import Lease, hold
from legacy_import.services.newest_first import committed_rows, require_newest
from legacy_import.services.receipts import leave_receipt, next_position
from legacy_import.services.turns import Turns
from legacy_import.services.waves import in_batches

BATCH_ROWS = 1_000
KEPT = (ReversalOutcome.KEPT_EDITED, ReversalOutcome.KEPT_REFERENCED)
MAX_NAMED = 1_000  # kept rows that a report names; the commit log names all


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that stays, and why."""

    row: str  # source_table:legacy_id
    target_model: str
    target_id: int | None
    why: str  # a ReversalOutcome


@dataclass(slots=True)
class RollbackReport:
    """What a rollback did, or with `preview` would do. `records`: (model, ReversalOutcome) → number."""

    run: int
    preview: bool
    status: str = ""
    rows: int = 0  # taken back
    kept_rows: int = 0
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: list[Kept] = field(default_factory=list)


def rollback(
    *,
    run_id: int,
    actor: str,
    now: datetime.datetime,
    progress: Progress,
    preview: bool = False,
    batch: int = BATCH_ROWS,
) -> RollbackReport:
    """Undo the run's commits, `batch` rows a transaction; again after an interruption, it goes on.

    `preview` says the same and changes nothing. Raises UnknownRun, OutOfOrder (nothing was ever
    committed, a newer run rests on this one, held by another process), Interrupted (between batches).
    """
    run = runs.find_run(run_id)
    _require_committed(run)
    require_newest(run)
    progress.opened(run.source_label)
    report = RollbackReport(run.pk, preview)
    if preview:
        _Rollback(run, None, progress, report, actor, batch).take_back()
        report.status = run.status
        return report
    with hold(run, "legacy_rollback", progress) as lease:
        _require_committed(run)
        work = _Rollback(run, lease, progress, report, actor, batch)
        if committed_rows(run).exists():
            work.begin()
            work.take_back()
        if run.status == RunStatus.ROLLING_BACK:
            found = {"rollback": {"rows": report.rows, "kept": report.kept_rows}}
            runs.finish_stage(
                run, lease, RunStatus.ROLLED_BACK, actor=actor, started=now, found=found
            )
        report.status = run.status
    return report


def _require_committed(run: LegacyImportRun) -> None:
    run.require(RunStatus.ROLLING_BACK)
    if not LegacyImportCommitLog.objects.filter(legacy_import_run=run).exists():
        raise OutOfOrder(
            f"Run {run.pk} has committed nothing, so there is nothing to roll back.",
            hint=f"manage.py {run.next_command}",
        )


@dataclass(slots=True)
class _Rollback:
    """One call of `rollback`; without a lease it is a preview."""

    run: LegacyImportRun
    lease: Lease | None
    progress: Progress
    report: RollbackReport
    actor: str
    size: int
    position: int = 0
    turns: Turns = field(default_factory=Turns)
    # What a preview takes for undone already: interests, and entries of the log.
    removed: dict[str, set[int]] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """From here on the plan is not current, and only a rollback can go on."""
        assert self.lease is not None
        with transaction.atomic():
            self.lease.confirm()
            self.run.move_to(RunStatus.ROLLING_BACK)
            self.run.plan_fingerprint = ""
            self.run.save(update_fields=["status", "plan_fingerprint"])
        self.position = next_position(self.run, Stage.ROLLBACK)

    def take_back(self) -> None:
        """Links and history first, then the leads they may hang on."""
        rows = committed_rows(self.run)
        self.progress.begin("previewing" if self.lease is None else "rolling back", rows.count())
        leads = Outcome.CREATE_CRM_LEAD
        for part in (rows.exclude(outcome=leads), rows.filter(outcome=leads)):
            for ids in in_batches(part, self.size):
                if self.lease is None:
                    self._undo(dict(rows.filter(pk__among=Ids(ids)).values_list("pk", "outcome")))
                else:
                    self._batch(ids)
                self.progress.advance(len(ids))

    def _batch(self, ids: Sequence[int]) -> None:
        assert self.lease is not None
        with transaction.atomic():
            runs.one_at_a_time()
            self.lease.confirm()
            require_newest(self.run, ids)  # it may have been committed meanwhile
            rows = committed_rows(self.run).filter(pk__among=Ids(ids)).select_for_update()
            with facets.following(self.run.pk, ids):
                self._undo(dict(rows.order_by("pk").values_list("pk", "outcome")))
            leave_receipt(self.run, Stage.ROLLBACK, self.position, ids)
        self.position += 1
        self.turns.give_way()

    def _undo(self, actions: Mapping[int, str]) -> None:
        """`actions`: staged row id → its outcome."""
        ids = list(actions)
        entries = commit_log.entries_in_force(ids)
        outcomes: dict[int, ReversalOutcome] = {}

        def undo(part: Sequence[int]) -> None:
            by_action: defaultdict[PlannedAction, dict[int, list[Logged]]] = defaultdict(dict)
            for row in part:
                by_action[PlannedAction(actions[row])][row] = entries.get(row, [])
            for action, rows in by_action.items():
                outcomes.update(EFFECTS[action].undo(rows, self._undoing(rows)))

        for poison in isolate(undo, ids):
            if not poison.error.startswith("IntegrityError"):
                (name,) = runs.names_of_rows([poison.row]).values()
                raise LegacyImportError(
                    f"The app database refused to take {name} back ({poison.error}).",
                    hint=f"Look at its records, then: manage.py legacy_rollback --run {self.run.pk}",
                )
            held = ReversalOutcome.KEPT_REFERENCED
            outcomes.update({entry.id: held for entry in entries.get(poison.row, [])})
        self._write(entries, outcomes)

    def _undoing(self, rows: Mapping[int, Sequence[Logged]]) -> Undoing:
        """The leads of these rows that other rows, of any run, are linked to stay."""
        leads = {
            entry.target_id: row
            for row, logged in rows.items()
            for entry in logged
            if entry.created and entry.target_model == LEAD
        }
        links = LegacyImportCommitLog.objects.filter(
            target_model=LEAD,
            target_id__among=Ids(leads),
            created_target=False,
            reversed_at=None,
        )
        held = {
            (LEAD, lead)
            for pk, row, lead in links.values_list("pk", "student_import_id", "target_id")
            if lead is not None and row != leads[lead] and pk not in self.undone
        }
        return Undoing(frozenset(held), self.removed, preview=self.lease is None)

    def _write(
        self, entries: Mapping[int, Sequence[Logged]], outcomes: Mapping[int, ReversalOutcome]
    ) -> None:
        kept = {
            row for row, logged in entries.items() if any(outcomes[e.id] in KEPT for e in logged)
        }
        if self.lease is not None:
            at = timezone.now()
            commit_log.reverse(outcomes, kept=KEPT, actor=self.actor, now=at)
            commit_log.release_rows(
                {row: logged for row, logged in entries.items() if row not in kept}
            )
        else:
            undone = [e for row, logged in entries.items() if row not in kept for e in logged]
            self.undone |= {entry.id for entry in undone}
            for entry in undone:
                if entry.created and entry.target_id:
                    self.removed.setdefault(entry.target_model, set()).add(entry.target_id)
        self._count(entries, outcomes, kept)

    def _count(
        self,
        entries: Mapping[int, Sequence[Logged]],
        outcomes: Mapping[int, ReversalOutcome],
        kept: set[int],
    ) -> None:
        report = self.report
        report.rows += len(entries) - len(kept)
        report.kept_rows += len(kept)
        told = Counter(
            (entry.target_model, outcomes[entry.id])
            for logged in entries.values()
            for entry in logged
        )
        for (model, outcome), records in told.items():
            report.records[model, outcome.value] += records
        if kept and len(report.kept) < MAX_NAMED:
            names = runs.names_of_rows(kept)
            report.kept += [
                Kept(names[row], entry.target_model, entry.target_id, outcomes[entry.id].value)
                for row in sorted(kept)
                for entry in entries[row]
            ]
