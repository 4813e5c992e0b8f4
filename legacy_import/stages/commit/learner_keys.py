"""The learner key of new history: equal for all history of one old learner (docs/decisions/0070)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ecoin.bulk import Ids
from legacy_import.models import LegacyImportRun, LegacyStudentImport, number_suffix
from legacy_import.people.platform import learner_keys_of
from legacy_import.stages.planning.plan_row import PlanRow


def learner_keys(
    run: LegacyImportRun, rows: Sequence[PlanRow], origins: Mapping[int, str]
) -> dict[int, str]:
    """Row id → its learner key: the origin of the first row of its group, or its own.

    History that an earlier run created from a row of the group keeps its key, and new history gets the
    same: a later run may group the rows under another first row. `origins`: of these rows.
    """
    groups = {row.group_first_id for row in rows if row.group_first_id is not None}
    members = _members(run, groups)
    first_of = {row.pk: row.group_first_id or row.pk for row in rows}
    members |= {pk: (first_of[pk], origin) for pk, origin in origins.items()}
    others = LegacyImportRun.objects.filter(connection_name=run.connection_name).exclude(pk=run.pk)
    all_origins = [origin for _, origin in members.values()]
    known = learner_keys_of(all_origins) if others.exists() else {}
    keys: defaultdict[int, set[str]] = defaultdict(set)
    for first, origin in members.values():
        if origin in known:
            keys[first].add(known[origin])
    own = {pk: members[first][1] for pk, first in first_of.items()}
    return {
        pk: own[pk] if own[pk] in keys[first] or not keys[first] else min(keys[first])
        for pk, first in first_of.items()
    }


def _members(run: LegacyImportRun, groups: set[int]) -> dict[int, tuple[int, str]]:
    """Row id → (first row of its group, its origin), for every member of these groups.

    A row whose legacy id was another person's when that person was imported has an origin of its own.
    """
    if not groups:
        return {}
    rows = LegacyStudentImport.objects.filter(
        legacy_import_run=run, group_first_id__among=Ids(groups)
    )
    return {
        pk: (first or pk, f"{run.connection_name}:{table}:{legacy_id}{number_suffix(number)}")
        for pk, first, table, legacy_id, number in rows.values_list(
            "pk", "group_first_id", "source_table", "legacy_id", "person_number"
        )
    }
