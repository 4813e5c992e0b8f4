"""What can be said of a row: the same answer for the buttons of the screen and for the service."""

from django.utils.translation import gettext_noop as _

from legacy_import.choices import (
    Classification,
    DuplicateConfidence,
    ReviewDecision,
    SessionType,
    ValidationStatus,
)
from legacy_import.models import LegacyStudentImport
from legacy_import.rules.validation import status_of

D = ReviewDecision
TREATABLE = tuple(value for value in Classification if value != Classification.UNKNOWN)
HELD_BY = frozenset({SessionType.WAITING_PLACEHOLDER.value, SessionType.UNKNOWN.value})
NEEDS_PERSON = frozenset({D.LINK, D.NOT_SAME})


# Decision → why it says nothing about a row to which it does not apply.
POINTLESS = {
    D.ACCEPT_DATA: _("Nothing about this row's data is in doubt, or it cannot be trusted at all."),
    D.RELEASE_WITHOUT_SESSION: _("No waiting list or unknown session holds this row back."),
}


def applies(row: LegacyStudentImport, decision: ReviewDecision) -> bool:
    """Whether the decision can change anything about the row. `row.training` is read."""
    if decision == D.ACCEPT_DATA:
        # Doubts count even where a match hides them: ruling it out brings them back.
        issues = tuple(row.validation_issues)
        return status_of(issues, DuplicateConfidence.NONE) == ValidationStatus.NEEDS_REVIEW
    if decision == D.RELEASE_WITHOUT_SESSION:
        return row.training.session_type in HELD_BY
    return True
