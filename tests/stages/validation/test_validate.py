"""4 validate: is every row structurally trustworthy, and who might it be?"""

from collections.abc import Callable
from typing import Any

import pytest

from legacy_import.choices import ReviewDecision, RunStatus
from legacy_import.errors import LegacyImportError, OutOfOrder, UnknownRun
from legacy_import.models import ChunkReceipt, LegacyImportRun, LegacyStudentImport
from legacy_import.runs.progress import Silent
from legacy_import.stages.validation.validate import validate
from tests.factories import (
    NOW,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    StagedLearnerFactory,
    spelled,
)
from tests.stages.stages import run_validate, staging_hash

pytestmark = pytest.mark.django_db

PHONE = "0559446168"
KARIM: dict[str, Any] = {"full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03"}


@pytest.fixture
def run() -> LegacyImportRun:
    return RunFactory()


def families(run: LegacyImportRun) -> None:
    """A little of everything: known people, relatives, repeated courses, doubts, a failure."""
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    LearnerProfileFactory(user__first_name="Lina", user__last_name="Saadi", phone="0776845160")
    StagedLearnerFactory(run=run, legacy_id="1", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="2", **{**KARIM, "full_name": "Nadia Haddad"})
    StagedLearnerFactory(run=run, legacy_id="3", table="archives", **KARIM)
    StagedLearnerFactory(run=run, legacy_id="4", full_name="Lina Saadi", phone="0776845160")
    StagedLearnerFactory(run=run, legacy_id="5", birth_date="2019-02-31")
    StagedLearnerFactory(run=run, legacy_id="6", full_name="", phone="")
    StagedLearnerFactory(run=run, legacy_id="7")
    StagedLearnerFactory(run=run, legacy_id="8", full_name="Lina Saady", phone="")
    for number in range(1, 7):
        StagedLearnerFactory(
            run=run, legacy_id=f"9{number}", full_name=f"Fictif {spelled(number * 1111)}",
            phone="0661700123",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "status", "trusted"),
    [
        pytest.param({}, "valid", True, id="a-phone-of-its-own"),
        pytest.param({"phone": "", "email": "amel@exemple.dz"}, "valid", True, id="an-address"),
        pytest.param({"phone": "", "email": ""}, "valid", False, id="no-contact-is-no-doubt"),
        pytest.param({"phone": "0555555555", "email": "/"}, "valid", False, id="placeholders"),
        pytest.param({"phone": "0559"}, "valid", False, id="an-invalid-phone"),
        pytest.param(
            {"phone": "", "email": "contact@exemple.dz"}, "valid", False, id="a-role-mailbox"
        ),
        pytest.param({"phone": PHONE, "email": "info@exemple.dz"}, "valid", True, id="and-a-phone"),
        pytest.param({"full_name": ""}, "failed", True, id="no-name"),
        pytest.param({"issues": ["unreadable:prenom"]}, "failed", True, id="unreadable"),
        pytest.param({"birth_date": "2019-02-31"}, "needs_review", True, id="impossible-date"),
        pytest.param({"status": "Form?e"}, "needs_review", True, id="damaged-status"),
        pytest.param({"status": "whatever"}, "valid", True, id="a-strange-status-is-no-doubt"),
    ],
)
def test_a_row_is_judged_on_its_own(
    run: LegacyImportRun, fields: dict[str, Any], status: str, trusted: bool
) -> None:
    row = StagedLearnerFactory(run=run, **fields)
    run_validate(run)
    row.refresh_from_db()
    assert (row.validation_status, row.contact_trusted) == (status, trusted)


def test_every_issue_is_recorded_not_only_the_first(run: LegacyImportRun) -> None:
    row = StagedLearnerFactory(
        run=run, full_name="Am\ufffdl Haddad", birth_date="2019-02-31", phone="", email="/"
    )
    run_validate(run)
    row.refresh_from_db()
    assert row.validation_issues == [
        "text_damaged:full_name", "birth_date_impossible", "phone_missing", "email_placeholder"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        pytest.param("Karim Haddad", {}, "duplicate", id="high"),
        pytest.param("Nadia Haddad", {}, "duplicate", id="a-blocked-high-too"),
        pytest.param("Karim Haddad", {"birth_date": "2019-02-31"}, "duplicate", id="before-doubt"),
        pytest.param("Karim Haddad", {"issues": ["unreadable:email"]}, "failed", id="after-failed"),
        pytest.param("Karim Haddad", {"phone": ""}, "valid", id="low-leaves-the-status"),
    ],
)
def test_a_high_match_makes_a_duplicate(
    run: LegacyImportRun, name: str, fields: dict[str, Any], status: str
) -> None:
    CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **{"full_name": name, "phone": PHONE, **fields})
    run_validate(run)
    row.refresh_from_db()
    assert row.validation_status == status


def test_counts_add_up_are_stored_and_the_run_moves_on(run: LegacyImportRun) -> None:
    families(run)
    report = run_validate(run)
    run.refresh_from_db()
    assert (run.status, report.rows) == (RunStatus.VALIDATED, 14)
    assert run.validated_at is not None
    assert report.counts["validation"] == {
        "duplicate": 4, "failed": 1, "needs_review": 1, "valid": 8,
    }  # fmt: skip
    assert report.counts["duplicate_confidence"] == {"none": 9, "low": 1, "medium": 0, "high": 4}
    assert run.summary["validation"] == report.counts["validation"]
    assert run.summary["stages"]["validated"]["actor"] == "cli:test"
    receipts = ChunkReceipt.objects.filter(legacy_import_run=run, stage="validate")
    assert sum(receipt.rows for receipt in receipts) == 14


