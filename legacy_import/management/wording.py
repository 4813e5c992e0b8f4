"""Text that several results share: planned actions, choices, records, numbers, lines of the log."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import override

from legacy_import.choices import PLAN_WORDS, PlannedAction
from legacy_import.management.printer import TextLine
from legacy_import.models import LegacyImportCommitLog, LegacyImportRun


def plan_lines(
    title: str, rows: Mapping[Any, int], *, review: str = "", detail: bool = False
) -> Iterator[TextLine]:
    """A line per action with its number of rows, under a title; `review`: other words for those."""
    yield TextLine(detail=detail)
    yield TextLine(title, bold=True, detail=detail)
    for action, (sign, verb, what) in PLAN_WORDS.items():
        words = review if review and action == PlannedAction.REVIEW else in_english(what)
        yield TextLine(f"  {sign} {in_english(verb):<7}{rows[action]:>10,}  {words}", detail=detail)


def in_english(text: str | Promise) -> str:
    """The text in English, the language of the terminal."""
    with override("en"):
        return str(text)


def label(choice: Any) -> str:
    return in_english(choice.label)


def model_label(model: str) -> str:
    """'crm.CrmLead' → 'leads · crm.CrmLead'; "" means skipped rows."""
    if not model:
        return "rows that were skipped"
    return f"{in_english(apps.get_model(model)._meta.verbose_name_plural)} · {model}"


def count_of(rows: int, noun: str) -> str:
    """'1 row', '2 rows'."""
    return f"{rows:,} {noun}{'' if rows == 1 else 's'}"


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
