"""The work of a rollback on one batch: effects, log and outcomes are undone in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils import timezone

from ecoin.bulk import Ids
from legacy_import.choices import Outcome, PlannedAction, ReversalOutcome
from legacy_import.engine.chunks import Chunk, ChunkResult, Job, Work
from legacy_import.engine.poison_rows import isolate
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun
from legacy_import.runs import counts, lifecycle
from legacy_import.stages.commit import log
from legacy_import.stages.commit.effects import EFFECTS
from legacy_import.stages.commit.effects.effect import LEAD, LoggedEntry, RollbackContext
from legacy_import.stages.rollback.order import committed_rows, require_newest

KEPT = (
    ReversalOutcome.KEPT_EDITED,
    ReversalOutcome.KEPT_ATTACHED,
    ReversalOutcome.KEPT_REFERENCED,
)


def open_work(job: Job) -> Work:
    """Each batch locks its rows and checks again that no newer run depends on them."""
    run = LegacyImportRun.objects.get(pk=job.run_id)
    batches = BatchRollback(run, str(job.options["actor"]))

    def batch(chunk: Chunk) -> ChunkResult:
        require_newest(run, chunk.ids)  # one may have been committed since the command began
        rows = committed_rows(run).filter(pk__among=Ids(chunk.ids)).select_for_update()
        actions = dict(rows.order_by("pk").values_list("pk", "outcome"))
        return ChunkResult(len(chunk.ids), details=batches.undo(actions))

    return batch


@dataclass(slots=True)
class BatchRollback:
    """Undoes batches; with `preview` it changes nothing and only counts, batch after batch."""

    run: LegacyImportRun
    actor: str
    preview: bool = False
    # What a preview treats as undone already: records by model, and entries of the log.
    removed: dict[str, set[int]] = field(default_factory=dict)
    undone_entries: set[int] = field(default_factory=set)

    def undo(self, actions: Mapping[int, str]) -> dict[str, Any]:
        """`actions`: staged row id → its outcome. Returns the counts, JSON-ready."""
        ids = list(actions)
        entries = log.entries_in_force(ids)
        outcomes: dict[int, ReversalOutcome] = {}

        def undo(part: Sequence[int]) -> None:
            by_action: defaultdict[PlannedAction, dict[int, list[LoggedEntry]]] = defaultdict(dict)
            for row in part:
                by_action[PlannedAction(actions[row])][row] = entries.get(row, [])
            for action, rows in by_action.items():
                outcomes.update(EFFECTS[action].undo(rows, self._context(rows)))

        for poison in isolate(undo, ids):
            if not poison.error.startswith("IntegrityError"):
                (name,) = lifecycle.names_of_rows([poison.row]).values()
                raise LegacyImportError(
                    f"The app database refused to undo {name} ({poison.error}).",
                    hint=f"Look at its records, then: manage.py legacy_rollback --run {self.run.pk}",
                )
            outcomes |= self._refused(PlannedAction(actions[poison.row]), poison.row, entries)
        return self._write(entries, outcomes)

    def _refused(
        self, action: PlannedAction, row: int, entries: Mapping[int, Sequence[LoggedEntry]]
    ) -> dict[int, ReversalOutcome]:
        """Of a row that the database keeps, because a record is in use that this code does not know."""
        logged = {row: entries.get(row, [])}
        context = replace(self._context(logged), preview=True)
        return {
            entry: outcome if outcome == ReversalOutcome.GONE else ReversalOutcome.KEPT_REFERENCED
            for entry, outcome in EFFECTS[action].undo(logged, context).items()
        }

    def _context(self, rows: Mapping[int, Sequence[LoggedEntry]]) -> RollbackContext:
        """With the leads of these rows that other rows, of any run, are linked to."""
        leads = {
            entry.target_id: row
            for row, logged in rows.items()
            for entry in logged
            if entry.created and entry.target_model == LEAD
        }
        links = LegacyImportCommitLog.objects.filter(
            target_model=LEAD, target_id__among=Ids(leads), created_target=False, reversed_at=None
        )
        referenced = {
            (LEAD, lead)
            for pk, row, lead in links.values_list("pk", "student_import_id", "target_id")
            if lead is not None and row != leads[lead] and pk not in self.undone_entries
        }
        return RollbackContext(frozenset(referenced), self.removed, preview=self.preview)

    def _write(
        self, entries: Mapping[int, Sequence[LoggedEntry]], outcomes: Mapping[int, ReversalOutcome]
    ) -> dict[str, Any]:
        kept_rows = {
            row for row, logged in entries.items() if any(outcomes[e.id] in KEPT for e in logged)
        }
        if not self.preview:
            at = timezone.now()
            kept_entries = {entry.id for row in kept_rows for entry in entries[row]}
            log.reverse(outcomes, in_force=kept_entries, actor=self.actor, now=at)
            released = {row: logged for row, logged in entries.items() if row not in kept_rows}
            counts.apply(self.run.pk, released, new={"outcome": Outcome.ROLLED_BACK.value})
            log.release_rows(released)
        else:
            undone = [e for row, logged in entries.items() if row not in kept_rows for e in logged]
            self.undone_entries |= {entry.id for entry in undone}
            for entry in undone:
                if entry.created and entry.target_id:
                    self.removed.setdefault(entry.target_model, set()).add(entry.target_id)
        return _summary(entries, outcomes, kept_rows)


def _summary(
    entries: Mapping[int, Sequence[LoggedEntry]],
    outcomes: Mapping[int, ReversalOutcome],
    kept_rows: set[int],
) -> dict[str, Any]:
    """Rows undone and kept, records by model and outcome, and the records that stay."""
    records = Counter(
        (entry.target_model, outcomes[entry.id].value)
        for logged in entries.values()
        for entry in logged
    )
    names = lifecycle.names_of_rows(kept_rows) if kept_rows else {}
    return {
        "rows": len(entries) - len(kept_rows),
        "kept_rows": len(kept_rows),
        "records": [[model, outcome, number] for (model, outcome), number in records.items()],
        "kept": [
            [names[row], entry.target_model, entry.target_id, outcomes[entry.id].value]
            for row in sorted(kept_rows)
            for entry in entries[row]
            if outcomes[entry.id] in KEPT
        ],
    }
