"""The learner key of new history: equal for all history of one old learner (docs/decisions/0070)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ecoin.bulk import Ids
from legacy_import.models import LegacyImportRun, LegacyStudentImport, number_suffix
from legacy_import.people.groups import TABLE_RANK
from legacy_import.people.platform import learner_keys_of
from legacy_import.people.source_decisions import separate_rows
from legacy_import.stages.planning.plan_row import PlanRow


class GroupMember(NamedTuple):
    """A row of a group as it is staged. `person_number`: see models.number_suffix."""

    pk: int
    source_table: str
    legacy_id: str
    person_number: int
    group_first_id: int

    def origin(self, connection_name: str) -> str:
        """Of its records, without the effect."""
        number = number_suffix(self.person_number)
        return f"{connection_name}:{self.source_table}:{self.legacy_id}{number}"

    @property
    def place(self) -> tuple[int, int]:
        """Its place among the rows of its group."""
        return TABLE_RANK[self.source_table], int(self.legacy_id)


def learner_keys(
    run: LegacyImportRun, rows: Sequence[PlanRow], origins: Mapping[int, str]
) -> dict[int, str]:
    """Row id → its learner key: the origin of the first row of its group, or its own.

    History that an earlier run created from a row of the group keeps its key, and new history gets the
    same: a later run may group the rows under another first row. `origins`: of these rows.
    """
    members = _members(run, {row.group_first_id for row in rows if row.group_first_id is not None})
    of_members = {one.pk: one.origin(run.connection_name) for one in members} | dict(origins)
    first_of = _first_rows(run, members)
    others = LegacyImportRun.objects.filter(connection_name=run.connection_name).exclude(pk=run.pk)
    existing = learner_keys_of(list(of_members.values())) if others.exists() else {}
    keys: defaultdict[int, set[str]] = defaultdict(set)
    for pk, origin in of_members.items():
        if origin in existing:
            keys[first_of.get(pk, pk)].add(existing[origin])
    result = {}
    for row in rows:
        first = first_of.get(row.pk, row.pk)
        own = of_members[first]
        result[row.pk] = own if own in keys[first] or not keys[first] else min(keys[first])
    return result


def _members(run: LegacyImportRun, groups: set[int]) -> list[GroupMember]:
    """Every member of these groups."""
    if not groups:
        return []
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, group_first_id__among=Ids(groups)
    )
    return [GroupMember(*columns) for columns in rows.values_list(*GroupMember._fields)]


def _first_rows(run: LegacyImportRun, members: Sequence[GroupMember]) -> dict[int, int]:
    """Row id → the first row of its group, without those that a reviewer separated since.

    A decision of another run takes effect on the groups of this one when it is planned again.
    """
    separate = separate_rows(run, [one.pk for one in members]) if members else set()
    groups: defaultdict[int, list[GroupMember]] = defaultdict(list)
    for member in members:
        if member.pk not in separate:
            groups[member.group_first_id].append(member)
    first_of: dict[int, int] = {}
    for group, others in groups.items():
        first = group if group not in separate else min(others, key=lambda one: one.place).pk
        first_of |= {one.pk: first for one in others}
    return first_of
