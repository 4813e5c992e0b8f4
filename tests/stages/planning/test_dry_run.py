"""6 plan: exactly what a commit would do, and why; it writes no business table."""

import datetime
from itertools import count
from typing import Any

import pytest

from legacy_import.choices import (
    CourseMappingStatus,
    ReviewDecision,
    RunStatus,
    SessionType,
)
from legacy_import.errors import OutOfOrder
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
)
from tests.stages.stages import (
    BUSINESS,
    content_hash,
    plan_of,
    run_classify,
    run_plan,
    run_stages,
    run_validate,
    staging_hash,
)

pytestmark = pytest.mark.django_db

PHONE, OTHER = "0559446168", "0776845160"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}


@pytest.fixture
def run() -> LegacyImportRun:
    CourseMappingFactory(legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="42", session_type=SessionType.WAITING_PLACEHOLDER)
    return RunFactory()


def town(run: LegacyImportRun) -> None:
    """A row of every kind, with some people who are there already."""
    CourseMappingFactory(
        legacy_formation_id="8", course=None, status=CourseMappingStatus.NO_EQUIVALENT
    )
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    CrmLeadFactory(full_name="Lina Saadi", birth_date=datetime.date(2001, 5, 9))
    LearnerProfileFactory(user__first_name="Omar", user__last_name="Bouzid", phone=OTHER)
    number = count(1)

    def row(**fields: Any) -> LegacyStudentImport:
        return StagedLearnerFactory(run=run, legacy_id=str(next(number)), **fields)

    row(**KARIM)
    row(**KARIM, table="archives", status="Archivé", formation_id="7", session_id="40")
    row(full_name="Nadia Haddad", phone=PHONE)
    row(full_name="Lina Saadi", birth_date="2001-05-09")
    row(full_name="Omar Bouzid", phone=OTHER, status="Formée", formation_id="7")
    row(status="Formée", formation_id="8")
    row(status="Formée", session_id="42", formation_id="7")
    row(status="Confirmer", formation_id="7", session_id="40")
    row(status="Annulé")
    row(status="Formée", birth_date="2019-02-31", formation_id="7")
    row(full_name="", phone="")
    row()
    skipped = row()
    row(full_name="Yacine Belkacem", phone="0661300200", table="archives")
    row(full_name="Yacine Belkacem", phone="0661300200")
    ReviewDecisionFactory(student_import=skipped, decision=ReviewDecision.SKIP)


# --- the counts of a plan ------------------------------------------------------------------------

KEYS = {
    "source_tables": {"stagiaires", "archives"},
    "classification": {"completed", "archived_training", "registered", "lead_only", "unknown"},
    "validation": {"pending", "valid", "duplicate", "needs_review", "failed"},
    "duplicate_confidence": {"none", "low", "medium", "high"},
    "priority_buckets": {"completed_history", "registered_pending", "lead_only", "other"},
    "import_actions": {
        "create_course_interest", "create_legacy_enrollment", "create_legacy_completed_training",
        "needs_review",
    },
    "session_types": {"real_session", "waiting_placeholder", "unknown", "none"},
    "risks": {
        "needs_review_students", "duplicate_students", "placeholder_sessions", "unmapped_courses",
        "registered_to_decide",
    },
}  # fmt: skip
ACTIONS = {
    "create_crm_lead", "link_existing", "create_completed_training", "create_enrollment", "skip",
    "review",
}  # fmt: skip
KEYS |= {"plan": ACTIONS, "done": ACTIONS}


def test_the_keys_are_those_of_the_contract_even_where_nothing_is_counted(
    run: LegacyImportRun,
) -> None:
    for report in (run_stages(run), run_stages(RunFactory())):
        assert set(report.counts) == {*KEYS, "review_reasons"}
        assert {name: set(report.counts[name]) for name in KEYS} == KEYS
        assert report.counts["review_reasons"] == {}
        assert report.rows == 0


def test_every_distribution_adds_up_to_its_total(run: LegacyImportRun) -> None:
    town(run)
    report = run_stages(run)
    assert report.rows == 15
    for name in set(KEYS) - {"risks", "done"}:
        assert sum(report.counts[name].values()) == 15, name
    assert sum(report.counts["done"].values()) == 0
    reasons = report.counts["review_reasons"]
    assert sum(reasons.values()) == report.counts["plan"]["review"]


