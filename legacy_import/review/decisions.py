"""A reviewer's decision about one row: which are possible, how one is added and undone, and claims.

Decisions change no plan. The next legacy_dry_run reads them; until then a commit skips the row.
"""

import datetime
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
from legacy_import.rules.commit_policy import DELETIONS
from legacy_import.rules.duplicates import Target
from legacy_import.rules.validation import status_of
from legacy_import.runs import counts

CLAIM = datetime.timedelta(minutes=5)
UNDO_LAST = 10

D = ReviewDecision
# Decision → the refusal for a row to which it does not apply; of all others, CHANGES_NOTHING.
NOT_APPLICABLE = {
    D.ACCEPT_DATA: _("Nothing about this row's data is in doubt, or it cannot be trusted at all."),
    D.RELEASE_WITHOUT_SESSION: _("No waiting list or unknown session blocks this row."),
}
CHANGES_NOTHING = _("This decision would change nothing about this row.")

# The rows of these runs cannot be decided: incomplete, being rolled back, or permanently closed.
CLOSED_TO_REVIEW = frozenset(
    {RunStatus.IMPORTING, RunStatus.FAILED, RunStatus.ROLLING_BACK, RunStatus.CLOSED}
)


class UnknownRow(LegacyImportError):
    """No staged row has that number."""

    exit_code = 2


class NotPossible(LegacyImportError):
    """A decision that cannot be taken about this row. The message is ready for a catalogue."""

    exit_code = 5


class RowCommitted(NotPossible):
    """A commit processed the row: only a rollback undoes that."""


class DecidedMeanwhile(LegacyImportError):
    """The row changed since the reviewer opened it. `latest`: the newest decision about it, if any."""

    exit_code = 5

    def __init__(self, row_id: int, latest: LegacyReviewDecision | None) -> None:
        super().__init__(_("Another user changed this row while you had it open."))
        self.row_id, self.latest = row_id, latest


def lock_run(run_id: int) -> None:
    """One writer per run until the transaction ends: stages lock the run's row in every chunk.

    Raises NotPossible for a run in CLOSED_TO_REVIEW.
    """
    runs = LegacyImportRun.objects.select_for_update().filter(pk=run_id)
    status = runs.values_list("status", flat=True).get()
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
        raise RowCommitted(_("This row is committed; only a rollback undoes that."))
    return row


def write_standing(row: LegacyStudentImport) -> None:
    """Store the decision in force ("" for none, or after a reset) and a new version.

    Raises DecidedMeanwhile when another reviewer changed the row since it was read.
    """
    events = LegacyReviewDecision.objects.standing().filter(student_import=row.pk)
    latest = events.order_by("-pk").values_list("decision", flat=True).first()
    standing = "" if latest in (None, D.RESET) else str(latest)
    counts.apply(row.legacy_import_run_id, [row.pk], new={"decision": standing})
    same_version = LegacyStudentImport.objects.filter(pk=row.pk, version=row.version)
    if not same_version.update(decision=standing, version=F("version") + 1):
        raise DecidedMeanwhile(row.pk, latest_event(row.pk))


def latest_event(row_id: int) -> LegacyReviewDecision | None:
    """The newest event of the row, including an undo."""
    events = LegacyReviewDecision.objects.filter(student_import=row_id).select_related("actor")
    return events.order_by("-pk").first()


def name_of(actor: User) -> str:
    """The name of a user on the screens."""
    return actor.get_full_name().strip() or actor.get_username()


@dataclass(frozen=True, slots=True)
class RecentDecision:
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
) -> LegacyReviewDecision:
    """Add one decision about the row, if it still has the version that the reviewer saw.

    `proof`: from phone_search.find_people, for a person who is not in the evidence. Raises
    UnknownRow, NotPossible, RowCommitted, DecidedMeanwhile, ContainsContact (the note).
    """
    note = contact_free_text(note)
    with transaction.atomic():
        row = lock_row(row_id)
        if row.version != version:
            raise DecidedMeanwhile(row_id, latest_event(row_id))
        _require_possible(row, decision, actor, treat_as, person, proof)
        kind, target = person if person and decision in NEEDS_PERSON else ("", None)
        event = LegacyReviewDecision.objects.create(
            student_import=row,
            decision=decision,
            treat_as=treat_as if treat_as and decision == D.TREAT_AS else "",
            target_kind=kind,
            target_id=target,
            note=note,
            actor=actor,
            created_at=now,
        )
        write_standing(row)
        ReviewClaim.objects.filter(student_import=row, actor=actor).delete()
    return event


def undo(*, event_id: int, actor: User, now: datetime.datetime) -> LegacyReviewDecision:
    """Undo one of the actor's own last ten decisions with a new event; nothing is deleted.

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
            decision=D.RESET,
            undoes_id=event_id,
            actor=actor,
            created_at=now,
        )
        write_standing(row)
    return event


def last_decisions(actor: User) -> list[RecentDecision]:
    """The actor's last ten decisions, newest first, including undone ones."""
    events = LegacyReviewDecision.objects.filter(actor=actor, undoes=None).order_by("-pk")
    columns = events.values_list(
        "pk", "student_import_id", "student_import__legacy_import_run_id",
        "student_import__source_table", "student_import__legacy_id",
        "student_import__outcome", "decision", "created_at", "undone_by",
    )  # fmt: skip
    return [
        RecentDecision(
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


def claim(*, row_id: int, actor: User, now: datetime.datetime) -> str:
    """Record that the actor has the row open; returns the name of another user who has it open.

    A claim informs and locks nothing. Another user's claim stays until it expires. "": no such row.
    """
    if not LegacyStudentImport.objects.filter(pk=row_id).exists():
        return ""
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
        except IntegrityError:  # another user claimed it in this moment
            pass
    return other_viewers(row_ids=[row_id], actor=actor, now=now).get(row_id, "")


def other_viewers(*, row_ids: list[int], actor: User, now: datetime.datetime) -> dict[int, str]:
    """Row id → the name of another user who has it open now."""
    claims = ReviewClaim.objects.filter(student_import_id__in=row_ids, expires_at__gt=now)
    others = claims.exclude(actor=actor).select_related("actor")
    return {claim.student_import_id: name_of(claim.actor) for claim in others}


def _require_possible(
    row: LegacyStudentImport,
    decision: ReviewDecision,
    actor: User,
    treat_as: Classification | None,
    person: Target | None,
    proof: str,
) -> None:
    """Raise NotPossible for a decision that does not apply to this row or this person."""
    if decision == D.TREAT_AS and treat_as not in TREATABLE:
        raise NotPossible(_("Choose how the row is to be treated."))
    if not applies(row, decision):
        raise NotPossible(NOT_APPLICABLE[decision])
    if decision not in NEEDS_PERSON:
        return
    if person is None or person[0] == PersonKind.STAGED:
        raise NotPossible(_("Choose a person."))
    evidence = [
        (target["kind"], target["id"]) for target in row.duplicate_evidence.get("targets", [])
    ]
    if person not in evidence and not is_proven(proof, row.pk, person, actor.pk):
        raise NotPossible(_("This person does not match this row; search by phone first."))
    if decision == D.LINK and person not in contacts_of([person]):
        raise NotPossible(_("This person is no longer on the platform."))
