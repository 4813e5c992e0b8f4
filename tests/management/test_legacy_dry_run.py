"""legacy_dry_run --json has exactly the keys of the contract, and the terminal reads like a plan."""

from typing import Any

import pytest

from legacy_import.choices import (
    Classification,
    DuplicateConfidence,
    ImportAction,
    PlannedAction,
    SessionType,
    SourceTable,
    ValidationStatus,
)
from legacy_import.conf import MANAGE, database_name
from legacy_import.models import LegacyCourseMapping, LegacyImportRun, LegacyStudentImport
from tests.management.calling import done
from tests.management.conftest import SCHOOL_ROWS

pytestmark = pytest.mark.django_db

SPREADS = {
    "source_tables": set(SourceTable.values),
    "classification": set(Classification.values),
    "validation": set(ValidationStatus.values),
    "duplicate_confidence": set(DuplicateConfidence.values),
    "priority_buckets": {"completed_history", "registered_pending", "lead_only", "other"},
    "import_actions": set(ImportAction.values),
    "session_types": set(SessionType.values),
    "plan": set(PlannedAction.values),
}
RISKS = {
    "needs_review_students", "duplicate_students", "placeholder_sessions", "unmapped_courses",
    "registered_to_decide",
}  # fmt: skip


@pytest.fixture(autouse=True)
def classified(school: Any) -> None:
    for name in ("legacy_import", "legacy_validate", "legacy_classify"):
        done(name)


def counts() -> dict[str, Any]:
    found: dict[str, Any] = done("legacy_dry_run", "--json").told["counts"]
    return found


def test_json_has_exactly_the_keys_of_the_contract() -> None:
    found = counts()
    assert set(found) == {*SPREADS, "done", "risks", "review_reasons"}
    assert found["done"] == dict.fromkeys(PlannedAction.values, 0)
    assert {name: set(found[name]) for name in SPREADS} == SPREADS
    assert set(found["risks"]) == RISKS


def test_every_distribution_adds_up_to_the_rows() -> None:
    found = counts()
    assert {sum(found[name].values()) for name in SPREADS} == {SCHOOL_ROWS}
    assert sum(found["review_reasons"].values()) == found["plan"]["review"]


def test_buckets_and_risks_follow_from_what_they_count() -> None:
    found = counts()
    classes, buckets, risks = found["classification"], found["priority_buckets"], found["risks"]
    assert buckets == {
        "completed_history": classes["completed"] + classes["archived_training"],
        "registered_pending": classes["registered"],
        "lead_only": classes["lead_only"],
        "other": classes["unknown"],
    }
    rows = LegacyStudentImport.objects.all()
    assert risks == {
        "needs_review_students": found["validation"]["needs_review"],
        "duplicate_students": found["validation"]["duplicate"],
        "placeholder_sessions": found["session_types"]["waiting_placeholder"],
        "unmapped_courses": rows.exclude(classification="lead_only")
        .filter(training__course_id=None)
        .count(),
        "registered_to_decide": rows.filter(
            classification="registered", planned_action="review"
        ).count(),
    }
    assert min(risks.values()) > 0  # the school's exhibits hold all of these


def test_a_repeated_plan_is_the_same_plan() -> None:
    first = counts()
    fingerprint = LegacyImportRun.objects.get().plan_fingerprint
    assert counts() == first
    assert LegacyImportRun.objects.get().plan_fingerprint == fingerprint
    difference = done("legacy_dry_run", "--json", "--diff", str(LegacyImportRun.objects.get().pk))
    told = difference.told["counts"]["diff"]
    assert (told["changed"], told["unchanged"]) == ({}, SCHOOL_ROWS)


def test_the_terminal_reads_like_a_plan() -> None:
    ended = done("legacy_dry_run")
    run = LegacyImportRun.objects.get()
    plan = run.summary["plan"]
    text = " ".join(ended.out.split())
    for title in ("Source tables", "Classification", "Validation", "Duplicate confidence",
                  "Priority", "Proposed training actions", "Session types", "Risks",
                  "Why rows need review"):  # fmt: skip
        assert title in text
    assert f"Plan of run {run.pk}: legacy_commit would" in text
    assert f"+ create {plan['create_completed_training']:,} completed trainings" in text
    assert f"! review {plan['review']:,} rows that need review" in text
    for reason, rows in run.summary["review_reasons"].items():
        assert f"{reason} {rows:,}" in text
    assert "No business table was changed." in text
    assert text.endswith(f"Next: {MANAGE} {run.next_command}")


def test_it_begins_with_the_plan_and_with_what_frees_most_rows() -> None:
    out = done("legacy_dry_run").out
    run = LegacyImportRun.objects.get()
    plan, causes = out.index("legacy_commit would"), out.index("What frees most rows")
    assert plan < causes < out.index("Source tables")
    guide = " ".join(out[causes : out.index("Source tables")].split())
    waiting = LegacyStudentImport.objects.filter(planned_reason="session_not_confirmed")
    rows, sessions = waiting.count(), waiting.values("legacy_session_id").distinct().count()
    assert f"{rows:,} registrations wait for {sessions:,} sessions" in guide
    assert f"/admin/legacy-imports/session-mapping?run={run.pk}" in guide
    assert f"or: {MANAGE} legacy_map sessions --run {run.pk}" in guide


def test_after_a_commit_the_plan_is_what_is_left_and_done_is_what_is_done() -> None:
    before = counts()["plan"]
    confirmation = ("--no-input", "--confirm-database", database_name())
    done("legacy_commit", "--run", str(LegacyImportRun.objects.get().pk), *confirmation)
    ended = done("legacy_dry_run")
    summary = LegacyImportRun.objects.get().summary
    committed = {action: rows for action, rows in before.items() if action != "review"}
    assert summary["done"] == {**committed, "review": 0}
    assert summary["plan"] == {**dict.fromkeys(committed, 0), "review": before["review"]}
    rows = sum(committed.values())
    words = " ".join(ended.out.split())
    assert "+ create 0 completed trainings" in words
    assert f"Done by earlier commits: {rows:,} rows (" in words
    assert f"completed training created {before['create_completed_training']:,}" in words
    assert f"ready=0 review={before['review']:,} skip=0 total={SCHOOL_ROWS:,}" in words


def test_a_difference_to_another_run_names_what_moved() -> None:
    first = LegacyImportRun.objects.get()
    done("legacy_dry_run")
    LegacyCourseMapping.objects.update(status="no_equivalent", course_id=None)
    for name in ("legacy_import", "legacy_validate", "legacy_classify"):
        done(name)
    told = done("legacy_dry_run", "--diff", str(first.pk), "--json").told["counts"]["diff"]
    before = first.__class__.objects.get(pk=first.pk).summary["plan"]["create_completed_training"]
    moved = sum(
        rows
        for change, rows in told["changed"].items()
        if change.startswith("create_completed_training") and "→ review" in change
    )
    assert moved == before > 0
    assert sum(told["changed"].values()) + told["unchanged"] == SCHOOL_ROWS
    assert (told["only_here"], told["only_there"]) == (0, 0)
