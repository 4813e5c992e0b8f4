"""A reviewer's word about one row: what can be said, how it is appended, undone, and seen by colleagues.

Decisions change no plan. The next legacy_dry_run reads them; until then a commit leaves the row out.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_noop as _

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    Classification,
    DuplicateConfidence,
    Outcome,
    PersonKind,
    ReviewDecision,
    RunStatus,
    SessionType,
    ValidationStatus,
)
from legacy_import.errors import LegacyImportError
from legacy_import.models import (
    LegacyImportRun,
    LegacyReviewDecision,
    LegacyStudentImport,
    ReviewClaim,
)
from legacy_import.people.phone_search import is_proven
from legacy_import.people.platform import contacts_of
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.rules.duplicates import Target
from legacy_import.rules.validation import status_of
from legacy_import.runs import counts

CLAIM = datetime.timedelta(minutes=5)
UNDO_LAST = 10

D = ReviewDecision
TREATABLE = tuple(value for value in Classification if value != Classification.UNKNOWN)
HELD_BY = frozenset({SessionType.WAITING_PLACEHOLDER.value, SessionType.UNKNOWN.value})
NEEDS_PERSON = frozenset({D.LINK, D.NOT_SAME})


# Decision → why it says nothing about a row to which it does not apply.
POINTLESS = {
    D.ACCEPT_DATA: _("Nothing about this row's data is in doubt, or it cannot be trusted at all."),
    D.RELEASE_WITHOUT_SESSION: _("No waiting list or unknown session holds this row back."),
}

# Runs whose rows nobody decides: not yet all there, being taken back, or finished for good.
CLOSED_TO_REVIEW = frozenset(
    {RunStatus.IMPORTING, RunStatus.FAILED, RunStatus.ROLLING_BACK, RunStatus.CLOSED}
)


@dataclass(frozen=True, slots=True)
class StandingDecision:
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

    def __init__(self, row_id: int, said: StandingDecision | None) -> None:
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


def last_said(row_id: int) -> StandingDecision | None:
    """The newest event of the row, an undoing included."""
    events = LegacyReviewDecision.objects.filter(student_import=row_id).select_related("actor")
    event = events.order_by("-pk").first()
    return said_in(event) if event else None


def said_in(event: LegacyReviewDecision) -> StandingDecision:
    return StandingDecision(
        ReviewDecision(event.decision), event.actor_id, name_of(event.actor), event.created_at
    )


def name_of(actor: object) -> str:
    """What a colleague is called on the screens."""
    full = str(getattr(actor, "get_full_name", str)()).strip()
    return full or str(getattr(actor, "get_username", str)())


def people_shown(row: LegacyStudentImport) -> Sequence[tuple[str, int]]:
    """The users and leads that the row's evidence names, best first."""
    return [(found["kind"], found["id"]) for found in row.duplicate_evidence.get("targets", [])]


def applies(row: LegacyStudentImport, decision: ReviewDecision) -> bool:
    """Whether the decision can change anything about the row. `row.training` is read."""
    if decision == D.ACCEPT_DATA:
        # Doubts count even where a match hides them: ruling it out brings them back.
        issues = tuple(row.validation_issues)
        return status_of(issues, DuplicateConfidence.NONE) == ValidationStatus.NEEDS_REVIEW
    if decision == D.RELEASE_WITHOUT_SESSION:
        return row.training.session_type in HELD_BY
    return True


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """The event that was appended, and how the row stands now."""

    event: int
    row: int
    run: int
    standing: str
    version: int


@dataclass(frozen=True, slots=True)
class Recent:
    """One of a reviewer's last decisions."""

    event: int
    row: int
    run: int
    name: str  # source_table:legacy_id
    decision: ReviewDecision
    at: datetime.datetime
    undone: bool
    committed: bool

    @property
    def can_be_undone(self) -> bool:
        return not (self.undone or self.committed)


@dataclass(frozen=True, slots=True)
class ClaimHolder:
    """Who is looking at a row, and until when that is taken for granted."""

    actor: str
    mine: bool
    until: datetime.datetime


def decide(
    *,
    row_id: int,
    version: int,
    decision: ReviewDecision,
    actor: User,
    now: datetime.datetime,
    treat_as: Classification | None = None,
    person: Target | None = None,
    proof: str = "",
    note: str = "",
) -> DecisionResult:
    """Append one decision about the row that the reviewer saw in this version.

    `proof`: from phone_search.find_people, for a person whom the evidence does not name. Raises
    UnknownRow, NotPossible, RowCommitted, DecidedMeanwhile, ContainsContact (the note).
    """
    note = contact_free_text(note)
    with transaction.atomic():
        row = lock_row(row_id)
        if row.version != version:
            raise DecidedMeanwhile(row_id, last_said(row_id))
        _require_sense(row, decision, actor, treat_as, person, proof)
        kind, target = person if person and decision in NEEDS_PERSON else ("", None)
        event = LegacyReviewDecision.objects.create(
            student_import=row,
            decision=decision,
            treat_as=treat_as if treat_as and decision == ReviewDecision.TREAT_AS else "",
            target_kind=kind,
            target_id=target,
            note=note,
            actor=actor,
            created_at=now,
        )
        standing, version = write_standing(row)
        ReviewClaim.objects.filter(student_import=row, actor=actor).delete()
    return DecisionResult(event.pk, row.pk, row.legacy_import_run_id, standing, version)


