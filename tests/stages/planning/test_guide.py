"""What frees most rows, and the step that most rows wait for."""

import pytest

from legacy_import.rules.resolutions import RESOLUTIONS
from legacy_import.stages.planning.guide import (
    COLUMNS,
    COMMIT,
    MAPPED,
    REVIEW,
    Cause,
    causes_of,
    next_step,
)
from tests.factories import RunFactory, StagedLearnerFactory
from tests.review.rows_for_review import REGISTERED, a_school
from tests.stages.stages import run_stages

PLAN = {
    "create_crm_lead": 0, "link_existing": 0, "create_completed_training": 0,
    "create_enrollment": 0, "skip": 0, "review": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "causes", "step"),
    [
        pytest.param({"create_crm_lead": 9}, [Cause("low_match", 3)], COMMIT, id="most-are-ready"),
        pytest.param({"skip": 2}, [Cause("low_match", 3)], REVIEW, id="most-need-a-decision"),
        pytest.param(
            {"create_crm_lead": 5},
            [Cause("session_waiting", 4, "sessions", 2), Cause("session_unknown", 3, "sessions", 1)],
            "sessions", id="most-wait-for-sessions",
        ),
        pytest.param({}, [Cause("status_unknown", 1, "statuses", 1)], "statuses", id="statuses"),
        pytest.param({}, [], "", id="nothing-waits"),
    ],
)  # fmt: skip
def test_the_next_step_is_what_most_rows_wait_for(
    plan: dict[str, int], causes: list[Cause], step: str
) -> None:
    assert next_step({**PLAN, **plan}, causes) == step


def test_every_mapped_reason_is_one_that_a_plan_gives() -> None:
    assert set(MAPPED) <= set(RESOLUTIONS)
    assert set(MAPPED.values()) == set(COLUMNS)


@pytest.mark.django_db
def test_rows_and_the_sessions_they_wait_for_are_counted() -> None:
    a_school()
    run = RunFactory()
    for session in ("40", "40", "44"):
        StagedLearnerFactory(run=run, **{**REGISTERED, "session_id": session})
    StagedLearnerFactory(run=run, status="mystère")
    reasons = run_stages(run).counts["review_reasons"]
    assert causes_of(run, reasons) == [
        Cause("session_not_confirmed", 2, "sessions", 1),
        Cause("session_deleted_at_source", 1, "sessions", 1),
        Cause("status_unknown", 1, "statuses", 1),
    ]
