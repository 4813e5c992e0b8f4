"""Taking effects back: only what is unchanged and unreferenced, a row at a time as one unit."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from crm import services as crm
from legacy_import.choices import ReversalOutcome
from legacy_import.stages.commit.effects.effect import (
    COMPLETED_TRAINING,
    ENROLLMENT,
    INTEREST,
    LEAD,
    LoggedEntry,
    RollbackContext,
)
from trainings import services as trainings
from trainings.models import ImportedHistory, LegacyCompletedTraining, LegacyImportedEnrollment

Ids = Collection[int]


@dataclass(frozen=True, slots=True)
class ReversibleKind:
    """One kind of record that an import makes. `referenced` takes ids, and model → ids to look past."""

    fingerprints: Callable[[Ids, bool], dict[int, str]]
    referenced: Callable[[Ids, Mapping[str, Ids]], set[int]]
    delete: Callable[[Sequence[int]], None]


def _history(model: type[ImportedHistory]) -> ReversibleKind:
    return ReversibleKind(
        lambda ids, lock: trainings.history_fingerprints(model, ids, lock=lock),
        lambda ids, besides: trainings.referenced_history(model, ids),
        lambda ids: trainings.delete_history(model, ids),
    )


# In the order in which they are deleted: an interest before its lead.
KINDS: dict[str, ReversibleKind] = {
    INTEREST: ReversibleKind(
        lambda ids, lock: crm.interest_fingerprints(ids, lock=lock),
        lambda ids, besides: crm.referenced_interests(ids),
        crm.delete_interests,
    ),
    LEAD: ReversibleKind(
        lambda ids, lock: crm.lead_fingerprints(ids, lock=lock),
        lambda ids, besides: crm.referenced_leads(ids, besides=besides),
        crm.delete_leads,
    ),
    COMPLETED_TRAINING: _history(LegacyCompletedTraining),
    ENROLLMENT: _history(LegacyImportedEnrollment),
}

Existing = Mapping[str, Mapping[int, str]]  # model → id → fingerprint now


def reverse(
    rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext
) -> dict[int, ReversalOutcome]:
    """Entry id → what became of it. If one record of a row has to stay, all of the row stays."""
    created = _ids_by_model(rows.values())
    existing = {
        model: KINDS[model].fingerprints(ids, not context.preview) for model, ids in created.items()
    }
    kept = {row for row, entries in rows.items() if _touched(entries, existing)}
    outcomes = {entry.id: ReversalOutcome.KEPT_EDITED for row in kept for entry in rows[row]}
    free = {row: entries for row, entries in rows.items() if row not in kept}
    in_use = _in_use(free, existing, context)
    for row, entries in free.items():
        if any(
            (entry.target_model, entry.target_id) in in_use for entry in entries if entry.created
        ):
            outcomes |= {entry.id: ReversalOutcome.KEPT_REFERENCED for entry in entries}
            kept.add(row)
    undone = {row: entries for row, entries in free.items() if row not in kept}
    if not context.preview:
        for model, ids in _existing_ids(undone, existing).items():
            KINDS[model].delete(ids)
    for entries in undone.values():
        outcomes |= {entry.id: _undone(entry, existing) for entry in entries}
    return outcomes


def _ids_by_model(rows: Collection[Sequence[LoggedEntry]]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for entries in rows:
        for entry in entries:
            if entry.created and entry.target_id is not None:
                found[entry.target_model].append(entry.target_id)
    return {model: found[model] for model in KINDS if model in found}


def _existing_ids(
    rows: Mapping[int, Sequence[LoggedEntry]], existing: Existing
) -> dict[str, list[int]]:
    return {
        model: [pk for pk in ids if pk in existing[model]]
        for model, ids in _ids_by_model(rows.values()).items()
    }


def _touched(entries: Sequence[LoggedEntry], existing: Existing) -> bool:
    """Somebody edited a record of the row, or deleted one part of it and left the other."""
    there = gone = False
    for entry in entries:
        if entry.created:
            now = existing[entry.target_model].get(entry.target_id or 0)
            if now is None:
                gone = True
            elif now != entry.fingerprint:
                return True
            else:
                there = True
    return there and gone


def _in_use(
    rows: Mapping[int, Sequence[LoggedEntry]], existing: Existing, context: RollbackContext
) -> set[tuple[str, int]]:
    """The rows' records that anything else refers to. Rows' own interests are part of their leads."""
    ids = _existing_ids(rows, existing)
    interests = {*ids.get(INTEREST, ()), *context.removed.get(INTEREST, ())}
    besides = {**context.removed, INTEREST: interests}
    found = {
        (model, pk) for model, own in ids.items() for pk in KINDS[model].referenced(own, besides)
    }
    return found | context.held


def _undone(entry: LoggedEntry, existing: Existing) -> ReversalOutcome:
    if not entry.created:
        return ReversalOutcome.UNLINKED
    there = entry.target_id in existing[entry.target_model]
    return ReversalOutcome.DELETED if there else ReversalOutcome.GONE
