"""Whether the commit log agrees with the staged rows and the existing records, checked row by row."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from django.conf import settings

from legacy_import.choices import COMMITTED_OUTCOMES, LogAction, Outcome
from legacy_import.stages.commit.effects.created_records import RECORD_KINDS
from legacy_import.stages.commit.effects.effect import LEAD

MAX_ROWS_LISTED = 20  # of the rows that break a check

EFFECTS = tuple(outcome.value for outcome in COMMITTED_OUTCOMES)
LEFT_OUT = (LogAction.REVIEW.value, LogAction.DRIFTED.value, LogAction.FAILED.value)
MAIN = (*EFFECTS, *LEFT_OUT)
# Actions of secondary entries → the outcomes that they can be a part of.
PARTS: dict[str, tuple[str, ...]] = {
    LogAction.CREATE_COURSE_INTEREST.value: (
        Outcome.CREATE_CRM_LEAD.value, Outcome.LINK_EXISTING.value,
    ),
    LogAction.ATTACH_PERSON.value: (
        Outcome.CREATE_COMPLETED_TRAINING.value, Outcome.CREATE_ENROLLMENT.value,
    ),
}  # fmt: skip
TO_PEOPLE = (LogAction.LINK_EXISTING.value, LogAction.ATTACH_PERSON.value)
NOTHING_IN_FORCE = (Outcome.PENDING.value, Outcome.ROLLED_BACK.value)


IMPORTED = ("user", "lead", "completed_training", "enrollment")  # imported_… columns of a row


class ReconciledRow(NamedTuple):
    """A staged row. `training`: the id of its training row, if any; `imported`: values of IMPORTED."""

    id: int
    table: str
    legacy_id: str
    classification: str
    outcome: str
    training: int | None
    person_number: int
    imported: tuple[int | None, ...]

    @property
    def name(self) -> str:
        return f"{self.table}:{self.legacy_id}"


class EntryInForce(NamedTuple):
    """A log entry in force. `origin`: of its record, None if that does not exist.

    `is_gone`: someone deleted its record, or the person it links to; `is_decided`: and a reviewer
    decided what follows, or a newer run imported the row again.
    """

    action: str
    target_model: str
    target_id: int | None
    created: bool
    pk: int = 0
    origin: str | None = None
    is_gone: bool = False
    is_decided: bool = False


class RowWithEntries(NamedTuple):
    """A row, its entries in the order of writing, and the prefix of its records' origins."""

    row: ReconciledRow
    entries: Sequence[EntryInForce]
    origin: str

    @property
    def newest(self) -> str:
        """The action of the newest main entry, which supersedes the older ones."""
        return next((one.action for one in reversed(self.entries) if one.action in MAIN), "")


def _outcome_without_entry(case: RowWithEntries) -> bool:
    outcome = case.row.outcome
    return outcome in MAIN and all(entry.action != outcome for entry in case.entries)


def _entry_without_outcome(case: RowWithEntries) -> bool:
    outcome = case.row.outcome
    return outcome not in NOTHING_IN_FORCE and any(
        outcome not in PARTS.get(entry.action, (entry.action,))
        for entry in case.entries
        if entry.action not in LEFT_OUT
    )


def _newest_entry_differs(case: RowWithEntries) -> bool:
    outcome = case.row.outcome
    return outcome in MAIN and case.newest in LEFT_OUT and case.newest != outcome


def _entered_twice(case: RowWithEntries) -> bool:
    main = sum(entry.action in EFFECTS for entry in case.entries)
    parts = [entry.action for entry in case.entries if entry.action in PARTS]
    return main > 1 or len(parts) > len(set(parts))


def _effect_in_force(outcome: Outcome, case: RowWithEntries) -> bool:
    return case.row.outcome == outcome and any(
        entry.action not in LEFT_OUT for entry in case.entries
    )


def _entry_incomplete(case: RowWithEntries) -> bool:
    return any(not _complete(entry) for entry in case.entries)


def _complete(entry: EntryInForce) -> bool:
    if entry.action in RECORD_KINDS:
        kind = RECORD_KINDS[entry.action]
        return entry.created and entry.target_model == kind.label and entry.target_id is not None
    if entry.action in TO_PEOPLE:
        person = entry.target_model in (LEAD, settings.AUTH_USER_MODEL)
        return person and not entry.created and entry.target_id is not None
    return not (entry.created or entry.target_model or entry.target_id)


def _deleted_since(case: RowWithEntries) -> bool:
    return any(entry.is_gone and not entry.is_decided for entry in case.entries)


