"""Is the database behind an alias the one that earlier runs read? In another one, row numbers are other
people.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from django.db.models import Max, Min, QuerySet

from legacy_import.choices import SourceTable
from legacy_import.errors import SafetyRefusal
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from legacy_import.source.reader import LegacySource
from legacy_import.stages.staging.chunk_rows import hash_rows

# Rows are compared in samples, so that a check takes the same few reads however many rows there are.
SAMPLES = 20  # of each table, spread evenly over it
SAMPLE_ROWS = 100
MOST = 0.5  # more than this share of the common rows is the same in a restored copy

_USER = re.compile(r"(?<=//)[^@/]*@")


class SampleComparison(NamedTuple):
    """Rows whose numbers are in an earlier run and in a source, and how many of them are the same."""

    common: int
    same: int

    @property
    def are_one(self) -> bool:
        """Whether the source is the same, or a copy of it that was used since."""
        return self.same > MOST * self.common


def note_of_source(
    alias: str, source: LegacySource, *, resumed: LegacyImportRun | None, allow_another: bool
) -> str:
    """A note for the certificate if the server or database is another than before; "" if it is not.

    Raises SafetyRefusal if most rows with the same number are not the same, unless `allow_another`; and
    if the run to be resumed read another database, in any case.
    """
    if resumed is not None:
        _require_source_of(resumed, source)
        return str(resumed.certificate.get("another_source", ""))
    earlier = _latest_run(alias)
    if earlier is None or _is_same(earlier, source):
        return ""
    before = f"run {earlier.pk} read {_address(earlier.certificate['source'])}"
    comparison = compare(earlier, source)
    counts = f"{comparison.same:,} of {comparison.common:,} rows compared are the same"
    if comparison.are_one or not _staged(earlier).exists():
        return f"another server or database: {before}; {counts}"
    if allow_another:
        return f"ANOTHER SOURCE (allowed by the operator): {before}; {counts}"
    raise SafetyRefusal(
        f"Another database is behind the alias '{alias}': {before}, and {counts}.",
        hint="Point LEGACY_DB_* at the database of the earlier runs. If this one is meant, although its "
        "row numbers are other people: --another-source",
    )


def note_of_time_zone(alias: str, source: LegacySource, *, resumed: LegacyImportRun | None) -> str:
    """A note for the certificate if TIMESTAMPs are read in another time zone than before; "" if not.

    Raises SafetyRefusal if a run to be resumed was started in another one: its rows would differ.
    """
    earlier = resumed or _latest_run(alias)
    before = str(earlier.certificate.get("time_zone", "")) if earlier else ""
    now = source.certificate.time_zone
    if earlier is None or not before or not now or before == now:
        return str(resumed.certificate.get("another_time_zone", "")) if resumed else ""
    if resumed is None:
        return (
            f"ANOTHER TIME ZONE: run {earlier.pk} read TIMESTAMP columns in {before}, this one in"
            f" {now}; rows that contain one are changed"
        )
    raise SafetyRefusal(
        f"Run {resumed.pk} was reading TIMESTAMP columns in the time zone {before}; now it is {now}.",
        hint=f"Set LEGACY_DB_TIME_ZONE={before} again, or start another run: "
        "manage.py legacy_import --new",
    )


def compare(run: LegacyImportRun, source: LegacySource) -> SampleComparison:
    """Compare samples of the staged rows of the run with the same row numbers in the source."""
    common = same = 0
    for table in SourceTable.values:
        for staged in _samples(run, table):
            first, last = (str(bound) for bound in (min(map(int, staged)), max(map(int, staged))))
            pages = source.pages(
                table, after=str(int(first) - 1), until=last, size=SAMPLE_ROWS, limit=SAMPLE_ROWS
            )
            for page in pages:
                for row, _, payload_hash in hash_rows(page):
                    common += row.legacy_id in staged
                    same += staged.get(row.legacy_id) == payload_hash
    return SampleComparison(common, same)


def _samples(run: LegacyImportRun, table: str) -> Iterator[Mapping[str, str]]:
    """Legacy id → payload hash of some staged rows of the table, a few ranges of them."""
    staged = _staged(run).filter(source_table=table)
    bounds = staged.aggregate(first=Min("pk"), last=Max("pk"))
    if bounds["first"] is None:
        return
    numbers = range(bounds["first"], bounds["last"] + 1)
    for start in numbers[:: max(-(-len(numbers) // SAMPLES), SAMPLE_ROWS)]:
        rows = staged.filter(pk__gte=start).order_by("pk").values_list("legacy_id", "payload_hash")
        yield dict(rows[:SAMPLE_ROWS])


def _require_source_of(run: LegacyImportRun, source: LegacySource) -> None:
    before = str(run.certificate.get("source", ""))
    if not before or _is_same(run, source):
        return
    # A server that was set up again at its address, with the same rows, is still the source.
    if _address(before) == _address(source.label) and compare(run, source).are_one:
        return
    raise SafetyRefusal(
        f"Run {run.pk} was reading {_address(before)}; another database is behind its alias now "
        f"({_address(source.label)}). A run is finished from the source that it was started with.",
        hint="Point LEGACY_DB_* at that database again, or start another run: "
        "manage.py legacy_import --new",
    )


def _is_same(run: LegacyImportRun, source: LegacySource) -> bool:
    """By what the server reports about itself: an address may lead elsewhere, through a tunnel."""
    identity = run.certificate.get("identity")
    if identity and source.certificate.identity:
        return bool(identity == source.certificate.identity)
    return _address(str(run.certificate["source"])) == _address(source.label)


def _latest_run(alias: str) -> LegacyImportRun | None:
    """The latest run of the alias that staged anything: with an empty one nothing can be compared.

    If there is none, the latest that opened its source.
    """
    runs = LegacyImportRun.objects.filter(connection_name=alias).order_by("-pk")
    opened = [run for run in runs.iterator() if run.certificate.get("source")]
    return next((run for run in opened if _staged(run).exists()), opened[0] if opened else None)


def _staged(run: LegacyImportRun) -> QuerySet[LegacyStudentImport]:
    return LegacyStudentImport.objects.filter(legacy_import_run=run)


def _address(label: str) -> str:
    """The server and database of a label: without the account, which may be another one."""
    return _USER.sub("", label)