def test_a_second_run_changes_nothing(run: LegacyImportRun) -> None:
    families(run)
    row = LegacyStudentImport.objects.get(legacy_import_run=run, legacy_id="2")
    ReviewDecisionFactory(student_import=row, decision=ReviewDecision.SKIP)
    first = run_validate(run)
    before = staging_hash()
    assert run_validate(run) == first
    assert staging_hash() == before


def test_a_new_validation_forgets_matches_with_people_who_are_gone(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    run_validate(run)
    row.refresh_from_db()
    assert row.match_id == lead.pk
    lead.delete()
    run_validate(run)
    row.refresh_from_db()
    assert (row.validation_status, row.duplicate_confidence) == ("valid", "none")
    assert (row.match_kind, row.match_id, row.auto_link_allowed) == ("", None, False)
    assert row.duplicate_evidence == {}


def test_a_new_validation_sees_people_who_came_or_changed(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Lina Saadi", phone=PHONE)
    row = StagedLearnerFactory(run=run, **KARIM)
    run_validate(run)
    row.refresh_from_db()
    assert row.duplicate_blocker == "shared_contact_other_name"
    lead.full_name = "Karim Haddad"
    lead.save()
    run_validate(run)
    row.refresh_from_db()
    assert (row.auto_link_allowed, row.duplicate_blocker) == (True, "")


# --- "not the same person" is remembered for good ------------------------------------------------


def next_run_row(**changed: Any) -> LegacyStudentImport:
    """Karim as he comes again in the next run of a source."""
    row = StagedLearnerFactory(**{"legacy_id": "7", **KARIM, **changed})
    run_validate(row.legacy_import_run)
    row.refresh_from_db()
    return row


def test_not_the_same_person_is_remembered_in_the_next_run(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, legacy_id="7", **KARIM)
    ReviewDecisionFactory(
        student_import=row, decision=ReviewDecision.NOT_SAME, person=("lead", lead.pk)
    )
    for judged in (next_run_row(run=RunFactory()), row):
        run_validate(judged.legacy_import_run)
        judged.refresh_from_db()
        assert (judged.duplicate_confidence, judged.match_id) == ("none", None)
        assert judged.validation_status == "valid"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: next_run_row(legacy_id="8"), id="another-row"),
        pytest.param(lambda: next_run_row(table="archives"), id="another-table"),
        pytest.param(
            lambda: next_run_row(run=RunFactory(connection_name="other")), id="another-source"
        ),
    ],
)
def test_what_was_said_of_one_row_says_nothing_of(
    run: LegacyImportRun, other: Callable[[], LegacyStudentImport]
) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, legacy_id="7", **KARIM)
    ReviewDecisionFactory(
        student_import=row, decision=ReviewDecision.NOT_SAME, person=("lead", lead.pk)
    )
    assert other().match_id == lead.pk


def test_a_reset_keeps_not_the_same_person_and_a_link_takes_it_back(run: LegacyImportRun) -> None:
    lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
    row = StagedLearnerFactory(run=run, legacy_id="7", **KARIM)
    said = {"student_import": row, "person": ("lead", lead.pk)}
    ReviewDecisionFactory(decision=ReviewDecision.NOT_SAME, **said)
    ReviewDecisionFactory(decision=ReviewDecision.RESET, student_import=row)
    assert next_run_row(run=RunFactory()).match_id is None
    ReviewDecisionFactory(decision=ReviewDecision.LINK, **said)
    assert next_run_row(run=RunFactory()).match_id == lead.pk


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        pytest.param({"status": RunStatus.IMPORTING}, "legacy_import --resume", id="importing"),
        pytest.param({"status": RunStatus.FAILED}, "legacy_import --resume", id="failed"),
        pytest.param({"status": RunStatus.CLOSED}, "start a new one", id="closed"),
        pytest.param({"norm_version": 0}, "Import again", id="other-normalizers"),
    ],
)
def test_out_of_order_is_refused_with_the_next_step_and_changes_nothing(
    state: dict[str, Any], hint: str
) -> None:
    run = RunFactory(**state)
    StagedLearnerFactory(run=run)
    before = staging_hash()
    with pytest.raises(OutOfOrder) as refused:
        run_validate(run)
    assert hint in refused.value.hint
    assert refused.value.exit_code == 5
    assert staging_hash() == before


def test_an_unknown_run_is_refused() -> None:
    with pytest.raises(UnknownRun) as refused:
        validate(run_id=404, actor="cli:test", now=NOW, progress=Silent())
    assert refused.value.exit_code == 2


def test_without_a_number_the_latest_run_is_validated() -> None:
    older, latest = RunFactory(), RunFactory()
    assert validate(run_id=None, actor="cli:test", now=NOW, progress=Silent()).run == latest.pk
    older.refresh_from_db()
    assert older.status == RunStatus.IMPORTED


def test_a_run_judged_under_older_rules_is_judged_again_under_the_installed_ones() -> None:
    run = RunFactory(status=RunStatus.CLASSIFIED, rules_version=0)
    run_validate(run)
    run.refresh_from_db()
    assert run.rules_version > 0


def test_a_bad_setting_is_refused_before_anything_is_judged(
    run: LegacyImportRun, settings: Any
) -> None:
    settings.LEGACY_IMPORT_HOT_KEY_ROWS = "many"
    with pytest.raises(LegacyImportError, match="LEGACY_IMPORT_HOT_KEY_ROWS"):
        run_validate(run)
    run.refresh_from_db()
    assert run.status == RunStatus.IMPORTED