def _record_of_another_row(case: RowWithEntries) -> bool:
    return any(
        entry.origin not in (None, f"{case.origin}:{RECORD_KINDS[entry.action].effect}")
        for entry in case.entries
        if entry.action in RECORD_KINDS
    )


def _imported_columns_differ(case: RowWithEntries) -> bool:
    columns: dict[str, int | None] = {}
    for entry in case.entries:
        if entry.action == LogAction.CREATE_COMPLETED_TRAINING:
            columns["completed_training"] = entry.target_id
        elif entry.action == LogAction.CREATE_ENROLLMENT:
            columns["enrollment"] = entry.target_id
        elif entry.action == LogAction.CREATE_CRM_LEAD or entry.action in TO_PEOPLE:
            is_lead = entry.target_model == LEAD
            columns["lead" if is_lead else "user"] = entry.target_id
    return tuple(map(columns.get, IMPORTED)) != case.row.imported


# Check → its meaning, and whether a row breaks it.
ROW_CHECKS: dict[str, tuple[str, Callable[[RowWithEntries], bool]]] = {
    "outcome_without_entry": (
        "every row that was dealt with has an entry of its outcome", _outcome_without_entry,
    ),
    "entry_without_outcome": (
        "no effect is in force that is not its row's outcome", _entry_without_outcome,
    ),
    "newest_entry": (
        "the newest entry of a row has its outcome", _newest_entry_differs,
    ),
    "entered_twice": (
        "no row has two effects in force", _entered_twice,
    ),
    "pending_with_effect": (
        "no pending row has an effect in force", partial(_effect_in_force, Outcome.PENDING),
    ),
    "rolled_back_with_effect": (
        "no row that was rolled back has an effect in force",
        partial(_effect_in_force, Outcome.ROLLED_BACK),
    ),
    "entry_incomplete": (
        "every entry states the kind of record that its action is about", _entry_incomplete,
    ),
    "deleted_since": (
        "of every record deleted since, a reviewer decided: create again, or skip", _deleted_since,
    ),
    "record_of_another_row": (
        "every record that was created has the origin of its row", _record_of_another_row,
    ),
    "imported_columns": (
        "the imported_… columns agree with the entries", _imported_columns_differ,
    ),
}  # fmt: skip


@dataclass(slots=True)
class RowSample:
    """A number of rows, and the names of the first few."""

    total: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        self.total += 1
        if len(self.first) < MAX_ROWS_LISTED:
            self.first.append(name)


Cell = tuple[str, str, str]  # source table, classification, outcome or action


@dataclass(slots=True)
class Tally:
    """Rows, entries in force and existing records per cell, and the rows that break a check."""

    rows: Counter[Cell] = field(default_factory=Counter)
    entries: Counter[Cell] = field(default_factory=Counter)
    records: Counter[Cell] = field(default_factory=Counter)
    trainings: int = 0
    broken: dict[str, RowSample] = field(default_factory=dict)
    deleted: RowSample = field(default_factory=RowSample)  # records that are gone, and people
    deletions_decided: int = 0

    def add(self, case: RowWithEntries) -> None:
        """Count one row with its entries."""
        row = case.row
        self.rows[row.table, row.classification, row.outcome] += 1
        if row.training is None:
            self.add_broken("one_training_each", row.name)
        else:
            self.trainings += 1
        if row.outcome not in Outcome:
            self.add_broken("outcomes_add_up", row.name)
        for check, (_, breaks) in ROW_CHECKS.items():
            if breaks(case):
                self.add_broken(check, row.name)
        if case.entries:
            self._count_entries(case)

    def add_broken(self, check: str, row: str) -> None:
        """Record that this row breaks this check."""
        self.broken.setdefault(check, RowSample()).add(row)

    def total(self, cells: Mapping[Cell, int], what: str) -> int:
        """The sum over all tables and classifications."""
        return sum(count for (_, _, value), count in cells.items() if value == what)

    def _count_entries(self, case: RowWithEntries) -> None:
        row, newest = case.row, case.newest
        for entry in case.entries:
            if entry.action not in LEFT_OUT:
                self.entries[row.table, row.classification, entry.action] += 1
            if entry.is_gone:
                self.deleted.add(f"{row.name} {entry.target_model}:{entry.target_id}")
                self.deletions_decided += entry.is_decided
            if entry.action in RECORD_KINDS:
                own = f"{case.origin}:{RECORD_KINDS[entry.action].effect}"
                accounted_for = entry.origin == own or entry.is_decided
                self.records[row.table, row.classification, entry.action] += accounted_for
        if newest in LEFT_OUT and row.outcome not in NOTHING_IN_FORCE:
            self.entries[row.table, row.classification, newest] += 1
