"""The report of a reconciliation: its checks, and the table of rows, entries and records."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from legacy_import.choices import Classification, Outcome, SourceTable
from legacy_import.models import LegacyImportRun
from legacy_import.stages.commit.effects.created_records import RECORD_KINDS
from legacy_import.stages.reconciliation.conservation import (
    MAIN,
    PARTS,
    ROW_CHECKS,
    Cell,
    RowSample,
    Tally,
)
from legacy_import.stages.reconciliation.source_rows import Reread, expected_rows

ACTIONS = (*MAIN, *PARTS)

# Check → its meaning.
STAGING_CHECKS = {
    "one_training_each": "every staged learner has exactly one training row",
    "outcomes_add_up": "every staged row has one outcome of the vocabulary",
}
RUN_CHECKS = {
    "entry_of_another_run": "no entry of this run is about a row of another run",
    "record_without_entry": "every record of this run has an entry in force",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `rows`: the first rows that break it; `more`: the number of the others."""

    name: str
    meaning: str
    expected: int | None
    found: int | None
    ok: bool
    rows: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One source table and classification: rows per outcome, entries and records per action."""

    source_table: str
    classification: str
    staged: int
    outcomes: Mapping[str, int]
    entries: Mapping[str, int]
    records: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """Numbers of rows of one source table. `expected`: to be staged (fewer than the snapshot with
    --limit); `now`: in the source at present (None: not re-read)."""

    snapshot: int | None
    expected: int | None
    staged: int
    now: int | None


@dataclass(frozen=True, slots=True)
class DeletedRecords:
    """Records of the run, and people it linked, that are no longer on the platform.

    `decided_rows`: of which a reviewer decided what follows. `records`: the first few, with their rows.
    """

    total: int
    decided_rows: int
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """The proof of a run. `row_limit`: the run is partial, and is compared with that limit."""

    run: int
    source: str
    balanced: bool
    checks: tuple[Check, ...]
    table: tuple[ReportLine, ...]
    outcomes: Mapping[str, int]
    tables: Mapping[str, SourceLine]
    row_limit: int | None
    notes: tuple[str, ...]
    deleted: DeletedRecords

    def as_dict(self) -> dict[str, Any]:
        """The counts of `legacy_reconcile --json`."""
        return {
            "balanced": self.balanced,
            "source": {
                "tables": {name: asdict(line) for name, line in self.tables.items()},
                "row_limit": self.row_limit,
                "notes": list(self.notes),
            },
            "checks": [{**asdict(check), "rows": list(check.rows)} for check in self.checks],
            "deleted_since": {**asdict(self.deleted), "records": list(self.deleted.records)},
            "outcomes": dict(self.outcomes),
            "table": [asdict(line) for line in self.table],
        }


def report_of(run: LegacyImportRun, reread: Reread, tally: Tally) -> ReconcileReport:
    """The counts as checks and tables."""
    tables = _source_lines(run, reread, tally)
    checks = (
        *_source_checks(tables, reread),
        *_staging_checks(tally),
        *_number_checks(tally),
        *_row_checks(tally),
    )
    return ReconcileReport(
        run=run.pk,
        source=run.source_label,
        balanced=all(check.ok for check in checks),
        checks=checks,
        table=tuple(_lines(tally)),
        outcomes={outcome: tally.total(tally.rows, outcome) for outcome in Outcome.values},
        tables=tables,
        row_limit=run.row_limit,
        notes=reread.notes,
        deleted=DeletedRecords(
            tally.deleted.total, tally.deletions_decided, tuple(tally.deleted.first)
        ),
    )


def _source_lines(run: LegacyImportRun, reread: Reread, tally: Tally) -> dict[str, SourceLine]:
    snapshot = run.certificate.get("row_counts", {})
    lines = {}
    for table, expected in expected_rows(run).items():
        staged = sum(count for (name, _, _), count in tally.rows.items() if name == table)
        ids = reread.tables.get(table)
        now = None if ids is None else ids.both + ids.only_source.total
        lines[table] = SourceLine(snapshot.get(table), expected, staged, now)
    return lines


def _source_checks(tables: Mapping[str, SourceLine], reread: Reread) -> Iterator[Check]:
    for table, line in tables.items():
        yield Check(
            f"staged_rows:{table}",
            "as many rows are staged as the snapshot has (or --limit lets through)",
            line.expected,
            line.staged,
            line.expected == line.staged,
        )
    for table, ids in reread.tables.items():
        yield _rows_check(
            f"source_rows_staged:{table}",
            "every source row is staged (one that came since the snapshot: import again)",
            ids.both + ids.only_source.total,
            ids.only_source,
        )
        yield _rows_check(
            f"staged_rows_in_source:{table}",
            "the source still has every staged row (deleted there since otherwise)",
            ids.both + ids.only_staged.total,
            ids.only_staged,
        )


def _staging_checks(tally: Tally) -> Iterator[Check]:
    for name, meaning in STAGING_CHECKS.items():
        yield _rows_check(name, meaning, tally.rows.total(), tally.broken.get(name, RowSample()))


def _number_checks(tally: Tally) -> Iterator[Check]:
    """Outcomes = entries = records: compared per table and classification, reported as totals."""
    comparisons = (
        ("entries", "as many entries in force as rows with that outcome", MAIN,
         tally.rows, tally.entries),
        ("records", "as many existing records as entries that created one", RECORD_KINDS,
         tally.entries, tally.records),
    )  # fmt: skip
    for name, meaning, actions, one, other in comparisons:
        for action in actions:
            cells = {cell for cell in {*one, *other} if cell[2] == action}
            same = all(one.get(cell, 0) == other.get(cell, 0) for cell in cells)
            totals = tally.total(one, action), tally.total(other, action)
            yield Check(f"{name}:{action}", meaning, *totals, same)


def _row_checks(tally: Tally) -> Iterator[Check]:
    meanings = {name: meaning for name, (meaning, _) in ROW_CHECKS.items()} | RUN_CHECKS
    for name, meaning in meanings.items():
        broken = tally.broken.get(name, RowSample())
        yield Check(name, meaning, 0, broken.total, not broken.total, *_rows(broken))


def _rows_check(name: str, meaning: str, expected: int, broken: RowSample) -> Check:
    intact = expected - broken.total
    return Check(name, meaning, expected, intact, not broken.total, *_rows(broken))


def _rows(broken: RowSample) -> tuple[tuple[str, ...], int]:
    """The first rows that break a check, and the number of the others."""
    return tuple(broken.first), broken.total - len(broken.first)


def _lines(tally: Tally) -> Iterator[ReportLine]:
    staged: Counter[tuple[str, str]] = Counter()
    for (table, classification, _), count in tally.rows.items():
        staged[table, classification] += count
    for cell in product(SourceTable.values, Classification.values):
        if staged[cell]:
            yield ReportLine(
                *cell,
                staged[cell],
                _per_value(tally.rows, cell, Outcome.values),
                _per_value(tally.entries, cell, ACTIONS),
                _per_value(tally.records, cell, RECORD_KINDS),
            )


def _per_value(
    cells: Mapping[Cell, int], cell: tuple[str, str], values: Iterable[str]
) -> dict[str, int]:
    return {value: cells.get((*cell, value), 0) for value in values}
