"""Whom a row is not, by decisions of reviewers: remembered permanently, while the row is that person."""

from collections.abc import Collection, Mapping

from ecoin.bulk import Ids
from legacy_import.choices import ReviewDecision
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.source_decisions import any_decisions, decisions_on
from legacy_import.rules.decisions import in_force
from legacy_import.rules.duplicates import Target

RuledOut = Mapping[int, frozenset[Target]]  # staged row id → the people it is not


def people_ruled_out(run: LegacyImportRun, ids: Collection[int] | None = None) -> RuledOut:
    """Row of the run → the people it is not, by decisions of all runs. A later link undoes it.

    `ids`: only of these rows.

    The row may be another person by now, who has the number of the one that was ruled out: then
    nothing was decided about it.
    """
    source, not_same = run.connection_name, {"decision": ReviewDecision.NOT_SAME.value}
    if not any_decisions(source, **not_same):
        return {}
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    rows = rows if ids is None else rows.filter(pk__among=Ids(ids))
    people = {
        pk: in_force(one.event for one in of_row.applying).not_same
        for pk, of_row in decisions_on(rows, source, **not_same).items()
    }
    return {pk: ruled_out for pk, ruled_out in people.items() if ruled_out}
