"""Rows that reviewers took out of their group: another person than its other rows."""

from collections.abc import Collection

from ecoin.bulk import Ids
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.source_decisions import any_decisions, decisions_on
from legacy_import.rules.decisions import in_force


def separate_rows(run: LegacyImportRun, ids: Collection[int]) -> set[int]:
    """Those of these rows of the run that are separate from their group, by decisions of all runs."""
    if not any_decisions(run.connection_name, decision=ReviewDecision.SEPARATE):
        return set()
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
    return {
        pk
        for pk, of_row in decisions_on(rows, run.connection_name).items()
        if in_force(one.event for one in of_row.applying).separate
    }
