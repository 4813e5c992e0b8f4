"""Source rows = staged rows: against the snapshot's counts, and id by id against the source as it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.db.models import Case, QuerySet, When
from django.db.models.functions import Length

from legacy_import.choices import SourceTable
from legacy_import.errors import Interrupted, LegacyImportError, OutOfOrder
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.runs.progress import Progress
from legacy_import.source.reader import LegacySource, open_source
from legacy_import.stages.reconciliation.conservation import RowSample

IDS_PER_PAGE = 20_000


@dataclass(slots=True)
class Comparison:
    """The ids of one table: in the source and staged, in the source only, staged only."""

    both: int = 0
    only_source: RowSample = field(default_factory=RowSample)
    only_staged: RowSample = field(default_factory=RowSample)


@dataclass(frozen=True, slots=True)
class Reread:
    """What the source holds now, per table (empty: not re-read, and the notes say why)."""

    tables: Mapping[str, Comparison]
    notes: tuple[str, ...] = ()


def rows_let_through(run: LegacyImportRun) -> dict[str, int | None]:
    """How many rows of each table the run has to hold: all of the snapshot, or what --limit allows.

    None where the certificate has no count.
    """
    counts: Mapping[str, int] = run.certificate.get("row_counts", {})
    left = run.row_limit
    found: dict[str, int | None] = {}
    for table in SourceTable.values:
        count = counts.get(table)
        if count is not None and left is not None:
            count = min(count, left)
            left -= count
        found[table] = count
    return found


def reread_source(run: LegacyImportRun, progress: Progress, confirm: Callable[[], None]) -> Reread:
    """Compare the ids of the source with the staged ones; `confirm` is called with every page.

    A source that cannot be opened, or is lost on the way, is a note. Of a partial run only the
    source rows up to its last staged row count.
    """
    announced = False
    try:
        with open_source(run.connection_name) as source:
            label = f"{run.connection_name} → {source.label}"
            progress.opened(label, verified=source.certificate.read_only_verified)
            announced = True
            tables = {
                table: _compare_table(run, source, table, progress, confirm)
                for table in SourceTable.values
            }
    except (Interrupted, OutOfOrder):
        raise
    except LegacyImportError as error:
        if not announced:
            progress.opened(run.source_label)
        return Reread({}, (f"not re-read: {error.message}",))
    if label != run.source_label:
        note = f"re-read from {source.label}, imported from {run.certificate.get('source', '?')}"
        return Reread(tables, (note,))
    return Reread(tables)


def _compare_table(
    run: LegacyImportRun,
    source: LegacySource,
    table: str,
    progress: Progress,
    confirm: Callable[[], None],
) -> Comparison:
    progress.begin(f"ids of {table}", None if run.is_partial else source.count(table))

    def source_ids() -> Iterator[int]:
        for page in source.ids(table):
            yield from map(int, page)
            confirm()
            progress.advance(len(page))

    return compare(table, source_ids(), staged_ids(run, table), partial=run.is_partial)


def compare(
    table: str, source: Iterable[int], staged: Iterable[int], *, partial: bool = False
) -> Comparison:
    """Merge two rising streams of ids. `partial`: nothing after the last staged id counts."""
    found = Comparison()
    here_ids, there_ids = iter(staged), iter(source)
    here = next(here_ids, None)
    there = None if partial and here is None else next(there_ids, None)
    while here is not None or (there is not None and not partial):
        if here == there:
            found.both += 1
            here, there = next(here_ids, None), next(there_ids, None)
        elif here is None or (there is not None and there < here):
            found.only_source.add(f"{table}:{there}")
            there = next(there_ids, None)
        else:
            found.only_staged.add(f"{table}:{here}")
            here = next(here_ids, None)
    return found


def staged_ids(run: LegacyImportRun, table: str) -> Iterator[int]:
    """The staged legacy ids of a table as numbers, rising, a page at a time.

    Digits sort as numbers among ids of one length, so one length after the other: each page is a
    range of the identity index, read in its order, and nothing is ever sorted. The index is passed
    over once per length (seven times for a million rows), without touching the rows themselves.
    """
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, source_table=table)
    length = Length("legacy_id")
    negative = When(legacy_id__lt="0", then=-length)  # "-" sorts before every digit
    sizes = rows.order_by().values_list(Case(negative, default=length), flat=True).distinct()
    for size in sorted(sizes):
        alike = rows.alias(length=length).filter(length=abs(size))
        if size < 0:
            yield from _paged(alike.filter(legacy_id__lt="0"), rising=False)
        else:
            yield from _paged(alike.filter(legacy_id__gte="0"), rising=True)


def _paged(rows: QuerySet[LegacyStudentImport], *, rising: bool) -> Iterator[int]:
    """Ids in the order of their text, or against it (the longest negative text is the least)."""
    order = "legacy_id" if rising else "-legacy_id"
    ids = rows.order_by(order).values_list("legacy_id", flat=True)
    page = list(ids[:IDS_PER_PAGE])
    while page:
        yield from map(int, page)
        if len(page) < IDS_PER_PAGE:
            return
        last = {"legacy_id__gt" if rising else "legacy_id__lt": page[-1]}
        page = list(ids.filter(**last)[:IDS_PER_PAGE])
