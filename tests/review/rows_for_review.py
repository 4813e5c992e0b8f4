"""Rows that need review for each reason that a plan can give, made through the real stages."""

import datetime
from collections.abc import Callable
from typing import Any

from crm.models import CourseInterest, CrmLead
from legacy_import.choices import CourseMappingStatus, SessionType
from legacy_import.models import LegacyImportRun, LegacyStudentImport
from tests.factories import (
    NOW,
    CourseFactory,
    CourseMappingFactory,
    CrmLeadFactory,
    LearnerProfileFactory,
    ReviewDecisionFactory,
    RunFactory,
    SessionMappingFactory,
    StagedLearnerFactory,
    spelled,
)
from tests.stages.stages import run_commit, run_plan, run_stages
from trainings.models import LegacyCompletedTraining

PHONE, OTHER = "0559446168", "0661223344"
BORN = datetime.date(1999, 2, 3)
KARIM: dict[str, Any] = {
    "legacy_id": "7", "full_name": "Karim Haddad", "phone": PHONE, "birth_date": "1999-02-03",
}  # fmt: skip
LEAD: dict[str, Any] = {"status": "nouveau"}
TRAINED: dict[str, Any] = {"status": "Formée", "formation_id": "7"}
REGISTERED: dict[str, Any] = {"status": "Confirmer", "formation_id": "7", "session_id": "41"}

Rows = Callable[[], LegacyStudentImport]


def a_school() -> None:
    """Courses 7 and 8 mapped, 9 not mapped, 10 without equivalent, 11 deleted; sessions 40 to 46."""
    CourseMappingFactory(legacy_formation_id="7", legacy_name="Bureautique")
    CourseMappingFactory(legacy_formation_id="8", legacy_name="Infographie")
    CourseMappingFactory(
        legacy_formation_id="9", legacy_name="Soudure", course=None,
        status=CourseMappingStatus.UNMAPPED,
    )  # fmt: skip
    CourseMappingFactory(
        legacy_formation_id="10", legacy_name="Dactylographie", course=None,
        status=CourseMappingStatus.NO_EQUIVALENT,
    )  # fmt: skip
    CourseMappingFactory(legacy_formation_id="11", deleted_at_source=True)
    session(40)
    session(41, confirmed=True)
    session(42, session_type=SessionType.WAITING_PLACEHOLDER, rule="session:waiting_code")
    session(43, legacy_formation_id="8", confirmed=True)
    session(44, deleted_at_source=True)
    CourseFactory(name="Comptabilité")


def session(number: int, **fields: Any) -> None:
    SessionMappingFactory(**{
        "legacy_session_id": str(number), "legacy_formation_id": "7",
        "legacy_code": f"BUR-{number}", "ends_on_raw": "2019-01-31", **fields,
    })  # fmt: skip


def staged(run: LegacyImportRun | None = None, **fields: Any) -> LegacyStudentImport:
    """Karim's row, with these fields, in a validated, classified and planned run."""
    row = StagedLearnerFactory(run=run or RunFactory(), **{**KARIM, **fields})
    run_stages(row.legacy_import_run)
    row.refresh_from_db()
    return row


def row(**fields: Any) -> Rows:
    return lambda: staged(**fields)


def beside(lead: dict[str, Any], **fields: Any) -> Rows:
    """With this lead on the platform."""

    def rows() -> LegacyStudentImport:
        CrmLeadFactory(**{"phone": PHONE, **lead})
        return staged(**fields)

    return rows


def beside_two(one: dict[str, Any], other: dict[str, Any], **fields: Any) -> Rows:
    """With these two leads on the platform."""

    def rows() -> LegacyStudentImport:
        CrmLeadFactory(**{"phone": PHONE, **one})
        return beside(other, **fields)()

    return rows


def after(*others: dict[str, Any], **fields: Any) -> Rows:
    """With these other rows in the run, staged before it."""

    def rows() -> LegacyStudentImport:
        run = RunFactory()
        for number, other in enumerate(others, 1):
            StagedLearnerFactory(run=run, **{**KARIM, "legacy_id": str(number), **other})
        return staged(run, **fields)

    return rows


def imported_as(before: dict[str, Any], **fields: Any) -> Rows:
    """Committed by an earlier run, from other values."""

    def rows() -> LegacyStudentImport:
        earlier = staged(**before)
        run_commit(earlier.legacy_import_run)
        return staged(RunFactory(previous_run=earlier.legacy_import_run), **fields)

    return rows


