"""Is a row structurally trustworthy? Every issue counts, the worst decides."""

import pytest

from legacy_import.choices import DuplicateConfidence, ValidationStatus
from legacy_import.rules.validation import ISSUES, Severity, severity, status_of, worst_issue

V, D = ValidationStatus, DuplicateConfidence


@pytest.mark.parametrize(
    ("issues", "confidence", "status"),
    [
        pytest.param((), D.NONE, V.VALID, id="nothing-noted"),
        pytest.param(("name_missing",), D.NONE, V.FAILED, id="no-name-at-all"),
        pytest.param(("unreadable:telephone",), D.NONE, V.FAILED, id="unreadable"),
        pytest.param(("erased",), D.HIGH, V.FAILED, id="erased-on-request"),
        pytest.param(("unreadable:nom",), D.HIGH, V.FAILED, id="failed-before-duplicate"),
        pytest.param((), D.HIGH, V.DUPLICATE, id="high"),
        pytest.param(("birth_date_impossible",), D.HIGH, V.DUPLICATE, id="duplicate-before-doubt"),
        pytest.param(("birth_date_impossible",), D.NONE, V.NEEDS_REVIEW, id="impossible-date"),
        pytest.param(("birth_date_future",), D.NONE, V.NEEDS_REVIEW, id="future-date"),
        pytest.param(("text_damaged:status",), D.NONE, V.NEEDS_REVIEW, id="damaged-text"),
        pytest.param(("names_contradict",), D.NONE, V.NEEDS_REVIEW, id="contradicting-names"),
        pytest.param(("formation_id_invalid",), D.NONE, V.NEEDS_REVIEW, id="formation-no-number"),
        pytest.param(("session_id_invalid",), D.NONE, V.NEEDS_REVIEW, id="session-no-number"),
        pytest.param(("phone_missing", "email_missing"), D.NONE, V.VALID, id="no-contact-at-all"),
        pytest.param(
            ("phone_placeholder", "email_placeholder"), D.NONE, V.VALID, id="placeholders-only"
        ),
        pytest.param(("text_repaired:status",), D.NONE, V.VALID, id="repaired-is-no-doubt"),
        pytest.param((), D.MEDIUM, V.VALID, id="medium-leaves-the-status"),
        pytest.param((), D.LOW, V.VALID, id="low-leaves-the-status"),
        pytest.param(("names_contradict",), D.MEDIUM, V.NEEDS_REVIEW, id="medium-and-a-doubt"),
        pytest.param(
            ("phone_missing", "names_contradict", "email_typo"), D.NONE, V.NEEDS_REVIEW,
            id="one-doubt-among-notes",
        ),
        pytest.param(("never_heard_of",), D.NONE, V.NEEDS_REVIEW, id="unknown-issue-fails-closed"),
    ],
)  # fmt: skip
def test_failed_before_duplicate_before_needs_review_before_valid(
    issues: tuple[str, ...], confidence: DuplicateConfidence, status: ValidationStatus
) -> None:
    assert status_of(issues, confidence) == status


@pytest.mark.parametrize(
    ("issues", "reason"),
    [
        pytest.param((), "", id="none"),
        pytest.param(("phone_missing", "unreadable:nom"), "unreadable", id="worst-not-first"),
        pytest.param(
            ("names_contradict", "text_damaged:nom"), "names_contradict", id="first-of-equal"
        ),
        pytest.param(("text_damaged:status",), "text_damaged", id="without-its-column"),
        pytest.param(("never_heard_of", "phone_missing"), "never_heard_of", id="unknown-issue"),
    ],
)
def test_the_reason_shown_is_the_first_of_the_worst(issues: tuple[str, ...], reason: str) -> None:
    assert worst_issue(issues) == reason


def test_only_an_unreadable_row_a_nameless_one_and_an_erased_one_fail() -> None:
    assert {code for code, how in ISSUES.items() if how == Severity.FATAL} == {
        "unreadable", "name_missing", "erased"
    }  # fmt: skip


@pytest.mark.parametrize("code", [code for code in ISSUES if code.startswith(("phone", "email"))])
def test_no_contact_issue_is_a_doubt(code: str) -> None:
    assert severity(code) == Severity.NOTE
