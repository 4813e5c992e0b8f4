"""Masked exports: the rows of a run as CSV, streamed; its summary as JSON.

The columns of the CSV are a list, and nothing that is not on it leaves the server: a new column of
a model is not exported by being there. Values are the codes of the vocabularies, for other programs;
contacts are masked as on the screens, those typed into names and statuses too.
"""

import csv
import datetime
import io
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from import_export.fields import Field
from import_export.resources import ModelResource

from ecoin.identity.masking import mask_email, mask_phone, mask_text
from legacy_import.choices import AccessKind
from legacy_import.models import FACETS, LegacyAccessLog, LegacyImportRun, LegacyStudentImport
from legacy_import.review.filter import RowFilter
from legacy_import.runs.counts import load, spread
from legacy_import.screens.exports.spreadsheet_cells import safe_cell

SCHEMA_VERSION = 1
BOM = "\ufeff"  # without it, spreadsheets do not read the file as UTF-8
CHUNK = 1_000  # rows read, masked and sent at a time
# The comma is the default in every language: the same address gives every user the same file.
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
DEFAULT_SEPARATOR = "comma"
HEADER = (
    "run", "source_table", "legacy_id", "full_name", "phone_masked", "email_masked", "raw_status",
    "classification", "validation_status", "duplicate_confidence", "planned_action",
    "planned_reason", "outcome",
)  # fmt: skip
READ = ("legacy_import_run_id", "phone_raw", "email_raw", *HEADER[1:4], *HEADER[6:])
# The keys of a plan's summary that are counts and nothing else (stages/planning/summary.py).
COUNTS = (
    "source_tables", "classification", "validation", "duplicate_confidence", "priority_buckets",
    "import_actions", "session_types", "risks", "plan", "done", "review_reasons",
)  # fmt: skip


class MaskedLearners(ModelResource):  # type: ignore[misc]
    """One staged learner as one line, masked."""

    run = Field(attribute="legacy_import_run_id", column_name="run", readonly=True)
    phone_masked = Field(column_name="phone_masked", readonly=True)
    email_masked = Field(column_name="email_masked", readonly=True)

    class Meta:
        model = LegacyStudentImport
        fields = HEADER
        export_order = HEADER

    def dehydrate_full_name(self, row: LegacyStudentImport) -> str:
        return mask_text(row.full_name)

    def dehydrate_raw_status(self, row: LegacyStudentImport) -> str:
        return mask_text(row.raw_status)

    def dehydrate_phone_masked(self, row: LegacyStudentImport) -> str:
        return mask_phone(row.phone_raw)

    def dehydrate_email_masked(self, row: LegacyStudentImport) -> str:
        return mask_email(row.email_raw)


def csv_of(
    run: LegacyImportRun, query: RowFilter, *, separator: str = DEFAULT_SEPARATOR
) -> Iterator[bytes]:
    """The rows that pass the filter, as pieces of a CSV file, CHUNK rows each.

    Pages by key: memory does not grow with the run, and each piece is one query.
    """
    resource = MaskedLearners()
    yield (BOM + csv_text([resource.get_export_headers()], separator)).encode()
    rows, last = query.rows(run).only(*READ).order_by("pk"), 0
    while True:
        chunk = list(rows.filter(pk__gt=last)[:CHUNK])
        if not chunk:
            return
        yield csv_text(map(resource.export_resource, chunk), separator).encode()
        last = chunk[-1].pk


def log_export(
    *, run: LegacyImportRun, what: str, query: RowFilter, actor: User, now: datetime.datetime
) -> None:
    """One entry in the access log: which facets, and that a name was searched, never which name."""
    facets = RowFilter(query.facets).query_string()
    reason = " ".join(filter(None, [what, facets, "with a search" if query.search else ""]))
    log_file(run=run, reason=reason, actor=actor, now=now)


def log_file(*, run: LegacyImportRun, reason: str, actor: User, now: datetime.datetime) -> None:
    """One entry in the access log: that this file was exported."""
    LegacyAccessLog.objects.create(
        kind=AccessKind.EXPORT,
        legacy_import_run=run,
        reason=reason[:255],
        actor=actor,
        created_at=now,
    )


def summary_of(run: LegacyImportRun) -> dict[str, Any]:
    """Numbers of rows by plan, outcome and every facet; no row and no payload."""
    combinations = load(run)
    names = [facet for facet in FACETS if facet != "review_order"]  # an order, not a fact
    facets = {facet: _without_zeros(spread(combinations, facet)) for facet in names}
    counts = {name: run.summary[name] for name in COUNTS if name in run.summary}
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run.pk,
        "status": run.status,
        "source": run.source_label,
        "counts": {**counts, "rows": sum(combinations.values()), "outcomes": facets["outcome"]},
        "facets": facets,
    }


def csv_text(rows: Any, separator: str) -> str:
    """These rows as a CSV; no cell begins a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=SEPARATORS[separator])
    for row in rows:
        writer.writerow([safe_cell("" if cell is None else str(cell)) for cell in row])
    return text.getvalue()


def _without_zeros(rows_by_value: dict[Any, int]) -> dict[str, int]:
    """Value → rows; yes and no as JSON would write them."""
    return {
        str(value).lower() if isinstance(value, bool) else str(value): rows
        for value, rows in sorted(rows_by_value.items(), key=lambda item: str(item[0]))
        if rows
    }
