"""What other runs created from the source rows of a run, and whether it is still on the platform.

The commit log is the memory. A row number is not a person: a record from a row with another digest
belongs to the person who had the number then (docs/decisions/0066-what-staff-deleted.md).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Q, QuerySet

from ecoin.bulk import Ids
from legacy_import.choices import (
    COMMITTED_OUTCOMES,
    LogAction,
    Outcome,
    PersonKind,
    ReversalOutcome,
    SourceTable,
    Stage,
)
from legacy_import.models import (
    ChunkReceipt,
    LegacyImportCommitLog,
    LegacyImportRun,
    LegacyStudentImport,
    number_suffix,
)
from legacy_import.people.platform import imported_rows, leads_of_rows, records_that_exist
from legacy_import.rules.commit_policy import Origin
from legacy_import.rules.decisions import InForce
from legacy_import.rules.duplicates import Target
from legacy_import.rules.row_digest import DIGEST_COLUMNS, row_digest, same_person
from legacy_import.stages.planning.additions import OriginOfRow, additions_of
from legacy_import.stages.planning.plan_row import PlanRow

A = LogAction
SourceRow = tuple[str, str]  # source table, legacy id
# What makes a row imported: one of these per row. An interest is a part of its lead.
MAIN = (
    A.CREATE_CRM_LEAD.value, A.LINK_EXISTING.value, A.CREATE_COMPLETED_TRAINING.value,
    A.CREATE_ENROLLMENT.value,
)  # fmt: skip
INTEREST = A.CREATE_COURSE_INTEREST.value
OF_PERSONS = (A.CREATE_CRM_LEAD.value, A.LINK_EXISTING.value)
IMPORTED_OUTCOMES = [outcome for outcome in COMMITTED_OUTCOMES if outcome != Outcome.SKIP]
LEAD_MODEL = "crm.CrmLead"


class ImportedRow(NamedTuple):
    """A staged row of another run whose commit is in force."""

    pk: int
    source_table: str
    legacy_id: str
    run: int
    payload_hash: str
    person_number: int


class MadeEntry(NamedTuple):
    """One of its entries in the commit log: a record, or a link to a person."""

    pk: int
    action: str
    model: str
    target: int
    digest: str

    @property
    def record(self) -> tuple[str, int]:
        return self.model, self.target


class EarlierImport(NamedTuple):
    """What earlier imports of a row come to.

    `person_number`: of the row's own records. `person`: the lead that was created from it, or who it was
    linked to, if still there. `became`: the same for history, too; of history that is deleted, the lead
    that was created from the row before. `effects`: of the records of
    history that it has. `gone_entry`: the log entry whose record is deleted, 0 for none.
    """

    origin: Origin
    person_number: int = 1
    person: Target | None = None
    is_own_lead: bool = False
    gone_entry: int = 0
    interest_only: bool = False  # of what was deleted: its lead is still there
    became: Target | None = None
    effects: frozenset[str] = frozenset()

    def is_made_again(self, decisions: InForce) -> bool:
        """Whether a reviewer decided that what was deleted is made again."""
        return self.origin == Origin.DELETED and decisions.create_again == self.gone_entry

    def origin_under(self, decisions: InForce) -> Origin:
        """What it comes to under the reviewers' decisions."""
        if self.is_made_again(decisions):
            return Origin.INTEREST_AGAIN if self.interest_only else Origin.NEW
        is_new = self.origin == Origin.ANOTHER_PERSON and decisions.another_person
        return Origin.NEW if is_new else self.origin

    def person_under(self, decisions: InForce) -> Target | None:
        """The person to whom the decisions add something; None if they add nothing."""
        if self.is_made_again(decisions):
            person = self.person if self.interest_only else self.became
            return None if person in decisions.not_same else person
        return self.became if decisions.add_history else None


NOT_IMPORTED = EarlierImport(Origin.NEW)


class RowIdentity(NamedTuple):
    """The columns by which a staged row is recognised in other runs."""

    pk: int
    source_table: str
    legacy_id: str
    payload_hash: str


def identity_of(row: PlanRow) -> RowIdentity:
    """How other runs know the row."""
    return RowIdentity(row.pk, row.source_table, row.legacy_id, row.payload_hash)


ImportsOfRows = Mapping[SourceRow, Sequence[tuple[ImportedRow, Sequence[MadeEntry]]]]


