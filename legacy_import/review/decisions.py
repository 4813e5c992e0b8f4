"""A reviewer's decision about one row: which are possible, and how one is added and undone.

Decisions change no plan. The next legacy_dry_run reads them; until then a commit skips the row.
"""

import datetime
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_noop as _

from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    Classification,
    Outcome,
    PersonKind,
    ReviewDecision,
    RunStatus,
)
from legacy_import.errors import LegacyImportError
from legacy_import.models import (
    LegacyImportRun,
    LegacyReviewBulk,
    LegacyReviewDecision,
    LegacyStudentImport,
    ReviewClaim,
)
from legacy_import.people.groups import regroup_around
from legacy_import.people.phone_search import is_proven
from legacy_import.people.platform import contacts_of
from legacy_import.people.source_decisions import (
    RowDecisions,
    any_decisions,
    decisions_on,
    row_at_decision,
)
from legacy_import.privacy.free_text import contact_free_text
from legacy_import.review.offers import NEEDS_PERSON, TREATABLE, effect_of
from legacy_import.rules.decisions import Event
from legacy_import.rules.duplicates import Target
from legacy_import.runs import counts
from legacy_import.stages.planning.effect_of_decision import EffectOnRow, row_effects

UNDO_LAST = 10

D = ReviewDecision
# Decision → the refusal for a row to which it does not apply; of all others, CHANGES_NOTHING.
NOT_APPLICABLE = {
    D.ACCEPT_DATA: _("Nothing about this row's data is in doubt, or it cannot be trusted at all."),
    D.RELEASE_WITHOUT_SESSION: _("No waiting list or unknown session blocks this row."),
    D.ANOTHER_PERSON: _("No one else was imported under this row's number."),
    D.CREATE_AGAIN: _("Nothing that was imported from this row was deleted."),
}
CHANGES_NOTHING = _("This decision would change nothing about this row.")

# The rows of these runs cannot be decided: incomplete, being rolled back, or permanently closed.
CLOSED_TO_REVIEW = frozenset(
    {RunStatus.IMPORTING, RunStatus.FAILED, RunStatus.ROLLING_BACK, RunStatus.CLOSED}
)


class CourseArgument(NamedTuple):
    """The course that a reviewer sets; None: none of ours, the old name is kept."""

    course_id: int | None


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


def write_standing(row: LegacyStudentImport, *, suffices: bool | None = None) -> None:
    """Store the decision in force ("" for none, or after a reset), whether it suffices, and a version.

    `suffices`: whether the row needs no review under its decisions; None: the rules decide.
    Raises DecidedMeanwhile when another reviewer changed the row since it was read.
    """
    rows = LegacyStudentImport.objects.filter(pk=row.pk)
    run = LegacyImportRun.objects.get(pk=row.legacy_import_run_id)
    of_row = decisions_on(rows, run.connection_name).get(row.pk, RowDecisions())
    if any_decisions(run.connection_name, decision=D.SEPARATE, legacy_id=row.legacy_id):
        regroup_around(run, row.pk)
    if suffices is None:
        effects = row_effects(run, row.pk)
        suffices = effects is not None and effects.now.suffices
    new = {
        "decision": of_row.standing,
        "earlier_decision": of_row.latest_earlier,
        "settled": bool(of_row.standing and suffices),
    }
    counts.apply(row.legacy_import_run_id, [row.pk], new=new)
    if not rows.filter(version=row.version).update(**new, version=F("version") + 1):
        raise DecidedMeanwhile(row.pk, latest_event(row))


def connection_of(row: LegacyStudentImport) -> str:
    """The source of the row."""
    runs = LegacyImportRun.objects.filter(pk=row.legacy_import_run_id)
    return str(runs.values_list("connection_name", flat=True).get())


def events_about(row: LegacyStudentImport, source: str) -> QuerySet[LegacyReviewDecision]:
    """Every decision about the row in any run of its source and every undo of one, oldest first."""
    events = LegacyReviewDecision.objects.filter(
        connection_name=source, source_table=row.source_table, legacy_id=row.legacy_id
    )
    run = "student_import__legacy_import_run_id"
    return events.select_related("actor").annotate(run_id=F(run)).order_by("pk")


def latest_event(row: LegacyStudentImport) -> LegacyReviewDecision | None:
    """The newest event about the source row, including an undo."""
    return events_about(row, connection_of(row)).last()


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
    inactive: bool = False,
    course: CourseArgument | None = None,
    note: str = "",
    bulk: LegacyReviewBulk | None = None,
) -> LegacyReviewDecision:
    """Add one decision about the row, if it still has the version that the reviewer saw.

    `proof`: from phone_search.find_people, for a person who is not in the evidence. `inactive`: the
    reviewer knows that the account to be linked is deactivated. `course`: of set_course. `bulk`: the
    answer about several rows that this one is a part of. Raises UnknownRow, NotPossible,
    RowCommitted, DecidedMeanwhile, ContainsContact (the note).
    """
    note = contact_free_text(note)
    with transaction.atomic():
        row = lock_row(row_id)
        if row.version != version:
            raise DecidedMeanwhile(row_id, latest_event(row))
        event = _event(decision, treat_as, person, course)
        _require_person(row, event, actor, proof)
        if decision == D.LINK and _require_known(person, inactive):
            event = replace(event, knows_inactive=True)
        effect = _require_offered(row, event)
        entry = LegacyReviewDecision.objects.create(
            **row_at_decision(row, connection_of(row), decision),
            **event.columns,
            log_entry_id=effect.log_entry_of(decision),
            note=note,
            bulk=bulk,
            actor=actor,
            created_at=now,
        )
        write_standing(row, suffices=effect.suffices)
        ReviewClaim.objects.filter(student_import=row, actor=actor).delete()
    return entry


