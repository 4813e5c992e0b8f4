"""The learner key of new history: equal for all history of one old learner (docs/decisions/0070)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ecoin.bulk import Ids
from legacy_import.models import LegacyImportRun, LegacyStudentImport, number_suffix
from legacy_import.people.groups import TABLE_RANK
from legacy_import.people.platform import learner_keys_of
from legacy_import.people.separate import separate_rows
from legacy_import.stages.planning.earlier_imports import (
    NOT_IMPORTED,
    RowIdentity,
    logged_imports,
)
from legacy_import.stages.planning.plan_row import PlanRow


def learner_keys(
    run: LegacyImportRun, rows: Sequence[PlanRow], origins: Mapping[int, str]
) -> dict[int, str]:
    """Row id → its learner key: the origin of the first row of its group, or its own.

    History that an earlier run created from a row of the group keeps its key, and new history gets the
    same: a later run may group the rows under another first row. `origins`: of these rows.
    """
    others = LegacyImportRun.objects.filter(connection_name=run.connection_name).exclude(pk=run.pk)
    imported_before = others.exists()
    groups = {row.group_first_id for row in rows if row.group_first_id is not None}
    members = _members(run, groups)
    of_members = {**_origins(run, members, imported_before), **origins}
    first_of = _first_rows(run, members)
    known = learner_keys_of(list(of_members.values())) if imported_before else {}
    keys: defaultdict[int, set[str]] = defaultdict(set)
    for pk, origin in of_members.items():
        if origin in known:
            keys[first_of.get(pk, pk)].add(known[origin])
    result = {}
    for row in rows:
        first = first_of.get(row.pk, row.pk)
        own = of_members[first]
        result[row.pk] = own if own in keys[first] or not keys[first] else min(keys[first])
    return result


class GroupMember(NamedTuple):
    """A row of a group as it is staged."""

    row: RowIdentity
    group: int


def _members(run: LegacyImportRun, groups: set[int]) -> dict[int, GroupMember]:
    """Row id → every member of these groups."""
    if not groups:
        return {}
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, group_first_id__among=Ids(groups)
    )
    members = (
        GroupMember(RowIdentity(*columns), group or 0)
        for *columns, group in rows.values_list(*RowIdentity._fields, "group_first_id")
    )
    return {member.row.pk: member for member in members}


def _first_rows(run: LegacyImportRun, members: Mapping[int, GroupMember]) -> dict[int, int]:
    """Row id → the first row of its group, without those that a reviewer separated since.

    A decision of another run takes effect on the groups of this one when it is validated again.
    """
    separate = separate_rows(run, members) if members else set()
    groups: defaultdict[int, list[RowIdentity]] = defaultdict(list)
    for pk, member in members.items():
        if pk not in separate:
            groups[member.group].append(member.row)
    first_of: dict[int, int] = {}
    for group, rows in groups.items():
        first = group if group not in separate else min(rows, key=_place).pk
        first_of |= {row.pk: first for row in rows}
    return first_of


def _place(row: RowIdentity) -> tuple[int, int]:
    return TABLE_RANK[row.source_table], int(row.legacy_id)


def _origins(
    run: LegacyImportRun, members: Mapping[int, GroupMember], imported_before: bool
) -> dict[int, str]:
    """Row id → the origin of each member, without the effect.

    A row whose legacy id was another person's when that person was imported has an origin of its own.
    """
    rows = [member.row for member in members.values()]
    earlier = logged_imports(run, rows) if imported_before else {}
    origins = {}
    for row in rows:
        number = number_suffix(earlier.get(row.pk, NOT_IMPORTED).person_number)
        origins[row.pk] = f"{run.connection_name}:{row.source_table}:{row.legacy_id}{number}"
    return origins
