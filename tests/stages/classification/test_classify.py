"""5 classify: what every row means, and what its training asks for, written beside the row."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from legacy_import.choices import CourseMappingStatus, ReviewDecision, RunStatus, SessionType
from legacy_import.errors import OutOfOrder
from legacy_import.models import (
    LegacyCourseMapping,
    LegacyImportRun,
    LegacyStudentImport,
    LegacyTrainingImport,
)
from tests.factories import (
    CourseFactory,
    CourseMappingFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    legacy_row,
    stage_rows,
)
from tests.stages.stages import run_classify, run_validate, staging_hash

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> LegacyImportRun:
    """A validated run of a source with a mapped course, an unmapped one, and sessions of each kind."""
    CourseMappingFactory(legacy_formation_id="7", course__name="Comptabilité")
    CourseMappingFactory(legacy_formation_id="8", course=None, legacy_name="Inconnue",
                         status=CourseMappingStatus.UNMAPPED)  # fmt: skip
    CourseMappingFactory(legacy_formation_id="9", course=None,
                         status=CourseMappingStatus.NO_EQUIVALENT)  # fmt: skip
    SessionMappingFactory(legacy_session_id="40", legacy_formation_id="7")
    SessionMappingFactory(legacy_session_id="41", legacy_formation_id="7", confirmed=True)
    SessionMappingFactory(
        legacy_session_id="42", session_type=SessionType.WAITING_PLACEHOLDER,
        rule="session:waiting_code",
    )  # fmt: skip
    SessionMappingFactory(legacy_session_id="235", confirmed=True)
    return RunFactory(status=RunStatus.VALIDATED)


def trained(run: LegacyImportRun, **fields: Any) -> LegacyTrainingImport:
    row = StagedLearnerFactory(run=run, **fields)
    run_classify(run)
    return LegacyTrainingImport.objects.select_related("student_import").get(student_import=row)


ROWS = {
    # status, formation, session → classification, session type, import action, reason
    "completed": ("Formée", "7", "40", "completed", "real_session",
                  "create_legacy_completed_training", "history"),
    "archived-course-of-its-session": ("Archivè", None, "40", "archived_training", "real_session",
                                       "create_legacy_completed_training", "history"),
    "completed-without-session": ("formee", "7", "0", "completed", "none",
                                  "create_legacy_completed_training", "history"),
    "completed-while-waiting": ("Formée", "7", "42", "completed", "waiting_placeholder",
                                "needs_review", "session_waiting"),
    "completed-in-no-known-session": ("Formée", "7", "77", "completed", "unknown",
                                      "needs_review", "session_unknown"),
    "completed-in-session-235-a-person-confirmed": (
        "Formée", "7", "235", "completed", "waiting_placeholder", "needs_review",
        "session_waiting"),
    "registered": ("Confirmer", "7", "40", "registered", "real_session",
                   "create_legacy_enrollment", "registration"),
    "registered-nowhere": ("Confirmer", "7", None, "registered", "none",
                           "needs_review", "session_missing"),
    "postponed-in-a-real-session": ("Reporter", "7", "40", "registered", "real_session",
                                    "create_legacy_enrollment", "registration"),
    "postponed-while-waiting": ("Reporter", "7", "1", "lead_only", "waiting_placeholder",
                                "create_course_interest", "lead"),
    "lead-of-an-unmapped-course": ("nouveau", "8", "42", "lead_only", "waiting_placeholder",
                                   "create_course_interest", "lead"),
    "unmapped": ("Formée", "8", None, "completed", "none", "needs_review", "course_unmapped"),
    "no-equivalent": ("Formée", "9", None, "completed", "none",
                      "needs_review", "course_no_equivalent"),
    "formation-not-in-source": ("Formée", "99", None, "completed", "none",
                                "needs_review", "formation_not_in_source"),
    "no-formation": ("Formée", None, None, "completed", "none",
                     "needs_review", "formation_missing"),
    "conflict": ("Formée", "9", "40", "completed", "real_session",
                 "needs_review", "formation_session_conflict"),
    "unknown": ("Annulé", "7", "40", "unknown", "real_session", "needs_review", "status_unknown"),
    "empty": ("", "7", "40", "unknown", "real_session", "needs_review", "status_unknown"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "formation", "session", "classification", "session_type", "action", "reason"),
    ROWS.values(),
    ids=ROWS,
)
def test_a_row_means_what_the_tables_say(
    run: LegacyImportRun,
    status: str,
    formation: str | None,
    session: str | None,
    classification: str,
    session_type: str,
    action: str,
    reason: str,
) -> None:
    training = trained(run, status=status, formation_id=formation, session_id=session)
    assert training.student_import.classification == classification
    assert training.session_type == session_type
    assert (training.import_action, training.action_reason) == (action, reason)


def test_every_answer_names_its_rule(run: LegacyImportRun) -> None:
    training = trained(run, status="FormÃ©e", formation_id=None, session_id="41")
    assert training.student_import.classification_rule == "status:formee:repaired_encoding"
    assert training.session_rule == "session:confirmed_by_reviewer"
    assert training.session_confirmed is True
    assert training.course_rule == "course:session_formation"
    mapping = LegacyCourseMapping.objects.get(legacy_formation_id="7")
    assert training.course_id == mapping.course_id


def test_session_235_is_never_confirmed(run: LegacyImportRun) -> None:
    training = trained(run, status="Confirmer", formation_id="7", session_id="235")
    assert training.session_rule == "session:placeholder_id"
    assert training.session_confirmed is False


def test_validation_and_classification_leave_each_other_s_columns_alone(
    run: LegacyImportRun,
) -> None:
    row = StagedLearnerFactory(run=run, status="Annulé", birth_date="2019-02-31")
    run_validate(run)
    run_classify(run)
    row.refresh_from_db()
    assert (row.validation_status, row.classification) == ("needs_review", "unknown")
    run_validate(run)
    row.refresh_from_db()
    assert (row.classification, row.classification_rule) == ("unknown", "status:other")


def test_a_second_run_changes_nothing_and_decisions_stay(run: LegacyImportRun) -> None:
    for number, (status, formation, session, *_) in enumerate(ROWS.values()):
        StagedLearnerFactory(run=run, legacy_id=str(number + 1), status=status,
                             formation_id=formation, session_id=session)  # fmt: skip
    row = LegacyStudentImport.objects.get(legacy_id="1")
    ReviewDecisionFactory(
        student_import=row, decision=ReviewDecision.TREAT_AS, treat_as="lead_only"
    )
    first = run_classify(run)
    before = staging_hash()
    row.refresh_from_db()
    assert row.classification == "completed", "the rule's answer stands beside the decision"
    assert run_classify(run) == first
    assert staging_hash() == before


def test_counts_add_up_and_the_run_moves_on(run: LegacyImportRun) -> None:
    for number, (status, formation, session, *_) in enumerate(ROWS.values()):
        StagedLearnerFactory(run=run, legacy_id=str(number + 1), status=status,
                             formation_id=formation, session_id=session)  # fmt: skip
    report = run_classify(run)
    assert set(report.counts) == {"classification", "session_types", "import_actions"}
    assert [sum(spread.values()) for spread in report.counts.values()] == [len(ROWS)] * 3
    assert report.rows == len(ROWS)
    run.refresh_from_db()
    assert run.status == RunStatus.CLASSIFIED
    assert run.summary["classification"] == report.counts["classification"]


def test_a_course_that_came_meanwhile_is_suggested(run: LegacyImportRun) -> None:
    training = trained(run, status="Formée", formation_id="8")
    assert training.action_reason == "course_unmapped"
    course = CourseFactory(name="INCONNUE")
    run_classify(run)
    training.refresh_from_db()
    assert (training.import_action, training.course_id) == (
        "create_legacy_completed_training", course.pk
    )  # fmt: skip


def test_the_mappings_of_another_source_say_nothing(run: LegacyImportRun) -> None:
    other = RunFactory(status=RunStatus.VALIDATED, connection_name="other")
    training = trained(other, status="Formée", formation_id="7", session_id="40")
    assert (training.session_type, training.action_reason) == ("unknown", "session_unknown")


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ({"status": RunStatus.IMPORTING}, "legacy_import --resume"),
        ({"status": RunStatus.IMPORTED}, "legacy_validate --run"),
        ({"status": RunStatus.CLOSED}, "start a new one"),
        ({"status": RunStatus.VALIDATED, "rules_version": 0}, "legacy_validate --run"),
        ({"status": RunStatus.VALIDATED, "norm_version": 0}, "legacy_import"),
    ],
    ids=["importing", "imported", "closed", "other-rules", "other-normalizers"],
)
def test_out_of_order_is_refused_with_the_next_step(state: dict[str, Any], hint: str) -> None:
    run = RunFactory(**state)
    row = StagedLearnerFactory(run=run, status="Formée")
    LegacyStudentImport.objects.update(classification_rule="status:before")
    with pytest.raises(OutOfOrder) as refused:
        run_classify(run)
    assert hint in refused.value.hint
    row.refresh_from_db()
    assert row.classification_rule == "status:before"


def test_statements_depend_on_the_distinct_cases_not_on_the_rows() -> None:
    """50 rows and 500 rows of the same kinds take the same statements, reads and writes."""
    counted = []
    for rows in (5, 50, 500):  # the first adds the mapping of the unknown status
        run = RunFactory(status=RunStatus.VALIDATED)
        kinds = ("Formée", "formée ", "nouveau", "Annulé", "Reporter")
        stage_rows(run, [
            legacy_row(table="stagiaires", legacy_id=str(n + 1), full_name="Amel Haddad",
                       status=kinds[n % 5], formation_id=str(n % 3))
            for n in range(rows)
        ])  # fmt: skip
        with CaptureQueriesContext(connection) as captured:
            run_classify(run)
        counted.append(len(captured))
    assert counted[1] == counted[2]


READ = ("classification", "classification_rule")
OF_TRAINING = ("session_type", "session_rule", "session_confirmed", "course_id", "course_rule",
               "import_action", "action_reason")  # fmt: skip


def readings(run: LegacyImportRun) -> list[tuple[Any, ...]]:
    rows = LegacyStudentImport.objects.filter(legacy_import_run=run).order_by("pk")
    return list(rows.values_list(*READ, *(f"training__{column}" for column in OF_TRAINING)))


def test_the_import_reads_every_row_as_classify_does(run: LegacyImportRun) -> None:
    stage_rows(run, [
        legacy_row(table="stagiaires", legacy_id=str(number), status=status,
                   formation_id=formation, session_id=session)
        for number, (status, formation, session, *_) in enumerate(ROWS.values(), 1)
    ])  # fmt: skip
    staged = readings(run)
    assert {columns[0] for columns in staged} > {"completed", "registered", "lead_only"}
    with CaptureQueriesContext(connection) as queries:
        run_classify(run)
    assert readings(run) == staged
    written = [q["sql"] for q in queries if q["sql"].startswith("UPDATE")]
    assert not [sql for sql in written if "legacy_student" in sql or "legacy_training" in sql]


def test_classify_writes_what_reads_otherwise_than_at_the_import(run: LegacyImportRun) -> None:
    stage_rows(run, [
        legacy_row(table="stagiaires", legacy_id="1", status="Formée", formation_id="8"),
        legacy_row(table="stagiaires", legacy_id="2", status="Formée", formation_id="7"),
    ])  # fmt: skip
    before = readings(run)
    course = CourseFactory()
    LegacyCourseMapping.objects.filter(legacy_formation_id="8").update(
        status=CourseMappingStatus.CONFIRMED, course=course
    )
    run_classify(run)
    after = readings(run)
    assert after[1] == before[1]
    assert before[0][5:] == (None, before[0][6], "needs_review", "course_unmapped")
    assert after[0][5:] == (course.pk, before[0][6], "create_legacy_completed_training", "history")
