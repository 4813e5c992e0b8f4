"""Every reason that a plan can give has words."""

from itertools import product

import pytest

from legacy_import.choices import Classification, DuplicateConfidence, SessionType
from legacy_import.rules import commit_policy, duplicates, import_action
from legacy_import.rules.commit_policy import Decision
from legacy_import.rules.courses import CourseState
from legacy_import.rules.drift import Drift
from legacy_import.rules.reasons import REASONS
from legacy_import.rules.validation import ISSUES, Severity
from tests.rules.test_commit_policy import CASES

ACTION_REASONS = sorted(
    {
        import_action.decide(*case).reason
        for case in product(Classification, SessionType, CourseState)
    }
    - {"lead"}  # leads are answered by the policy itself
)
BLOCKERS = [
    duplicates.SHARED_CONTACT_OTHER_NAME,
    duplicates.NAME_MISSING,
    duplicates.NAME_ONLY_SIMILAR,
    duplicates.NAME_IN_OTHER_SCRIPT,
    duplicates.BIRTH_DATE_CONFLICT,
    duplicates.HOT_KEY,
    duplicates.ROLE_MAILBOX,
    duplicates.SEVERAL_TARGETS,
    duplicates.LIKELY_SAME_PERSON,
    duplicates.LIKELY_OTHER_PERSON,
    duplicates.NAME_INCOMPLETE,
    duplicates.PERSON_INACTIVE,
    "person_gone",
]
DOUBTS = [code for code, how in ISSUES.items() if how > Severity.NOTE]
OF_THE_LADDER = sorted({reason for _, _, reason in CASES.values()})


@pytest.mark.parametrize("code", [*ACTION_REASONS, *BLOCKERS, *DOUBTS, *OF_THE_LADDER, *Drift])
def test_a_reason_has_words(code: str) -> None:
    assert len(REASONS[code]) > 5


@pytest.mark.parametrize("confidence", [DuplicateConfidence.MEDIUM, DuplicateConfidence.LOW])
def test_a_match_below_high_has_words(confidence: DuplicateConfidence) -> None:
    assert f"{confidence.value}_match" in REASONS


@pytest.mark.parametrize(
    "decision", [commit_policy.FOLLOWS, commit_policy.WAITS, *sorted(commit_policy.GETS_PERSON)]
)
def test_what_plan_writes_without_asking_the_ladder_has_words(decision: Decision) -> None:
    assert decision[1] in REASONS


def test_no_words_are_left_over() -> None:
    given = {*ACTION_REASONS, *BLOCKERS, *DOUBTS, *OF_THE_LADDER, *Drift}
    assert set(REASONS) == given


@pytest.mark.parametrize("code", REASONS)
def test_a_code_fits_its_column(code: str) -> None:
    assert code.isascii()
    assert len(code) <= 40, "duplicate_blocker is the narrowest column a reason goes into"
