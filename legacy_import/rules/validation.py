"""Is a row structurally trustworthy? (docs/rules.md) Issues are recorded all; the worst one decides."""

import json
from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache

from legacy_import.choices import DuplicateConfidence, ValidationStatus

DELETED = "deleted_at_source"  # the old platform's staff had deleted the row
ERASED = "erased"  # the only issue of a row whose person was erased on request


class Severity(IntEnum):
    """What an issue does to the row."""

    NOTE = 0  # recorded, no doubt by itself
    DOUBT = 1  # the row needs a look
    FATAL = 2  # no one can know whose row this is


# Issue code (before the colon) → severity. After the colon is the column, where one is meant.
ISSUES: dict[str, Severity] = {
    "unreadable": Severity.FATAL,  # bytes that no repair can turn into text
    "name_missing": Severity.FATAL,  # no name at all: no one to give a history to
    ERASED: Severity.FATAL,  # erased on request: nothing more may result from the row
    DELETED: Severity.DOUBT,
    "name_test": Severity.DOUBT,  # typed to try the form out: azerty, Test Test
    "birth_date_impossible": Severity.DOUBT,  # 2019-02-31: a slip of the keyboard
    "birth_date_future": Severity.DOUBT,  # no one is born after the import
    "text_damaged": Severity.DOUBT,  # letters lost beyond an unambiguous repair
    "name_unreadable": Severity.DOUBT,  # a part of the name has no readable letter: whose is the row?
    "names_contradict": Severity.DOUBT,  # the full name is not the first and last name
    "formation_id_invalid": Severity.DOUBT,  # a reference that is not a number points nowhere
    "session_id_invalid": Severity.DOUBT,
    "value_cut": Severity.NOTE,  # over a megabyte: kept with length and hash
    "column_cut": Severity.NOTE,  # the payload contains the whole value
    "text_repaired": Severity.NOTE,  # double-encoded, repaired for comparison only
    "birth_date_missing": Severity.NOTE,
    "birth_date_placeholder": Severity.NOTE,  # 0000-00-00, 1900-01-01, 1970-01-01
    "birth_date_partial": Severity.NOTE,  # 1999-00-00: a year, not a date
    # A missing or placeholder contact is not a doubt: a trained learner without a phone stays valid.
    "phone_missing": Severity.NOTE,
    "phone_invalid": Severity.NOTE,
    "phone_placeholder": Severity.NOTE,
    "phone_several": Severity.NOTE,
    "email_missing": Severity.NOTE,
    "email_invalid": Severity.NOTE,
    "email_placeholder": Severity.NOTE,
    "email_role_mailbox": Severity.NOTE,
    "email_typo": Severity.NOTE,  # gmail.con: offered as a hint, never applied
}


@lru_cache(maxsize=10_000)  # hardly any two hundred of them are distinct
def issues_of(text: str) -> tuple[str, ...]:
    """The issues of a row from the JSON text of its column."""
    return tuple(json.loads(text))


def severity(issue: str) -> Severity:
    """How bad an issue is. An issue that the table does not know is a doubt (fail closed)."""
    return ISSUES.get(issue.partition(":")[0], Severity.DOUBT)


@lru_cache(maxsize=10_000)
def status_of(issues: tuple[str, ...], confidence: DuplicateConfidence) -> ValidationStatus:
    """failed > duplicate > needs_review > valid; medium and low matches leave the status alone."""
    worst = max(map(severity, issues), default=Severity.NOTE)
    if worst == Severity.FATAL:
        return ValidationStatus.FAILED
    if confidence == DuplicateConfidence.HIGH:
        return ValidationStatus.DUPLICATE
    if worst == Severity.DOUBT:
        return ValidationStatus.NEEDS_REVIEW
    return ValidationStatus.VALID


def worst_issue(issues: Iterable[str]) -> str:
    """The first of the worst issues: the reason shown for a row that failed or needs review."""
    return max(issues, key=severity, default="").partition(":")[0]


def remaining_issues(
    issues: tuple[str, ...], *, data_accepted: bool, linked: bool
) -> tuple[str, ...]:
    """The issues that still count after a reviewer accepted the data, or linked the row to a person.

    Accepted data includes columns that cannot be read. Only a link decides whose row it is that has no
    name; what was erased stays erased.
    """
    return tuple(
        issue
        for issue in issues
        if not (data_accepted and (severity(issue) == Severity.DOUBT or _is_unreadable(issue)))
        and not (linked and issue == "name_missing")
    )


def _is_unreadable(issue: str) -> bool:
    return issue.partition(":")[0] == "unreadable"
