"""Undo of effects: only what is unchanged and unreferenced; a row is undone as a whole or not at all."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from crm import services as crm
from legacy_import.choices import ReversalOutcome
from legacy_import.people.platform import records_that_exist
from legacy_import.stages.commit.effects.effect import (
    COMPLETED_TRAINING,
    ENROLLMENT,
    INTEREST,
    LEAD,
    LoggedEntry,
    RollbackContext,
)
from trainings import services as trainings

# In the order in which they are deleted: an interest before its lead.
KINDS = {
    INTEREST: crm.INTERESTS,
    LEAD: crm.LEADS,
    COMPLETED_TRAINING: trainings.COMPLETED_TRAININGS,
    ENROLLMENT: trainings.ENROLLMENTS,
}

HISTORY = {
    COMPLETED_TRAINING: trainings.COMPLETED_TRAININGS,
    ENROLLMENT: trainings.ENROLLMENTS,
}

Existing = Mapping[str, Mapping[int, str]]  # model → id → fingerprint now


def reverse(
    rows: Mapping[int, Sequence[LoggedEntry]], context: RollbackContext, /
) -> dict[int, ReversalOutcome]:
    """Entry id → what became of it. If one record of a row must stay, the whole row stays."""
    created = _ids_by_model(rows.values())
    existing = {
        model: KINDS[model].fingerprints(ids, lock=not context.preview)
        for model, ids in created.items()
    }
    edited = {row: entries for row, entries in rows.items() if _is_edited(entries, existing)}
    outcomes = _kept_edited(edited, existing)
    unedited = {row: entries for row, entries in rows.items() if row not in edited}
    in_use = _in_use(unedited, existing, context)
    undone: dict[int, Sequence[LoggedEntry]] = {}
    for row, entries in unedited.items():
        if any(
            (entry.target_model, entry.target_id) in in_use for entry in entries if entry.created
        ):
            outcomes |= _keep(entries, existing, ReversalOutcome.KEPT_REFERENCED)
        else:
            undone[row] = entries
    if not context.preview:
        for model, ids in _existing_ids(undone, existing).items():
            KINDS[model].delete(ids)
            if model == LEAD:
                trainings.withdraw_leads(ids)
    people = records_that_exist(
        (entry.target_model, entry.target_id)
        for entries in undone.values()
        for entry in entries
        if not entry.created and entry.target_id is not None
    )
    for entries in undone.values():
        outcomes |= {entry.id: _reversal_outcome(entry, existing, people) for entry in entries}
    return outcomes


def _ids_by_model(rows: Collection[Sequence[LoggedEntry]]) -> dict[str, list[int]]:
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for entries in rows:
        for entry in entries:
            if entry.created and entry.target_id is not None:
                ids[entry.target_model].append(entry.target_id)
    return {model: ids[model] for model in KINDS if model in ids}


def _existing_ids(
    rows: Mapping[int, Sequence[LoggedEntry]], existing: Existing
) -> dict[str, list[int]]:
    return {
        model: [pk for pk in ids if pk in existing[model]]
        for model, ids in _ids_by_model(rows.values()).items()
    }


def _is_edited(entries: Sequence[LoggedEntry], existing: Existing) -> bool:
    """Whether a record of the row was edited, or some of its records were deleted and others not."""
    any_exists = any_missing = False
    for entry in entries:
        if entry.created:
            now = existing[entry.target_model].get(entry.target_id or 0)
            if now is None:
                any_missing = True
            elif now != entry.fingerprint:
                return True
            else:
                any_exists = True
    return any_exists and any_missing


def _kept_edited(
    rows: Mapping[int, Sequence[LoggedEntry]], existing: Existing
) -> dict[int, ReversalOutcome]:
    """Of the edited rows: whether staff attached their history to someone, or edited something else."""
    attached = {
        (model, pk)
        for model, ids in _existing_ids(rows, existing).items()
        if model in HISTORY
        for pk in HISTORY[model].attached_by_hand(ids)
    }
    outcomes: dict[int, ReversalOutcome] = {}
    for entries in rows.values():
        by_hand = any((entry.target_model, entry.target_id) in attached for entry in entries)
        why = ReversalOutcome.KEPT_ATTACHED if by_hand else ReversalOutcome.KEPT_EDITED
        outcomes |= _keep(entries, existing, why)
    return outcomes


def _keep(
    entries: Sequence[LoggedEntry], existing: Existing, why: ReversalOutcome
) -> dict[int, ReversalOutcome]:
    """Of a row that stays: its records, except those that someone has deleted."""
    return {
        entry.id: ReversalOutcome.GONE if _is_gone(entry, existing) else why for entry in entries
    }


def _is_gone(entry: LoggedEntry, existing: Existing) -> bool:
    return entry.created and entry.target_id not in existing[entry.target_model]


def _in_use(
    rows: Mapping[int, Sequence[LoggedEntry]], existing: Existing, context: RollbackContext
) -> set[tuple[str, int]]:
    """The rows' records that anything else refers to. Rows' own interests belong to their leads."""
    ids = _existing_ids(rows, existing)
    interests = {*ids.get(INTEREST, ()), *context.removed.get(INTEREST, ())}
    ignored = {**context.removed, INTEREST: interests}
    referenced = {
        (model, pk)
        for model, own in ids.items()
        for pk in KINDS[model].referenced(own, besides=ignored)
    }
    return referenced | context.referenced


def _reversal_outcome(
    entry: LoggedEntry, existing: Existing, people: Collection[tuple[str, int]]
) -> ReversalOutcome:
    """A link to a person whom someone deleted is gone, as well: the row is not made another person."""
    if not entry.created:
        is_there = (entry.target_model, entry.target_id) in people
        return ReversalOutcome.UNLINKED if is_there else ReversalOutcome.GONE
    return ReversalOutcome.GONE if _is_gone(entry, existing) else ReversalOutcome.DELETED
