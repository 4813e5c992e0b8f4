"""What a decision on a mapping would change for the rows of a run, before it is made.

Computed for groups of rows by the rules of the plan: one query for all decisions on a mapping.
"""

import datetime
from collections import Counter
from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass, field

from django.db.models import Q

from legacy_import.choices import COMMITTED_OUTCOMES
from legacy_import.mapping.index import MappingIndex, load_mappings
from legacy_import.mapping.mapping_kind import UNDO, Answer, Fields, MappingKind
from legacy_import.mapping.row_groups import RowGroup, row_groups, unblocked_action
from legacy_import.mapping.weights import CAUSES
from legacy_import.models import LegacyImportRun, SourceMapping

# A decided mapping is signed; a preview has no time yet.
DECIDED: Fields = {"confirmed_at": datetime.datetime.max.replace(tzinfo=datetime.UTC)}


@dataclass(frozen=True, slots=True)
class MappingEffect:
    """Rows of a run that are not committed yet: freed by a decision, or blocked by it.

    Freed: they wait for a mapping now, and no mapping would block them. Another doubt still may.
    """

    freed: int = 0
    blocked: int = 0
    actions: Mapping[str, int] = field(default_factory=dict)  # training action → freed rows


def effects_of(
    run: LegacyImportRun, kind: MappingKind, mapping: SourceMapping
) -> dict[str, MappingEffect]:
    """What each decision on this mapping would change in the run, by the name of the decision."""
    variants = {
        name: [with_fields(mapping, decision.fields | decision.assumed | DECIDED)]
        for name, decision in kind.decisions.items()
    }
    if mapping.confirmed_at is not None:
        undone = kind.rule_answer(mapping) | {"confirmed_at": None}
        variants[UNDO] = [with_fields(mapping, undone)]
    return preview(run, kind, variants)


def preview(
    run: LegacyImportRun, kind: MappingKind, variants: Mapping[str, Collection[SourceMapping]]
) -> dict[str, MappingEffect]:
    """Name → the effect on the run if the mappings of the source had the answers of these instances.

    `variants`: name → mappings with their columns as they would be, not saved.
    """
    changes = {
        mapping.legacy_id: (Answer(None, None), Answer(True, True))
        for mappings in variants.values()
        for mapping in mappings
    }
    if not changes:
        return {name: MappingEffect() for name in variants}
    index = load_mappings(run.connection_name)
    pending = kind.affected_rows(run.connection_name, changes) & ~Q(outcome__in=COMMITTED_OUTCOMES)
    groups = list(row_groups(run, CAUSES, pending))
    return {
        name: _effect(groups, index, kind.index_with(index, mappings))
        for name, mappings in variants.items()
    }


def with_fields(mapping: SourceMapping, fields: Fields) -> SourceMapping:
    """A copy of the mapping with these columns, not saved."""
    variant = copy(mapping)
    for name, value in fields.items():
        setattr(variant, name, value)
    return variant


def _effect(groups: Collection[RowGroup], now: MappingIndex, then: MappingIndex) -> MappingEffect:
    actions: Counter[str] = Counter()
    blocked = 0
    for group in groups:
        action = unblocked_action(group, then)
        if action is not None and group.cause:
            actions[action.value] += group.rows
        elif action is None and not group.cause and unblocked_action(group, now):
            blocked += group.rows
    return MappingEffect(actions.total(), blocked, dict(actions.most_common()))
