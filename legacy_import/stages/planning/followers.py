"""The second pass of a plan: leads that waited for the first row of their group."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery

from ecoin.bulk import Ids, update_rows
from legacy_import.choices import PersonKind, PlannedAction
from legacy_import.engine.chunks import CHUNK_ROWS
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.people.platform import contacts_of, fingerprints_of, leads_of_rows
from legacy_import.people.ruled_out import RuledOut, people_ruled_out
from legacy_import.people.separate import separate_rows
from legacy_import.rules.commit_policy import (
    FOLLOWS,
    GETS_PERSON,
    IMPORTED_BEFORE,
    WAITS,
    Decision,
)
from legacy_import.rules.duplicates import PERSON_INACTIVE, Target
from legacy_import.runs.lease import Lease

OF_FIRST = (
    "source_table", "legacy_id", "planned_action", "planned_reason", "planned_target_kind",
    "planned_target_id", "imported_lead_id",
)  # fmt: skip


class WaitingLead(NamedTuple):
    """A lead that waits, and the columns of its group's first row."""

    pk: int
    source_table: str
    legacy_id: str
    basis: str
    first: int
    first_table: str
    first_legacy_id: str
    first_action: str
    first_reason: str
    first_kind: str
    first_target: int | None
    first_lead: int | None  # created by a commit of this run

    @property
    def first_plan(self) -> Decision:
        return Decision(*(self.first_action, self.first_reason))  # type: ignore[arg-type]

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
    people = _people(run, leads, people_ruled_out(run, rows))
    contacts = contacts_of({person for person in people.values() if person})
    return {row for row, person in people.items() if person is None or contacts[person].active}


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
        contacts = contacts_of({person for person in people.values() if person})
        inactive = {person for person, contact in contacts.items() if not contact.active}
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
        "pk", "source_table", "legacy_id", "planned_basis", "group_first_id",
        *(f"first_{column}" for column in OF_FIRST),
    )  # fmt: skip
    return [WaitingLead(*values) for values in columns]


def _people(
    run: LegacyImportRun, page: Sequence[WaitingLead], ruled_out: RuledOut
) -> dict[int, Target | None]:
    """Row id → the person of its first row, for rows whose first row gets one; None: a new lead."""
    before = {
        row.pk: f"{run.connection_name}:{row.first_table}:{row.first_legacy_id}"
        for row in page
        if row.first_plan == IMPORTED_BEFORE
    }
    imported_leads = leads_of_rows(list(before.values()))
    separate = separate_rows(run, {row.first for row in page})
    people: dict[int, Target | None] = {}
    for row in page:
        if row.first in separate:
            continue
        lead = imported_leads.get(before.get(row.pk, ""))
        person = (PersonKind.LEAD.value, lead) if lead else row.person
        allowed = person not in ruled_out.get(row.pk, ())
        if allowed and (row.first_plan in GETS_PERSON or lead):
            people[row.pk] = person
    return people


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
