"""Rows that an earlier run imported as something else: what they became, and what can be added."""

from collections.abc import Mapping, Set
from typing import NamedTuple

from legacy_import.choices import COMMITTED_OUTCOMES, Outcome, PersonKind, SourceTable
from legacy_import.models import LegacyImportRun, LegacyStudentImport, number_suffix
from legacy_import.people.platform import history_of_rows, leads_of_rows
from legacy_import.rules.duplicates import Target


class Addition(NamedTuple):
    """The person that the row became, if any, and the effects whose records it already has."""

    person: Target | None
    effects: frozenset[str]


class OriginOfRow(NamedTuple):
    """A source row, and the number of its person (models.number_suffix)."""

    source_table: str
    legacy_id: str
    person_number: int


def additions_of(run: LegacyImportRun, rows: Mapping[int, OriginOfRow]) -> dict[int, Addition]:
    """Row id → what the record of an earlier run is, for rows whose payload changed since."""
    if not rows:
        return {}
    origins = {
        pk: f"{run.connection_name}:{table}:{legacy_id}{number_suffix(number)}"
        for pk, (table, legacy_id, number) in rows.items()
    }
    leads = leads_of_rows(list(origins.values()))
    history = history_of_rows(list(origins.values()))
    linked = _people_linked(run, set(rows.values()))
    additions = {}
    for pk, row in rows.items():
        origin = origins[pk]
        existing = {
            effect: history[f"{origin}:{effect}"]
            for effect in ("training", "enrollment")
            if f"{origin}:{effect}" in history
        }
        lead = leads.get(origin)
        person = (PersonKind.LEAD.value, lead) if lead else None
        person = person or next(filter(None, existing.values()), None)
        person = person or linked.get(row)
        additions[pk] = Addition(person, frozenset(existing))
    return additions


def _people_linked(run: LegacyImportRun, rows: Set[OriginOfRow]) -> dict[OriginOfRow, Target]:
    """Row → the person to whom its latest commit linked it, not another owner of its number."""
    people: dict[OriginOfRow, Target] = {}
    outcomes = [outcome for outcome in COMMITTED_OUTCOMES if outcome != Outcome.SKIP]
    for table in SourceTable.values:
        ids = [row.legacy_id for row in rows if row.source_table == table]
        if not ids:
            continue
        committed = LegacyStudentImport.objects.filter(
            legacy_import_run__connection_name=run.connection_name,
            source_table=table,
            legacy_id__in=ids,
            outcome__in=outcomes,
        ).order_by("legacy_import_run_id")
        for legacy_id, number, user, lead in committed.values_list(
            "legacy_id", "person_number", "imported_user_id", "imported_lead_id"
        ):
            row = OriginOfRow(table, legacy_id, number)
            if user:
                people[row] = (PersonKind.USER.value, user)
            elif lead:
                people[row] = (PersonKind.LEAD.value, lead)
    return people
