"""Reviewers' decisions by source row: which apply to a staged row, and which were about an earlier one.

A decision belongs to the source row (connection, table, id) as it was. In any run of the source it
applies to a row that is still the same person, if the subject of the decision is unchanged
(rules.decision_subjects). Everything is read for many rows at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from ecoin.bulk import Ids, update_rows
from legacy_import.choices import COMMITTED_OUTCOMES, Classification, PersonKind, ReviewDecision
from legacy_import.engine.chunks import id_ranges
from legacy_import.models import LegacyImportRun, LegacyReviewDecision, LegacyStudentImport
from legacy_import.rules.decision_subjects import (
    MadeFor,
    RowVersion,
    still_applies,
    subject_of,
)
from legacy_import.rules.decisions import Event, in_force
from legacy_import.rules.validation import ERASED
from legacy_import.runs.lease import Lease

D = ReviewDecision
Rows = QuerySet[LegacyStudentImport]
MOST_IDS = 10_000  # in one statement: SQLite takes 32,766 parameters
# Columns that decisions about one row differ in: repeated as they are on a newer version.
ARGUMENTS = ("treat_as", "target_kind", "target_id", "target_inactive", "course_id")
# Of these, only the latest matters: each of them answers for the whole row.
WHOLE_ANSWERS = frozenset({D.SKIP, D.LINK})
NEVER_EARLIER = frozenset({D.RESET, D.LATER})  # not worth repeating


class MadeDecision(NamedTuple):
    """One decision as it is stored, without its note."""

    pk: int
    student_import_id: int | None
    source_table: str
    legacy_id: str
    row_digest: str
    payload_hash: str
    subject: str
    decision: str
    treat_as: str
    target_kind: str
    target_id: int | None
    target_inactive: bool
    log_entry_id: int | None
    course_id: int | None

    @property
    def made_for(self) -> MadeFor:
        return MadeFor(self.row_digest, self.payload_hash, self.subject)

    @property
    def event(self) -> Event:
        """The decision, to be folded into what is in force (rules.decisions.in_force)."""
        return Event(
            ReviewDecision(self.decision),
            Classification(self.treat_as) if self.treat_as else None,
            (PersonKind(self.target_kind).value, self.target_id) if self.target_id else None,
            self.target_inactive,
            self.course_id,
            self.log_entry_id or 0,
        )

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ARGUMENTS}


class RowDecisions(NamedTuple):
    """The decisions about one staged row that were not undone, oldest first.

    `earlier`: about an earlier version of it, while no one decided about a newer one.
    """

    applying: tuple[MadeDecision, ...] = ()
    earlier: tuple[MadeDecision, ...] = ()

    @property
    def standing(self) -> str:
        """The latest decision in force; "" for none, or after a reset."""
        latest = self.applying[-1].decision if self.applying else ""
        return "" if latest == D.RESET else latest

    @property
    def latest_earlier(self) -> str:
        return self.earlier[-1].decision if self.earlier else ""


def any_decisions(connection_name: str, **columns: str) -> bool:
    """Whether reviewers decided anything (with these columns) about rows of this source, in any run."""
    decisions = LegacyReviewDecision.objects.filter(connection_name=connection_name, **columns)
    return decisions.exists()


def decided_rows(rows: Rows, connection_name: str, **columns: str) -> Rows:
    """Those of the staged rows about whose source row there ever was a decision (with these columns)."""
    decisions = LegacyReviewDecision.objects.filter(
        **columns,
        connection_name=connection_name,
        source_table=OuterRef("source_table"),
        legacy_id=OuterRef("legacy_id"),
    )
    # One look-up per row: of an EXISTS, MariaDB reads all decisions of the source for every batch.
    first = Subquery(decisions.order_by().values("pk")[:1])
    return rows.annotate(first_decision=first).filter(first_decision__isnull=False)


def decisions_on(rows: Rows, connection_name: str, **columns: str) -> dict[int, RowDecisions]:
    """Row id → its decisions, of those staged rows that ever had any (with these columns).

    Two queries, and one more for every MOST_IDS decided rows.
    """
    names = ("pk", "source_table", "legacy_id", *RowVersion._fields)
    versions = {
        pk: (table, legacy_id, RowVersion(*values))
        for pk, table, legacy_id, *values in decided_rows(
            rows, connection_name, **columns
        ).values_list(*names)
    }
    by_place = _made_decisions(
        connection_name, {legacy_id for _, legacy_id, _ in versions.values()}
    )
    return {
        pk: sort_decisions(by_place.get((table, legacy_id), ()), version)
        for pk, (table, legacy_id, version) in versions.items()
    }


def sort_decisions(events: Iterable[MadeDecision], row: RowVersion) -> RowDecisions:
    """Decisions about one source row, oldest first, into those that apply and those to be repeated."""
    applying: list[MadeDecision] = []
    earlier: list[MadeDecision] = []
    for one in events:
        if still_applies(one.decision, one.made_for, row):
            applying.append(one)
            # Decisions about a newer version were taken with those about the older one in view.
            earlier = [old for old in earlier if old.payload_hash == one.payload_hash]
        elif one.decision not in NEVER_EARLIER:
            earlier = [old for old in earlier if not _replaces(one, old)] + [one]
        if one.decision == D.RESET:
            earlier = []
    return RowDecisions(tuple(applying), tuple(earlier))


def _replaces(new: MadeDecision, old: MadeDecision) -> bool:
    if new.decision in WHOLE_ANSWERS and old.decision in WHOLE_ANSWERS:
        return True
    if new.decision != old.decision:
        return False
    return new.decision != D.NOT_SAME or new.arguments == old.arguments


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


def row_at_decision(
    row: LegacyStudentImport, connection_name: str, decision: ReviewDecision
) -> dict[str, Any]:
    """The columns of a decision about this row that identify the row and its state."""
    version = RowVersion(*(getattr(row, name) for name in RowVersion._fields))
    return {
        "connection_name": connection_name,
        "source_table": row.source_table,
        "legacy_id": row.legacy_id,
        "row_digest": version.digest,
        "payload_hash": version.payload_hash,
        "subject": subject_of(decision, version),
        "student_import_id": row.pk,
    }


def refresh_decisions(run: LegacyImportRun, lease: Lease) -> None:
    """Store in every uncommitted row of the run which decision is in force, and which is an earlier one.

    A new run gets its first ones, an older one those that were made in other runs since. The stage
    counts the facets afterwards. One query if there are no decisions.
    """
    if not any_decisions(run.connection_name):
        return
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run)
    for id_range in id_ranges(run):
        with transaction.atomic():
            lease.confirm()
            uncommitted = rows.filter(pk__range=id_range).exclude(outcome__in=COMMITTED_OUTCOMES)
            _refresh(uncommitted, run.connection_name)


def _refresh(rows: Rows, connection_name: str) -> None:
    """The plan finds out whether a decision suffices (`settled`); without one, nothing does."""
    decisions = decisions_on(rows, connection_name)
    staged = LegacyStudentImport.objects.filter(pk__among=Ids(decisions))
    new: dict[int, tuple[str, str, bool, int]] = {}
    for pk, standing, earlier, settled, version, issues in staged.values_list(
        "pk", "decision", "earlier_decision", "settled", "version", "validation_issues"
    ):
        of_row = decisions[pk]
        # Of a person who was erased on request nothing is repeated.
        latest_earlier = "" if issues == [ERASED] else of_row.latest_earlier
        if (of_row.standing, latest_earlier) != (standing, earlier):
            settles = bool(settled and of_row.standing)
            new[pk] = (of_row.standing, latest_earlier, settles, version + 1)
    update_rows(LegacyStudentImport, ("decision", "earlier_decision", "settled", "version"), new)


def _made_decisions(
    connection_name: str, legacy_ids: Collection[str]
) -> dict[tuple[str, str], Sequence[MadeDecision]]:
    """(table, legacy id) → the decisions that were not undone, oldest first."""
    by_place: defaultdict[tuple[str, str], list[MadeDecision]] = defaultdict(list)
    ids = sorted(legacy_ids)
    for first in range(0, len(ids), MOST_IDS):
        decisions = LegacyReviewDecision.objects.standing().filter(
            connection_name=connection_name, legacy_id__in=ids[first : first + MOST_IDS]
        )
        for values in decisions.order_by("pk").values_list(*MadeDecision._fields):
            one = MadeDecision(*values)
            by_place[one.source_table, one.legacy_id].append(one)
    return dict(by_place)
