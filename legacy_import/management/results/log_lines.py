"""Entries of the commit log, a line each: row, action or reversal, record, reason."""

from collections.abc import Iterator
from typing import Any

from legacy_import.models import LegacyImportCommitLog, LegacyImportRun

COLUMNS = (
    "student_import__source_table", "student_import__legacy_id", "action", "reversal_outcome",
    "target_model", "target_id", "reason",
)  # fmt: skip


def log_lines(run: LegacyImportRun, **of: Any) -> Iterator[str]:
    """The run's entries that match these lookups, oldest first."""
    entries = LegacyImportCommitLog.objects.filter(legacy_import_run=run, **of).order_by("pk")
    for table, legacy_id, action, reversal, model, pk, reason in entries.values_list(
        *COLUMNS
    ).iterator():
        record = f" {model}:{pk}" if model else ""
        yield f"{table}:{legacy_id} {reversal or action}{record} ({reason})"
