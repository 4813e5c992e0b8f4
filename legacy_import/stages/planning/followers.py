"""The second pass of a plan: leads that waited for the first row of their group."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery

from ecoin.bulk import Ids, update_rows
from legacy_import.choices import PersonKind, PlannedAction
from legacy_import.engine.chunks import CHUNK_ROWS
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.platform import contacts_of, fingerprints_of
from legacy_import.people.ruled_out import RuledOut, people_ruled_out
from legacy_import.people.source_decisions import separate_rows
from legacy_import.rules.commit_policy import (
    FOLLOWS,
    GETS_PERSON,
    IMPORTED_BEFORE,
    WAITS,
    Decision,
)
from legacy_import.rules.duplicates import PERSON_INACTIVE, Target
from legacy_import.runs.lease import Lease
from legacy_import.stages.planning.earlier_imports import RowIdentity, earlier_imports

OF_FIRST = (
    "source_table", "legacy_id", "payload_hash", "planned_action", "planned_reason",
    "planned_target_kind", "planned_target_id", "imported_lead_id",
)  # fmt: skip


class WaitingLead(NamedTuple):
    """A lead that waits, and the columns of its group's first row."""

    pk: int
    basis: str
    first: int
    first_table: str
    first_legacy_id: str
    first_hash: str
    first_action: str
    first_reason: str
    first_kind: str
    first_target: int | None
    first_lead: int | None  # created by a commit of this run

    @property
    def first_plan(self) -> Decision:
        return Decision(*(self.first_action, self.first_reason))  # type: ignore[arg-type]

    @property
    def identity(self) -> RowIdentity:
        """How other runs know the first row."""
        return RowIdentity(self.first, self.first_table, self.first_legacy_id, self.first_hash)

    @property
    def given_to(self) -> Target | None:
        """The person from before the import whom the first row is linked to."""
        if self.first_kind in (PersonKind.USER, PersonKind.LEAD) and self.first_target:
            return self.first_kind, self.first_target
        return None

    @property
    def person(self) -> Target | None:
        """The person a link would give the row to, if that person exists already."""
        own = (PersonKind.LEAD.value, self.first_lead) if self.first_lead else None
        return self.given_to or own


def followers_among(run: LegacyImportRun, rows: Collection[int]) -> set[int]:
    """Those of these waiting rows whose first row is planned to have a person, or has one."""
    waiting = _with_first_rows(LegacyStudentImport.objects.filter(legacy_import_run=run))
    leads = _leads(waiting.filter(pk__among=Ids(rows)))
    people = _people(run, leads, people_ruled_out(run, {row.pk for row in leads}))
    inactive = _inactive(people)
    return {pk for pk, person in people.items() if person not in inactive}


def plan_followers(run: LegacyImportRun, lease: Lease) -> None:
    """Link the waiting leads whose first row has a person, unless that person was ruled out."""
    waiting = _with_first_rows(
        LegacyStudentImport.objects.filter(
            legacy_import_run=run, planned_action=WAITS.action, planned_reason=WAITS.reason
        )
    )
    ruled_out = people_ruled_out(run)
    last = 0
    while page := _leads(waiting.filter(pk__gt=last)[:CHUNK_ROWS]):
        last = page[-1].pk
        people = _people(run, page, ruled_out)
        inactive = _inactive(people)
        with transaction.atomic():
            lease.confirm()
            _link([row for row in page if row.pk in people and people[row.pk] not in inactive])
            _block([row.pk for row in page if people.get(row.pk) in inactive])


Rows = QuerySet[LegacyStudentImport]


def _with_first_rows(rows: Rows) -> Rows:
    """The rows in order, with the columns of their groups' first rows."""
    first_row = LegacyStudentImport.objects.filter(pk=OuterRef("group_first_id"))
    columns = {f"first_{column}": Subquery(first_row.values(column)) for column in OF_FIRST}
    return rows.annotate(**columns).order_by("pk")


def _leads(rows: Rows) -> list[WaitingLead]:
    columns = rows.values_list(
        "pk", "planned_basis", "group_first_id", *(f"first_{column}" for column in OF_FIRST)
    )
    return [WaitingLead(*values) for values in columns]


def _people(
    run: LegacyImportRun, page: Sequence[WaitingLead], ruled_out: RuledOut
) -> dict[int, Target | None]:
    """Row id → the person of its first row, for rows whose first row gets one; None: a new lead."""
    before = {row.first: row.identity for row in page if row.first_plan == IMPORTED_BEFORE}
    imported = earlier_imports(run, list(before.values()))
    separate = separate_rows(run, {row.first for row in page})
    people: dict[int, Target | None] = {}
    for row in page:
        if row.first in separate:
            continue
        earlier = imported[row.first].person if row.first in imported else None
        person = earlier or row.person
        allowed = person not in ruled_out.get(row.pk, ())
        if allowed and (row.first_plan in GETS_PERSON or earlier):
            people[row.pk] = person
    return people


def _inactive(people: Mapping[int, Target | None]) -> set[Target | None]:
    """Those of the people whose accounts are deactivated."""
    contacts = contacts_of({person for person in people.values() if person})
    return {person for person, contact in contacts.items() if not contact.active}


def _block(rows: Sequence[int]) -> None:
    """The first row was given to an account that is deactivated: whether to follow needs review."""
    waiting = LegacyStudentImport.objects.filter(pk__in=rows)
    waiting.update(planned_action=PlannedAction.REVIEW, planned_reason=PERSON_INACTIVE)


def _link(rows: Sequence[WaitingLead]) -> None:
    linked = LegacyStudentImport.objects.filter(pk__in=[row.pk for row in rows])
    linked.exclude(decision="").update(settled=True)
    linked.update(
        planned_action=FOLLOWS.action,
        planned_reason=FOLLOWS.reason,
        planned_target_kind=PersonKind.STAGED,
        planned_target_id=F("group_first_id"),
    )
    people = fingerprints_of({row.given_to for row in rows if row.given_to})
    bases = {
        row.pk: (f"{row.basis} person={people[row.given_to]}",)
        for row in rows
        if row.given_to in people
    }
    update_rows(LegacyStudentImport, ("planned_basis",), bases)
