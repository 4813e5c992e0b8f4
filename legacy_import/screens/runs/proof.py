"""The checks of a reconciliation in the reader's language."""

from collections.abc import Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from legacy_import.choices import LogAction, SourceTable
from legacy_import.stages.reconciliation.report import ReconcileReport

# Check, or its part before the colon → its condition in words. Other checks keep their own words.
MEANINGS: dict[str, str | Promise] = {
    "staged_rows": _("as many rows are staged as the snapshot has (or the limit lets through)"),
    "source_rows_staged": _("every source row is staged (one that came since: import again)"),
    "staged_rows_in_source": _("the source still has every staged row"),
    "one_training_each": _("every staged learner has exactly one training row"),
    "outcomes_add_up": _("every staged row has one outcome"),
    "entries": _("as many entries in force as rows with that outcome"),
    "records": _("as many existing records as entries that created one"),
    "outcome_without_entry": _("every row that was dealt with has an entry of its outcome"),
    "entry_without_outcome": _("no effect is in force that is not its row's outcome"),
    "newest_entry": _("the newest entry of a row has its outcome"),
    "entered_twice": _("no row has two effects in force"),
    "pending_with_effect": _("no pending row has an effect in force"),
    "rolled_back_with_effect": _("no row that was rolled back has an effect in force"),
    "entry_incomplete": _("every entry states the kind of record that its action is about"),
    "deleted_since": _("of every record deleted since, a reviewer decided: create again, or skip"),
    "record_of_another_row": _("every record that was created has the origin of its row"),
    "imported_columns": _("the rows refer to the same records as their entries"),
    "entry_of_another_run": _("no entry of this run is about a row of another run"),
    "record_without_entry": _("every record of this run has an entry in force"),
}
PER_OUTCOME = ("entries", "records")


def proof_lines(report: ReconcileReport) -> Iterator[dict[str, Any]]:
    """Every check except passed ones about outcomes that do not occur.

    `about`: the table or the action it is about, in words, if any.
    """
    for check in report.checks:
        name, _colon, about = check.name.partition(":")
        if name in PER_OUTCOME and check.ok and not check.expected:
            continue
        meaning = MEANINGS.get(name, check.meaning)
        yield {"check": check, "meaning": meaning, "about": _in_words(about)}


def _in_words(about: str) -> str | Promise:
    if about in SourceTable.values:
        return SourceTable(about).label
    return LogAction(about).label if about in LogAction.values else about
