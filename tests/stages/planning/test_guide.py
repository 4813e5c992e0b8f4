"""What frees most rows, and the step that most rows wait for."""

import pytest
from django.core.management import call_command

from legacy_import.management.pages import MAPPING_PAGES
from legacy_import.rules.resolutions import RESOLUTIONS
from legacy_import.stages.planning.guide import (
    COMMIT,
    MAPPED,
    REVIEW,
    Cause,
    PlanStep,
    causes_of,
    freeable,
    next_step,
)
from tests.factories import RunFactory, SessionMappingFactory, StagedLearnerFactory
from tests.review.rows_for_review import REGISTERED, a_school
from tests.stages.stages import run_stages

PLAN = {
    "create_crm_lead": 0, "link_existing": 0, "create_completed_training": 0,
    "create_enrollment": 0, "skip": 0, "review": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "reasons", "left", "step"),
    [
        pytest.param(
            {"create_crm_lead": 9}, {"low_match": 3}, {}, PlanStep(COMMIT, 9), id="most-are-ready"
        ),
        pytest.param({"skip": 2}, {"low_match": 3}, {}, PlanStep(REVIEW, 3), id="most-need-a-decision"),
        pytest.param(
            {"create_crm_lead": 5}, {"session_waiting": 4, "session_unknown": 3}, {"sessions": 7},
            PlanStep("sessions", 7), id="most-wait-for-sessions",
        ),
        pytest.param(
            {"create_crm_lead": 2}, {"session_waiting": 4, "course_kept_by_name": 3},
            {"sessions": 1, "courses": 0}, PlanStep(REVIEW, 6), id="no-mapping-frees-them",
        ),
        pytest.param({}, {"status_unknown": 1}, {"statuses": 1}, PlanStep("statuses", 1), id="statuses"),
        pytest.param({}, {}, {}, None, id="nothing-waits"),
    ],
)  # fmt: skip
def test_the_next_step_is_what_most_rows_wait_for(
    plan: dict[str, int], reasons: dict[str, int], left: dict[str, int], step: PlanStep | None
) -> None:
    assert next_step({**PLAN, **plan}, reasons, left) == step


@pytest.mark.django_db
def test_what_every_mapping_of_was_decided_is_left_to_a_look_at_the_rows() -> None:
    """A registration of a waiting session stays for review when the history of it was released."""
    a_school()
    run = RunFactory()
    SessionMappingFactory(legacy_session_id="235", legacy_formation_id="7",
                          session_type="waiting_placeholder", rule="session:placeholder_id")  # fmt: skip
    for status in ("Confirmer", "Formée"):
        StagedLearnerFactory(run=run, **{**REGISTERED, "session_id": "235", "status": status})
    reasons = run_stages(run).counts["review_reasons"]
    assert reasons == {"session_waiting": 2}
    assert freeable(run)["sessions"] == 1
    assert causes_of(run, reasons) == [Cause("session_waiting", 2, "sessions", 1)]
    call_command("legacy_map", "sessions", "--set", "235=released", "--json")
    reasons = run_stages(run).counts["review_reasons"]
    assert reasons == {"session_waiting": 1}
    assert freeable(run)["sessions"] == 0
    assert causes_of(run, reasons) == [Cause("session_waiting", 1)]


def test_every_mapped_reason_is_one_that_a_plan_gives() -> None:
    assert set(MAPPED) <= set(RESOLUTIONS)
    assert set(MAPPED.values()) == set(MAPPING_PAGES)


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