def deleted_since(before: dict[str, Any], **fields: Any) -> Rows:
    """Committed by an earlier run; staff deleted what that created."""

    def rows() -> LegacyStudentImport:
        earlier = staged(**before)
        run_commit(earlier.legacy_import_run)
        LegacyCompletedTraining.objects.all().delete()
        CourseInterest.objects.all().delete()
        CrmLead.objects.all().delete()
        return staged(RunFactory(previous_run=earlier.legacy_import_run), **fields)

    return rows


def gone(**fields: Any) -> Rows:
    """A newer import did not find it any more."""

    def rows() -> LegacyStudentImport:
        run = RunFactory()
        newer = RunFactory(previous_run=run, summary={"stages": {"imported": {}}})
        StagedLearnerFactory(run=newer, legacy_id="99")
        return staged(run, **fields)

    return rows


def person_gone(**fields: Any) -> Rows:
    """Linked to a person who was deleted since."""

    def rows() -> LegacyStudentImport:
        lead = CrmLeadFactory(full_name="Karim Haddad", phone=PHONE)
        run = RunFactory()
        found = StagedLearnerFactory(run=run, **{**KARIM, **fields})
        run_stages(run)
        lead.delete()
        run_plan(run)
        found.refresh_from_db()
        return found

    return rows


def inactive(**fields: Any) -> Rows:
    def rows() -> LegacyStudentImport:
        LearnerProfileFactory(
            user__first_name="Karim", user__last_name="Haddad", user__is_active=False,
            phone=PHONE, birth_date=BORN,
        )  # fmt: skip
        return staged(**fields)

    return rows


def on_a_hot_phone(**fields: Any) -> Rows:
    """The phone of a school, which a lead has too."""

    def rows() -> LegacyStudentImport:
        CrmLeadFactory(full_name="Nadia Saadi", phone=PHONE)
        run = RunFactory()
        for number in range(1, 6):
            StagedLearnerFactory(
                run=run, legacy_id=str(number * 10), full_name=f"Fictif {spelled(number * 1111)}",
                phone=PHONE,
            )  # fmt: skip
        return staged(run, **fields)

    return rows


def decided(decision: str, **fields: Any) -> Rows:
    """A reviewer decided this already."""

    def rows() -> LegacyStudentImport:
        run = RunFactory()
        found = StagedLearnerFactory(run=run, **{**KARIM, **fields})
        ReviewDecisionFactory(student_import=found, decision=decision, created_at=NOW)
        run_stages(run)
        found.refresh_from_db()
        return found

    return rows


SISTER = {"full_name": "Nadia Haddad"}
NAMESAKE = {"full_name": "Karim Haddad", "birth_date": datetime.date(1985, 7, 20)}
DOUBTS = (
    "name_test", "birth_date_impossible", "birth_date_future", "text_damaged", "name_unreadable",
    "names_contradict", "session_id_invalid",
)  # fmt: skip

