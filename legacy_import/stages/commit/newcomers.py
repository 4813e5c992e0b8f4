"""People who have a row's phone or e-mail now, and did not when the row was compared."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ecoin.bulk import Ids
from ecoin.identity.keys import Key
from legacy_import.choices import DuplicateConfidence
from legacy_import.conf import ImportConf
from legacy_import.models import HotKey, LegacyImportRun, LegacyStudentImport
from legacy_import.people.platform import carriers, still_carry, who_carry
from legacy_import.rules.duplicates import Target
from legacy_import.stages.planning.cases import Case


def rows_with_newcomers(run: LegacyImportRun, cases: Sequence[Case], conf: ImportConf) -> set[int]:
    """The rows whose phone or e-mail belongs to a person that they were not compared with."""
    compared = _compared_people(cases)
    newcomers = _newcomers(run, [case.row.pk for case in cases], compared, conf)
    if not newcomers:
        return set()
    keys: defaultdict[int, set[Key]] = defaultdict(set)
    for row, _, key in newcomers:
        keys[row].add(key)
    settled = _settled_hot_keys(run, keys, compared, conf)
    return {
        row
        for row, person, key in newcomers
        if person not in compared[row] and key not in settled[row]
    }


def _newcomers(
    run: LegacyImportRun, ids: Sequence[int], compared: Mapping[int, set[Target]], conf: ImportConf
) -> list[tuple[int, Target, Key]]:
    """(row, person, key): people who have the row's key now and were not compared with it."""
    rows_of: defaultdict[tuple[Target, Key], set[int]] = defaultdict(set)
    keys: defaultdict[Target, set[Key]] = defaultdict(set)
    for row, person, key in carriers(run.pk, ids):
        if person not in compared.get(row, ()):
            rows_of[person, key].add(row)
            keys[person].add(key)
    return [
        (row, person, key)
        for person, key in still_carry(keys, run_id=run.pk, conf=conf)
        for row in rows_of[person, key]
    ]


def _settled_hot_keys(
    run: LegacyImportRun,
    row_keys: Mapping[int, set[Key]],
    compared: Mapping[int, set[Target]],
    conf: ImportConf,
) -> dict[int, set[Key]]:
    """Row id → its hot keys that a person it was compared with has, too.

    A row is compared with one representative of a hot key; the others are not new.
    """
    values = {key.value for keys in row_keys.values() for key in keys}
    hot = {
        Key(kind, value)
        for kind, value in HotKey.objects.filter(
            legacy_import_run=run, hot=True, kind__in=("P", "E"), value__in=values
        ).values_list("kind", "value")
    }
    people = {
        person for pk, keys in row_keys.items() if keys & hot for person in compared.get(pk, ())
    }
    carried_by: defaultdict[Key, set[Target]] = defaultdict(set)
    for person, key in who_carry(dict.fromkeys(people, hot), conf):
        carried_by[key].add(person)
    return {
        pk: {key for key in keys & hot if carried_by[key] & compared.get(pk, set())}
        for pk, keys in row_keys.items()
    }


def _compared_people(cases: Iterable[Case]) -> defaultdict[int, set[Target]]:
    """Row id → the users and leads that validation compared with it, or that the plan knows.

    The plan knows the person it gives the row to, and those whom a reviewer decided about.
    """
    compared: defaultdict[int, set[Target]] = defaultdict(set)
    matched = []
    for case in cases:
        pk, decisions = case.row.pk, case.decisions
        compared[pk] |= decisions.not_same | {
            one for one in (decisions.link_to, case.target) if one
        }
        if case.row.duplicate_confidence != DuplicateConfidence.NONE:
            matched.append(pk)
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(matched))
    for pk, evidence in rows.values_list("pk", "duplicate_evidence"):
        compared[pk] |= {
            (target["kind"], target["id"])
            for target in evidence.get("targets", [])
            if target["tier"] == DuplicateConfidence.HIGH  # the others shared no contact with it
        }
    return compared