def test_the_counts_are_those_of_the_rows(run: LegacyImportRun) -> None:
    town(run)
    counts = run_stages(run).counts
    assert counts["source_tables"] == {"stagiaires": 13, "archives": 2}
    assert counts["plan"] == {
        "create_crm_lead": 2, "link_existing": 2, "create_completed_training": 2,
        "create_enrollment": 0, "skip": 1, "review": 8,
    }  # fmt: skip
    assert counts["review_reasons"] == {
        "birth_date_impossible": 1, "course_no_equivalent": 1, "medium_match": 1, "name_missing": 1,
        "session_not_confirmed": 1, "session_waiting": 1, "shared_contact_other_name": 1,
        "status_unknown": 1,
    }  # fmt: skip
    assert counts["priority_buckets"] == {
        "completed_history": 5, "registered_pending": 1, "lead_only": 8, "other": 1,
    }  # fmt: skip
    assert counts["risks"] == {
        "needs_review_students": 1, "duplicate_students": 4, "placeholder_sessions": 1,
        "unmapped_courses": 2, "registered_to_decide": 1,
    }  # fmt: skip


def test_the_counts_are_stored_with_the_run(run: LegacyImportRun) -> None:
    town(run)
    report = run_stages(run)
    run.refresh_from_db()
    assert run.status == RunStatus.PLANNED
    assert run.planned_at is not None
    assert run.plan_fingerprint == report.fingerprint
    assert {name: run.summary[name] for name in report.counts} == report.counts


# --- repeating, and what is left alone -----------------------------------------------------------


def test_no_business_table_is_written(run: LegacyImportRun) -> None:
    town(run)
    before = content_hash(BUSINESS)
    run_stages(run)
    assert content_hash(BUSINESS) == before


def test_a_second_dry_run_changes_nothing_and_has_the_same_fingerprint(
    run: LegacyImportRun,
) -> None:
    town(run)
    first = run_stages(run)
    before = staging_hash()
    again = run_plan(run)
    assert (again.fingerprint, again.counts) == (first.fingerprint, first.counts)
    assert staging_hash() == before
    assert run_stages(run).fingerprint == first.fingerprint
    assert staging_hash() == before


def test_the_fingerprint_changes_with_the_plan(run: LegacyImportRun) -> None:
    town(run)
    first = run_stages(run).fingerprint
    row = LegacyStudentImport.objects.get(planned_reason="medium_match")
    ReviewDecisionFactory(student_import=row, decision=ReviewDecision.LATER)
    assert run_plan(run).fingerprint != first
    assert len(first) == 64


def test_the_rules_answers_are_left_as_they_are(run: LegacyImportRun) -> None:
    town(run)
    run_validate(run)
    run_classify(run)
    plan = [f.name for f in LegacyStudentImport._meta.fields if f.name.startswith("planned")]
    decisions = ("decision", "earlier_decision", "settled", "version")  # read anew by every plan
    kept = ("previous_action", "previous_reason", *decisions, *plan)
    before = content_hash([LegacyStudentImport], without=kept)
    run_plan(run)
    assert content_hash([LegacyStudentImport], without=kept) == before


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ({"status": RunStatus.IMPORTING}, "legacy_import --resume"),
        ({"status": RunStatus.IMPORTED}, "legacy_validate --run"),
        ({"status": RunStatus.VALIDATED}, "legacy_classify --run"),
        ({"status": RunStatus.CLOSED}, "start a new one"),
        ({"status": RunStatus.CLASSIFIED, "rules_version": 0}, "legacy_validate --run"),
        ({"status": RunStatus.CLASSIFIED, "norm_version": 0}, "legacy_import"),
    ],
    ids=["importing", "imported", "validated", "closed", "other-rules", "other-normalizers"],
)
def test_out_of_order_is_refused_with_the_next_step(state: dict[str, Any], hint: str) -> None:
    run = RunFactory(**state)
    row = StagedLearnerFactory(run=run)
    with pytest.raises(OutOfOrder) as refused:
        run_plan(run)
    assert hint in refused.value.hint
    assert plan_of(row) == ("review", "")


def test_a_new_validation_makes_the_run_classify_and_plan_anew(run: LegacyImportRun) -> None:
    StagedLearnerFactory(run=run)
    run_stages(run)
    run_validate(run)
    with pytest.raises(OutOfOrder) as refused:
        run_plan(run)
    assert "legacy_classify" in refused.value.hint