# (reason, what the row is) → the row.
ROWS: dict[tuple[str, str], Rows] = {
    ("already_imported_changed", "trained since"): imported_as(LEAD, **TRAINED),
    ("already_imported_changed", "registered since"): imported_as(LEAD, **REGISTERED),
    ("already_imported_changed", "still a lead"): imported_as(LEAD, **LEAD, remark="x"),
    ("already_imported_changed", "trained before"): imported_as(TRAINED, **TRAINED, remark="x"),
    ("imported_deleted", "lead"): deleted_since(LEAD, **LEAD),
    ("imported_deleted", "trained"): deleted_since(TRAINED, **TRAINED),
    ("row_is_another_person", "trained"): imported_as(
        LEAD, **TRAINED, full_name="Nadia Saadi", phone=OTHER, birth_date="1985-07-20"
    ),
    ("deleted_at_source", "trained"): row(**TRAINED, deleted_at="2020-01-01"),
    ("course_deleted_at_source", "trained"): row(**{**TRAINED, "formation_id": "11"}),
    ("session_deleted_at_source", "trained"): row(**TRAINED, session_id="44"),
    ("source_row_gone", "trained"): gone(**TRAINED),
    ("status_unknown", "trained"): row(**{**TRAINED, "status": "mystère"}),
    ("status_unknown", "lead"): beside(SISTER, status="mystère"),
    ("name_missing", "trained"): beside({"full_name": "Nadia Haddad"}, **TRAINED, full_name=""),
    ("name_missing", "match"): beside({"full_name": "-"}, **TRAINED),
    ("unreadable", "trained"): row(**TRAINED, issues=("unreadable:birth_date",)),
    ("unreadable", "match"): beside(SISTER, **TRAINED, issues=("unreadable:birth_date",)),
    **{(doubt, "trained"): row(**TRAINED, issues=(doubt,)) for doubt in DOUBTS},
    **{
        (doubt, "match"): beside(
            {"full_name": "Karim Hadad", "phone": ""}, **LEAD, issues=(doubt,), birth_date=""
        )
        for doubt in DOUBTS
    },
    ("formation_id_invalid", "trained"): row(**{**TRAINED, "formation_id": "BUR"}),
    ("formation_id_invalid", "match"): beside(
        {"full_name": "Karim Hadad", "phone": ""}, **LEAD, formation_id="BUR", birth_date=""
    ),
    ("session_waiting", "trained"): beside(SISTER, **TRAINED, session_id="42"),
    ("session_waiting", "registered"): row(**{**REGISTERED, "session_id": "42"}),
    ("session_unknown", "trained"): beside(SISTER, **TRAINED, session_id="77"),
    ("session_missing", "registered"): beside(SISTER, **{**REGISTERED, "session_id": ""}),
    ("session_not_confirmed", "registered"): beside(SISTER, **{**REGISTERED, "session_id": "40"}),
    ("course_unmapped", "trained"): beside(SISTER, **{**TRAINED, "formation_id": "9"}),
    ("course_unmapped", "registered"): row(**{**REGISTERED, "formation_id": "9", "session_id": ""}),
    ("course_no_equivalent", "trained"): beside(SISTER, **{**TRAINED, "formation_id": "10"}),
    ("formation_not_in_source", "trained"): beside(SISTER, **{**TRAINED, "formation_id": "99"}),
    ("formation_missing", "trained"): beside(SISTER, **{**TRAINED, "formation_id": ""}),
    ("course_kept_by_name", "registered"): decided(
        "set_course", **{**REGISTERED, "formation_id": "9", "session_id": ""}
    ),
    ("formation_session_conflict", "trained"): beside(SISTER, **TRAINED, session_id="43"),
    ("shared_contact_other_name", "lead"): beside(SISTER, **LEAD, birth_date=""),
    ("shared_contact_other_name", "trained"): beside(SISTER, **TRAINED, birth_date=""),
    ("likely_same_person", "trained"): beside(
        {"full_name": "Karim Hadad", "birth_date": BORN, "email": "contact@exemple.dz", "phone": ""},
        **TRAINED, email="contact@exemple.dz", phone="",
    ),
    ("likely_other_person", "trained"): beside(
        {"full_name": "Nadia Haddad", "birth_date": datetime.date(1985, 7, 20)}, **TRAINED
    ),
    ("birth_date_conflict", "trained"): beside(NAMESAKE, **TRAINED),
    ("name_incomplete", "trained"): beside({"full_name": "Karim"}, **TRAINED),
    ("name_only_similar", "trained"): beside(
        {"full_name": "Yacine Belgacem"}, **TRAINED, full_name="Yacine Belkacem", birth_date=""
    ),
    ("name_in_other_script", "trained"): beside(
        {"full_name": "كريم زموري"}, **TRAINED, full_name="Karim Zemmouri"
    ),
    ("several_targets", "trained"): beside_two(
        {"full_name": "Karim Haddad"}, {"full_name": "Haddad Karim"}, **TRAINED
    ),
    ("medium_match", "lead"): beside(
        {"full_name": "Karim Haddad", "birth_date": BORN, "phone": ""}, **LEAD
    ),
    ("low_match", "lead"): beside({"full_name": "Karim Hadad", "phone": ""}, **LEAD, birth_date=""),
    ("person_gone", "lead"): person_gone(**LEAD),
    ("person_inactive", "trained"): inactive(**TRAINED),
    ("person_inactive", "lead"): inactive(**LEAD),
    ("hot_key", "lead"): on_a_hot_phone(**LEAD),
    ("hot_key", "trained"): on_a_hot_phone(**TRAINED),
    ("role_mailbox", "lead"): beside(
        {"full_name": "Amina Saadi", "email": "contact@exemple.dz", "phone": ""},
        **LEAD, email="contact@exemple.dz", phone="", birth_date="",
    ),
    ("person_has_history", "lead"): after(TRAINED, **LEAD),
    ("group_conflict", "lead"): after({**LEAD, "birth_date": "2001-07-20"}, **LEAD),
    ("first_of_group_waits", "lead"): after({**LEAD, "issues": ("name_test",)}, **LEAD),
    ("contact_not_trustworthy", "lead"): row(**LEAD, phone=""),
}  # fmt: skip
