"""Source rows = staged rows: compared with the snapshot's counts, and id by id with the source now."""

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
    """The ids of each table compared with the source now (empty: not re-read, see the notes)."""

    tables: Mapping[str, Comparison]
    notes: tuple[str, ...] = ()


def expected_rows(run: LegacyImportRun) -> dict[str, int | None]:
    """The number of rows of each table that the run must contain: the snapshot's, or up to --limit.

    None if the certificate has no count.
    """
    counts: Mapping[str, int] = run.certificate.get("row_counts", {})
    remaining = run.row_limit
    rows: dict[str, int | None] = {}
    for table in SourceTable.values:
        count = counts.get(table)
        if count is not None and remaining is not None:
            count = min(count, remaining)
            remaining -= count
        rows[table] = count
    return rows


def reread_source(run: LegacyImportRun, progress: Progress, confirm: Callable[[], None]) -> Reread:
    """Compare the ids of the source with the staged ones; `confirm` is called after every page.

    A source that cannot be opened, or is lost meanwhile, becomes a note. For a partial run only the
    source rows up to its last staged row are compared.
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
    """Merge two ascending streams of ids. `partial`: ignore source ids after the last staged one."""
    comparison = Comparison()
    staged_stream, source_stream = iter(staged), iter(source)
    ours = next(staged_stream, None)
    theirs = None if partial and ours is None else next(source_stream, None)
    while ours is not None or (theirs is not None and not partial):
        if ours == theirs:
            comparison.both += 1
            ours, theirs = next(staged_stream, None), next(source_stream, None)
        elif ours is None or (theirs is not None and theirs < ours):
            comparison.only_source.add(f"{table}:{theirs}")
            theirs = next(source_stream, None)
        else:
            comparison.only_staged.add(f"{table}:{ours}")
            ours = next(staged_stream, None)
    return comparison


def staged_ids(run: LegacyImportRun, table: str) -> Iterator[int]:
    """The staged legacy ids of a table as numbers, ascending, a page at a time.

    Texts of digits of one length sort as numbers, so one length is read after the other: each page is
    a range of the identity index in its own order, and the database never sorts. The index is scanned
    once per length (seven times for a million rows), without reading the rows themselves.
    """
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run, source_table=table)
    length = Length("legacy_id")
    negative = When(legacy_id__lt="0", then=-length)  # "-" sorts before every digit
    sizes = rows.order_by().values_list(Case(negative, default=length), flat=True).distinct()
    for size in sorted(sizes):
        same_length = rows.alias(length=length).filter(length=abs(size))
        if size < 0:
            yield from _paged(same_length.filter(legacy_id__lt="0"), ascending=False)
        else:
            yield from _paged(same_length.filter(legacy_id__gte="0"), ascending=True)


def _paged(rows: QuerySet[LegacyStudentImport], *, ascending: bool) -> Iterator[int]:
    """Ids in the order of their text or, for negative ids, in reverse order."""
    order = "legacy_id" if ascending else "-legacy_id"
    ids = rows.order_by(order).values_list("legacy_id", flat=True)
    page = list(ids[:IDS_PER_PAGE])
    while page:
        yield from map(int, page)
        if len(page) < IDS_PER_PAGE:
            return
        last = {"legacy_id__gt" if ascending else "legacy_id__lt": page[-1]}
        page = list(ids.filter(**last)[:IDS_PER_PAGE])