def earlier_imports(
    run: LegacyImportRun, rows: Sequence[RowIdentity], *, rolled_back: Sequence[int] = ()
) -> dict[int, EarlierImport]:
    """Row id → what other runs created from it; rows that no run imported are absent.

    Reads the platform as it is now. By the commit log; a record with the row's origin that no entry
    is about is included. `rolled_back`: see `runs_rolled_back`.
    """
    earlier = logged_imports(run, rows, rolled_back=rolled_back)
    others = [row.pk for row in rows if row.pk not in earlier]
    with_record = imported_rows(run.connection_name, others)
    imported = [row for row in rows if row.pk in with_record]
    if not (earlier or imported):
        return {}
    hashes = _committed_hashes(run, imported)
    names = {
        row.pk: f"{run.connection_name}:{row.source_table}:{row.legacy_id}" for row in imported
    }
    leads = leads_of_rows(list(names.values()))
    for row in imported:
        unchanged = hashes.get((row.source_table, row.legacy_id)) == row.payload_hash
        lead = leads.get(names[row.pk])
        earlier[row.pk] = EarlierImport(
            Origin.IMPORTED if unchanged else Origin.CHANGED,
            person=(PersonKind.LEAD.value, lead) if lead else None,
            is_own_lead=lead is not None,
        )
    return _with_additions(run, rows, _with_own_leads(run, rows, earlier))


def logged_imports(
    run: LegacyImportRun,
    rows: Sequence[RowIdentity],
    *,
    newer_only: bool = False,
    rolled_back: Sequence[int] = (),
) -> dict[int, EarlierImport]:
    """Row id → what other runs (or only newer ones) created from it by the commit log."""
    others = _other_runs(run)
    others = others.filter(pk__gt=run.pk) if newer_only else others
    imports = _made_before(list(others.values_list("pk", flat=True)), rolled_back, rows)
    existing = records_that_exist(
        entry.record for of_row in imports.values() for _, entries in of_row for entry in entries
    )
    with_imports = [row for row in rows if (row.source_table, row.legacy_id) in imports]
    digests = digests_of(
        row.pk
        for row in with_imports
        if any(
            imported.payload_hash != row.payload_hash
            for imported, _ in imports[row.source_table, row.legacy_id]
        )
    )
    return {
        row.pk: _come_to(
            row, digests.get(row.pk, ""), imports[row.source_table, row.legacy_id], existing
        )
        for row in with_imports
    }


def _with_additions(
    run: LegacyImportRun, rows: Sequence[RowIdentity], earlier: Mapping[int, EarlierImport]
) -> dict[int, EarlierImport]:
    """With what could be added to the rows whose payload changed since."""
    with_changes = {
        row.pk: OriginOfRow(row.source_table, row.legacy_id, earlier[row.pk].person_number)
        for row in rows
        if row.pk in earlier and earlier[row.pk].origin == Origin.CHANGED
    }
    return {**earlier} | {
        pk: earlier[pk]._replace(
            became=earlier[pk].person or addition.person, effects=addition.effects
        )
        for pk, addition in additions_of(run, with_changes).items()
    }


def _with_own_leads(
    run: LegacyImportRun, rows: Sequence[RowIdentity], earlier: Mapping[int, EarlierImport]
) -> dict[int, EarlierImport]:
    """With the lead of each row whose history, added to it later, is deleted: a match never finds it."""
    origins = {
        row.pk: f"{run.connection_name}:{row.source_table}:{row.legacy_id}"
        + number_suffix(earlier[row.pk].person_number)
        for row in rows
        if row.pk in earlier and earlier[row.pk].origin == Origin.DELETED
    }
    leads = leads_of_rows(list(origins.values())) if origins else {}
    return {**earlier} | {
        pk: earlier[pk]._replace(became=(PersonKind.LEAD.value, leads[origin]))
        for pk, origin in origins.items()
        if origin in leads
    }


def any_import_of(run: LegacyImportRun) -> bool:
    """Whether another run of the source imported anything that was not undone."""
    others = _other_runs(run)
    return LegacyImportCommitLog.objects.filter(
        legacy_import_run__in=list(others.values_list("pk", flat=True)),
        action__in=MAIN,
        reversed_at=None,
    ).exists()


def runs_rolled_back(run: LegacyImportRun) -> list[int]:
    """The runs of the source, this one included, of which anything was rolled back.

    What a rollback found deleted already had been deleted by staff: it is not made again either.
    """
    receipts = ChunkReceipt.objects.filter(
        stage=Stage.ROLLBACK, legacy_import_run__connection_name=run.connection_name
    )
    return list(receipts.order_by().values_list("legacy_import_run_id", flat=True).distinct())


def digests_of(ids: Iterable[int]) -> dict[int, str]:
    """Staged row id → who it is (rules.row_digest)."""
    rows = LegacyStudentImport.objects.filter(pk__among=Ids(ids))
    return {pk: row_digest(*columns) for pk, *columns in rows.values_list("pk", *DIGEST_COLUMNS)}


def _other_runs(run: LegacyImportRun) -> QuerySet[LegacyImportRun]:
    runs = LegacyImportRun.objects.filter(connection_name=run.connection_name)
    return runs.exclude(pk=run.pk)


