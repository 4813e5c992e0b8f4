"""Rows of a run per mapping: how many refer to it, wait for it, or would be freed by a decision on it.

They are stored per run, so that a page counts no rows: by every plan, and by every decision on a
mapping in its own transaction. The next page stores them again after an import or a classification,
which discard them, and after a change of a mapping in another run of the source. Reviewers'
decisions, commits and rollbacks do not change them, since a row that waits for a mapping is planned
for review until the next plan.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import transaction

from ecoin.bulk import insert_rows
from ecoin.identity.text import fold
from legacy_import.mapping.index import load_mappings, mapping_stamp
from legacy_import.mapping.kinds import KINDS
from legacy_import.mapping.mapping_kind import MappingKind
from legacy_import.mapping.row_groups import row_groups
from legacy_import.models import LegacyImportRun, MappingTotals, MappingWeight
from legacy_import.privacy.free_text import masked_number
from legacy_import.rules.import_action import HISTORY
from legacy_import.runs.lifecycle import UNFINISHED

CAUSES = [cause for kind in KINDS for cause in (*kind.causes, *kind.other_causes)]
COLUMNS = (
    "legacy_import_run_id", "kind", "mapping_id", "position", "rows", "waiting", "frees", "state",
    "searched", "trained",
)  # fmt: skip
LONGEST_SEARCHED = 500


@dataclass(frozen=True, slots=True)
class Weight:
    """Numbers of rows of the run: refer to the mapping, wait for it, would be freed by it; and those
    of learners who were trained.
    """

    rows: int
    waiting: int
    frees: int
    trained: int = field(default=0, compare=False)


NO_ROWS = Weight(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a source's mappings in one run, and the waiting rows by cause."""

    mappings: dict[tuple[str, str], Weight]  # by (name of the kind, legacy id)
    causes: dict[str, int]
    mappings_by_cause: dict[str, int]  # how many mappings the rows of a cause wait for

    def of(self, kind: MappingKind, legacy_id: str) -> Weight:
        return self.mappings.get((kind.name, legacy_id), NO_ROWS)


def weigh(run: LegacyImportRun) -> Weights:
    """Count the run's rows for each mapping of its source, in one pass over them."""
    index = load_mappings(run.connection_name)
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    causes: Counter[str] = Counter()
    waited_for: defaultdict[str, set[str]] = defaultdict(set)
    for group in row_groups(run, CAUSES):
        if group.cause:
            causes[group.cause] += group.rows
        for kind in KINDS:
            legacy_id = kind.legacy_id_of(group, index)
            if legacy_id is None:
                continue
            count = counts[kind.name, legacy_id]
            count["rows"] += group.rows
            count["trained"] += group.rows if group.classification in HISTORY else 0
            if group.cause in kind.causes:
                waited_for[group.cause].add(legacy_id)
                count["waiting"] += group.rows
                count["frees"] += group.rows if kind.frees(group, index) else 0
    return Weights(
        {
            key: Weight(count["rows"], count["waiting"], count["frees"], count["trained"])
            for key, count in counts.items()
        },
        dict(causes.most_common()),
        {cause: len(mappings) for cause, mappings in waited_for.items()},
    )


def current_totals(run: LegacyImportRun) -> MappingTotals:
    """The stored totals of the run; they and its MappingWeight rows are stored again if outdated."""
    totals = MappingTotals.objects.filter(legacy_import_run=run).first()
    if totals is None or run.status in UNFINISHED:
        return store_weights(run)
    return totals if totals.mappings == mapping_stamp(run.connection_name) else store_weights(run)


def store_weights(run: LegacyImportRun) -> MappingTotals:
    """Count the run's rows for every mapping of its source, and store the lists."""
    with transaction.atomic():
        # Decisions on mappings lock the run first, too, so none is lost between the steps.
        LegacyImportRun.objects.select_for_update().filter(pk=run.pk).values_list("pk").first()
        stamp = mapping_stamp(run.connection_name)  # before the mappings are read: never newer
        weights = weigh(run)
        MappingWeight.objects.filter(legacy_import_run=run).delete()
        for kind in KINDS:
            insert_rows(MappingWeight, COLUMNS, _stored_rows(run, kind, weights))
        totals, _ = MappingTotals.objects.update_or_create(
            legacy_import_run=run,
            defaults={
                "mappings": stamp,
                "causes": weights.causes,
                "mappings_by_cause": weights.mappings_by_cause,
            },
        )
    return totals


def discard_weights(run: LegacyImportRun) -> None:
    """Delete the totals when the meaning of the run's rows changes: the next page stores them again."""
    MappingTotals.objects.filter(legacy_import_run=run).delete()


def _stored_rows(
    run: LegacyImportRun, kind: MappingKind, weights: Weights
) -> Iterator[tuple[Any, ...]]:
    """The values of COLUMNS, ordered by the rows a mapping would free, then by those that wait, …"""
    # Sessions by the hundred have the name of one course.
    comparable = cache(lambda text: fold(kind.mask(text)))
    lines = []
    for mapping in kind.mappings().filter(connection_name=run.connection_name):
        weight = weights.of(kind, mapping.legacy_id)
        names = [comparable(getattr(mapping, attribute)) for attribute in kind.searched]
        order = (-weight.frees, -weight.waiting, -weight.rows, names[0], mapping.pk)
        searched = " ".join((masked_number(mapping.legacy_id), *names)).strip()[:LONGEST_SEARCHED]
        lines.append((order, mapping.pk, weight, mapping.state, searched))
    lines.sort(key=lambda line: line[0])
    for position, (_, pk, weight, state, searched) in enumerate(lines):
        yield (
            run.pk, kind.name, pk, position, weight.rows, weight.waiting, weight.frees, state,
            searched, weight.trained,
        )  # fmt: skip