def undo(*, event_id: int, actor: User, now: datetime.datetime) -> DecisionResult:
    """Take back one of the actor's own last ten decisions: a new event, nothing is deleted.

    Raises NotPossible, RowCommitted.
    """
    mine = {recent.event: recent for recent in last_decisions(actor)}
    if event_id not in mine:
        raise NotPossible(_("Only your own last ten decisions can be undone."))
    with transaction.atomic():
        row = lock_row(mine[event_id].row)
        if LegacyReviewDecision.objects.filter(undoes=event_id).exists():
            raise NotPossible(_("This decision is undone already."))
        event = LegacyReviewDecision.objects.create(
            student_import=row,
            decision=ReviewDecision.RESET,
            undoes_id=event_id,
            actor=actor,
            created_at=now,
        )
        standing, version = write_standing(row)
    return DecisionResult(event.pk, row.pk, row.legacy_import_run_id, standing, version)


def last_decisions(actor: User) -> list[Recent]:
    """The actor's last ten decisions, newest first; the undone ones among them."""
    events = LegacyReviewDecision.objects.filter(actor=actor, undoes=None).order_by("-pk")
    columns = events.values_list(
        "pk", "student_import_id", "student_import__legacy_import_run_id",
        "student_import__source_table", "student_import__legacy_id",
        "student_import__outcome", "decision", "created_at", "undone_by",
    )  # fmt: skip
    return [
        Recent(
            event=event,
            row=row,
            run=run,
            name=f"{table}:{legacy_id}",
            decision=ReviewDecision(decision),
            at=at,
            undone=undone is not None,
            committed=Outcome(outcome) in COMMITTED_OUTCOMES,
        )
        for event, row, run, table, legacy_id, outcome, decision, at, undone in columns[:UNDO_LAST]
    ]


def claim(*, row_id: int, actor: User, now: datetime.datetime) -> ClaimHolder | None:
    """Say that the actor looks at the row; returns who does. Soft: it stops nobody.

    A colleague's claim that has not run out stays. None: no such row.
    """
    if not LegacyStudentImport.objects.filter(pk=row_id).exists():
        return None
    until = now + CLAIM
    claims = ReviewClaim.objects.filter(student_import_id=row_id)
    if not (
        claims.filter(actor=actor).update(expires_at=until)
        or claims.filter(expires_at__lte=now).update(actor=actor, expires_at=until)
    ):
        try:
            with transaction.atomic():
                ReviewClaim.objects.get_or_create(
                    student_import_id=row_id, defaults={"actor": actor, "expires_at": until}
                )
        except IntegrityError:  # a colleague came first, this very moment
            pass
    return holders(row_ids=[row_id], actor=actor, now=now).get(row_id)


def holders(*, row_ids: list[int], actor: User, now: datetime.datetime) -> dict[int, ClaimHolder]:
    """Row id → who is looking at it now."""
    claims = ReviewClaim.objects.filter(student_import_id__in=row_ids, expires_at__gt=now)
    return {
        found.student_import_id: ClaimHolder(
            name_of(found.actor), found.actor_id == actor.pk, found.expires_at
        )
        for found in claims.select_related("actor")
    }


def _require_sense(
    row: LegacyStudentImport,
    decision: ReviewDecision,
    actor: User,
    treat_as: Classification | None,
    person: Target | None,
    proof: str,
) -> None:
    """Raise NotPossible for a decision that says nothing about this row."""
    if decision == ReviewDecision.TREAT_AS and treat_as not in TREATABLE:
        raise NotPossible(_("Say what the row is to be treated as."))
    if not applies(row, decision):
        raise NotPossible(POINTLESS[decision])
    if decision not in NEEDS_PERSON:
        return
    if person is None or person[0] == PersonKind.STAGED:
        raise NotPossible(_("Say which person is meant."))
    if person not in people_shown(row) and not is_proven(proof, row.pk, person, actor.pk):
        raise NotPossible(_("Nothing shows this person beside this row; search by phone first."))
    if decision == ReviewDecision.LINK and person not in contacts_of([person]):
        raise NotPossible(_("This person is no longer on the platform."))
