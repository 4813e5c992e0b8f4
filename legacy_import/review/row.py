"""One staged row under a reviewer's hands: locked, checked, written with its facets."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F
from django.utils.translation import gettext_noop as _

from legacy_import.choices import COMMITTED_OUTCOMES, Outcome, ReviewDecision, RunStatus
from legacy_import.errors import LegacyImportError
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.runs import counts

# Runs whose rows nobody decides: not yet all there, being taken back, or finished for good.
CLOSED_TO_REVIEW = frozenset(
    {RunStatus.IMPORTING, RunStatus.FAILED, RunStatus.ROLLING_BACK, RunStatus.CLOSED}
)


@dataclass(frozen=True, slots=True)
class Said:
    """Who decided what about a row, and when."""

    decision: ReviewDecision
    actor_id: int
    actor: str
    at: datetime.datetime


class UnknownRow(LegacyImportError):
    """No staged row has that number."""

    exit_code = 2


class NotPossible(LegacyImportError):
    """A decision that cannot be taken about this row. The message is ready for a catalogue."""

    exit_code = 5


class RowCommitted(NotPossible):
    """A commit dealt with the row: only a rollback takes it back."""


class DecidedMeanwhile(LegacyImportError):
    """The row is no longer the one the reviewer saw. `said`: the last word about it, if any."""

    exit_code = 5

    def __init__(self, row_id: int, said: Said | None) -> None:
        super().__init__(_("Somebody else dealt with this row while you were looking at it."))
        self.row_id, self.said = row_id, said


def lock_run(run_id: int) -> None:
    """One writer per run until the transaction ends: stages lock the run's row in every chunk.

    Raises NotPossible for a run whose rows nobody decides.
    """
    locked = LegacyImportRun.objects.select_for_update().filter(pk=run_id)
    status = locked.values_list("status", flat=True).get()
    if status in CLOSED_TO_REVIEW:
        raise NotPossible(_("The rows of this run cannot be decided in the state it is in."))


def lock_row(row_id: int) -> LegacyStudentImport:
    """The row with its training, in the caller's transaction, its run locked.

    Raises UnknownRow, NotPossible, RowCommitted.
    """
    rows = LegacyStudentImport.objects.filter(pk=row_id)
    run_id = rows.values_list("legacy_import_run_id", flat=True).first()
    if run_id is None:
        raise UnknownRow(_("There is no such row."))
    lock_run(run_id)
    row = rows.select_related("training").defer("raw_payload").get()
    if Outcome(row.outcome) in COMMITTED_OUTCOMES:
        raise RowCommitted(_("This row is committed; only a rollback takes that back."))
    return row


def write_standing(row: LegacyStudentImport) -> tuple[str, int]:
    """Store the decision that stands now, in a new version; returns both.

    Raises DecidedMeanwhile when the row is no longer in the version that was read.
    """
    standing, version = standing_decision(row.pk), row.version + 1
    counts.apply(row.legacy_import_run_id, [row.pk], new={"decision": standing})
    mine = LegacyStudentImport.objects.filter(pk=row.pk, version=row.version)
    if not mine.update(decision=standing, version=F("version") + 1):
        raise DecidedMeanwhile(row.pk, last_said(row.pk))
    return standing, version


def standing_decision(row_id: int) -> str:
    """The latest decision that stands; "" for none, or after a reset."""
    standing = LegacyReviewDecision.objects.standing().filter(student_import=row_id)
    latest = standing.order_by("-pk").values_list("decision", flat=True).first()
    return "" if latest in (None, ReviewDecision.RESET) else str(latest)


def last_said(row_id: int) -> Said | None:
    """The newest event of the row, an undoing included."""
    events = LegacyReviewDecision.objects.filter(student_import=row_id).select_related("actor")
    event = events.order_by("-pk").first()
    return said_in(event) if event else None


def said_in(event: LegacyReviewDecision) -> Said:
    return Said(
        ReviewDecision(event.decision), event.actor_id, name_of(event.actor), event.created_at
    )


def name_of(actor: object) -> str:
    """What a colleague is called on the screens."""
    full = str(getattr(actor, "get_full_name", str)()).strip()
    return full or str(getattr(actor, "get_username", str)())


def people_shown(row: LegacyStudentImport) -> Sequence[tuple[str, int]]:
    """The users and leads that the row's evidence names, best first."""
    return [(found["kind"], found["id"]) for found in row.duplicate_evidence.get("targets", [])]
