"""Who carries a row's phone or e-mail by now and was not there when the row was compared."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ecoin.bulk import Ids
from ecoin.identity.keys import Key
from legacy_import.choices import DuplicateConfidence
from legacy_import.conf import ImportConf
from legacy_import.models import HotKey, LegacyImportRun, LegacyStudentImport
from legacy_import.people.platform import carriers, still_carry, who_carry
from legacy_import.people.ruled_out import SourceRow, people_ruled_out
from legacy_import.rules.duplicates import Target
from legacy_import.stages.planning.cases import Case


def rows_with_newcomers(run: LegacyImportRun, cases: Sequence[Case], conf: ImportConf) -> set[int]:
    """The rows whose phone or e-mail somebody carries who was not compared with them."""
    known = _compared(cases)
    found = _newcomers(run, [case.row.pk for case in cases], known, conf)
    if not found:
        return set()
    met = {row for row, _, _ in found}
    names = {source_row(case): case.row.pk for case in cases if case.row.pk in met}
    for name, people in people_ruled_out(run.connection_name, names.keys()).items():
        known[names[name]] |= people
    carried: defaultdict[int, set[Key]] = defaultdict(set)
    for row, _, key in found:
        carried[row].add(key)
    settled = _settled_hot_keys(run, carried, known, conf)
    return {
        row for row, person, key in found if person not in known[row] and key not in settled[row]
    }


def source_row(case: Case) -> SourceRow:
    """The name by which decisions of any run know the row."""
    return case.row.source_table, case.row.legacy_id


def _newcomers(
    run: LegacyImportRun, ids: Sequence[int], known: Mapping[int, set[Target]], conf: ImportConf
) -> list[tuple[int, Target, Key]]:
    """(row, person, key): people not known to be compared with it carry the row's key now."""
    rows_of: defaultdict[tuple[Target, Key], set[int]] = defaultdict(set)
    met: defaultdict[Target, set[Key]] = defaultdict(set)
    for row, person, key in carriers(run.pk, ids):
        if person not in known.get(row, ()):
            rows_of[person, key].add(row)
            met[person].add(key)
    return [
        (row, person, key)
        for person, key in still_carry(met, run_id=run.pk, conf=conf)
        for row in rows_of[person, key]
    ]


def _settled_hot_keys(
    run: LegacyImportRun,
    carried: Mapping[int, set[Key]],
    known: Mapping[int, set[Target]],
    conf: ImportConf,
) -> dict[int, set[Key]]:
    """Row id → its hot keys of which somebody it was compared with is a carrier.

    One carrier stands for all of a hot key: the others were there, and are not new.
    """
    values = {key.value for keys in carried.values() for key in keys}
    hot = {
        Key(kind, value)
        for kind, value in HotKey.objects.filter(
            legacy_import_run=run, hot=True, kind__in=("P", "E"), value__in=values
        ).values_list("kind", "value")
    }
    people = {person for pk, keys in carried.items() if keys & hot for person in known.get(pk, ())}
    carried_by: defaultdict[Key, set[Target]] = defaultdict(set)
    for person, key in who_carry(dict.fromkeys(people, hot), conf):
        carried_by[key].add(person)
    return {
        pk: {key for key in keys & hot if carried_by[key] & known.get(pk, set())}
        for pk, keys in carried.items()
    }


def _compared(cases: Iterable[Case]) -> defaultdict[int, set[Target]]:
    """Row id → the users and leads that validation compared with it, or a reviewer spoke of."""
    known: defaultdict[int, set[Target]] = defaultdict(set)
    matched = []
    for case in cases:
        pk, decisions = case.row.pk, case.decisions
        known[pk] |= decisions.not_same | ({decisions.link_to} if decisions.link_to else set())
        if case.row.duplicate_confidence != DuplicateConfidence.NONE:
            matched.append(pk)
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(matched))
    for pk, evidence in rows.values_list("pk", "duplicate_evidence"):
        known[pk] |= {
            (found["kind"], found["id"])
            for found in evidence.get("targets", [])
            if found["tier"] == DuplicateConfidence.HIGH  # the others carried neither contact then
        }
    return known
