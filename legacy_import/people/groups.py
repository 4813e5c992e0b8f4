"""Rows of one run that are one person: groups from the edges that matching wrote.

Memory contains a few numbers per row with an edge (`benchmarks/grouping_memory.py` measures them);
edges are read range by range, birth dates and targets for one batch of groups at a time.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby

from django.db import transaction

from ecoin.bulk import Ids, update_rows
from ecoin.identity.names import parse_name
from legacy_import.choices import ReviewDecision, SourceTable
from legacy_import.engine.chunks import id_ranges
from legacy_import.models import (
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
    PersonEdge,
)
from legacy_import.people.source_decisions import separate_rows
from legacy_import.rules.in_run import Relation, rows_in_doubt
from legacy_import.rules.person_groups import Member, group_people
from legacy_import.rules.validation import DELETED
from legacy_import.runs.lease import Lease
from legacy_import.runs.progress import Progress

ROWS_PER_BATCH = 5_000
ROWS_PER_RANGE = 50_000  # whose edges are read at once
TABLE_RANK = {table: rank for rank, table in enumerate(SourceTable.values)}

Edge = tuple[int, int]


def group_run(run: LegacyImportRun, lease: Lease, progress: Progress) -> None:
    """Write the run's groups: each member's first row, and the rows of refused edges and of doubts.

    A row that a reviewer separated is in none.
    Every row was taken out of its group when it was validated.
    """
    rows, roots = _components(_edges_of(run))
    progress.begin("grouping", len(rows))
    for batch in _batches(rows, roots):
        with transaction.atomic():
            lease.confirm()
            _group_batch(run, batch)
        progress.advance(len(batch))


def regroup_around(run: LegacyImportRun, row: int) -> None:
    """Write the groups around one row again, after it was separated from its group, or no longer is.

    Call this in the transaction of the decision, with the run's row locked.
    """
    rows = _component_of(run, row)
    update_rows(
        LegacyStudentImport,
        ("group_first_id", "group_conflict"),
        dict.fromkeys(rows, (None, False)),
    )
    _group_batch(run, sorted(rows))


def regroup_separate_rows(run: LegacyImportRun, lease: Lease) -> None:
    """Write the groups around those rows again that are separate, or were.

    A reviewer may have separated them, or undone that, in another run since this one was validated.
    One query if no row of the source ever was.
    """
    decisions = LegacyReviewDecision.objects.filter(
        connection_name=run.connection_name, decision=ReviewDecision.SEPARATE
    )
    legacy_ids = list(decisions.order_by().values_list("legacy_id", flat=True).distinct())
    if not legacy_ids:
        return
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, legacy_id__in=legacy_ids)
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            lease.confirm()
            regroup_around(run, pk)


def _component_of(run: LegacyImportRun, row: int) -> set[int]:
    """The rows that are connected with this one, however doubtful the connections."""
    rows, new = {row}, {row}
    edges = PersonEdge.objects.filter(legacy_import_run=run)
    while new:
        right = edges.filter(left_id__among=Ids(new)).values_list("right_id", flat=True)
        left = edges.filter(right_id__among=Ids(new)).values_list("left_id", flat=True)
        new = {*right, *left} - rows
        rows |= new
    return rows


def _edges_of(run: LegacyImportRun) -> Iterator[Edge]:
    """All of the run's edges, range by range: MySQL's driver reads all rows of a query into memory."""
    for first, last in id_ranges(run, ROWS_PER_RANGE):
        edges = PersonEdge.objects.filter(legacy_import_run=run, left_id__range=(first, last))
        yield from edges.values_list("left_id", "right_id")


def _components(edges: Iterable[Edge]) -> tuple["array[int]", "array[int]"]:
    """The rows that have an edge, in order; and of each the lowest it is connected with.

    However doubtful the connection. Sixteen bytes a row stay in memory.
    """
    ends = array("q", chain.from_iterable(edges))
    rows = array("q", (row for row, _ in groupby(sorted(ends))))
    parent = array("q", range(len(rows)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = place = parent[parent[place]]
        return place

    for first, second in zip(ends[::2], ends[1::2], strict=True):
        one, other = root(bisect_left(rows, first)), root(bisect_left(rows, second))
        parent[max(one, other)] = min(one, other)
    return rows, array("q", (rows[root(place)] for place in range(len(rows))))


def _batches(rows: Sequence[int], roots: Sequence[int]) -> Iterator[list[int]]:
    """Rows in batches of about ROWS_PER_BATCH that cut through no component."""
    batch: list[int] = []
    last = None
    for place in sorted(range(len(rows)), key=roots.__getitem__):
        if roots[place] != last and len(batch) >= ROWS_PER_BATCH:
            yield batch
            batch = []
        batch.append(rows[place])
        last = roots[place]
    if batch:
        yield batch


def _pairs_among(run: LegacyImportRun, rows: Iterable[int]) -> list[tuple[int, int, Relation]]:
    """The related pairs that begin at one of these rows, in order."""
    edges = PersonEdge.objects.filter(legacy_import_run=run, left_id__among=Ids(rows))
    pairs = edges.order_by("left_id", "right_id").values_list("left_id", "right_id", "relation")
    return [(first, second, Relation(relation)) for first, second, relation in pairs]


def _group_batch(run: LegacyImportRun, rows: list[int]) -> None:
    students = LegacyStudentImport.objects.filter(pk__in=rows)
    members = {
        pk: Member(
            # A deleted row is never the first of living ones: they would wait for it.
            order=(DELETED in issues, TABLE_RANK[table], int(legacy_id)),
            birth_date=born,
            target=(kind, target) if linkable and target else None,
            name=parse_name(name),
        )
        for pk, table, legacy_id, name, born, kind, target, linkable, issues in students.values_list(
            "pk", "source_table", "legacy_id", "full_name", "birth_date", "match_kind", "match_id",
            "auto_link_allowed", "validation_issues",
        )
    }  # fmt: skip
    separate = separate_rows(run, rows)
    pairs = [pair for pair in _pairs_among(run, rows) if separate.isdisjoint(pair[:2])]
    edges = [(first, second) for first, second, kind in pairs if kind == Relation.ONE_PERSON]
    groups = group_people(edges, members)
    in_conflict = {row for first, second, _ in groups.refused for row in (first, second)}
    in_conflict |= rows_in_doubt(pairs, groups.first_of, members)
    answers: defaultdict[int, list[object]] = defaultdict(lambda: [None, False])
    for row, first in groups.first_of.items():
        answers[row][0] = first
    for row in in_conflict:
        answers[row][1] = True
    update_rows(LegacyStudentImport, ("group_first_id", "group_conflict"), answers)
