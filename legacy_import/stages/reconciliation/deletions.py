"""What was deleted on the platform since a commit, and whether it is decided what follows."""

from collections.abc import Collection, Mapping, Sequence

from ecoin.bulk import Ids
from legacy_import.choices import LogAction
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.platform import records_that_exist
from legacy_import.people.source_decisions import decisions_on
from legacy_import.rules.commit_policy import Origin
from legacy_import.rules.decisions import in_force
from legacy_import.rules.validation import ERASED
from legacy_import.stages.commit.effects.created_records import RECORD_KINDS
from legacy_import.stages.planning.earlier_imports import RowIdentity, logged_imports
from legacy_import.stages.reconciliation.conservation import EntryInForce

Entries = Mapping[int, Sequence[EntryInForce]]  # by staged row id


def mark_deletions(run: LegacyImportRun, entries: Entries) -> Entries:
    """The entries, with `is_gone` and `is_decided`: created records, and people who were linked."""
    people = records_that_exist(
        (entry.target_model, entry.target_id)
        for of_row in entries.values()
        for entry in of_row
        if entry.action == LogAction.LINK_EXISTING and entry.target_id is not None
    )
    deleted = {
        row for row, of_row in entries.items() if any(_is_gone(one, people) for one in of_row)
    }
    if not deleted:
        return entries
    decided_rows = _decided_ids(run, {row: entries[row] for row in deleted})
    return {
        row: [
            one._replace(is_gone=True, is_decided=row in decided_rows)
            if _is_gone(one, people)
            else one
            for one in of_row
        ]
        if row in deleted
        else of_row
        for row, of_row in entries.items()
    }


def _is_gone(entry: EntryInForce, people: Collection[tuple[str, int]]) -> bool:
    if entry.action in RECORD_KINDS:
        return entry.origin is None
    is_link = entry.action == LogAction.LINK_EXISTING and entry.target_id is not None
    return is_link and (entry.target_model, entry.target_id) not in people


def _decided_ids(run: LegacyImportRun, entries: Entries) -> set[int]:
    """The rows that a reviewer skipped since, or let be created again, or that a newer run imported.

    And those of erased people: nothing of them is created again.
    """
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(entries))
    identities = [
        RowIdentity(*columns) for columns in staged.order_by("pk").values_list(*RowIdentity._fields)
    ]
    newer = logged_imports(run, identities, newer_only=True)
    rows = {pk for pk, one in newer.items() if one.origin != Origin.ANOTHER_PERSON}
    issues = staged.values_list("pk", "validation_issues")
    rows |= {pk for pk, codes in issues if codes == [ERASED]}
    for pk, of_row in decisions_on(staged, run.connection_name).items():
        now = in_force(one.event for one in of_row.applying)
        if now.skip or now.create_again in {entry.pk for entry in entries[pk]}:
            rows.add(pk)
    return rows
