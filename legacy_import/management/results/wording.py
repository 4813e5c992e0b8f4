"""The words that several results share: planned actions, choices, kinds of records, numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.utils.translation import override

from legacy_import.choices import PlannedAction
from legacy_import.management.printer import TextLine

# Action → sign, verb and object of its line in a plan, in the order of priority.
PLAN_WORDS = {
    PlannedAction.CREATE_COMPLETED_TRAINING: ("+", "create", "completed trainings"),
    PlannedAction.CREATE_ENROLLMENT: ("+", "create", "imported enrolments"),
    PlannedAction.CREATE_CRM_LEAD: ("+", "create", "leads, each with its course interest"),
    PlannedAction.LINK_EXISTING: ("~", "link", "rows to people who exist or come with this run"),
    PlannedAction.SKIP: ("·", "skip", "rows"),
    PlannedAction.REVIEW: ("!", "review", "rows: a person decides"),
}


def plan_lines(
    title: str, rows: Mapping[Any, int], *, review: str = "", detail: bool = False
) -> Iterator[TextLine]:
    """A line per action with its number of rows, under a title; `review`: other words for those."""
    yield TextLine(detail=detail)
    yield TextLine(title, bold=True, detail=detail)
    for action, (sign, verb, what) in PLAN_WORDS.items():
        words = review if review and action == PlannedAction.REVIEW else what
        yield TextLine(f"  {sign} {verb:<7}{rows[action]:>10,}  {words}", detail=detail)


def label(choice: Any) -> str:
    """The choice in the terminal's language, which is English whatever the screens use."""
    with override("en"):
        return str(choice.label)


def model_label(model: str) -> str:
    """'crm.CrmLead' → 'leads · crm.CrmLead'; "" is what skipped rows have."""
    if not model:
        return "rows that were skipped"
    with override("en"):
        return f"{apps.get_model(model)._meta.verbose_name_plural} · {model}"


def counted(rows: int, noun: str) -> str:
    """'1 row', '2 rows'."""
    return f"{rows:,} {noun}{'' if rows == 1 else 's'}"
