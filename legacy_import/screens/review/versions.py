"""The decisions about an earlier version of a row, with the values that changed since, masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from ecoin.identity.masking import mask_email, mask_phone, mask_text
from legacy_import.choices import COMMITTED_OUTCOMES, Outcome
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.people.platform import platform_courses
from legacy_import.people.source_decisions import MadeDecision, RowDecisions, sort_decisions
from legacy_import.review.decisions import events_about
from legacy_import.rules.decision_subjects import RowVersion
from legacy_import.rules.validation import ERASED

MOST_COLUMNS = 20
# Reasons of rows that an earlier run committed, which are compared with what it committed.
ANOTHER_PERSON = "row_is_another_person"
CHANGED_SINCE_IMPORT = frozenset({"already_imported_changed", ANOTHER_PERSON})
CODES = ("legacy_formation_id", "legacy_session_id")
# The columns of a staged row that are compared → how they are called.
COMPARED: dict[str, Promise] = {
    "full_name": gettext_lazy("Name"),
    "birth_date": gettext_lazy("Birth date"),
    "phone_raw": gettext_lazy("Phone"),
    "email_raw": gettext_lazy("E-mail"),
    "raw_status": gettext_lazy("Status"),
    "legacy_formation_id": gettext_lazy("Course"),
    "legacy_session_id": gettext_lazy("Session"),
}
CONTACTS = {"phone_raw": mask_phone, "email_raw": mask_email}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One decision about the source row or an undo of one. `earlier`: it does not apply to this row.

    `course`: the name of the one that a decision set; "–" if it is gone.
    """

    event: LegacyReviewDecision
    undone: bool
    earlier: bool
    course: str


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One value that changed since a decision, masked on both sides."""

    column: str
    words: Promise
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed between two versions of a row.

    `columns`: the names of the old platform's columns that changed. `erased`: the contacts and the
    payload of the older version were purged.
    """

    values: Sequence[ChangedValue]
    columns: Sequence[str]
    erased: bool


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    """The decisions about an earlier version of a row, and what changed since."""

    lines: Sequence[HistoryLine]
    changes: Changes


@dataclass(frozen=True, slots=True)
class RowHistory:
    """Every decision about a row in any run, newest first, and which of them count."""

    lines: Sequence[HistoryLine]
    decisions: RowDecisions

    @property
    def earlier_lines(self) -> list[HistoryLine]:
        """What can be repeated on this version, oldest first."""
        earlier = {one.pk for one in self.decisions.earlier}
        return [line for line in reversed(self.lines) if line.event.pk in earlier]


def history_of(row: LegacyStudentImport, run: LegacyImportRun) -> RowHistory:
    """Every decision about the source row in every run, one query."""
    events = list(events_about(row, run.connection_name))
    undone = {event.undoes_id for event in events}
    standing = [
        MadeDecision(*(getattr(event, name) for name in MadeDecision._fields))
        for event in events
        if event.undoes_id is None and event.pk not in undone
    ]
    version = RowVersion(*(getattr(row, name) for name in RowVersion._fields))
    decisions = sort_decisions(standing, version)
    other = {one.pk for one in standing} - {one.pk for one in decisions.applying}
    courses = dict(platform_courses()) if any(event.course_id for event in events) else {}
    lines = [
        HistoryLine(
            event, event.pk in undone, event.pk in other, courses.get(event.course_id or 0, "–")
        )
        for event in reversed(events)
    ]
    return RowHistory(lines, decisions)


def earlier_version(row: LegacyStudentImport, history: RowHistory) -> EarlierVersion | None:
    """What was decided about an earlier version of the row; None if nothing waits to be repeated."""
    lines = history.earlier_lines
    if not lines or row.validation_issues == [ERASED]:
        return None
    old = LegacyStudentImport.objects.filter(pk=lines[-1].event.student_import_id or 0).first()
    return EarlierVersion(lines, _changes(old, row))


def changes_since_import(row: LegacyStudentImport, run: LegacyImportRun) -> Changes | None:
    """What changed since an earlier run committed the row; None where that is not why it waits."""
    if row.planned_reason not in CHANGED_SINCE_IMPORT:
        return None
    committed = LegacyStudentImport.objects.filter(
        legacy_import_run__connection_name=run.connection_name,
        legacy_import_run__lt=run.pk,
        source_table=row.source_table,
        legacy_id=row.legacy_id,
        outcome__in=COMMITTED_OUTCOMES,
    )
    if row.planned_reason != ANOTHER_PERSON:
        # Others may have been imported under this number since.
        committed = committed.filter(person_number=row.person_number)
    old = committed.exclude(outcome=Outcome.SKIP).order_by("-legacy_import_run").first()
    return _changes(old, row) if old else None


def _changes(old: LegacyStudentImport | None, row: LegacyStudentImport) -> Changes:
    if old is None:
        return Changes((), (), erased=True)
    new = LegacyStudentImport.objects.get(pk=row.pk)  # with its payload
    return Changes(changed_values(old, new), changed_columns(old, new), erased=not old.raw_payload)


def changed_values(old: LegacyStudentImport, new: LegacyStudentImport) -> list[ChangedValue]:
    """The compared columns that differ, masked. Equality is decided on the whole values.

    Contacts of a purged version are unknown, so they are not a difference.
    """
    return [
        ChangedValue(column, words, _masked(old, column), _masked(new, column))
        for column, words in COMPARED.items()
        if getattr(old, column) != getattr(new, column)
        and (old.raw_payload or column not in CONTACTS)
    ]


def changed_columns(old: LegacyStudentImport, new: LegacyStudentImport) -> list[str]:
    """The names of the payload's columns that differ; the values are the raw view's."""
    if not old.raw_payload or not new.raw_payload:
        return []
    names = sorted({*old.raw_payload, *new.raw_payload})
    different = [name for name in names if old.raw_payload.get(name) != new.raw_payload.get(name)]
    return [mask_text(str(name)[:80]) for name in different[:MOST_COLUMNS]]


def _masked(row: LegacyStudentImport, column: str) -> Any:
    value = getattr(row, column)
    if column in CONTACTS:
        return CONTACTS[column](value)
    return mask_text(value) if isinstance(value, str) and column not in CODES else value
