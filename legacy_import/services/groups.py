"""Rows of one run that are one person: groups from the edges that matching found.

Memory holds two integers per edge; birth dates and targets are read for one batch of groups at a
time.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db import transaction

from ecoin.bulk import update_rows
from legacy_import.choices import SourceTable
from legacy_import.models import LegacyImportRun, LegacyStudentImport, PersonEdge
from legacy_import.progress import Progress
from legacy_import.rules.person_groups import Member, group_people
from legacy_import.services.lease import Lease

ROWS_PER_BATCH = 5_000
TABLE_RANK = {table: rank for rank, table in enumerate(SourceTable.values)}

Edge = tuple[int, int]


def group_run(run: LegacyImportRun, lease: Lease, progress: Progress) -> None:
    """Write the run's groups: each member's first row, and the rows of refused edges.

    Every row was taken out of its group when it was validated.
    """
    roots = _components(_edges(run))
    progress.begin("grouping", len(roots))
    for rows in _batches(roots):
        with transaction.atomic():
            lease.confirm()
            _group_batch(run, rows)
        progress.advance(len(rows))


def _edges(run: LegacyImportRun, rows: Iterable[int] | None = None) -> Iterator[Edge]:
    edges = PersonEdge.objects.filter(legacy_import_run=run).order_by("left_id", "right_id")
    if rows is not None:
        edges = edges.filter(left_id__in=rows)
    return iter(edges.values_list("left_id", "right_id").iterator(chunk_size=2_000))


def _components(edges: Iterable[Edge]) -> dict[int, int]:
    """Row id → the root of the rows it is connected with, however doubtful the connection."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            parent[row] = row = parent[parent[row]]
        return row

    for left, right in edges:
        one, other = root(left), root(right)
        parent[max(one, other)] = min(one, other)
    return {row: root(row) for row in parent}


def _batches(roots: dict[int, int]) -> Iterator[list[int]]:
    """Row ids in batches of about ROWS_PER_BATCH that cut through no component."""
    batch: list[int] = []
    last = None
    for root, row in sorted((root, row) for row, root in roots.items()):
        if root != last and len(batch) >= ROWS_PER_BATCH:
            yield batch
            batch = []
        batch.append(row)
        last = root
    if batch:
        yield batch


def _group_batch(run: LegacyImportRun, rows: list[int]) -> None:
    members = {
        pk: Member(
            order=(TABLE_RANK[table], int(legacy_id)),
            birth_date=born,
            target=(kind, target) if linkable and target else None,
        )
        for pk, table, legacy_id, born, kind, target, linkable in LegacyStudentImport.objects.filter(
            pk__in=rows
        ).values_list(
            "pk", "source_table", "legacy_id", "birth_date", "match_kind", "match_id",
            "auto_link_allowed",
        )
    }  # fmt: skip
    groups = group_people(_edges(run, rows), members)
    in_conflict = {row for left, right, _ in groups.refused for row in (left, right)}
    answers: defaultdict[int, list[object]] = defaultdict(lambda: [None, False])
    for row, first in groups.first_of.items():
        answers[row][0] = first
    for row in in_conflict:
        answers[row][1] = True
    update_rows(LegacyStudentImport, ("group_first_id", "group_conflict"), answers)