def undo(
    *, event_id: int, actor: User, now: datetime.datetime, run: LegacyImportRun | None = None
) -> LegacyReviewDecision:
    """Undo one of the actor's own last ten decisions with a new event; nothing is deleted.

    `run`: the current run, if its row is meant although the decision was made in an earlier run.
    Raises NotPossible, RowCommitted.
    """
    mine = {recent.event: recent for recent in last_decisions(actor, run)}
    if event_id not in mine:
        raise NotPossible(_("Only your own last ten decisions can be undone."))
    with transaction.atomic():
        row = lock_row(mine[event_id].row)
        if LegacyReviewDecision.objects.filter(undoes=event_id).exists():
            raise NotPossible(_("This decision is undone already."))
        event = LegacyReviewDecision.objects.create(
            **row_at_decision(row, connection_of(row), D.RESET),
            decision=D.RESET,
            undoes_id=event_id,
            actor=actor,
            created_at=now,
        )
        write_standing(row)
    return event


def last_decisions(actor: User, run: LegacyImportRun | None = None) -> list[RecentDecision]:
    """The actor's last ten decisions about one row each, newest first, including undone ones.

    Each with its row in `run`, the current run, if the source row is there; otherwise with the row
    that it was made on.
    """
    events = LegacyReviewDecision.objects.filter(actor=actor, undoes=None, bulk=None)
    events = events.exclude(student_import=None).order_by("-pk")
    columns = events.values_list(
        "pk", "decision", "created_at", "undone_by", "connection_name", "source_table",
        "legacy_id", "student_import_id", "student_import__legacy_import_run_id",
        "student_import__outcome",
    )[:UNDO_LAST]  # fmt: skip
    decisions = list(columns)
    in_run = _rows_in_run(run, {legacy_id for *_, legacy_id, _row, _run, _outcome in decisions})
    recent = []
    for (
        event, decision, at, undone, connection, table, legacy_id, row, run_id, outcome,
    ) in decisions:  # fmt: skip
        same_source = run is not None and run.connection_name == connection
        of_run = in_run.get((table, legacy_id)) if same_source else None
        row, run_id, outcome = of_run or (row, run_id, outcome)
        recent.append(
            RecentDecision(
                event=event,
                row=int(row or 0),
                run=int(run_id or 0),
                name=f"{table}:{legacy_id}",
                decision=ReviewDecision(decision),
                at=at,
                undone=undone is not None,
                committed=Outcome(outcome) in COMMITTED_OUTCOMES,
            )
        )
    return recent


def _rows_in_run(
    run: LegacyImportRun | None, legacy_ids: set[str]
) -> dict[tuple[str, str], tuple[int, int, str]]:
    """(table, legacy id) → (row, run, outcome) of the current run."""
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, legacy_id__in=legacy_ids)
    columns = rows.values_list("source_table", "legacy_id", "pk", "outcome")
    if run is None or not legacy_ids:
        return {}
    return {(table, legacy_id): (pk, run.pk, outcome) for table, legacy_id, pk, outcome in columns}


def _event(
    decision: ReviewDecision,
    treat_as: Classification | None,
    person: Target | None,
    course: CourseArgument | None,
) -> Event:
    """The decision with the arguments that belong to it. Raises NotPossible where one is missing."""
    if decision == D.TREAT_AS and treat_as not in TREATABLE:
        raise NotPossible(_("Choose how the row is to be treated."))
    if decision == D.SET_COURSE and course is None:
        raise NotPossible(_("Choose a course, or keep the old name."))
    return Event(
        decision,
        treat_as=treat_as if decision == D.TREAT_AS else None,
        person=person if decision in NEEDS_PERSON else None,
        course_id=course.course_id if course and decision == D.SET_COURSE else None,
    )


def _require_offered(row: LegacyStudentImport, event: Event) -> EffectOnRow:
    """The effect of the decision. Raises NotPossible where it would change nothing about the row."""
    run = LegacyImportRun.objects.get(pk=row.legacy_import_run_id)
    effect = effect_of(run, row, event)
    if effect is None or not effect[1]:
        raise NotPossible(NOT_APPLICABLE.get(event.decision, CHANGES_NOTHING))
    return effect[0]


def _require_person(row: LegacyStudentImport, event: Event, actor: User, proof: str) -> None:
    """Raise NotPossible for a person who neither matches the row nor was found by phone."""
    person = event.person
    if event.decision not in NEEDS_PERSON:
        return
    if person is None or person[0] == PersonKind.STAGED:
        raise NotPossible(_("Choose a person."))
    evidence = [
        (target["kind"], target["id"]) for target in row.duplicate_evidence.get("targets", [])
    ]
    if person not in evidence and not is_proven(proof, row.pk, person, actor.pk):
        raise NotPossible(_("This person does not match this row; search by phone first."))


def _require_known(person: Target | None, inactive: bool) -> bool:
    """Whether the account is deactivated; `inactive`: the reviewer knows. Raises NotPossible."""
    contact = contacts_of([person]).get(person) if person else None
    if contact is None:
        raise NotPossible(_("This person is no longer on the platform."))
    if not (contact.active or inactive):
        raise NotPossible(
            _("This account is deactivated: tick that you know it, to link the row all the same.")
        )
    return not contact.active