def _made_before(
    run_ids: Sequence[int], rolled_back: Sequence[int], rows: Sequence[RowIdentity]
) -> ImportsOfRows:
    """Source row → what these runs created from it, oldest first; none for rows without entries."""
    if not (run_ids or rolled_back):
        return {}
    imported: dict[int, ImportedRow] = {}
    for table in SourceTable.values:
        ids = [row.legacy_id for row in rows if row.source_table == table]
        of_table = LegacyStudentImport.objects.filter(source_table=table, legacy_id__in=ids)
        committed = Q(legacy_import_run__in=run_ids, outcome__in=IMPORTED_OUTCOMES)
        if ids:
            rows_of_table = of_table.filter(committed | Q(legacy_import_run__in=rolled_back))
            imported |= {row.pk: row for row in _as_imported(rows_of_table)}
    in_force = Q(reversed_at=None, action__in=(*MAIN, INTEREST))
    deleted = Q(reversal_outcome=ReversalOutcome.GONE, action__in=MAIN)
    logged = LegacyImportCommitLog.objects.filter(
        in_force | deleted if rolled_back else in_force, student_import__among=Ids(imported)
    )
    entries: defaultdict[int, list[MadeEntry]] = defaultdict(list)
    for row_id, pk, action, model, target, digest in logged.order_by("pk").values_list(
        "student_import_id", "pk", "action", "target_model", "target_id", "row_digest"
    ):
        if target is not None:
            entries[row_id].append(MadeEntry(pk, action, model, target, digest))
    imports: defaultdict[SourceRow, list[tuple[ImportedRow, Sequence[MadeEntry]]]]
    imports = defaultdict(list)
    for row in sorted(imported.values(), key=lambda row: row.run):
        if row.pk in entries:
            imports[row.source_table, row.legacy_id].append((row, entries[row.pk]))
    return imports


def _as_imported(rows: QuerySet[LegacyStudentImport]) -> Iterator[ImportedRow]:
    for values in rows.values_list(
        "pk", "source_table", "legacy_id", "legacy_import_run_id", "payload_hash", "person_number"
    ):
        yield ImportedRow(*values)


def _come_to(
    row: RowIdentity,
    digest: str,
    imports: Sequence[tuple[ImportedRow, Sequence[MadeEntry]]],
    existing: set[tuple[str, int]],
) -> EarlierImport:
    """What the latest import of the same person comes to; or that it was another person's number."""
    own = [
        (imported, entries)
        for imported, entries in imports
        if imported.payload_hash == row.payload_hash or _may_be_same(entries[-1].digest, digest)
    ]
    if not own:
        most = max(imported.person_number for imported, _ in imports)
        return EarlierImport(Origin.ANOTHER_PERSON, most + 1)
    imported, entries = own[-1]
    number = imported.person_number
    main = next((entry for entry in reversed(entries) if entry.action in MAIN), entries[-1])
    if main.record not in existing:
        return EarlierImport(Origin.DELETED, number, gone_entry=main.pk)
    person, is_own_lead = _person_of(main)
    if imported.payload_hash != row.payload_hash:
        return EarlierImport(Origin.CHANGED, number, person, is_own_lead)
    deleted = [one.pk for one in entries if one.action == INTEREST and one.record not in existing]
    if deleted:
        return EarlierImport(
            Origin.DELETED, number, person, is_own_lead, deleted[-1], interest_only=True
        )
    return EarlierImport(Origin.IMPORTED, number, person, is_own_lead)


def _may_be_same(one: str, other: str) -> bool:
    """A row of which nothing is known is taken for the person who had its number before."""
    return not (one and other) or same_person(one, other)


def _person_of(main: MadeEntry) -> tuple[Target | None, bool]:
    """The lead or user of the row, by creation or link, and whether it is a lead created from it."""
    if main.action not in OF_PERSONS:
        return None, False
    kind = PersonKind.LEAD if main.model == LEAD_MODEL else PersonKind.USER
    return (kind.value, main.target), main.action == A.CREATE_CRM_LEAD


def _committed_hashes(run: LegacyImportRun, rows: Sequence[RowIdentity]) -> dict[SourceRow, str]:
    """Source row → payload hash that the latest run committed."""
    run_ids = list(_other_runs(run).values_list("pk", flat=True))
    hashes: dict[SourceRow, str] = {}
    for table in SourceTable.values:
        ids = [row.legacy_id for row in rows if row.source_table == table]
        committed = LegacyStudentImport.objects.filter(
            legacy_import_run__in=run_ids, source_table=table, legacy_id__in=ids,
            outcome__in=IMPORTED_OUTCOMES,
        )  # fmt: skip
        for one in sorted(_as_imported(committed) if ids else (), key=lambda row: row.run):
            hashes[one.source_table, one.legacy_id] = one.payload_hash
    return hashes
